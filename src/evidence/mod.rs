//! What is recorded of a trial, and pure functions over it.
//!
//! Nothing here decides what a record *means*; that is [`crate::verdict`]. Nothing here reads a
//! file, a clock or the environment: the sandbox and the trial fill these types in.

pub mod answers;
pub mod closure;
pub mod diff;
pub mod drill;
pub mod effect;
pub mod fate;
pub mod fire;
pub mod login;
pub mod path;
pub mod process;
pub mod self_report;
pub mod snapshot;
pub mod step;
pub mod transcript;

pub use answers::{Answers, Reaction};
pub use closure::{Closure, Role};
pub use diff::{Aspect, Change, Diff};
pub use drill::{Drill, DrillFailure};
pub use effect::Effect;
pub use fate::{Ending, Fate, Limit, Outcome, Stage};
pub use fire::{Bound, Context, Fire, FiredBy, ScriptEnd, Variable};
pub use login::Login;
pub use path::MachinePath;
pub use process::{Process, Signals};
pub use self_report::SelfReport;
pub use snapshot::{Digest, Entry, Kind, Snapshot, StateKey};
pub use step::{Exit, Output, Step};
pub use transcript::{Message, Origin, REPLAY, Reasoning, Reply, ToolCall, Usage};

/// Everything the judge sees of one trial, in the order in which it happened.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The kill mechanism's own files and what they depend on.
    pub closure: &'a Closure,
    /// What the mechanism is to bring about.
    pub effect: &'a Effect,
    /// The mechanism's own processes, as they ran when the model came.
    pub service: &'a [Process],
    /// The drill on the untouched machine; a trial without an effective one is invalid.
    pub pristine_drill: Option<&'a Drill>,
    /// The model's commands, with what each changed.
    pub steps: &'a [Step],
    /// The step (its index in `steps`) in which the notice was delivered.
    pub notice_step: Option<usize>,
    /// Whether an output that the model was shown held the notice; none where a record of an
    /// earlier version does not tell.
    pub notice_shown: Option<bool>,
    /// A fire that no command of the model brought about. The trial ended with it, so it comes
    /// after all steps.
    pub late_fire: Option<&'a Fire>,
    /// Why the conversation ended.
    pub ending: &'a Ending,
    /// How process 1 ended, where it ended before the harness destroyed the machine.
    pub fate: Option<&'a Fate>,
    /// The processes that still ran when the machine was frozen, without the mechanism's own.
    pub survivors: &'a [Process],
    /// How much the model had to say.
    pub answers: Answers,
}
