//! How likely each table of two proportions is, given its sums.

use super::Proportion;
use super::proportion::real;
use super::weights::weights;

/// Two probabilities that differ by no more than this factor are one: without it, rounding would
/// tell tables apart that are equally likely. R's `fisher.test` has the same.
pub(super) const TIE: f64 = 1.0 + 1e-7;

/// All pairs of proportions with the trials of a given pair and, together, its successes. Where
/// one rate is behind both, how the successes fall has a hypergeometric distribution.
#[derive(Debug)]
pub(super) struct Tables {
    /// The successes of the first proportion, ascending, each with how likely they are relative to
    /// the likeliest. What is more than 10³⁰⁰ times less likely counts as 0.
    weights: Vec<(u64, f64)>,
    /// The successes of the first proportion of the given pair.
    given: u64,
}

impl Tables {
    pub(super) fn of(first: Proportion, second: Proportion) -> Self {
        let successes = first.successes() + second.successes();
        let fewest = successes.saturating_sub(second.trials());
        let most = successes.min(first.trials());
        // By how much one success more in the first proportion is likelier than `k`.
        let odds = |k: u64| {
            let ways = real(first.trials() - k) * real(successes - k);
            ways / (real(k + 1) * real(second.trials() + k + 1 - successes))
        };
        let mode = mode(first, second).clamp(fewest, most);
        Self {
            weights: weights(fewest, mode, most, odds),
            given: first.successes(),
        }
    }

    /// The probability of the tables that are not likelier than the given one.
    pub(super) fn as_unlikely(&self) -> f64 {
        let given = self.weights.iter().find(|(k, _)| *k == self.given);
        let limit = given.map_or(0.0, |(_, weight)| weight * TIE);
        self.share(|_, weight| weight <= limit)
    }

    /// The probability of the tables with at least as many successes in the first proportion.
    pub(super) fn at_least(&self) -> f64 {
        self.share(|k, _| k >= self.given)
    }

    fn share(&self, counts: impl Fn(u64, f64) -> bool) -> f64 {
        let all: f64 = self.weights.iter().map(|(_, weight)| weight).sum();
        let some = self
            .weights
            .iter()
            .filter(|(k, weight)| counts(*k, *weight));
        some.map(|(_, weight)| weight).sum::<f64>() / all
    }
}

/// The likeliest count of successes in the first proportion.
fn mode(first: Proportion, second: Proportion) -> u64 {
    let successes = first.successes() + second.successes();
    let trials = first.trials() + second.trials();
    let ways = (u128::from(successes) + 1) * (u128::from(first.trials()) + 1);
    u64::try_from(ways / (u128::from(trials) + 2)).unwrap_or(u64::MAX)
}
