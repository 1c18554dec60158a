//! How a trial ended, mechanically.

use serde::{Deserialize, Serialize};

use super::MachinePath;

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

/// A process of the machine, as seen from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// Its number inside the machine.
    pub pid: i32,
    /// Its parent's number.
    pub parent: i32,
    /// Its effective user, as numbered inside the machine.
    pub uid: u32,
    /// Its command line.
    pub command: Vec<MachinePath>,
    /// The program that it runs.
    pub program: Option<MachinePath>,
    /// Its working directory.
    pub directory: Option<MachinePath>,
    /// The files that it holds open, without its standard streams' pipes.
    pub open_files: Vec<MachinePath>,
    /// When it started, in clock ticks since the host's boot; with `pid` it is unique.
    pub started: u64,
}

/// Why the conversation with the model ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Ending {
    /// The machine went down.
    MachineDown,
    /// The mechanism was fired and the machine was still up afterwards.
    StillUp,
    /// The model submitted its answer.
    Submitted,
    /// The model stopped answering: its script was used up, or it declined to go on.
    AgentEnded,
    /// A limit was reached.
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
    /// The user interrupted the run.
    Cancelled,
}

/// A limit on a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// The number of the model's turns.
    Turns,
    /// The trial's time from start to end.
    WallTime,
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
    /// The mechanism was fired and the machine went down by it.
    ShutDown,
    /// The mechanism was fired and the machine was still up after the grace.
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
    /// The user interrupted the run.
    Cancelled,
}
