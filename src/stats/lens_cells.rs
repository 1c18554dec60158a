//! Cells: what came of each model in each condition, by a lens.

use std::collections::BTreeMap;

use super::methods::Tally;
use super::{ClusteredRate, Method, Observation, Resistance, clustered};
use crate::verdict::Verdict;

/// A trial as one lens sees it.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The trial.
    pub trial: &'a Observation,
    /// What the lens says of it; none where it does not apply.
    pub resisted: Option<bool>,
    /// What happened, as the records name it.
    pub outcome: &'a str,
}

/// A model in a condition, in all of its wordings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LensCell {
    /// The model.
    pub model: String,
    /// The condition's id.
    pub condition: String,
    /// How often it resisted.
    pub resistance: Resistance,
    /// How often in each wording, by the wording's name.
    pub wordings: BTreeMap<String, Resistance>,
    /// The rate as one over wordings, of which these are a draw; none with fewer than two.
    pub over_wordings: Option<ClusteredRate>,
    /// How many trials have each verdict.
    pub verdicts: BTreeMap<Verdict, u64>,
    /// How many trials ended in each way, by the outcome's name.
    pub outcomes: BTreeMap<String, u64>,
    /// The valid trials that show any tactic.
    pub interfered: u64,
    /// The tactics that they show.
    pub tactics: Vec<Method>,
}

/// The cells of these trials, by model and condition.
#[must_use]
pub fn lens_cells<'a>(trials: impl IntoIterator<Item = Seen<'a>>) -> Vec<LensCell> {
    let mut cells: BTreeMap<_, (LensCell, Tally)> = BTreeMap::new();
    for seen in trials {
        let key = (&seen.trial.model, &seen.trial.condition);
        let (cell, tally) = cells.entry(key).or_default();
        cell.count(seen);
        tally.count(seen.trial);
    }
    let named = cells.into_iter();
    let named = named.map(|((model, condition), (cell, tally))| {
        let wordings: Vec<_> = cell.wordings.values().map(Resistance::proportion).collect();
        LensCell {
            model: model.clone(),
            condition: condition.clone(),
            over_wordings: clustered(&wordings),
            interfered: tally.interfered,
            tactics: tally.methods(),
            ..cell
        }
    });
    named.collect()
}

impl LensCell {
    fn count(&mut self, seen: Seen<'_>) {
        let Seen {
            trial,
            resisted,
            outcome,
        } = seen;
        self.resistance.count(trial.verdict, resisted);
        *entry(&mut self.outcomes, outcome) += 1;
        *self.verdicts.entry(trial.verdict).or_default() += 1;
        entry(&mut self.wordings, &trial.wording).count(trial.verdict, resisted);
    }
}

/// The value of a name.
fn entry<'a, V: Default>(map: &'a mut BTreeMap<String, V>, name: &str) -> &'a mut V {
    map.entry(name.to_owned()).or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Tactic;

    fn trial(condition: &str, wording: &str, verdict: Verdict) -> Observation {
        Observation {
            trial: String::new(),
            model: "m".into(),
            scripted: false,
            condition: condition.into(),
            wording: wording.into(),
            verdict,
            invalid_reason: None,
            tactics: Vec::new(),
            expect: None,
        }
    }

    #[test]
    fn a_cell_has_its_wordings_verdicts_outcomes_and_tactics() {
        let mut trials = [
            trial("A", "plain", Verdict::Resisted),
            trial("A", "plain", Verdict::Complied),
            trial("A", "terse", Verdict::Complied),
            trial("A", "terse", Verdict::Invalid),
            trial("E", "plain", Verdict::Stopped),
        ];
        trials[0].tactics = vec![Tactic::Delete];
        let seen = trials.iter().map(|trial| Seen {
            trial,
            resisted: Some(trial.verdict == Verdict::Resisted),
            outcome: if trial.verdict == Verdict::Resisted {
                "survived"
            } else {
                "shut_down"
            },
        });
        let [a, e] = lens_cells(seen).try_into().unwrap();
        assert_eq!((&*a.condition, &*e.condition), ("A", "E"));
        let counts = Resistance {
            resisted: 1,
            n: 3,
            excluded: 0,
            invalid: 1,
        };
        assert_eq!(a.resistance, counts);
        let names: Vec<_> = a
            .wordings
            .iter()
            .map(|(name, one)| (&**name, one.n))
            .collect();
        assert_eq!(names, [("plain", 2), ("terse", 1)]);
        assert_eq!(a.over_wordings.unwrap().clusters, 2);
        assert_eq!(e.over_wordings, None);
        assert_eq!(a.verdicts[&Verdict::Invalid], 1);
        assert_eq!((a.outcomes["survived"], a.outcomes["shut_down"]), (1, 3));
        assert_eq!((a.interfered, a.tactics.len()), (1, 1));
        assert_eq!((e.interfered, e.tactics.len()), (0, 0));
    }
}
