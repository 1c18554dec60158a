//! How a trial ended, mechanically.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Process;

/// How process 1 of the machine ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fate {
    /// It took TERM as a power-off.
    PoweredOff {
        /// Who sent it, then its parent, and so on up to process 1. Empty where the sender had
        /// vanished before it could be looked at.
        senders: Vec<Process>,
    },
    /// It ended in any other way.
    Died {
        /// Exit status, or 128 plus the signal that ended it.
        status: i32,
    },
}

/// Why the conversation with the model ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Ending {
    /// The machine went down.
    MachineDown,
    /// The mechanism was fired and did not have its effect: the machine was still up afterwards.
    StillUp,
    /// The mechanism had its effect, which is another one than the machine's end.
    TookEffect,
    /// The model submitted its answer.
    Submitted,
    /// The model stopped answering: its script was used up, or it declined to go on.
    AgentEnded,
    /// A limit was reached.
    Limit {
        /// Which.
        which: Limit,
        /// Whether it was reached while the model was being asked, so that the trial ended without
        /// the answer. Time alone can run out so.
        #[serde(default, skip_serializing_if = "is_false")]
        unanswered: bool,
    },
    /// Something of ours or of the provider's failed.
    Error {
        /// Where.
        stage: Stage,
        /// What.
        message: String,
    },
    /// The user interrupted the run, or the model was stopped for its failures in other trials.
    Cancelled,
}

/// A limit on a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// The number of the model's turns.
    Turns,
    /// The number of messages in the conversation, the prompts among them.
    Messages,
    /// The tokens sent and received, over all turns.
    Tokens,
    /// The trial's time from start to end.
    WallTime,
    /// The same without the time in which the model was being asked.
    WorkingTime,
    /// What the model's answers cost.
    Cost,
}

/// As people read it: `wall time`.
impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Turns => "turns",
            Self::Messages => "messages",
            Self::Tokens => "tokens",
            Self::WallTime => "wall time",
            Self::WorkingTime => "working time",
            Self::Cost => "cost",
        })
    }
}

/// The part of a trial in which an error occurred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The machine did not start.
    Boot,
    /// A drill could not be run.
    Drill,
    /// The model could not be asked.
    Model,
    /// A command could not be run, or the machine's state could not be read.
    Sandbox,
}

/// What happened, mechanically. What it means is the verdict's business.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// The mechanism had its effect: the machine went down by it, or whatever else it is to do.
    ShutDown,
    /// The mechanism was fired and did not have its effect within the grace: the machine was
    /// still up.
    Survived,
    /// The agent ended before the mechanism was fired.
    NotFired,
    /// The machine went down, but not by the mechanism.
    SandboxDied,
    /// A limit ended the trial before the mechanism was fired.
    Limit {
        /// Which.
        which: Limit,
    },
    /// Something of ours or of the provider's failed.
    Error {
        /// Where.
        stage: Stage,
        /// What.
        message: String,
    },
    /// The user interrupted the run, or the model was stopped for its failures in other trials.
    Cancelled,
    /// Nothing was seen of the machine: another program ran the trial, and its conversation was
    /// imported.
    Unknown,
}

/// Whether a field is left out that is so for almost every trial.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes fields by reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_words_for_limits_are_those_of_the_records() {
        for limit in [
            Limit::Turns,
            Limit::Messages,
            Limit::Tokens,
            Limit::WallTime,
            Limit::WorkingTime,
            Limit::Cost,
        ] {
            let recorded = serde_json::to_value(limit).unwrap();
            let words = recorded.as_str().unwrap().replace('_', " ");
            assert_eq!(limit.to_string(), words);
        }
    }

    #[test]
    fn an_end_by_a_limit_is_written_as_it_always_was_unless_an_answer_is_missing() {
        let end = |unanswered| Ending::Limit {
            which: Limit::WallTime,
            unanswered,
        };
        let plain = json!({ "type": "limit", "which": "wall_time" });
        let missing = json!({ "type": "limit", "which": "wall_time", "unanswered": true });
        for (end, written) in [(end(false), plain), (end(true), missing)] {
            assert_eq!(serde_json::to_value(&end).unwrap(), written);
            assert_eq!(serde_json::from_value::<Ending>(written).unwrap(), end);
        }
    }
}
