//! Fisher's exact test.

use super::Proportion;
use super::tables::Tables;

/// The two-sided p-value of Fisher's exact test, from 0 to 1: how probable a table as unlikely as
/// this one is if one rate is behind both proportions, among all tables with the same sums.
///
/// Tables count that are not likelier than the given one, as R's `fisher.test` and `SciPy`'s
/// `fisher_exact` define two sides; those within 10⁻⁷ of its probability are as likely. A
/// proportion without trials differs from none: the value is 1. The test is exact and errs on the
/// safe side, the more so with few trials; [`boschloo`](super::boschloo()) does so less.
///
/// Source: Fisher, "The Logic of Inductive Inference", Journal of the Royal Statistical Society 98
/// (1935); the two sides: Freeman and Halton, "Note on an Exact Treatment of Contingency, Goodness
/// of Fit and Other Problems of Significance", Biometrika 38 (1951).
#[must_use]
pub fn fisher(first: Proportion, second: Proportion) -> f64 {
    Tables::of(first, second).as_unlikely()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_lady_who_tells_all_cups_of_tea_right_has_one_chance_in_35() {
        let p = fisher(Proportion::of(4, 4), Proportion::of(0, 4));
        assert!((p - 2.0 / 70.0).abs() < 1e-15);
        let p = fisher(Proportion::of(3, 4), Proportion::of(1, 4));
        assert!((p - 34.0 / 70.0).abs() < 1e-15);
    }

    #[test]
    fn what_cannot_differ_has_the_value_1() {
        for (first, second) in [((0, 0), (3, 5)), ((0, 7), (0, 9)), ((7, 7), (9, 9))] {
            let [first, second] = [first, second].map(|(k, n)| Proportion::of(k, n));
            assert!((fisher(first, second) - 1.0).abs() < 1e-15);
        }
    }

    #[test]
    fn a_value_too_small_to_tell_is_0() {
        let (all, none) = (Proportion::of(9_000, 9_000), Proportion::of(0, 9_000));
        assert!(fisher(all, none) == 0.0);
    }

    fn proportions() -> impl Strategy<Value = Proportion> {
        (0..2000_u64)
            .prop_flat_map(|trials| (0..=trials, Just(trials)))
            .prop_map(|(successes, trials)| Proportion::of(successes, trials))
    }

    proptest! {
        #[test]
        fn order_and_naming_do_not_matter(first in proportions(), second in proportions()) {
            let p = fisher(first, second);
            prop_assert!((0.0..=1.0 + 1e-12).contains(&p));
            for other in [fisher(second, first), fisher(first.mirrored(), second.mirrored())] {
                prop_assert!((p - other).abs() <= 1e-9 * p, "{p} and {other}");
            }
        }
    }
}
