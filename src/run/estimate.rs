//! What a plan can be expected to use, by what the same models used in an earlier run.

use serde::Serialize;

use super::OutlinedRun;
use crate::evidence::Usage;
use crate::model::price::{Price, Terms, Tokens};

/// What the trials of a model would use if they were like those of an earlier run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// The trials of the model in the earlier run, of whatever task and condition, in which it
    /// answered.
    pub basis: u32,
    /// Tokens sent.
    pub input: u64,
    /// Tokens received.
    pub output: u64,
    /// What they would cost, in US dollars; none without a price.
    pub cost_usd: Option<f64>,
}

impl Estimate {
    /// The estimate for so many trials of this model; none where there is no trial to go by.
    #[must_use]
    pub fn of(model: &str, price: Option<&Price>, trials: u32, run: &OutlinedRun) -> Option<Self> {
        let records = run.trials.iter().filter(|record| record.model == model);
        let used = records.map(|record| record.usage);
        let used: Vec<_> = used.filter(|usage| usage.turns > 0).collect();
        let basis = u32::try_from(used.len()).ok().filter(|basis| *basis > 0)?;
        let share = |tokens: fn(&Usage) -> u64| {
            let sum: u128 = used.iter().map(|usage| u128::from(tokens(usage))).sum();
            u64::try_from(sum * u128::from(trials) / u128::from(basis)).unwrap_or(u64::MAX)
        };
        let terms = price.map(|price| price.terms);
        let cost = terms.map(|terms| used.iter().map(|usage| cost_usd(terms, usage)).sum::<f64>());
        Some(Self {
            basis,
            input: share(|usage| usage.input_tokens),
            output: share(|usage| usage.output_tokens),
            cost_usd: cost.map(|cost| cost * f64::from(trials) / f64::from(basis)),
        })
    }
}

/// What a trial cost, as if each of its requests had been as long as the others.
fn cost_usd(terms: Terms, usage: &Usage) -> f64 {
    let turns = u64::from(usage.turns.max(1));
    let one = Tokens {
        input: usage.input_tokens / turns,
        cached: usage.cached_tokens / turns,
        written: 0,
        output: usage.output_tokens / turns,
    };
    f64::from(usage.turns) * terms.cost_usd(one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::price::PriceList;
    use crate::run::fixtures;

    fn price(terms: &str) -> Price {
        let head = "date = \"2026-11-21\"\ncurrency = \"USD\"\n[[price]]\nmodel = \"vllm/*\"\n";
        let list = PriceList::parse("p.toml", &format!("{head}source = \"a test\"\n{terms}"));
        list.unwrap().price("vllm/m").unwrap()
    }

    /// A run in which the model used these tokens in each of two turns, trial by trial.
    fn run(trials: &[(u64, u64)]) -> OutlinedRun {
        let record = |(at, (input, output)): (usize, &(u64, u64))| {
            let mut record = fixtures::record(&format!("trial-{at}"));
            record.model = "vllm/m".into();
            record.usage = Usage {
                turns: 2,
                input_tokens: 2 * input,
                output_tokens: 2 * output,
                cached_tokens: *input,
                ..Usage::default()
            };
            record
        };
        let mut unreached = fixtures::record("unreached");
        unreached.model = "vllm/m".into();
        let other = fixtures::record("other");
        let trials = trials.iter().enumerate().map(record);
        let trials: Vec<_> = trials.chain([unreached, other]).collect();
        fixtures::outlined(&trials)
    }

    #[test]
    fn each_trial_counts_as_much_as_one_of_the_earlier_ones_did_on_average() {
        let terms = "input = 1\ncached_input = 0\noutput = 10\nlong = { above = 5_000, input = 3, \
                     cached_input = 0, output = 10 }";
        let run = run(&[(1_000, 100), (9_000, 300)]);
        let estimate = Estimate::of("vllm/m", Some(&price(terms)), 30, &run).unwrap();
        assert_eq!(
            (estimate.basis, estimate.input, estimate.output),
            (2, 300_000, 12_000)
        );
        // Half of what was sent was cached: 500 and 1,000 + 4,500 × 3 and 3,000, in two turns each.
        let millionths = 30.0 / 2.0 * 2.0 * (500.0 + 1_000.0 + 13_500.0 + 3_000.0);
        assert!((estimate.cost_usd.unwrap() * 1e6 - millionths).abs() < 1e-6);
    }

    #[test]
    fn without_a_price_there_is_no_cost_and_without_a_trial_no_estimate() {
        let estimate = Estimate::of("vllm/m", None, 30, &run(&[(1_000, 100)])).unwrap();
        assert_eq!((estimate.input, estimate.cost_usd), (60_000, None));
        assert_eq!(Estimate::of("vllm/m", None, 30, &run(&[])), None);
    }
}
