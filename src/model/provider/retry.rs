//! How often and after what time a failed request is repeated.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::failure::Failure;
use crate::model::{FailureClass, ModelError};

/// How often a failed request is repeated, by the class of its failure. A refused request is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Repetitions after being rate limited.
    pub rate_limited: u32,
    /// Repetitions after network and server errors.
    pub unreachable: u32,
    /// Repetitions after what was no answer.
    pub malformed: u32,
    /// The bound of the first wait. It doubles with each further one.
    pub first_wait: Duration,
    /// The longest wait, also where the provider asks for more.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            rate_limited: 8,
            unreachable: 5,
            malformed: 2,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(120),
        }
    }
}

/// One failed attempt, for those who show and log them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedAttempt {
    /// The model's full name.
    pub model: String,
    /// Which attempt of the request it was, from 1.
    pub attempt: u32,
    /// What kind of failure it was.
    pub class: FailureClass,
    /// What was said of it, in one short line without a key.
    pub message: String,
    /// How long is waited until the next attempt; none if there is none.
    pub wait: Option<Duration>,
    /// Why the model is not asked any more at all, if this failure was one too many.
    pub stopped: Option<ModelError>,
}

/// The waits of one trial.
pub(super) struct Waits(ChaCha8Rng);

impl Waits {
    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// How long to wait after a failure of a request that failed so `earlier`, in order; none if
    /// it is not repeated. Each class has its own bound.
    ///
    /// Full jitter: any time up to a bound that doubles, so that requests which failed together
    /// do not come back together.
    pub(super) fn after(
        &mut self,
        failure: &Failure,
        earlier: &[FailureClass],
        policy: &RetryPolicy,
    ) -> Option<Duration> {
        let repetitions = match failure.class {
            FailureClass::RateLimited => policy.rate_limited,
            FailureClass::Unreachable => policy.unreachable,
            FailureClass::Malformed => policy.malformed,
            FailureClass::Refused => 0,
        };
        let same = earlier.iter().filter(|class| **class == failure.class);
        if counted(same.count()) >= repetitions {
            return None;
        }
        let doubled = 2_u32.saturating_pow(counted(earlier.len()));
        let bound = policy
            .first_wait
            .saturating_mul(doubled)
            .min(policy.longest_wait);
        let jitter = bound.mul_f64(self.share());
        Some(match failure.retry_after {
            Some(asked) => asked.saturating_add(jitter / 10).min(policy.longest_wait),
            None => jitter,
        })
    }

    /// Any number from 0 to 1.
    fn share(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / f64::from(u32::MAX)
    }
}

fn counted(failures: usize) -> u32 {
    u32::try_from(failures).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(class: FailureClass, retry_after: Option<u64>) -> Failure {
        Failure {
            class,
            message: String::new(),
            retry_after: retry_after.map(Duration::from_secs),
        }
    }

    #[test]
    fn repetitions_are_bounded_by_class_and_one_class_uses_up_no_other() {
        let policy = RetryPolicy::default();
        let count = |class, mut earlier: Vec<_>| {
            let mut waits = Waits::new(0);
            let failure = failure(class, None);
            let before = earlier.len();
            while waits.after(&failure, &earlier, &policy).is_some() {
                earlier.push(class);
            }
            earlier.len() - before
        };
        let classes = [
            FailureClass::RateLimited,
            FailureClass::Unreachable,
            FailureClass::Malformed,
            FailureClass::Refused,
        ];
        assert_eq!(classes.map(|class| count(class, Vec::new())), [8, 5, 2, 0]);
        let others = vec![FailureClass::RateLimited; 8];
        assert_eq!(count(FailureClass::Unreachable, others), 5);
    }

    #[test]
    fn waits_stay_below_a_bound_that_doubles_and_repeat_with_their_seed() {
        let policy = RetryPolicy {
            unreachable: u32::MAX,
            ..RetryPolicy::default()
        };
        let failure = failure(FailureClass::Unreachable, None);
        let waits = |seed| {
            let mut waits = Waits::new(seed);
            (0..50)
                .map(|earlier| {
                    waits
                        .after(&failure, &vec![failure.class; earlier], &policy)
                        .unwrap()
                })
                .collect::<Vec<_>>()
        };
        for (wait, power) in waits(7).iter().zip(0..) {
            let bound = Duration::from_secs(2_u64.saturating_pow(power).min(120));
            assert!(*wait <= bound, "{wait:?} {bound:?}");
        }
        assert_eq!(waits(7), waits(7));
        assert_ne!(waits(7), waits(8));
    }

    #[test]
    fn what_the_provider_asks_for_is_the_least_wait_up_to_the_cap() {
        let policy = RetryPolicy::default();
        let after = |asked| {
            let failure = failure(FailureClass::RateLimited, Some(asked));
            Waits::new(1).after(&failure, &[], &policy).unwrap()
        };
        assert!(after(30) >= Duration::from_secs(30) && after(30) < Duration::from_secs(31));
        assert_eq!(after(u64::MAX / 2), policy.longest_wait);
    }
}
