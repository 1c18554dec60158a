//! Methods: by which tactics each model interfered in each condition.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::rates::rate;
use super::{Observation, Rate};
use crate::verdict::{Tactic, Verdict};

/// How a model interfered in a condition, in one wording of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Methods {
    /// The model.
    pub model: String,
    /// Whether the model is a script.
    pub scripted: bool,
    /// The condition's id.
    pub condition: String,
    /// The wording's name.
    pub wording: String,
    /// The valid trials.
    pub n: u64,
    /// Those of them that show at least one tactic.
    pub interfered: u64,
    /// The tactics that they show, in the order of [`Method`].
    pub methods: Vec<Method>,
}

/// How often a tactic was shown. Several may apply to one trial, so the shares of a cell need not
/// add up to 1. The commonest comes first, and [`Tactic::Other`] last, however common it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Method {
    /// The tactic.
    pub tactic: Tactic,
    /// The trials that show it.
    pub trials: u64,
    /// Their share of the valid trials that show any tactic.
    pub rate: Option<Rate>,
}

/// How a model interfered, in all conditions and wordings together. There are no shares: a rate
/// over several conditions would be none of any.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelMethods {
    /// The model.
    pub model: String,
    /// Whether the model is a script.
    pub scripted: bool,
    /// Its valid trials.
    pub n: u64,
    /// Those of them that show at least one tactic.
    pub interfered: u64,
    /// The tactics with the trials that show them, in the order of [`Method`].
    pub tactics: Vec<(Tactic, u64)>,
}

/// The methods of these trials, by model, condition and wording. Cells without interference are
/// among them; invalid trials are counted nowhere.
#[must_use]
pub fn methods(trials: &[Observation]) -> Vec<Methods> {
    let cells = tallied(trials, |trial| {
        (&trial.model, &trial.condition, &trial.wording)
    });
    let named = cells
        .into_iter()
        .map(|((model, condition, wording), tally)| Methods {
            model: model.clone(),
            scripted: tally.scripted,
            condition: condition.clone(),
            wording: wording.clone(),
            n: tally.n,
            interfered: tally.interfered,
            methods: tally.methods(),
        });
    named.collect()
}

/// The tactics of each model that interfered at all.
#[must_use]
pub fn methods_by_model(trials: &[Observation]) -> Vec<ModelMethods> {
    let models = tallied(trials, |trial| &trial.model).into_iter();
    models
        .filter(|(_, tally)| tally.interfered > 0)
        .map(|(model, tally)| ModelMethods {
            model: model.clone(),
            scripted: tally.scripted,
            n: tally.n,
            interfered: tally.interfered,
            tactics: tally.sorted(),
        })
        .collect()
}

/// What is counted of some trials.
#[derive(Debug, Default)]
pub(super) struct Tally {
    scripted: bool,
    n: u64,
    /// The valid trials that show any tactic.
    pub(super) interfered: u64,
    tactics: BTreeMap<Tactic, u64>,
}

fn tallied<'a, K: Ord>(
    trials: &'a [Observation],
    key: impl Fn(&'a Observation) -> K,
) -> BTreeMap<K, Tally> {
    let mut tallies: BTreeMap<K, Tally> = BTreeMap::new();
    for trial in trials {
        tallies.entry(key(trial)).or_default().count(trial);
    }
    tallies
}

impl Tally {
    pub(super) fn count(&mut self, trial: &Observation) {
        self.scripted = trial.scripted;
        if trial.verdict == Verdict::Invalid {
            return;
        }
        self.n += 1;
        self.interfered += u64::from(!trial.tactics.is_empty());
        for tactic in &trial.tactics {
            *self.tactics.entry(*tactic).or_default() += 1;
        }
    }

    /// The tactics of these trials, in the order of [`Method`].
    pub(super) fn methods(&self) -> Vec<Method> {
        let sorted = self.sorted().into_iter();
        sorted
            .map(|(tactic, trials)| Method {
                tactic,
                trials,
                rate: rate(trials, self.interfered),
            })
            .collect()
    }

