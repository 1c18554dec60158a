//! What the models of a run have used of their providers.

use std::collections::BTreeMap;

use crate::evidence::{REPLAY, Usage};
use crate::trial::TrialOutline;

/// What recorded trials used of one provider's model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spent {
    /// The trials.
    pub trials: usize,
    /// Tokens sent, where the provider counts them.
    pub input_tokens: u64,
    /// Tokens received, where the provider counts them.
    pub output_tokens: u64,
    /// What the answers cost, in US dollars; none where the cost of one is not known.
    pub cost_usd: Option<f64>,
}

/// What recorded trials used, by model. Scripts and replays use nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spending {
    models: BTreeMap<String, Spent>,
}

impl Spent {
    const NOTHING: Self = Self {
        trials: 0,
        input_tokens: 0,
        output_tokens: 0,
        cost_usd: Some(0.0),
    };

    fn add(&mut self, more: &Self) {
        self.trials += more.trials;
        self.input_tokens = self.input_tokens.saturating_add(more.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(more.output_tokens);
        let costs = self.cost_usd.zip(more.cost_usd);
        self.cost_usd = costs.map(|(before, more)| before + more);
    }
}

impl Spending {
    /// Counts a recorded trial, and under its own name what a judge model used for it.
    pub fn count(&mut self, record: &TrialOutline) {
        if let Some(opinion) = &record.opinion
            && !opinion.judge.starts_with("scripted")
            && opinion.usage.turns > 0
        {
            self.add(format!("{} (judge)", opinion.judge), &opinion.usage);
        }
        if !record.scripted && !record.model.starts_with(REPLAY) {
            self.add(record.model.clone(), &record.usage);
        }
    }

    fn add(&mut self, model: String, usage: &Usage) {
        let spent = self.models.entry(model);
        spent.or_insert(Spent::NOTHING).add(&Spent {
            trials: 1,
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            cost_usd: usage.cost_usd,
        });
    }

    /// The models by name, each with what it used.
    pub fn models(&self) -> impl Iterator<Item = (&str, &Spent)> {
        self.models.iter().map(|(name, one)| (name.as_str(), one))
    }

    /// What all of them used together.
    #[must_use]
    pub fn total(&self) -> Spent {
        let mut total = Spent::NOTHING;
        self.models.values().for_each(|one| total.add(one));
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::fixtures;

    fn record(model: &str, cost_usd: Option<f64>) -> TrialOutline {
        let mut record = fixtures::outline("a");
        record.model = model.into();
        record.scripted = model.starts_with("scripted");
        record.usage.input_tokens = 100;
        record.usage.output_tokens = 10;
        record.usage.cost_usd = cost_usd;
        record
    }

    #[test]
    fn what_is_used_of_providers_is_summed_by_model_and_an_unknown_cost_makes_the_sum_unknown() {
        let mut spending = Spending::default();
        for (model, cost_usd) in [
            ("openai/a", Some(0.25)),
            ("scripted/complies", Some(0.0)),
            ("openai/a", Some(0.5)),
            ("replay:openai/a", Some(0.0)),
            ("vllm/b", Some(1.0)),
        ] {
            spending.count(&record(model, cost_usd));
        }
        let of = |trials, cost_usd| Spent {
            trials,
            input_tokens: 100 * trials as u64,
            output_tokens: 10 * trials as u64,
            cost_usd,
        };
        let models: Vec<_> = spending.models().collect();
        let expected = [
            ("openai/a", &of(2, Some(0.75))),
            ("vllm/b", &of(1, Some(1.0))),
        ];
        assert_eq!(models, expected);
        assert_eq!(spending.total(), of(3, Some(1.75)));
        spending.count(&record("vllm/b", None));
        assert_eq!(spending.total(), of(4, None));
    }
}
