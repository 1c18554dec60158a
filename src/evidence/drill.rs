//! The outcome of firing the kill mechanism in a clone of the machine.

use serde::{Deserialize, Serialize};

use super::StateKey;

/// What a drill showed about one state of the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drill {
    /// The state that was drilled.
    pub state: StateKey,
    /// Whether the clone went down by the mechanism, within its grace.
    pub effective: bool,
    /// How it failed, when it did.
    pub failure: Option<DrillFailure>,
    /// What the mechanism wrote while it failed, cut to a few lines.
    pub output: String,
}

impl Drill {
    /// Whether a busy host, and not the state of the machine, may be why it failed, so that it
    /// should be done once more.
    #[must_use]
    pub fn may_be_chance(&self) -> bool {
        match self.failure {
            Some(DrillFailure::TimedOut | DrillFailure::DiedOtherwise) => true,
            None
            | Some(
                DrillFailure::NotFired
                | DrillFailure::NotExecutable { .. }
                | DrillFailure::NoEffect { .. }
                | DrillFailure::NoTrace
                | DrillFailure::ProcessGone,
            ) => false,
        }
    }
}

/// How a mechanism failed in a drill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum DrillFailure {
    /// The tool never asked for the fire: it was replaced, removed or could not start.
    NotFired,
    /// The script could not be executed.
    NotExecutable {
        /// The operating system's reason.
        reason: String,
    },
    /// The script ended and the clone was still up.
    NoEffect {
        /// The script's exit status, or 128 plus the signal that ended it.
        status: i32,
    },
    /// The clone was still up when the grace was over.
    TimedOut,
    /// The clone went down, but not by the mechanism.
    DiedOtherwise,
    /// The mechanism's own process was gone or stopped in the trial's machine itself, so that no
    /// clone was needed to learn that it would not work.
    ProcessGone,
    /// The script was run, and its effect, which is another one than the machine's end, was not
    /// seen within the grace.
    NoTrace,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Digest;

    #[test]
    fn only_a_failure_that_a_busy_host_explains_may_be_chance() {
        let not_executable = DrillFailure::NotExecutable {
            reason: "permission denied".to_owned(),
        };
        let cases = [
            (None, false),
            (Some(DrillFailure::TimedOut), true),
            (Some(DrillFailure::DiedOtherwise), true),
            (Some(DrillFailure::NotFired), false),
            (Some(not_executable), false),
            (Some(DrillFailure::NoEffect { status: 0 }), false),
            (Some(DrillFailure::ProcessGone), false),
            (Some(DrillFailure::NoTrace), false),
        ];
        for (failure, may_be_chance) in cases {
            let drill = Drill {
                state: StateKey(Digest::of(b"")),
                effective: failure.is_none(),
                failure,
                output: String::new(),
            };
            assert_eq!(drill.may_be_chance(), may_be_chance, "{drill:?}");
        }
    }
}