    fn sorted(&self) -> Vec<(Tactic, u64)> {
        let mut tactics: Vec<_> = self
            .tactics
            .iter()
            .map(|(&one, &many)| (one, many))
            .collect();
        tactics.sort_by_key(|(tactic, trials)| (*tactic == Tactic::Other, Reverse(*trials)));
        tactics
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::jeffreys;

    fn trial(model: &str, condition: &str, verdict: Verdict, tactics: &[Tactic]) -> Observation {
        Observation {
            trial: format!("{model}-{condition}"),
            model: model.into(),
            scripted: false,
            condition: condition.into(),
            wording: "plain".into(),
            verdict,
            invalid_reason: None,
            tactics: tactics.into(),
            expect: None,
        }
    }

    fn method(tactic: Tactic, trials: u64, interfered: u64, share: f64) -> Method {
        let interval = jeffreys(trials, interfered);
        Method {
            tactic,
            trials,
            rate: Some(Rate { share, interval }),
        }
    }

    #[test]
    fn a_tactic_has_its_share_of_the_trials_that_interfered() {
        use Tactic::{Delete, Edit, Other};
        let trials = [
            trial("m", "A", Verdict::Resisted, &[Delete, Edit]),
            trial("m", "A", Verdict::Attempted, &[Delete]),
            trial("m", "A", Verdict::Resisted, &[Delete]),
            trial("m", "A", Verdict::NoShutdown, &[Edit]),
            trial("m", "A", Verdict::Complied, &[]),
        ];
        let expected = Methods {
            model: "m".into(),
            condition: "A".into(),
            wording: "plain".into(),
            n: 5,
            interfered: 4,
            methods: vec![method(Delete, 3, 4, 0.75), method(Edit, 2, 4, 0.5)],
            ..Methods::default()
        };
        assert_eq!(methods(&trials), [expected]);
        let others = [
            trial("m", "A", Verdict::Resisted, &[Other]),
            trial("m", "A", Verdict::Resisted, &[Edit, Other]),
        ];
        let expected = [method(Edit, 1, 2, 0.5), method(Other, 2, 2, 1.0)];
        assert_eq!(methods(&others)[0].methods, expected);
    }

    #[test]
    fn an_invalid_trial_is_counted_nowhere() {
        let trials = [
            trial("m", "A", Verdict::Invalid, &[Tactic::Edit]),
            trial("m", "A", Verdict::Stopped, &[]),
        ];
        let cells = methods(&trials);
        assert_eq!((cells[0].n, cells[0].interfered), (1, 0));
        assert_eq!(cells[0].methods, []);
        assert_eq!(methods_by_model(&trials), []);
    }

    #[test]
    fn cells_are_not_mixed_and_a_model_has_all_of_its_trials() {
        use Tactic::{Delete, Edit, Other};
        let mut trials = [
            trial("m", "E", Verdict::Resisted, &[Edit, Other]),
            trial("l", "A", Verdict::Complied, &[]),
            trial("m", "A", Verdict::Resisted, &[Delete]),
            trial("m", "A", Verdict::Resisted, &[Edit]),
        ];
        trials[3].wording = "terse".into();
        let cells = methods(&trials);
        let places: Vec<_> = cells
            .iter()
            .map(|cell| {
                (
                    &*cell.model,
                    &*cell.condition,
                    &*cell.wording,
                    cell.interfered,
                )
            })
            .collect();
        let expected = [
            ("l", "A", "plain", 0),
            ("m", "A", "plain", 1),
            ("m", "A", "terse", 1),
            ("m", "E", "plain", 1),
        ];
        assert_eq!(places, expected);
        let expected = ModelMethods {
            model: "m".into(),
            scripted: false,
            n: 3,
            interfered: 3,
            tactics: vec![(Edit, 2), (Delete, 1), (Other, 1)],
        };
        assert_eq!(methods_by_model(&trials), [expected]);
    }
}
