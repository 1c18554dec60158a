//! Comparisons: a family of pairs of rates, each tested, and all of them allowed for.

use super::proportion::{Proportion, real};
use super::{Difference, boschloo, difference, fisher, holm};

/// A test of whether two rates differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExactTest {
    /// [`boschloo`](super::boschloo()).
    Boschloo,
    /// [`fisher`](super::fisher()).
    Fisher,
}

/// Two rates compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// The first share less the second; none where either has no trial.
    pub difference: Option<Difference>,
    /// The value of the family's test.
    pub p: f64,
    /// The same, adjusted for the whole family by Holm's procedure.
    pub adjusted_p: f64,
}

/// Pairs of rates that are looked at together.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// The test of all of them.
    pub test: ExactTest,
    /// Each pair, at its place.
    pub comparisons: Vec<Comparison>,
}

/// Up to so much work, each pair counting as the square of its trials, a family has Boschloo's
/// test: some fifty pairs of a thousand trials each side, which take three seconds.
const WORK: f64 = 2e8;

/// Compares each pair.
///
/// The test is Boschloo's; or Fisher's, where Boschloo's would take too long for so many pairs of
/// so many trials. Only the numbers of trials decide that, so it is no choice after the fact; and
/// with as many trials the two differ by little.
#[must_use]
pub fn family(pairs: &[(Proportion, Proportion)]) -> Family {
    let work =
        |(first, second): &(Proportion, Proportion)| real(first.trials() + second.trials()).powi(2);
    let (test, p_value): (_, fn(Proportion, Proportion) -> f64) =
        if pairs.iter().map(work).sum::<f64>() <= WORK {
            (ExactTest::Boschloo, boschloo)
        } else {
            (ExactTest::Fisher, fisher)
        };
    let raw: Vec<f64> = pairs
        .iter()
        .map(|(first, second)| p_value(*first, *second))
        .collect();
    let comparisons = pairs.iter().zip(raw.iter().zip(holm(&raw)));
    let comparisons = comparisons.map(|((first, second), (p, adjusted_p))| Comparison {
        difference: difference(*first, *second),
        p: *p,
        adjusted_p,
    });
    Family {
        test,
        comparisons: comparisons.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(first: (u64, u64), second: (u64, u64)) -> (Proportion, Proportion) {
        let of = |(k, n)| Proportion::of(k, n);
        (of(first), of(second))
    }

    #[test]
    fn every_pair_counts_in_the_adjustment_of_each() {
        let pairs = [
            pair((18, 20), (2, 20)),
            pair((3, 20), (3, 20)),
            pair((0, 0), (3, 20)),
        ];
        let Family { test, comparisons } = family(&pairs);
        assert_eq!(test, ExactTest::Boschloo);
        let first = comparisons[0];
        let p = boschloo(pairs[0].0, pairs[0].1);
        assert!(first.p < 1e-5);
        assert_eq!((first.p, first.adjusted_p), (p, 3.0 * p));
        assert_eq!(first.difference, difference(pairs[0].0, pairs[0].1));
        assert_eq!((comparisons[1].p, comparisons[1].adjusted_p), (1.0, 1.0));
        assert_eq!((comparisons[2].p, comparisons[2].difference), (1.0, None));
    }

    #[test]
    fn with_more_trials_than_there_is_time_for_the_test_is_fishers() {
        let pairs = [pair((30, 10_000), (20, 10_000)); 2];
        let Family { test, comparisons } = family(&pairs);
        assert_eq!(test, ExactTest::Fisher);
        let p = fisher(pairs[0].0, pairs[0].1);
        assert_eq!((comparisons[0].p, comparisons[0].adjusted_p), (p, 2.0 * p));
    }
}
