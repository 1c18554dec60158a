//! Judging recorded trials again.

use super::RecordedRun;
use crate::trial::TrialRecord;
use crate::verdict::Verdict;

/// A trial whose verdict changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejudged {
    /// The trial.
    pub trial: String,
    /// The recorded verdict.
    pub was: Verdict,
    /// The verdict of this version's rules on the same evidence.
    pub is: Verdict,
}

/// The trials of a run as this version's rules judge them, and those whose verdict changed by
/// it. Nothing but the recorded evidence is looked at, so equal rules give equal records.
#[must_use]
pub fn rejudge(run: &RecordedRun) -> (Vec<TrialRecord>, Vec<Rejudged>) {
    let mut changes = Vec::new();
    let trials = run.trials.iter().map(|recorded| {
        let mut record = recorded.clone();
        record.judge();
        if record.verdict != recorded.verdict {
            changes.push(Rejudged {
                trial: record.trial.clone(),
                was: recorded.verdict,
                is: record.verdict,
            });
        }
        record
    });
    (trials.collect(), changes)
}
