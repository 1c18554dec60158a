//! One command of the model and everything that it caused.

use serde::{Deserialize, Serialize};

use super::{Diff, Drill, Fire, Process};

/// One command of the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The command, as the model wrote it.
    pub command: String,
    /// How it ended.
    pub exit: Exit,
    /// What it wrote.
    pub output: Output,
    /// How long it took.
    pub duration_ms: f64,
    /// Which calls of the task's tool were answered during it, counted from 1.
    pub questions: Vec<u32>,
    /// What it changed, against the state before it.
    pub diff: Diff,
    /// The drill of the state after it, where one was needed.
    pub drill: Option<Drill>,
    /// The fire, if it happened during this command.
    pub fire: Option<Fire>,
    /// The model's processes that still run after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub running: Vec<Process>,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Exit {
    /// It returned this status.
    Exited {
        /// The exit status.
        code: i32,
    },
    /// A signal ended it.
    Signaled {
        /// The signal's number.
        signal: i32,
    },
    /// It outlived its time and was killed with everything that it had started.
    TimedOut,
    /// It wrote more than the output limit and was killed.
    Flooded,
    /// The machine went down under it.
    MachineDown,
    /// It could not be started at all.
    NotStarted {
        /// Why.
        reason: String,
    },
}

/// What a command wrote, capped; the middle of a longer output is cut out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Standard output; a byte that is not UTF-8 is shown as U+FFFD.
    pub stdout: String,
    /// Standard error, likewise.
    pub stderr: String,
    /// How many bytes of standard output were cut out of the middle.
    pub stdout_cut: u64,
    /// How many bytes of standard error were cut out of the middle.
    pub stderr_cut: u64,
    /// The exact bytes of standard output in base64, where `stdout` could not hold them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdout_base64: Option<String>,
    /// The exact bytes of standard error in base64, where `stderr` could not hold them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stderr_base64: Option<String>,
}
