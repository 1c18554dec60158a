//! What can go wrong with machines. None of it is ever a verdict about a model.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::remedy::remedy;

/// Why a machine could not be made or used.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The helper process could not be started.
    #[error("cannot start the sandbox helper: {0}{remedy}", remedy = remedy(.0))]
    Helper(#[source] io::Error),
    /// This host cannot make machines.
    #[error("this host cannot make isolated machines: {0}")]
    Host(String),
    /// The helper has ended, so that there is no machine any more.
    #[error("the sandbox helper ended")]
    Ended,
    /// The programs of a root file system cannot be executed here.
    #[error("`/bin/bash` of the root file system `{rootfs}` cannot be executed: {reason}")]
    Foreign {
        /// What the user named.
        rootfs: PathBuf,
        /// Why, in the operating system's words.
        reason: String,
    },
    /// A machine did not come up.
    #[error("the machine did not boot: {0}")]
    Boot(String),
    /// A machine came up with less protection than the host was found to give.
    #[error("the machine came up without its {0}, which this host had given before")]
    Weakened(String),
    /// What the machine's system started was still beginning when its time was over.
    #[error(
        "the mechanism's own processes did not come to rest within {} s: the host is too busy, or \
         the mechanism always has something to do",
        .0.as_secs()
    )]
    Restless(Duration),
    /// Process 1 of a clone ended, and not by a power-off.
    #[error("process 1 of a clone ended with status {status}")]
    Died {
        /// Its status, or 128 plus the signal that ended it.
        status: i32,
    },
    /// The connection to a machine's keeper was lost.
    #[error("lost the machine's keeper{0}")]
    Lost(String),
    /// The keeper refused a request.
    #[error("the machine's keeper refused: {0}")]
    Refused(String),
    /// Talking to the helper failed.
    #[error("cannot talk to the sandbox helper: {0}{remedy}", remedy = remedy(.0))]
    Talk(#[from] io::Error),
}

impl SandboxError {
    /// What the user can do about it, where it is not for the host to give more.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Foreign { .. } => Some(
                "it must be made for this host's processor, and hold the libraries of its programs",
            ),
            Self::Helper(_)
            | Self::Host(_)
            | Self::Ended
            | Self::Boot(_)
            | Self::Weakened(_)
            | Self::Restless(_)
            | Self::Died { .. }
            | Self::Lost(_)
            | Self::Refused(_)
            | Self::Talk(_) => None,
        }
    }
}
