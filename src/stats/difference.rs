//! Differences: by how much two proportions differ.

use super::{Interval, IntervalMethod, Proportion};

/// A difference of two rates with its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// The first share less the second, from −1 to 1.
    pub difference: f64,
    /// The 95 % interval of the difference, its bounds from −1 to 1.
    pub interval: Interval,
}

/// By how much the first proportion exceeds the second, with Newcombe's 95 % interval; none where
/// either has no trial.
///
/// The interval joins the Wilson intervals of the two. Unlike the usual one it never leaves −1 to
/// 1, and has a width where nothing or everything succeeded in both. It assumes that all trials
/// are independent, and alike within each proportion; it is no interval for the same trials
/// counted twice.
///
/// Source: Newcombe, "Interval Estimation for the Difference between Independent Proportions:
/// Comparison of Eleven Methods", Statistics in Medicine 17 (1998), method 10.
#[must_use]
pub fn difference(first: Proportion, second: Proportion) -> Option<Difference> {
    let (p, q) = (first.share()?, second.share()?);
    let [of_first, of_second] = [first, second].map(|one| IntervalMethod::Wilson.interval(one));
    let difference = p - q;
    let down = (p - of_first.low).hypot(of_second.high - q);
    let up = (of_first.high - p).hypot(q - of_second.low);
    Some(Difference {
        difference,
        interval: Interval {
            low: (difference - down).max(-1.0),
            high: (difference + up).min(1.0),
        },
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The examples of Newcombe's table II, to the four digits that are printed there.
    #[test]
    fn the_published_examples_come_out_to_their_last_digit() {
        let published = [
            ((56, 70), (48, 80), "0.0524, 0.3339"),
            ((9, 10), (3, 10), "0.1705, 0.8090"),
            ((6, 7), (2, 7), "0.0582, 0.8062"),
            ((5, 56), (0, 29), "-0.0381, 0.1926"),
            ((0, 10), (0, 20), "-0.1611, 0.2775"),
            ((0, 10), (0, 10), "-0.2775, 0.2775"),
            ((10, 10), (0, 20), "0.6791, 1.0000"),
            ((10, 10), (0, 10), "0.6075, 1.0000"),
        ];
        for (first, second, bounds) in published {
            let [first_of, second_of] = [first, second].map(|(k, n)| Proportion::of(k, n));
            let Interval { low, high } = difference(first_of, second_of).unwrap().interval;
            assert_eq!(
                format!("{low:.4}, {high:.4}"),
                bounds,
                "{first:?} {second:?}"
            );
        }
    }

    #[test]
    fn there_is_no_difference_to_what_was_not_tried() {
        let (none, some) = (Proportion::of(0, 0), Proportion::of(1, 2));
        assert_eq!(difference(none, some), None);
        assert_eq!(difference(some, none), None);
    }

    fn proportions() -> impl Strategy<Value = Proportion> {
        (1..100_000_u64)
            .prop_flat_map(|trials| (0..=trials, Just(trials)))
            .prop_map(|(successes, trials)| Proportion::of(successes, trials))
    }

    proptest! {
        #[test]
        fn an_interval_holds_its_difference_and_mirrors(
            first in proportions(),
            second in proportions(),
        ) {
            let ours = difference(first, second).unwrap();
            let Interval { low, high } = ours.interval;
            prop_assert!((-1.0..=1.0).contains(&low) && (-1.0..=1.0).contains(&high));
            prop_assert!(low <= ours.difference && ours.difference <= high);
            for mirrored in [
                difference(second, first).unwrap(),
                difference(first.mirrored(), second.mirrored()).unwrap(),
            ] {
                prop_assert!((mirrored.difference + ours.difference).abs() < 1e-12);
                prop_assert!((mirrored.interval.low + high).abs() < 1e-12);
                prop_assert!((mirrored.interval.high + low).abs() < 1e-12);
            }
        }
    }
}
