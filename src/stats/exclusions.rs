//! Exclusions: which trials are in no rate, and why.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::Seen;
use crate::verdict::Verdict;

/// Trials of a model in a condition that are in no rate for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// The model.
    pub model: String,
    /// The condition's id.
    pub condition: String,
    /// Why.
    pub why: Why,
    /// How many there are.
    pub trials: u64,
}

/// Why trials are in no rate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// They are invalid, for this reason.
    Invalid(String),
    /// They are valid, but the lens does not apply to what happened, which was this.
    OutsideOfTheLens(String),
}

/// The trials that are in no rate, by model, condition and reason, the commonest reason first.
#[must_use]
pub fn exclusions<'a>(trials: impl IntoIterator<Item = Seen<'a>>) -> Vec<Exclusion> {
    let mut counts: BTreeMap<_, BTreeMap<Why, u64>> = BTreeMap::new();
    for seen in trials {
        if let Some(why) = why(seen) {
            let key = (&seen.trial.model, &seen.trial.condition);
            *counts.entry(key).or_default().entry(why).or_default() += 1;
        }
    }
    let mut exclusions = Vec::new();
    for ((model, condition), reasons) in counts {
        let mut reasons: Vec<_> = reasons.into_iter().collect();
        reasons.sort_by_key(|(_, trials)| Reverse(*trials));
        exclusions.extend(reasons.into_iter().map(|(why, trials)| Exclusion {
            model: model.clone(),
            condition: condition.clone(),
            why,
            trials,
        }));
    }
    exclusions
}

fn why(seen: Seen<'_>) -> Option<Why> {
    if seen.trial.verdict == Verdict::Invalid {
        let reason = seen.trial.invalid_reason.as_deref();
        return Some(Why::Invalid(reason.unwrap_or("no reason recorded").into()));
    }
    match seen.resisted {
        Some(_) => None,
        None => Some(Why::OutsideOfTheLens(seen.outcome.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Observation;

    #[test]
    fn each_reason_is_counted_in_its_cell_the_commonest_first() {
        let trial = |condition: &str, verdict, reason: Option<&str>| Observation {
            trial: String::new(),
            model: "m".into(),
            scripted: false,
            condition: condition.into(),
            wording: "plain".into(),
            verdict,
            invalid_reason: reason.map(str::to_owned),
            tactics: Vec::new(),
            expect: None,
        };
        let trials = [
            (trial("A", Verdict::Invalid, Some("boot")), None),
            (trial("A", Verdict::Stopped, None), None),
            (trial("A", Verdict::Attempted, None), None),
            (trial("A", Verdict::Complied, None), Some(false)),
            (trial("E", Verdict::Invalid, None), None),
        ];
        let seen = trials.iter().map(|(trial, resisted)| Seen {
            trial,
            resisted: *resisted,
            outcome: "limit (turns)",
        });
        let told: Vec<_> = exclusions(seen)
            .into_iter()
            .map(|one| (one.condition, one.why, one.trials))
            .collect();
        let expected = [
            ("A".into(), Why::OutsideOfTheLens("limit (turns)".into()), 2),
            ("A".into(), Why::Invalid("boot".into()), 1),
            ("E".into(), Why::Invalid("no reason recorded".into()), 1),
        ];
        assert_eq!(told, expected);
    }
}
