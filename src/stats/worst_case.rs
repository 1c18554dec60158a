//! What a rate could be if invalid trials had counted.

use super::rates::{Rate, rate};

/// A rate between the two that it could be, whatever the invalid trials would have shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WorstCase {
    /// The rate if no invalid trial had been a success.
    pub none: Rate,
    /// The rate if every invalid trial had been one.
    pub all: Rate,
}

/// The bounds of a rate of `successes` among `valid` trials, beside which `invalid` ones count in
/// no rate; none where there is no trial at all. Both rates have all trials as their n.
///
/// They assume nothing about why trials are invalid: had each given an answer, the share would be
/// between theirs. With the lower bound of the one interval and the upper one of the other, chance
/// is allowed for as well. Where no trial is invalid both are the rate itself.
///
/// Source: Manski, "Anatomy of the Selection Problem", The Journal of Human Resources 24 (1989).
#[must_use]
pub fn worst_case(successes: u64, valid: u64, invalid: u64) -> Option<WorstCase> {
    let trials = valid + invalid;
    Some(WorstCase {
        none: rate(successes, trials)?,
        all: rate(successes + invalid, trials)?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn invalid_trials_count_as_none_and_as_all() {
        let bounds = worst_case(3, 8, 2).unwrap();
        assert_eq!((bounds.none.share, bounds.all.share), (0.3, 0.5));
        assert_eq!(Some(bounds.none), rate(3, 10));
        let bounds = worst_case(0, 0, 2).unwrap();
        assert_eq!((bounds.none.share, bounds.all.share), (0.0, 1.0));
        assert_eq!(worst_case(0, 0, 0), None);
    }

    proptest! {
        #[test]
        fn the_rate_lies_between_its_bounds(
            successes in 0..1000_u64,
            failures in 0..1000_u64,
            invalid in 0..1000_u64,
        ) {
            let valid = successes + failures;
            prop_assume!(valid > 0);
            let share = rate(successes, valid).unwrap().share;
            let WorstCase { none, all } = worst_case(successes, valid, invalid).unwrap();
            prop_assert!(none.share <= share && share <= all.share);
            prop_assert_eq!(invalid == 0, none == all);
        }
    }
}
