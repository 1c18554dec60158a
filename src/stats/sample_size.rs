//! How many trials are needed.

use statrs::distribution::{ContinuousCDF, Normal};

use super::binomial::binomial;
use super::interval::Z;
use super::proportion::real;
use super::{Interval, IntervalMethod, Proportion};

/// The most trials that are planned for. A half-width of a tenth of a percentage point takes a
/// million.
const MOST: u64 = 1 << 22;

/// The fewest trials of a cell for which the normal approximation of a power is near enough.
const FEWEST: u64 = 15;

/// The smallest number of trials with which the 95 % Jeffreys interval, that is shown with every
/// rate, is on average no more than twice `half_width` wide, where the true rate is `rate`.
///
/// Both are shares: a half-width of 5 percentage points is 0.05. The width is weighed by the
/// probabilities of all outcomes, so it is right near 0 and 1 as well, where the interval is not
/// in the middle around the rate. None where `rate` is not from 0 to 1, `half_width` not above 0,
/// or more than four million (2²²) trials would be needed.
///
/// Source: the expected length of Brown, Cai and `DasGupta`, "Interval Estimation for a Binomial
/// Proportion", Statistical Science 16 (2001), section 4.
#[must_use]
pub fn trials_for_half_width(rate: f64, half_width: f64) -> Option<u64> {
    let is_narrow =
        |trials| expected_half_width(rate, trials).is_some_and(|ours| ours <= half_width);
    smallest(MOST, is_narrow)
}

/// The number of trials in each of two cells with which a difference between the rates `first` and
/// `second` is found with a probability of about `power`, by Boschloo's two-sided test at 5 %.
///
/// It is the normal approximation for the comparison without a continuity correction: the test's
/// power with so many trials is short of `power` by less than 0.025. Fisher's test needs more. It
/// is 15 at least, since the approximation fails below. All three are shares, from 0 to 1; none
/// where one is not, the rates are equal, `power` is not from 0.05 to below 1, or more than four
/// million trials would be needed.
///
/// Source: Fleiss, Levin and Paik, "Statistical Methods for Rates and Proportions", third edition
/// (2003), section 4.2.
#[must_use]
pub fn trials_to_detect(first: f64, second: f64, power: f64) -> Option<u64> {
    let is_rate = |rate: &f64| (0.0..=1.0).contains(rate);
    if ![first, second].iter().all(is_rate) || !(0.05..1.0).contains(&power) {
        return None;
    }
    let spread = |rate: f64| rate * (1.0 - rate);
    let alike = (2.0 * spread(f64::midpoint(first, second))).sqrt();
    let apart = (spread(first) + spread(second)).sqrt();
    let reach = Z * alike + Normal::standard().inverse_cdf(power) * apart;
    let trials = (reach / (first - second)).powi(2);
    smallest(MOST, |count| real(count) >= trials).map(|trials| trials.max(FEWEST))
}

/// Half the width of the 95 % Jeffreys interval of so many trials, on average over all outcomes,
/// where the true rate is `rate`: from 0 to 0.5, a share like the rate. None where `rate` is not
/// from 0 to 1.
///
/// Source: as for [`trials_for_half_width`].
#[must_use]
pub fn expected_half_width(rate: f64, trials: u64) -> Option<f64> {
    // What is left out is less likely than can matter for a width of at most 1.
    let likely = |(_, probability): &(u64, f64)| *probability > 1e-13;
    let half_width = |(successes, probability)| {
        let seen = Proportion::of(successes, trials);
        let Interval { low, high } = IntervalMethod::Jeffreys.interval(seen);
        probability * (high - low) / 2.0
    };
    let outcomes = (0.0..=1.0)
        .contains(&rate)
        .then(|| binomial(trials, rate))?;
    Some(outcomes.into_iter().filter(likely).map(half_width).sum())
}

/// The smallest number of trials that is enough, where all larger ones are as well; none where
/// `limit`, a power of two, is not.
pub(super) fn smallest(limit: u64, enough: impl Fn(u64) -> bool) -> Option<u64> {
    let mut most = 1;
    while !enough(most) {
        most = (most < limit).then_some(2 * most)?;
    }
    let mut too_few = most / 2;
    while most - too_few > 1 {
        let middle = u64::midpoint(too_few, most);
        if enough(middle) {
            most = middle;
        } else {
            too_few = middle;
        }
    }
    Some(most)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_usual_designs_take_as_many_trials_as_expected() {
        assert_eq!(trials_for_half_width(0.5, 0.05), Some(381));
        assert_eq!(trials_for_half_width(0.0, 0.05), Some(24));
        assert_eq!(trials_to_detect(0.45, 0.55, 0.8), Some(392));
        assert_eq!(trials_to_detect(0.0, 1.0, 0.8), Some(FEWEST));
    }

    #[test]
    fn what_cannot_be_planned_has_no_number() {
        assert_eq!(expected_half_width(1.1, 10), None);
        for (rate, half_width) in [
            (-0.1, 0.1),
            (1.1, 0.1),
            (0.5, 0.0),
            (0.5, -1.0),
            (0.5, 1e-6),
        ] {
            assert_eq!(
                trials_for_half_width(rate, half_width),
                None,
                "{rate} {half_width}"
            );
        }
        assert_eq!(trials_for_half_width(f64::NAN, 0.1), None);
        assert_eq!(trials_for_half_width(0.5, f64::NAN), None);
        for (first, second, power) in [
            (0.5, 0.5, 0.8),
            (0.5, 1.1, 0.8),
            (f64::NAN, 0.1, 0.8),
            (0.1, 0.2, 1.0),
            (0.1, 0.2, 0.0),
            (0.5, 0.500_01, 0.8),
        ] {
            let trials = trials_to_detect(first, second, power);
            assert_eq!(trials, None, "{first} {second} {power}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_narrower_interval_takes_more_trials(rate in 0.0..=1.0, half_width in 0.03..0.49) {
            let wide = trials_for_half_width(rate, half_width).unwrap();
            let narrow = trials_for_half_width(rate, half_width * 0.9).unwrap();
            prop_assert!(wide <= narrow);
            prop_assert!(expected_half_width(rate, wide).unwrap() <= half_width);
            prop_assert!(expected_half_width(rate, wide - 1).unwrap() > half_width);
        }

        #[test]
        fn the_order_and_the_naming_of_rates_do_not_matter(first in 0.0..=0.4, second in 0.41..=1.0) {
            let ours = trials_to_detect(first, second, 0.8);
            prop_assert_eq!(ours, trials_to_detect(second, first, 0.8));
            let turned = trials_to_detect(1.0 - first, 1.0 - second, 0.8).unwrap();
            prop_assert!(ours.unwrap().abs_diff(turned) <= 1);
            prop_assert!(ours <= trials_to_detect(first, second, 0.9));
        }
    }
}
