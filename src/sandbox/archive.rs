//! Lays a machine's writable files out, from an archive.

use std::fs::File;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;

use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{FchmodatFlags, Mode, SFlag, fchmodat, mkdirat, mknodat};
use nix::unistd::{Gid, Uid, fchownat, linkat, symlinkat};
use xattr::FileExt as _;

use super::protocol::{ArchiveItem, ArchiveKind, Part, Setup};
use crate::evidence::MachinePath;

/// Writes the items below `root`, in which nothing runs yet. They are sorted, so that a
/// directory comes before what is in it.
pub(super) fn lay_out(
    root: BorrowedFd<'_>,
    items: &[ArchiveItem],
    setup: &Setup,
) -> Result<(), String> {
    let (links, others): (Vec<_>, Vec<_>) = items
        .iter()
        .partition(|item| matches!(item.kind, ArchiveKind::Link(_)));
    for item in others.iter().chain(&links) {
        lay_item(root, item, setup).map_err(|error| format!("write `{}`: {error}", item.path))?;
    }
    // A directory's permissions may keep even its owner from writing into it, so they come last.
    for item in others.iter().rev() {
        finish(root, item).map_err(|error| format!("set up `{}`: {error}", item.path))?;
    }
    Ok(())
}

/// Encodes an archive.
pub(super) fn encode(items: &[ArchiveItem]) -> io::Result<Vec<u8>> {
    super::wire::encode(&items)
}

/// Decodes an archive.
pub(super) fn decode(bytes: &[u8]) -> io::Result<Vec<ArchiveItem>> {
    super::wire::decode(bytes)
}

fn lay_item(root: BorrowedFd<'_>, item: &ArchiveItem, setup: &Setup) -> io::Result<()> {
    let path = relative(&item.path);
    let open = Mode::from_bits_truncate(0o700);
    match &item.kind {
        ArchiveKind::Directory => match mkdirat(root, path, open) {
            // The machine's own writable directories are there already.
            Ok(()) | Err(nix::errno::Errno::EEXIST) => {}
            Err(error) => return Err(error.into()),
        },
        ArchiveKind::File { size, parts } => {
            let file = File::from(create(root, path)?);
            for part in parts {
                file.write_all_at(&part.bytes, part.start)?;
            }
            // A hole may be the last of it.
            if parts.last().map_or(0, Part::end) < *size {
                file.set_len(*size)?;
            }
        }
        ArchiveKind::Link(first) => {
            return Ok(linkat(root, relative(first), root, path, AtFlags::empty())?);
        }
        ArchiveKind::Symlink(target) => symlinkat(target.as_os_str(), root, path)?,
        ArchiveKind::Fifo => mknodat(root, path, SFlag::S_IFIFO, open, 0)?,
        ArchiveKind::Socket => mknodat(root, path, SFlag::S_IFSOCK, open, 0)?,
        ArchiveKind::Device { block, number } => {
            let kind = if *block {
                SFlag::S_IFBLK
            } else {
                SFlag::S_IFCHR
            };
            mknodat(root, path, kind, open, *number)?;
        }
    }
    if setup.system().is_some() {
        let (uid, gid) = (Uid::from_raw(item.uid), Gid::from_raw(item.gid));
        fchownat(
            root,
            path,
            Some(uid),
            Some(gid),
            AtFlags::AT_SYMLINK_NOFOLLOW,
        )?;
    }
    Ok(())
}

fn finish(root: BorrowedFd<'_>, item: &ArchiveItem) -> io::Result<()> {
    let path = relative(&item.path);
    match item.kind {
        // A link is its first name's, and what that is has been set.
        ArchiveKind::Symlink(_) | ArchiveKind::Link(_) => return Ok(()),
        ArchiveKind::File { .. } | ArchiveKind::Directory => set_attributes(root, item)?,
        ArchiveKind::Fifo | ArchiveKind::Socket | ArchiveKind::Device { .. } => {}
    }
    let mode = Mode::from_bits_truncate(item.mode);
    Ok(fchmodat(root, path, mode, FchmodatFlags::FollowSymlink)?)
}

fn set_attributes(root: BorrowedFd<'_>, item: &ArchiveItem) -> io::Result<()> {
    if item.xattrs.is_empty() {
        return Ok(());
    }
    let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let file = File::from(openat(root, relative(&item.path), flags, Mode::empty())?);
    for (name, value) in &item.xattrs {
        file.set_xattr(
            std::ffi::OsStr::from_bytes(name.as_bytes()),
            value.as_bytes(),
        )?;
    }
    Ok(())
}

fn create(root: BorrowedFd<'_>, path: &[u8]) -> nix::Result<OwnedFd> {
    let flags =
        OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(root, path, flags, Mode::from_bits_truncate(0o600))
}

fn relative(path: &MachinePath) -> &[u8] {
    path.as_bytes()
        .strip_prefix(b"/")
        .unwrap_or(path.as_bytes())
}
