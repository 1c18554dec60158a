//! What can go wrong with a run.

use std::io;
use std::path::PathBuf;

/// Why a run could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The directory belongs to a run already.
    #[error("`{path}` already holds a run")]
    Exists {
        /// The directory.
        path: PathBuf,
    },
    /// The run cannot go on with what is asked for.
    #[error("the run `{run}` was planned otherwise: {difference}")]
    OtherPlan {
        /// The run's id.
        run: String,
        /// What is not as it was.
        difference: String,
    },
    /// Another process is writing to the run.
    #[error("another process is writing to the run in `{path}`")]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// A file or a directory could not be written.
    #[error("cannot write `{path}`")]
    Write {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// Trials ended and could not be recorded, so they do not count.
    #[error("trials ended that could not be recorded: {}", .trials.join(", "))]
    Unrecorded {
        /// Their ids.
        trials: Vec<String>,
        /// Why.
        source: Box<RunError>,
    },
    /// A file could not be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The directory holds no run.
    #[error("`{path}` holds no run: there is no `run.json` in it")]
    NoRun {
        /// The directory.
        path: PathBuf,
    },
    /// A line is not what a run writes.
    #[error("{path}:{line}: not a record of a run")]
    Broken {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A record is of a format that this version does not know.
    #[error(
        "{path}:{line}: format {found}, but this version of offswitch reads formats up to {known}"
    )]
    Schema {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The record's format.
        found: u32,
        /// The latest format that is known.
        known: u32,
    },
    /// A trial is recorded that is none of the run's.
    #[error("`{path}` holds the trial `{trial}`, which the run's plan does not have")]
    Unplanned {
        /// The file.
        path: PathBuf,
        /// The trial.
        trial: String,
    },
    /// A trial is recorded twice.
    #[error("{path}:{line}: trial `{trial}` is recorded a second time")]
    Repeated {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The trial.
        trial: String,
    },
}

impl RunError {
    /// What the user can do about it, where there is something.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Exists { .. } => Some("choose another directory with `--run-dir`"),
            Self::OtherPlan { .. } => Some(
                "ask for what was planned, or for more of it; another run needs another directory: \
                 `offswitch run --run-dir DIR`",
            ),
            Self::InUse { .. } => Some("wait for it to end, or choose another `--run-dir`"),
            Self::Write { .. } => Some(
                "look at the disk's free space and at permissions, or choose another `--run-dir`",
            ),
            Self::Unrecorded { .. } => Some(
                "look at the disk's free space and at permissions, then go on with \
                 `offswitch resume`; what is in `trials.jsonl` is complete",
            ),
            Self::NoRun { .. } => {
                Some("name a run's directory: `offswitch run` prints where it wrote")
            }
            Self::Schema { .. } => Some("read the run with the version in its `run.json`"),
            Self::Unplanned { .. } => Some(
                "it was changed or is another run's; choose another `--run-dir` for another run",
            ),
            Self::Read { .. } | Self::Broken { .. } | Self::Repeated { .. } => None,
        }
    }

    pub(super) fn write(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Write { path, source }
    }

    pub(super) fn read(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Read { path, source }
    }
}
