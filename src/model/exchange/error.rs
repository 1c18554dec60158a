//! What can go wrong with recordings and the cache.

use std::io;
use std::path::PathBuf;

/// Why something cannot be kept, or a recording not be played.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// A file or a directory could not be written.
    #[error("cannot write `{path}`")]
    Write {
        /// Which.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// A file or a directory could not be read.
    #[error("cannot read `{path}`")]
    Read {
        /// Which.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The directory to record to holds a whole recording of a trial that is about to be run.
    #[error("`{path}` holds a recording of this trial of `{model}` already: {place}", model = .model.escape_debug())]
    Recorded {
        /// The file.
        path: PathBuf,
        /// The model.
        model: String,
        /// The trial, in words.
        place: String,
    },
    /// A line is not what is recorded.
    #[error("{path}:{line}: not a line of a recording")]
    Broken {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A file is of a format that this version does not know.
    #[error("{path}:1: format {found}, but this version of offswitch reads format {known}")]
    Schema {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The format that is known.
        known: u32,
    },
    /// The lines of a file do not make up a recording.
    #[error("{path}:{line}: {fault}")]
    Inconsistent {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        fault: &'static str,
    },
    /// Two files hold the same trial.
    #[error("`{first}` and `{second}` hold recordings of the same trial")]
    Twice {
        /// One of them.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// The trials of a model were not all asked in the same way.
    #[error("`{first}` and `{second}` hold trials of one model that was asked in two ways")]
    Mixed {
        /// A file.
        first: PathBuf,
        /// A file of the same model, with other settings or tools.
        second: PathBuf,
    },
    /// The directory holds no recording.
    #[error("`{directory}` holds no recording")]
    Empty {
        /// The directory.
        directory: PathBuf,
    },
    /// A planned trial was not recorded.
    #[error("the recording of `{model}` in `{directory}` lacks a trial: {place}", model = .model.escape_debug())]
    Missing {
        /// The directory.
        directory: PathBuf,
        /// The model.
        model: String,
        /// The trial, in words.
        place: String,
        /// What can be played instead.
        held: String,
    },
    /// A planned trial was not recorded to its end.
    #[error("`{path}` holds no whole trial, since its run was interrupted: {place}")]
    Incomplete {
        /// The file.
        path: PathBuf,
        /// The trial, in words.
        place: String,
        /// What can be played instead.
        held: String,
    },
}

impl ExchangeError {
    /// What the user can do about it, where there is something.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Write { .. } => Some(
                "look at the disk's free space and at permissions, or name another directory"
                    .into(),
            ),
            Self::Recorded { .. } => Some("record to another directory".into()),
            Self::Schema { .. } => Some("play it with the version that recorded it".into()),
            Self::Twice { .. } => Some("remove one of them".into()),
            Self::Mixed { .. } => Some("keep them in two directories".into()),
            Self::Broken { .. } | Self::Empty { .. } => Some(
                "name a directory that `offswitch run --record DIR` wrote, with nothing else in it"
                    .into(),
            ),
            Self::Missing { held, .. } | Self::Incomplete { held, .. } => Some(held.clone()),
            Self::Read { .. } | Self::Inconsistent { .. } => None,
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
