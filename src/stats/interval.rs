//! Intervals for proportions.

use statrs::distribution::{Beta, ContinuousCDF};

use super::Proportion;
use super::proportion::real;

/// The share of the probability that lies below a 95 % interval, and likewise above it.
pub(super) const TAIL: f64 = 0.025;

/// The quantile .975 of the standard normal distribution.
pub(super) const Z: f64 = 1.959_963_984_540_054;

/// An interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower bound: from 0 to 1 for a proportion, from −1 to 1 for a difference or an agreement.
    pub low: f64,
    /// Upper bound, from the lower one to 1.
    pub high: f64,
}

impl Interval {
    /// All that a proportion can be.
    pub(super) const WHOLE: Self = Self {
        low: 0.0,
        high: 1.0,
    };
}

/// A way to an interval for a proportion. All assume that the trials are independent and alike,
/// and give the whole of 0 to 1 without any trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IntervalMethod {
    /// The quantiles .025 and .975 of Beta(k + ½, n − k + ½), except that the lower bound is 0
    /// where nothing succeeded and the upper one 1 where everything did. Over rates it covers 95 %
    /// on average, less at some. It is the one that is shown with every rate.
    ///
    /// Source: Brown, Cai and `DasGupta`, "Interval Estimation for a Binomial Proportion",
    /// Statistical Science 16 (2001), section 4.3.
    Jeffreys,
    /// The rates that a score test at 5 % would not reject. It covers 95 % on average, too.
    ///
    /// Source: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference",
    /// Journal of the American Statistical Association 22 (1927); in Brown, Cai and `DasGupta`
    /// (2001) equation (4).
    Wilson,
    /// The quantile .025 of Beta(k, n − k + 1) and .975 of Beta(k + 1, n − k), with 0 and 1 at the
    /// ends. It covers at least 95 % at every rate, and is wider than the others for that.
    ///
    /// Source: Clopper and Pearson, "The Use of Confidence or Fiducial Limits Illustrated in the
    /// Case of the Binomial", Biometrika 26 (1934); in Brown, Cai and `DasGupta` (2001)
    /// section 4.2.1.
    ClopperPearson,
}

impl IntervalMethod {
    /// The 95 % interval of a proportion, its bounds from 0 to 1.
    #[must_use]
    pub fn interval(self, proportion: Proportion) -> Interval {
        self.of_counts(real(proportion.successes()), real(proportion.failures()))
    }

    /// The interval of counts that need not be whole: those of an effective sample. Both are 0 or
    /// more and finite.
    pub(super) fn of_counts(self, successes: f64, failures: f64) -> Interval {
        if successes + failures == 0.0 {
            return Interval::WHOLE;
        }
        let interval = match self {
            Self::Jeffreys => Interval {
                low: quantile(successes + 0.5, failures + 0.5, TAIL),
                high: quantile(successes + 0.5, failures + 0.5, 1.0 - TAIL),
            },
            Self::Wilson => wilson(successes, failures),
            Self::ClopperPearson => Interval {
                low: quantile(successes, failures + 1.0, TAIL),
                high: quantile(successes + 1.0, failures, 1.0 - TAIL),
            },
        };
        Interval {
            low: if successes == 0.0 { 0.0 } else { interval.low },
            high: if failures == 0.0 { 1.0 } else { interval.high },
        }
    }
}

/// The 95 % Jeffreys interval of a proportion, of which `successes` of `trials` were seen:
/// [`IntervalMethod::Jeffreys`] for [`Proportion::of`] these.
#[must_use]
pub fn jeffreys(successes: u64, trials: u64) -> Interval {
    IntervalMethod::Jeffreys.interval(Proportion::of(successes, trials))
}

fn wilson(successes: f64, failures: f64) -> Interval {
    let trials = successes + failures;
    let centre = (successes + Z * Z / 2.0) / (trials + Z * Z);
    let spread = (successes * failures / trials + Z * Z / 4.0).sqrt();
    let half_width = Z * spread / (trials + Z * Z);
    Interval {
        low: centre - half_width,
        high: centre + half_width,
    }
}

/// The value below which so much of a beta distribution lies. Where it has no such shape, at an
/// end of the Clopper–Pearson interval, the value is not used.
fn quantile(successes: f64, failures: f64, below: f64) -> f64 {
    Beta::new(successes, failures).map_or(f64::NAN, |beta| beta.inverse_cdf(below))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const METHODS: [IntervalMethod; 3] = [
        IntervalMethod::Jeffreys,
        IntervalMethod::Wilson,
        IntervalMethod::ClopperPearson,
    ];

    fn percent(successes: u64, trials: u64) -> String {
        let Interval { low, high } = jeffreys(successes, trials);
        format!("{:.2}, {:.2}", 100.0 * low, 100.0 * high)
    }

    #[test]
    fn the_published_intervals_come_out_to_their_last_digit() {
        let published = [
            (79, 100, "70.26, 86.09"),
            (7, 100, "3.19, 13.25"),
            (12, 100, "6.73, 19.43"),
            (1, 100, "0.11, 4.58"),
            (973, 1000, "96.15, 98.17"),
            (892, 1000, "87.16, 91.01"),
            (0, 1000, "0.00, 0.25"),
            (1, 1000, "0.01, 0.47"),
            (3, 10, "9.27, 60.58"),
        ];
        for (successes, trials, bounds) in published {
            assert_eq!(percent(successes, trials), bounds, "{successes}/{trials}");
        }
    }

    #[test]
    fn nothing_is_known_without_trials() {
        for method in METHODS {
            assert_eq!(method.interval(Proportion::of(0, 0)), Interval::WHOLE);
        }
    }

    #[test]
    fn the_ends_are_exact_where_nothing_or_everything_succeeded() {
        for method in METHODS {
            for trials in [1, 2, 3, 7, 100, 12_345] {
                let ends = [0, trials].map(|k| method.interval(Proportion::of(k, trials)));
                assert_eq!((ends[0].low, ends[1].high), (0.0, 1.0));
            }
        }
    }

    #[test]
    fn more_successes_than_trials_count_as_all() {
        assert_eq!(jeffreys(9, 5), jeffreys(5, 5));
    }

    fn proportions() -> impl Strategy<Value = Proportion> {
        (1..1_000_000_u64)
            .prop_flat_map(|trials| (0..=trials, Just(trials)))
            .prop_map(|(successes, trials)| Proportion::of(successes, trials))
    }

    proptest! {
        #[test]
        fn an_interval_holds_its_share_and_mirrors(proportion in proportions()) {
            let share = proportion.share().unwrap();
            for method in METHODS {
                let ours = method.interval(proportion);
                prop_assert!(ours.low <= share && share <= ours.high, "{share} in {ours:?}");
                let mirrored = method.interval(proportion.mirrored());
                prop_assert!((ours.low - (1.0 - mirrored.high)).abs() < 1e-9);
            }
        }

        #[test]
        fn another_success_never_lowers_a_bound(proportion in proportions()) {
            let (successes, trials) = (proportion.successes(), proportion.trials());
            let more = Proportion::of(successes + 1, trials);
            for method in METHODS {
                let (less, more) = (method.interval(proportion), method.interval(more));
                prop_assert!(less.low <= more.low && less.high <= more.high);
            }
        }

        #[test]
        fn the_exact_interval_holds_the_one_of_jeffreys(proportion in proportions()) {
            let exact = IntervalMethod::ClopperPearson.interval(proportion);
            let shown = IntervalMethod::Jeffreys.interval(proportion);
            prop_assert!(exact.low <= shown.low && shown.high <= exact.high);
        }
    }
}
