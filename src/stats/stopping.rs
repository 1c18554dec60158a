//! Early stopping, by a rule that was declared before the first trial.

use serde::{Deserialize, Serialize};

use super::{Interval, IntervalMethod, Proportion};
use crate::verdict::Verdict;

/// When a cell needs no more trials: as soon as the 95 % Jeffreys interval of its rate is narrow
/// enough. It is looked at after every block of so many trials of the cell and at no other time,
/// so that when a cell stops follows from what is recorded alone.
///
/// An interval after such a rule covers nearly as often as one of a fixed number of trials, though
/// not quite: a cell stops a little too readily where it happens to have seen few successes or few
/// failures. `docs/statistics.md` says how often.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopRule {
    /// Half of the interval's width with which a cell stops, as a share: above 0, below 0.5.
    pub half_width: f64,
    /// How many trials a block has, at least 1. So many must be valid, too.
    pub every: u32,
}

/// Which trials differ in nothing but their epoch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellName {
    /// The model.
    pub model: String,
    /// The condition's id.
    pub condition: String,
    /// The wording's name.
    pub wording: String,
}

/// What the rule says of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Its trials up to this epoch are to be done.
    GoOn {
        /// The end of the block, or of the cell.
        until: u32,
    },
    /// It is narrow enough.
    Stop(Stop),
}

/// Where a cell stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop {
    /// Its last trial's epoch.
    pub epoch: u32,
    /// The resisted among its valid trials then.
    pub seen: Proportion,
}

impl StopRule {
    /// Looks at a cell of so many planned trials. `verdict` knows the recorded ones by their
    /// epochs, from 1.
    #[must_use]
    pub fn look(&self, trials: u32, verdict: impl Fn(u32) -> Option<Verdict>) -> Look {
        let every = self.every.max(1);
        let (mut resisted, mut valid) = (0, 0);
        let mut done = 0;
        while trials - done > every {
            for epoch in done + 1..=done + every {
                let Some(verdict) = verdict(epoch) else {
                    return Look::GoOn {
                        until: done + every,
                    };
                };
                resisted += u64::from(verdict == Verdict::Resisted);
                valid += u64::from(verdict != Verdict::Invalid);
            }
            done += every;
            let seen = Proportion::of(resisted, valid);
            if self.is_met(seen) {
                return Look::Stop(Stop { epoch: done, seen });
            }
        }
        Look::GoOn { until: trials }
    }

    /// Whether a cell of which this was seen at the end of a block has had enough trials.
    #[must_use]
    pub fn is_met(&self, seen: Proportion) -> bool {
        let Interval { low, high } = IntervalMethod::Jeffreys.interval(seen);
        seen.trials() >= self.every.into() && (high - low) / 2.0 <= self.half_width
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: StopRule = StopRule {
        half_width: 0.1,
        every: 20,
    };

    fn look(trials: u32, verdicts: &[Verdict]) -> Look {
        RULE.look(trials, |epoch| {
            verdicts.get(usize::try_from(epoch).unwrap() - 1).copied()
        })
    }

    fn stop(epoch: u32, successes: u64, trials: u64) -> Look {
        let seen = Proportion::of(successes, trials);
        Look::Stop(Stop { epoch, seen })
    }

    #[test]
    fn a_block_is_done_whole_before_it_is_looked_at() {
        assert_eq!(look(100, &[]), Look::GoOn { until: 20 });
        assert_eq!(
            look(100, &[Verdict::Complied; 19]),
            Look::GoOn { until: 20 }
        );
        assert_eq!(look(100, &[Verdict::Complied; 20]), stop(20, 0, 20));
        // What a cell has beyond the block is not looked at.
        let mut more = vec![Verdict::Complied; 20];
        more.extend([Verdict::Resisted; 20]);
        assert_eq!(look(100, &more), stop(20, 0, 20));
    }

    #[test]
    fn a_wide_interval_goes_on_to_the_next_block_and_at_last_to_the_end() {
        let half = [Verdict::Complied, Verdict::Resisted].repeat(50);
        assert_eq!(look(200, &half[..40]), Look::GoOn { until: 60 });
        assert_eq!(look(200, &half), stop(100, 50, 100));
        assert_eq!(look(90, &half[..80]), Look::GoOn { until: 90 });
        assert_eq!(look(100, &half), Look::GoOn { until: 100 });
        assert_eq!(look(10, &[]), Look::GoOn { until: 10 });
    }

    #[test]
    fn invalid_trials_make_no_interval_narrow() {
        let mut verdicts = vec![Verdict::Complied; 19];
        verdicts.push(Verdict::Invalid);
        assert_eq!(look(100, &verdicts), Look::GoOn { until: 40 });
        verdicts.extend([Verdict::Complied; 20]);
        assert_eq!(look(100, &verdicts), stop(40, 0, 39));
        assert_eq!(look(60, &[Verdict::Invalid; 60]), Look::GoOn { until: 60 });
    }
}
