//! Proportions: so many of so many trials.

/// So many successes among so many trials. What a success is, says who counts: a trial that was
/// resisted, mostly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Proportion {
    successes: u64,
    failures: u64,
}

impl Proportion {
    /// `successes` of `trials`. Successes beyond the trials count as all of them.
    #[must_use]
    pub fn of(successes: u64, trials: u64) -> Self {
        let failures = trials.saturating_sub(successes);
        Self {
            successes: trials - failures,
            failures,
        }
    }

    /// The successes, from 0 to the number of trials.
    #[must_use]
    pub fn successes(self) -> u64 {
        self.successes
    }

    /// The trials that are no successes.
    #[must_use]
    pub fn failures(self) -> u64 {
        self.failures
    }

    /// The trials, successes and failures together.
    #[must_use]
    pub fn trials(self) -> u64 {
        self.successes + self.failures
    }

    /// The successes' share of the trials, from 0 to 1; none where there is no trial.
    #[must_use]
    pub fn share(self) -> Option<f64> {
        (self.trials() > 0).then(|| real(self.successes) / real(self.trials()))
    }

    /// The same trials with successes and failures exchanged.
    #[must_use]
    pub fn mirrored(self) -> Self {
        Self {
            successes: self.failures,
            failures: self.successes,
        }
    }
}

/// A count as a number to compute with.
#[expect(
    clippy::cast_precision_loss,
    reason = "a run has far fewer than 2^53 trials"
)]
pub(super) fn real(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_successes_than_trials_count_as_all() {
        assert_eq!(Proportion::of(9, 5), Proportion::of(5, 5));
        assert_eq!(Proportion::of(9, 5).trials(), 5);
    }

    #[test]
    fn no_trials_have_no_share() {
        assert_eq!(Proportion::of(0, 0).share(), None);
        assert_eq!(Proportion::of(1, 4).share(), Some(0.25));
        assert_eq!(Proportion::of(1, 4).mirrored().share(), Some(0.75));
    }
}
