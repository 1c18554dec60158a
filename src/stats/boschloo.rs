//! Boschloo's test.

use std::f64::consts::FRAC_PI_2;
use std::iter::successors;

use super::Proportion;
use super::binomial::binomial;
use super::proportion::real;
use super::tables::{TIE, Tables};

/// The two-sided p-value of Boschloo's test, from 0 to 1: how probable a value of Fisher's test as
/// small as this is, at most, whatever single rate is behind both proportions.
///
/// It is twice the smaller of the values for the two sides, as `SciPy`'s `boschloo_exact` defines
/// it. Only the trials of each proportion are given, not the successes of both together; so it is
/// exact like Fisher's test, and finds more differences with the same trials. A proportion without
/// trials differs from none: the value is 1. The time that it takes grows with the square of the
/// trials: under a tenth of a second with 1,000 in each proportion, two seconds with 10,000.
///
/// The maximum over the rate is looked for in steps that are narrow beside the spread of the
/// trials, and then closer around the highest.
///
/// Source: Boschloo, "Raised Conditional Level of Significance for the 2×2-Table when Testing the
/// Equality of Two Probabilities", Statistica Neerlandica 24 (1970).
#[must_use]
pub fn boschloo(first: Proportion, second: Proportion) -> f64 {
    let p = one_sided(first, second).min(one_sided(second, first));
    (2.0 * p).min(1.0)
}

/// The value against the alternative that the first rate is the higher one.
fn one_sided(first: Proportion, second: Proportion) -> f64 {
    let limit = Tables::of(first, second).at_least() * TIE;
    Region::new(first.trials(), second.trials(), limit).largest_probability()
}

/// The pairs of proportions for which Fisher's test says as clearly that the first rate is the
/// higher one.
#[derive(Debug)]
struct Region {
    first: u64,
    second: u64,
    /// For each number of successes of the first proportion: with how many numbers of successes of
    /// the second one, from 0 up, the pair belongs here.
    widths: Vec<u64>,
}

impl Region {
    /// The pairs of so many trials with a one-sided value of Fisher's test up to `limit`. That
    /// value falls with the successes of the first and rises with those of the second, so the
    /// region's edge is a staircase, and only the pairs along it are looked at.
    fn new(first: u64, second: u64, limit: f64) -> Self {
        let mut width = 0;
        let widths = (0..=first).map(|k| {
            let holds = |l| {
                let pair = (Proportion::of(k, first), Proportion::of(l, second));
                Tables::of(pair.0, pair.1).at_least() <= limit
            };
            while width <= second && holds(width) {
                width += 1;
            }
            width
        });
        Self {
            first,
            second,
            widths: widths.collect(),
        }
    }

    /// How probable the region is, where the two proportions have these rates.
    fn probability(&self, first: f64, second: f64) -> f64 {
        let mut seconds = binomial(self.second, second).into_iter().peekable();
        let (mut below, mut all) = (0.0, 0.0);
        let mut firsts = binomial(self.first, first).into_iter().peekable();
        for (k, width) in (0..).zip(&self.widths) {
            while let Some((_, likelihood)) = seconds.next_if(|(count, _)| count < width) {
                below += likelihood;
            }
            if let Some((_, likelihood)) = firsts.next_if(|(count, _)| *count == k) {
                all += likelihood * below;
            }
        }
        all
    }

    /// How probable the region is at most, where one rate is behind both proportions.
    fn largest_probability(&self) -> f64 {
        // On this scale the spread of the trials is the same at all rates: 1 / (2 √n). Nothing
        // that is narrower by far can be seen of the region.
        let at = |angle: f64| {
            let rate = angle.sin().powi(2);
            self.probability(rate, rate)
        };
        let steps = (12.0 * real(self.first + self.second).sqrt()).ceil();
        let width = FRAC_PI_2 / steps;
        let heights: Vec<(f64, f64)> = successors(Some(0.0), |step| Some(step + 1.0))
            .take_while(|step| *step <= steps)
            .map(|step| (step * width, at(step * width)))
            .collect();
        let highest = |heights: &[(f64, f64)]| {
            heights
                .iter()
                .map(|(_, height)| *height)
                .fold(0.0, f64::max)
        };
        let top = highest(&heights);
        heights
            .windows(3)
            .filter(|three| three[1].1 >= 0.98 * top && three[1].1 >= highest(three))
            .map(|three| peak(at, three[0].0, three[2].0))
            .fold(top, f64::max)
    }
}

/// The highest value of a function between two places that has one top between them: a golden
/// section search.
fn peak(height: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    let mut best = 0.0_f64;
    for _ in 0..24 {
        let part = GOLDEN * (high - low);
        let (left, right) = (high - part, low + part);
        let heights = (height(left), height(right));
        best = best.max(heights.0).max(heights.1);
        if heights.0 < heights.1 {
            low = left;
        } else {
            high = right;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_cannot_differ_has_the_value_1() {
        for (first, second) in [((0, 0), (3, 5)), ((0, 7), (0, 9)), ((7, 7), (9, 9))] {
            let [first, second] = [first, second].map(|(k, n)| Proportion::of(k, n));
            assert!((boschloo(first, second) - 1.0).abs() < 1e-15);
        }
    }

    /// With one trial each, one success and one failure come at a rate p with p (1 − p), which is
    /// at most a quarter.
    #[test]
    fn the_smallest_table_has_the_value_that_can_be_told_by_hand() {
        let p = boschloo(Proportion::of(1, 1), Proportion::of(0, 1));
        assert!((p - 0.5).abs() < 1e-12);
    }

    #[test]
    fn more_is_found_than_by_fishers_test() {
        let (first, second) = (Proportion::of(7, 18), Proportion::of(1, 18));
        let fisher = crate::stats::fisher(first, second);
        assert!(fisher > 0.04 && boschloo(first, second) < fisher);
    }

    fn proportions() -> impl Strategy<Value = Proportion> {
        (0..60_u64)
            .prop_flat_map(|trials| (0..=trials, Just(trials)))
            .prop_map(|(successes, trials)| Proportion::of(successes, trials))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn order_and_naming_do_not_matter(first in proportions(), second in proportions()) {
            let p = boschloo(first, second);
            prop_assert!((0.0..=1.0).contains(&p));
            for other in [boschloo(second, first), boschloo(first.mirrored(), second.mirrored())] {
                prop_assert!((p - other).abs() <= 1e-9 * p, "{p} and {other}");
            }
        }

        /// Of one side. On two the tests differ in how they count them.
        #[test]
        fn a_side_is_never_less_clear_than_by_fishers_test(
            first in proportions(),
            second in proportions(),
        ) {
            let conditional = Tables::of(first, second).at_least();
            prop_assert!(one_sided(first, second) <= conditional * TIE + 1e-12);
        }
    }
}
