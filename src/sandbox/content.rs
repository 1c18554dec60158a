//! A file's bytes, hash and holes.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;

use nix::errno::Errno;
use nix::sys::stat::FileStat;
use nix::unistd::{Whence, lseek64};
use sha2::{Digest as _, Sha256};
use xattr::FileExt as _;

use super::protocol::Part;
use super::walk::Bounds;
use crate::evidence::{Digest, MachinePath, snapshot::Time};

/// The longest text that is kept as text.
const LONGEST_TEXT: u64 = 64 * 1024;

/// Hashes that need not be taken again.
pub(super) struct Hashes {
    /// Who owns files that the model cannot write, where that is another user than the model's.
    system: Option<u32>,
    /// Of files that nobody in the machine can write, by inode, with the change time at which
    /// they were read.
    fixed: HashMap<u64, (Time, Digest)>,
    /// Of files with several names, by inode, as this snapshot saw them.
    linked: HashMap<u64, Digest>,
}

impl Hashes {
    /// None yet, in a machine whose system has this number.
    pub(super) fn new(system: Option<u32>) -> Self {
        Self {
            system,
            fixed: HashMap::new(),
            linked: HashMap::new(),
        }
    }

    /// Begins a new snapshot.
    pub(super) fn begin(&mut self) {
        self.linked.clear();
    }

    /// A file's hash, read only where it can have changed, and its text if it has one. None
    /// where the bounds leave no room.
    pub(super) fn of(
        &mut self,
        file: &File,
        stat: &FileStat,
        bounds: &mut Bounds,
    ) -> (Option<Digest>, Option<String>) {
        if let Some(digest) = self.known(stat) {
            return (Some(digest), None);
        }
        let (digest, text) = match digest(file, stat, bounds) {
            Ok((digest, text)) => (Some(digest), text),
            Err(_) => (None, None),
        };
        if let Some(digest) = digest {
            if self.is_fixed(stat) {
                self.fixed.insert(stat.st_ino, (changed(stat), digest));
            } else if stat.st_nlink > 1 {
                self.linked.insert(stat.st_ino, digest);
            }
        }
        (digest, text)
    }

    fn known(&self, stat: &FileStat) -> Option<Digest> {
        if let Some((time, digest)) = self.fixed.get(&stat.st_ino)
            && self.is_fixed(stat)
            && *time == changed(stat)
        {
            return Some(*digest);
        }
        self.linked.get(&stat.st_ino).copied()
    }

    /// Whether only process 1's side can write this file: it is the system's, and others have no
    /// write permission. A file of the model's own is hashed every time, since a shared memory
    /// mapping can change it without a trace in its times.
    fn is_fixed(&self, stat: &FileStat) -> bool {
        self.system == Some(stat.st_uid) && stat.st_mode & 0o022 == 0
    }
}

/// The content's hash and, where it is short and text, the content.
fn digest(
    file: &File,
    stat: &FileStat,
    bounds: &mut Bounds,
) -> io::Result<(Digest, Option<String>)> {
    let size = size(stat);
    if size <= LONGEST_TEXT {
        bounds.spend_content(size)?;
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        file.take(LONGEST_TEXT).read_to_end(&mut bytes)?;
        let digest = Digest::of(&bytes);
        let text = String::from_utf8(bytes)
            .ok()
            .filter(|text| !text.contains('\0'));
        return Ok((digest, text));
    }
    Ok((long_digest(file, size, bounds)?, None))
}

/// Hashes the parts that hold data, with their places where there are holes (see [`Digest`]).
fn long_digest(file: &File, size: u64, bounds: &mut Bounds) -> io::Result<Digest> {
    let mut hasher = Sha256::new();
    let has_holes = hole_from(file, 0, size) < size;
    if has_holes {
        hasher.update(size.to_le_bytes());
    }
    let mut at = 0;
    while let Some((start, end)) = data_from(file, at, size)? {
        if has_holes {
            hasher.update(start.to_le_bytes());
            hasher.update(end.to_le_bytes());
        }
        bounds.spend_content(end - start)?;
        hash_range(file, start, end, &mut hasher)?;
        at = end;
    }
    Ok(Digest(hasher.finalize().into()))
}

fn hash_range(file: &File, start: u64, end: u64, hasher: &mut Sha256) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    let mut at = start;
    while at < end {
        let wanted = usize::try_from(end - at)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let read = file.read_at(&mut buffer[..wanted], at)?;
        // A file that is being cut short ends here; its next snapshot will tell.
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
        at += read as u64;
    }
    Ok(())
}

/// The parts of a file that hold data.
pub(super) fn parts(file: &File, stat: &FileStat, bounds: &mut Bounds) -> io::Result<Vec<Part>> {
    let size = size(stat);
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some((start, end)) = data_from(file, at, size)? {
        bounds.spend_content(end - start)?;
        let mut bytes = vec![0; usize::try_from(end - start).unwrap_or(0)];
        let read = read_up_to(file, &mut bytes, start)?;
        bytes.truncate(read);
        parts.push(Part { start, bytes });
        at = end;
    }
    Ok(parts)
}

fn read_up_to(file: &File, bytes: &mut [u8], start: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < bytes.len() {
        match file.read_at(&mut bytes[done..], start + done as u64)? {
            0 => break,
            read => done += read,
        }
    }
    Ok(done)
}

/// The first range at or after `at` that holds data.
fn data_from(file: &File, at: u64, size: u64) -> io::Result<Option<(u64, u64)>> {
    if at >= size {
        return Ok(None);
    }
    let start = match lseek64(file.as_fd(), offset(at), Whence::SeekData) {
        Ok(start) => u64::try_from(start).unwrap_or(size),
        // No data up to the end.
        Err(Errno::ENXIO) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let end = hole_from(file, start, size).max(start + 1);
    Ok((start < size).then_some((start, end)))
}

/// The first hole at or after `at`; the end of the file counts as one.
fn hole_from(file: &File, at: u64, size: u64) -> u64 {
    lseek64(file.as_fd(), offset(at), Whence::SeekHole)
        .map_or(size, |end| u64::try_from(end).unwrap_or(size).min(size))
}

fn offset(at: u64) -> i64 {
    i64::try_from(at).unwrap_or(i64::MAX)
}

/// Extended attributes by name.
pub(super) fn attributes(file: &File) -> Vec<(MachinePath, MachinePath)> {
    let Ok(names) = file.list_xattr() else {
        return Vec::new();
    };
    names
        .filter_map(|name| {
            let value = file.get_xattr(&name).ok().flatten()?;
            Some((MachinePath::new(name.as_bytes()), MachinePath::new(value)))
        })
        .collect()
}

/// A file's length in bytes.
pub(super) fn size(stat: &FileStat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

/// When content or metadata last changed.
pub(super) fn changed(stat: &FileStat) -> Time {
    time(stat.st_ctime, stat.st_ctime_nsec)
}

/// A time in two parts.
pub(super) fn time(seconds: i64, nanos: i64) -> Time {
    Time {
        seconds,
        nanos: u32::try_from(nanos).unwrap_or(0),
    }
}
