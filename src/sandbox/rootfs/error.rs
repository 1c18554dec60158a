//! What can be wrong with a root file system.

use std::io;
use std::path::PathBuf;

use crate::evidence::{Digest, MachinePath};

/// Why a root file system cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RootfsError {
    /// It could not be read.
    #[error("cannot read `{path}`")]
    Read {
        /// What of it.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// It could not be unpacked.
    #[error("cannot unpack to `{path}`")]
    Unpack {
        /// Where to.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The file is no tar that can be read.
    #[error("`{path}` is {what}")]
    Format {
        /// The file.
        path: PathBuf,
        /// What it is in place of a tar.
        what: &'static str,
    },
    /// Something in it is not what a machine's system can consist of.
    #[error("`{member}` in `{path}` {what}")]
    Member {
        /// The root file system.
        path: PathBuf,
        /// Where in it.
        member: MachinePath,
        /// What is wrong.
        what: String,
    },
    /// It has more than any system has.
    #[error("`{path}` holds more than {most}")]
    TooLarge {
        /// The root file system.
        path: PathBuf,
        /// The bound.
        most: String,
    },
    /// It lacks a program that every machine needs.
    #[error("`{path}` has no program `{program}`, which every machine needs")]
    Lacks {
        /// The root file system.
        path: PathBuf,
        /// The program.
        program: String,
    },
    /// There is no place to unpack to.
    #[error("there is no place to unpack `{path}` to: neither `XDG_CACHE_HOME` nor `HOME` is set")]
    NoCache {
        /// The tar.
        path: PathBuf,
    },
    /// What was unpacked is not what the tar holds.
    #[error("`{path}` has the hash {found}, and was unpacked with {expected}")]
    Changed {
        /// Where it was unpacked to.
        path: PathBuf,
        /// The tar's hash.
        expected: Digest,
        /// The directory's.
        found: Digest,
    },
}

impl RootfsError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Read { .. } => "look at the path and its permissions",
            Self::Unpack { .. } => {
                "look at the disk's free space and at permissions; `XDG_CACHE_HOME` names another \
                 place, or unpack the tar yourself and name the directory"
            }
            Self::Format { .. } => "give a directory, a `.tar` or a `.tar.gz`",
            Self::Member { .. } | Self::Lacks { .. } => {
                "give a whole root file system: a tree of `debootstrap`, or a tar of \
                 `docker export` (`docker save` writes layers)"
            }
            Self::TooLarge { .. } => "leave out what the task does not need",
            Self::NoCache { .. } => {
                "set one of them, or unpack the tar yourself and name the directory"
            }
            Self::Changed { .. } => "remove that directory, and it is unpacked again",
        }
    }

    pub(super) fn read(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Read { path, source }
    }

    pub(super) fn unpack(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Unpack { path, source }
    }
}
