//! What can go wrong with Inspect's logs.

use std::io;
use std::path::PathBuf;

use crate::run::RunError;

/// Why a log could not be written.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The run could not be read.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A log of that name is there already.
    #[error("`{path}` is there already")]
    Exists {
        /// The file.
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
}

impl InspectError {
    pub(super) fn write(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Write { path, source }
    }
}
