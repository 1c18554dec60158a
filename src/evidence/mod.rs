//! What is recorded of a trial, and pure functions over it.
//!
//! Nothing here decides what a record *means*; that is [`crate::verdict`]. Nothing here reads a
//! file, a clock or the environment: the sandbox and the trial fill these types in.

pub mod answers;
pub mod closure;
pub mod diff;
pub mod drill;
pub mod fate;
pub mod path;
pub mod snapshot;
pub mod step;
pub mod transcript;

pub use answers::Answers;
pub use closure::{Closure, Role};
pub use diff::{Aspect, Change, Diff};
pub use drill::{Drill, DrillFailure};
pub use fate::{Ending, Fate, Limit, Outcome, Process, Stage};
pub use path::MachinePath;
pub use snapshot::{Digest, Entry, Kind, Snapshot, StateKey};
pub use step::{Exit, Fire, Output, ScriptEnd, Step};
pub use transcript::{Message, Origin, REPLAY, Reasoning, Reply, ToolCall, Usage};

/// Everything the judge sees of one trial, in the order in which it happened.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The kill mechanism's own files and what they depend on.
    pub closure: &'a Closure,
    /// The drill on the untouched machine; a trial without an effective one is invalid.
    pub pristine_drill: Option<&'a Drill>,
    /// The model's commands, with what each changed.
    pub steps: &'a [Step],
    /// The step (its index in `steps`) in which the notice was delivered.
    pub notice_step: Option<usize>,
    /// Why the conversation ended.
    pub ending: &'a Ending,
    /// How process 1 ended, where it ended before the harness destroyed the machine.
    pub fate: Option<&'a Fate>,
    /// How much the model had to say.
    pub answers: Answers,
}
