//! Walks through a machine's writable files from outside, whatever its programs made of them.
//!
//! Every directory is opened from the root of the machine's own file system with
//! `openat2(2)`, which refuses symbolic links, magic links, other mounts and every way out.
//! Only regular files and directories are opened, and what was opened is looked at again before
//! it is read. Depth is bounded by the length of a path, and the whole by [`Bounds`], which a
//! file system that is left alone cannot reach: only one that moves under the reader can.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, openat, openat2};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, fstatat};

use crate::evidence::MachinePath;

/// The longest path that is entered: what a program can name in one call (`PATH_MAX`), with
/// room for the place at which a clone is put together.
const LONGEST_PATH: usize = 4000;

/// How often something is looked at again that was swapped between two looks.
const LOOKS: usize = 3;

/// What one reading may still take.
pub(super) struct Bounds {
    /// Objects.
    objects: usize,
    /// Bytes of paths and link targets.
    names: usize,
    /// Bytes of content.
    content: u64,
}

impl Bounds {
    /// Twice as many objects and four times as much content as the file system has room for,
    /// and as many names as fit into it where each is as long as can be and none is deep: what
    /// lies at the end of long paths alone can be left out. Names are recorded with every
    /// command, so that their bound is also the record's.
    pub(super) fn new() -> Self {
        Self {
            objects: 40_000,
            names: 6 * 1024 * 1024,
            content: 256 * 1024 * 1024,
        }
    }

    /// Takes so many bytes of content, if they are left.
    pub(super) fn spend_content(&mut self, bytes: u64) -> io::Result<()> {
        self.content = self
            .content
            .checked_sub(bytes)
            .ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(())
    }

    fn spend(&mut self, path: &MachinePath, stat: &FileStat) -> nix::Result<()> {
        let target = match file_type(stat) {
            SFlag::S_IFLNK => usize::try_from(stat.st_size).unwrap_or(usize::MAX),
            _ => 0,
        };
        let names = path.as_bytes().len().saturating_add(target);
        if let (Some(objects), Some(names)) =
            (self.objects.checked_sub(1), self.names.checked_sub(names))
        {
            (self.objects, self.names) = (objects, names);
            return Ok(());
        }
        self.objects = 0;
        Err(Errno::E2BIG)
    }
}

/// One object that was found.
pub(super) struct Found<'a> {
    pub(super) path: MachinePath,
    pub(super) stat: FileStat,
    pub(super) directory: &'a OwnedFd,
    pub(super) name: &'a CStr,
}

impl Found<'_> {
    /// Opens what was found, if it is still the same regular file or directory.
    pub(super) fn open(&self) -> nix::Result<(File, FileStat)> {
        let flags = OFlag::O_RDONLY
            | OFlag::O_NOFOLLOW
            | OFlag::O_NONBLOCK
            | OFlag::O_NOCTTY
            | OFlag::O_CLOEXEC;
        let file = openat(self.directory, self.name, flags, Mode::empty())?;
        let stat = fstat(&file)?;
        if file_type(&stat) != file_type(&self.stat) {
            return Err(Errno::ESTALE);
        }
        Ok((File::from(file), stat))
    }

    fn look_again(&mut self) -> nix::Result<()> {
        self.stat = fstatat(self.directory, self.name, AtFlags::AT_SYMLINK_NOFOLLOW)?;
        Ok(())
    }
}

/// Visits a directory and everything below it. What could not be entered, or was never the same
/// in several looks, is listed in `gaps`. The visit's errors say that what was found has become
/// something else.
pub(super) fn walk(
    root: &OwnedFd,
    top: &str,
    bounds: &mut Bounds,
    gaps: &mut Vec<MachinePath>,
    mut visit: impl FnMut(&Found<'_>, &mut Bounds) -> nix::Result<()>,
) {
    let top = MachinePath::from(top);
    if let Ok(stat) = fstatat(root, relative(&top), AtFlags::AT_SYMLINK_NOFOLLOW)
        && let Ok(name) = CString::new(relative(&top))
    {
        let mut found = Found {
            path: top.clone(),
            stat,
            directory: root,
            name: &name,
        };
        look(&mut found, bounds, gaps, &mut visit);
    }
    let mut to_enter = vec![top];
    while let Some(path) = to_enter.pop() {
        if list(root, &path, bounds, gaps, &mut to_enter, &mut visit).is_err() {
            gaps.push(path);
        }
    }
}

fn list(
    root: &OwnedFd,
    path: &MachinePath,
    bounds: &mut Bounds,
    gaps: &mut Vec<MachinePath>,
    to_enter: &mut Vec<MachinePath>,
    visit: &mut impl FnMut(&Found<'_>, &mut Bounds) -> nix::Result<()>,
) -> nix::Result<()> {
    if bounds.objects == 0 {
        return Err(Errno::E2BIG);
    }
    let opened = open_directory(root, path)?;
    let listing = Dir::from_fd(opened.try_clone().map_err(|_| Errno::EMFILE)?)?;
    for item in listing {
        let item = item?;
        let name = item.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        // A file that has vanished since the listing is not part of the state.
        let Ok(stat) = fstatat(&opened, name, AtFlags::AT_SYMLINK_NOFOLLOW) else {
            continue;
        };
        let below = path.join(name.to_bytes());
        bounds.spend(&below, &stat)?;
        let mut found = Found {
            path: below,
            stat,
            directory: &opened,
            name,
        };
        look(&mut found, bounds, gaps, visit);
        if file_type(&found.stat) != SFlag::S_IFDIR {
            continue;
        }
        if found.path.as_bytes().len() > LONGEST_PATH {
            gaps.push(found.path);
        } else {
            to_enter.push(found.path);
        }
    }
    Ok(())
}

/// Visits what was found, and again where it was swapped meanwhile.
fn look(
    found: &mut Found<'_>,
    bounds: &mut Bounds,
    gaps: &mut Vec<MachinePath>,
    visit: &mut impl FnMut(&Found<'_>, &mut Bounds) -> nix::Result<()>,
) {
    for _ in 0..LOOKS {
        if visit(found, bounds).is_ok() || found.look_again().is_err() {
            return;
        }
    }
    gaps.push(found.path.clone());
}

/// A path as `openat` wants it: below the root, without the leading slash.
fn relative(path: &MachinePath) -> &[u8] {
    path.as_bytes()
        .strip_prefix(b"/")
        .unwrap_or(path.as_bytes())
}

fn open_directory(root: &OwnedFd, path: &MachinePath) -> nix::Result<OwnedFd> {
    let how = OpenHow::new()
        .flags(OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC)
        .resolve(
            ResolveFlag::RESOLVE_BENEATH
                | ResolveFlag::RESOLVE_NO_SYMLINKS
                | ResolveFlag::RESOLVE_NO_MAGICLINKS
                | ResolveFlag::RESOLVE_NO_XDEV,
        );
    openat2(root, relative(path), how)
}

/// What an object is (`S_IFMT`).
pub(super) fn file_type(stat: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT
}
