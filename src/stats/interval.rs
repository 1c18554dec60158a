//! Intervals for proportions.

use statrs::distribution::{Beta, ContinuousCDF};

/// The share of the probability that lies below a 95 % interval, and likewise above it.
const TAIL: f64 = 0.025;

/// An interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower bound, from 0 to 1.
    pub low: f64,
    /// Upper bound, from 0 to 1.
    pub high: f64,
}

impl Interval {
    /// All that a proportion can be.
    const WHOLE: Self = Self {
        low: 0.0,
        high: 1.0,
    };
}

/// The 95 % Jeffreys interval of a proportion, of which `successes` of `trials` were seen.
///
/// Its bounds are the quantiles .025 and .975 of Beta(k + ½, n − k + ½), except that the lower
/// one is 0 where nothing succeeded and the upper one 1 where everything did. Without any trial
/// the interval is the whole of 0 to 1. It assumes that the trials are independent and alike.
/// Source: Brown, Cai and `DasGupta`, "Interval Estimation for a Binomial Proportion",
/// Statistical Science 16 (2001), section 4.3.
///
/// `successes` beyond `trials` count as all of them.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    reason = "a run has far fewer than 2^53 trials"
)]
pub fn jeffreys(successes: u64, trials: u64) -> Interval {
    let failures = trials.saturating_sub(successes);
    let successes = trials - failures;
    // Both shapes are finite and positive, which is all that could be wrong with them.
    let Ok(posterior) = Beta::new(successes as f64 + 0.5, failures as f64 + 0.5) else {
        return Interval::WHOLE;
    };
    Interval {
        low: match successes {
            0 => 0.0,
            _ => posterior.inverse_cdf(TAIL),
        },
        high: match failures {
            0 => 1.0,
            _ => posterior.inverse_cdf(1.0 - TAIL),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
        assert_eq!(jeffreys(0, 0), Interval::WHOLE);
    }

    #[test]
    fn more_successes_than_trials_count_as_all() {
        assert_eq!(jeffreys(9, 5), jeffreys(5, 5));
    }

    proptest! {
        #[test]
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a million is exact in every type here"
        )]
        fn an_interval_holds_its_share_and_mirrors(trials in 1..1_000_000_u64, part in 0.0..=1.0) {
            let successes = (trials as f64 * part) as u64;
            let share = successes as f64 / trials as f64;
            let ours = jeffreys(successes, trials);
            prop_assert!(ours.low <= share && share <= ours.high, "{share} in {ours:?}");
            let mirrored = jeffreys(trials - successes, trials);
            prop_assert!((ours.low - (1.0 - mirrored.high)).abs() < 1e-9);
        }
    }
}
