//! An error as the user sees it: what, why, what helps, and the exit code.

use std::error::Error;
use std::fmt;

use super::exit::ExitCode;
use super::task_files::LoadError;
use crate::inspect::{ImportError, InspectError};
use crate::model::ModelError;
use crate::model::provider::{ClientError, DotenvError, EndpointError};
use crate::model::scripted::BuiltinError;
use crate::report::text::visible;
use crate::run::RunError;
use crate::sandbox::{RootfsError, SandboxError};
use crate::task::TaskError;

/// Why the command did not do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) exit: ExitCode,
    messages: Vec<String>,
    hint: Option<String>,
}

impl Failure {
    pub(super) fn new(exit: ExitCode, message: impl Into<String>) -> Self {
        Self {
            exit,
            messages: vec![message.into()],
            hint: None,
        }
    }

    /// An error with everything that led to it.
    pub(super) fn of(exit: ExitCode, error: &dyn Error) -> Self {
        let failure = Self::new(exit, error.to_string());
        match error.source() {
            Some(cause) => failure.because(cause),
            None => failure,
        }
    }

    /// That of so many models these gave no answer; none where all gave one.
    pub(super) fn unanswered(asked: usize, errors: &[ModelError]) -> Option<Self> {
        let (first, others) = errors.split_first()?;
        if others.is_empty() {
            return Some(first.clone().into());
        }
        let failed = errors.len();
        let message = format!("{failed} of {asked} models cannot be asked");
        let failure = Self::new(ExitCode::Provider, message);
        Some(
            errors
                .iter()
                .fold(failure, |failure, error| failure.because(error)),
        )
    }

    /// Adds an error and everything that led to it as the cause.
    pub(super) fn because(mut self, cause: &dyn Error) -> Self {
        let mut cause = Some(cause);
        while let Some(error) = cause {
            let message = error.to_string();
            // Some errors tell their cause in their own words.
            if !self.messages.iter().any(|told| told.ends_with(&message)) {
                self.messages.push(message);
            }
            cause = error.source();
        }
        self
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// `error: …`, its causes, and the hint, each on lines of its own.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut messages = self.messages.iter().map(|message| visible(message));
        write!(f, "error: {}", messages.next().unwrap_or_default())?;
        for cause in messages {
            write!(f, "\n  because: {cause}")?;
        }
        self.hint
            .iter()
            .try_for_each(|hint| write!(f, "\nhint: {}", visible(hint)))
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        let exit = match &error {
            RunError::Write { .. } | RunError::Unrecorded { .. } => ExitCode::Failure,
            RunError::Exists { .. }
            | RunError::OtherPlan { .. }
            | RunError::InUse { .. }
            | RunError::Read { .. }
            | RunError::NoRun { .. }
            | RunError::Broken { .. }
            | RunError::Schema { .. }
            | RunError::Unplanned { .. }
            | RunError::Repeated { .. } => ExitCode::RunDirectory,
        };
        let failure = Self::of(exit, &error);
        match error.hint() {
            Some(hint) => failure.with_hint(hint),
            None => failure,
        }
    }
}

impl From<InspectError> for Failure {
    fn from(error: InspectError) -> Self {
        match error {
            InspectError::Run(error) => error.into(),
            InspectError::Exists { .. } => Self::of(ExitCode::Failure, &error)
                .with_hint("name another directory with `--output`, or add `--overwrite`"),
            InspectError::Write { .. } => Self::of(ExitCode::Failure, &error).with_hint(
                "look at the disk's free space and at permissions, or name another `--output`",
            ),
        }
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Run(error) => error.into(),
            ImportError::Read { .. } | ImportError::NoLog { .. } | ImportError::Member { .. } => {
                Self::of(ExitCode::BadInput, &error).with_hint(
                    "give logs that Inspect wrote, `.eval` or `.json`; nothing was imported",
                )
            }
        }
    }
}

impl From<SandboxError> for Failure {
    fn from(error: SandboxError) -> Self {
        let failure = Self::of(ExitCode::Isolation, &error);
        match error.hint() {
            Some(hint) => failure.with_hint(hint),
            None => failure,
        }
    }
}

impl From<RootfsError> for Failure {
    fn from(error: RootfsError) -> Self {
        Self::of(ExitCode::BadInput, &error).with_hint(error.hint())
    }
}

impl From<TaskError> for Failure {
    fn from(error: TaskError) -> Self {
        Self::of(ExitCode::BadInput, &error)
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        Self::of(ExitCode::BadInput, &error)
    }
}

impl From<BuiltinError> for Failure {
    fn from(error: BuiltinError) -> Self {
        match &error {
            BuiltinError::Unknown { .. } => Self::of(ExitCode::Usage, &error),
            BuiltinError::Invalid(_) => Self::of(ExitCode::BadInput, &error),
        }
    }
}

impl From<DotenvError> for Failure {
    fn from(error: DotenvError) -> Self {
        Self::of(ExitCode::BadInput, &error)
    }
}

impl From<EndpointError> for Failure {
    fn from(error: EndpointError) -> Self {
        let exit = match &error {
            EndpointError::BadName { .. } => ExitCode::Usage,
            EndpointError::UnknownProvider { .. }
            | EndpointError::MissingKey { .. }
            | EndpointError::MissingBaseUrl { .. }
            | EndpointError::BadBaseUrl { .. } => ExitCode::Provider,
        };
        Self::of(exit, &error).with_hint(SEE_MODELS)
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let exit = match &error {
            ClientError::Settings(_) => ExitCode::Usage,
            ClientError::Network(_) | ClientError::Build(_) => ExitCode::Failure,
        };
        Self::of(exit, &error)
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        Self::of(ExitCode::Provider, &error)
    }
}

const SEE_MODELS: &str = "`offswitch models` lists the providers and the variables that they read, \
                          `offswitch list` the scripted models";

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn an_error_is_told_with_its_causes_and_what_helps() {
        let source = Box::new(RunError::Write {
            path: "runs/a/trials.jsonl".into(),
            source: io::Error::other("no space\u{1b}[2J left"),
        });
        let trials = vec!["palisade-A-0001".into()];
        let failure = Failure::from(RunError::Unrecorded { trials, source });
        assert_eq!(failure.exit, ExitCode::Failure);
        insta::assert_snapshot!(failure, @"
        error: trials ended that could not be recorded: palisade-A-0001
          because: cannot write `runs/a/trials.jsonl`
          because: no space␛[2J left
        hint: look at the disk's free space and at permissions, then go on with `offswitch resume`; what is in `trials.jsonl` is complete
        ");
    }

    #[test]
    fn a_cause_that_the_error_tells_itself_is_not_repeated() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot start: {0}")]
        struct Outer(#[source] io::Error);
        let failure = Failure::of(ExitCode::Failure, &Outer(io::Error::other("no room")));
        assert_eq!(failure.to_string(), "error: cannot start: no room");
    }
}
