//! Which programs the machines have.

use std::path::PathBuf;

use super::exchange::user_cache;
use super::failure::Failure;
use crate::run::PlannedRootfs;
use crate::sandbox::Rootfs;

/// The root file system of the machines.
#[derive(Debug, Default, clap::Args)]
pub(super) struct RootfsArgument {
    /// Give the machines the programs of this root file system, a directory or a tar, in place of
    /// the host's; docs/isolation.md says which can be used
    #[arg(long, value_name = "DIR|TAR")]
    pub(super) rootfs: Option<PathBuf>,
}

impl RootfsArgument {
    /// The root file system, ready for machines; none where none is asked for.
    ///
    /// # Errors
    /// It cannot be read or unpacked, or is none.
    pub(super) fn open(&self) -> Result<Option<Rootfs>, Failure> {
        let path = self.rootfs.as_deref();
        let opened = path.map(|path| Rootfs::open(path, user_cache().as_deref()));
        Ok(opened.transpose()?)
    }
}

/// What a run records of a root file system.
pub(super) fn planned(rootfs: &Rootfs) -> PlannedRootfs {
    PlannedRootfs {
        path: rootfs.named().display().to_string(),
        hash: rootfs.hash(),
    }
}

/// The argument that gives it to the command again.
pub(super) fn word(rootfs: &PlannedRootfs) -> String {
    format!("--rootfs={}", rootfs.path)
}
