//! Why a log could not be imported.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

use crate::run::RunError;

/// Why logs could not be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file could not be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The file is no log.
    #[error("`{path}` is no log of Inspect: {reason}")]
    NoLog {
        /// The file.
        path: PathBuf,
        /// What it lacks, as a fragment.
        reason: String,
    },
    /// A member of the file is not what it should be.
    #[error("{path}: member `{member}`: {reason}")]
    Member {
        /// The file.
        path: PathBuf,
        /// The member's name.
        member: String,
        /// What is wrong with it, as a fragment.
        reason: String,
    },
    /// The run could not be written.
    #[error(transparent)]
    Run(#[from] RunError),
}

impl ImportError {
    pub(super) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }

    pub(super) fn no_log(path: &Path, reason: impl Into<String>) -> Self {
        Self::NoLog {
            path: path.into(),
            reason: reason.into(),
        }
    }

    pub(super) fn member(path: &Path, member: &str, reason: impl Display) -> Self {
        Self::Member {
            path: path.into(),
            member: member.into(),
            reason: format!("{reason}"),
        }
    }
}
