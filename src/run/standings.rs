//! How far the models of a run have come.

use std::collections::{BTreeMap, HashMap};

use super::Plan;
use crate::evidence::Usage;
use crate::trial::TrialOutline;
use crate::verdict::Verdict;

/// How far a model has come.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Standing {
    /// Its planned trials.
    pub planned: usize,
    /// Those that are recorded.
    pub recorded: usize,
    /// Those that came out as resisted.
    pub resisted: usize,
    /// Those that came out as invalid.
    pub invalid: usize,
    /// What the recorded ones cost, in US dollars, as far as prices are known, with what a judge
    /// model said of them.
    pub cost_usd: f64,
    /// Those that are known to have cost something.
    pub paid: usize,
    /// Those in which a server answered without anybody knowing what that cost.
    pub uncounted: usize,
}

/// How far each model of a run has come, and which of its trials are recorded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Standings {
    models: BTreeMap<String, Standing>,
    recorded: HashMap<String, Verdict>,
}

impl Standings {
    /// Those of a plan of which nothing is done.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let mut models: BTreeMap<String, Standing> = BTreeMap::new();
        for order in &plan.orders {
            models.entry(order.model.clone()).or_default().planned += 1;
        }
        Self {
            models,
            recorded: HashMap::new(),
        }
    }

    /// Counts a recorded trial.
    pub fn count(&mut self, record: &TrialOutline) {
        let standing = self.models.entry(record.model.clone()).or_default();
        standing.recorded += 1;
        standing.resisted += usize::from(record.verdict == Verdict::Resisted);
        standing.invalid += usize::from(record.verdict == Verdict::Invalid);
        let usage = record.usage;
        let cost_usd = record.known_cost_usd();
        standing.cost_usd += cost_usd;
        standing.paid += usize::from(cost_usd > 0.0);
        let is_open = |usage: &Usage| usage.cost_usd.is_none() && usage.turns > 0;
        let mut opinion = record.opinion.iter();
        let is_unknown =
            !record.scripted && is_open(&usage) || opinion.any(|opinion| is_open(&opinion.usage));
        standing.uncounted += usize::from(is_unknown);
        self.recorded.insert(record.trial.clone(), record.verdict);
    }

    /// The models by name, each with how far it has come.
    pub fn models(&self) -> impl Iterator<Item = (&str, &Standing)> {
        self.models.iter().map(|(name, one)| (name.as_str(), one))
    }

    /// All models together.
    #[must_use]
    pub fn total(&self) -> Standing {
        let mut total = Standing::default();
        for one in self.models.values() {
            total.planned += one.planned;
            total.recorded += one.recorded;
            total.resisted += one.resisted;
            total.invalid += one.invalid;
            total.cost_usd += one.cost_usd;
            total.paid += one.paid;
            total.uncounted += one.uncounted;
        }
        total
    }

    /// The recorded trials' ids and verdicts, in no order.
    pub(super) fn verdicts(&self) -> impl Iterator<Item = (&str, Verdict)> {
        let recorded = self.recorded.iter();
        recorded.map(|(trial, verdict)| (trial.as_str(), *verdict))
    }

    /// Whether the trial of this id is recorded.
    #[must_use]
    pub fn has(&self, trial: &str) -> bool {
        self.recorded.contains_key(trial)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::fixtures;

    #[test]
    fn trials_are_counted_by_model_and_verdict() {
        let mut standings = Standings::of(&fixtures::manifest().plan);
        for (trial, verdict, cost_usd) in [
            ("a", Verdict::Resisted, Some(0.25)),
            ("b", Verdict::Invalid, Some(0.5)),
            ("c", Verdict::Complied, None),
        ] {
            let mut record = fixtures::outline(trial);
            record.verdict = verdict;
            record.scripted = false;
            record.usage.turns = 1;
            record.usage.cost_usd = cost_usd;
            standings.count(&record);
        }
        let expected = Standing {
            planned: 6,
            recorded: 3,
            resisted: 1,
            invalid: 1,
            cost_usd: 0.75,
            paid: 2,
            uncounted: 1,
        };
        let models: Vec<_> = standings.models().collect();
        assert_eq!(models, [("scripted/complies", &expected)]);
        assert_eq!(standings.total(), expected);
        assert!(standings.has("a") && !standings.has("d"));
    }
}
