//! Reads a machine's writable files: their state, for a snapshot, and all of them, for a clone.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;

use nix::errno::Errno;
use nix::fcntl::readlinkat;
use nix::sys::stat::SFlag;

use super::content::{self, Hashes};
use super::protocol::{ArchiveItem, ArchiveKind, Taken};
use super::template::WRITABLE;
use super::walk::{Bounds, Found, file_type, walk};
use crate::evidence::{Digest, Entry, Kind, MachinePath, Snapshot};

/// Reads a machine's files again and again.
pub(super) struct Reader {
    root: OwnedFd,
    hashes: Hashes,
    /// Texts that the harness has.
    sent: HashSet<Digest>,
}

impl Reader {
    /// Reads the file system whose root this is, in a machine whose system has this number.
    pub(super) fn new(root: OwnedFd, system: Option<u32>) -> Self {
        Self {
            root,
            hashes: Hashes::new(system),
            sent: HashSet::new(),
        }
    }

    /// The state of every writable file.
    pub(super) fn snapshot(&mut self) -> Taken {
        let Self { root, hashes, sent } = self;
        let mut snapshot = Snapshot::default();
        let mut texts = Vec::new();
        let mut bounds = Bounds::new();
        hashes.begin();
        for (directory, _) in WRITABLE {
            let Snapshot { entries, gaps } = &mut snapshot;
            walk(root, directory, &mut bounds, gaps, |found, bounds| {
                let (entry, text) = entry(found, hashes, bounds)?;
                if let Some(text) = text
                    && let Kind::File {
                        digest: Some(digest),
                        ..
                    } = entry.kind
                    && sent.insert(digest)
                {
                    texts.push((digest, text));
                }
                entries.insert(found.path.clone(), entry);
                Ok(())
            });
        }
        Taken { snapshot, texts }
    }

    /// Every writable file with its whole content, a directory before what is in it.
    ///
    /// # Errors
    /// When more is there than a machine has room for, because it moves under the reader.
    pub(super) fn archive(&self) -> io::Result<Vec<ArchiveItem>> {
        let mut items = BTreeMap::new();
        let mut first_names = HashMap::new();
        let mut gaps = Vec::new();
        let mut bounds = Bounds::new();
        let mut is_too_much = false;
        for (directory, _) in WRITABLE {
            walk(
                &self.root,
                directory,
                &mut bounds,
                &mut gaps,
                |found, bounds| match archive_item(found, &mut first_names, bounds) {
                    Ok(item) => {
                        items.insert(found.path.clone(), item);
                        Ok(())
                    }
                    Err(error) if error.kind() == io::ErrorKind::OutOfMemory => {
                        is_too_much = true;
                        Ok(())
                    }
                    Err(error) => Err(errno(&error)),
                },
            );
        }
        if is_too_much {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        Ok(whole(items))
    }
}

/// Leaves out what lost its directory, or its first name, while the archive was made.
fn whole(items: BTreeMap<MachinePath, ArchiveItem>) -> Vec<ArchiveItem> {
    let mut directories: HashSet<Vec<u8>> = HashSet::new();
    let mut files: HashSet<MachinePath> = HashSet::new();
    let tops = WRITABLE.map(|(top, _)| MachinePath::from(top));
    let mut kept: Vec<ArchiveItem> = Vec::with_capacity(items.len());
    for (path, item) in items {
        if !tops.contains(&path) && !directories.contains(parent(&path)) {
            continue;
        }
        match item.kind {
            ArchiveKind::Directory => {
                directories.insert(path.as_bytes().to_vec());
            }
            ArchiveKind::File { .. } => {
                files.insert(path);
            }
            ArchiveKind::Link(_)
            | ArchiveKind::Symlink(_)
            | ArchiveKind::Fifo
            | ArchiveKind::Socket
            | ArchiveKind::Device { .. } => {}
        }
        kept.push(item);
    }
    kept.retain(|item| match &item.kind {
        ArchiveKind::Link(first) => files.contains(first),
        ArchiveKind::File { .. }
        | ArchiveKind::Directory
        | ArchiveKind::Symlink(_)
        | ArchiveKind::Fifo
        | ArchiveKind::Socket
        | ArchiveKind::Device { .. } => true,
    });
    kept
}

fn parent(path: &MachinePath) -> &[u8] {
    let bytes = path.as_bytes();
    let end = bytes.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
    &bytes[..end]
}

/// One file's state, and its text if it has one.
fn entry(
    found: &Found<'_>,
    hashes: &mut Hashes,
    bounds: &mut Bounds,
) -> nix::Result<(Entry, Option<String>)> {
    let mut stat = found.stat;
    let mut xattrs = Vec::new();
    let mut text = None;
    let kind = match file_type(&found.stat) {
        SFlag::S_IFREG => {
            let (file, now) = found.open()?;
            stat = now;
            xattrs = content::attributes(&file);
            let (digest, read) = hashes.of(&file, &stat, bounds);
            text = read;
            Kind::File { digest, text: None }
        }
        SFlag::S_IFDIR => {
            let (file, now) = found.open()?;
            stat = now;
            xattrs = content::attributes(&file);
            Kind::Directory
        }
        SFlag::S_IFLNK => Kind::Symlink {
            target: link_target(found)?,
        },
        SFlag::S_IFIFO => Kind::Fifo,
        SFlag::S_IFSOCK => Kind::Socket,
        other => Kind::Device {
            block: other == SFlag::S_IFBLK,
            number: stat.st_rdev,
        },
    };
    let entry = Entry {
        kind,
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        size: content::size(&stat),
        inode: stat.st_ino,
        links: stat.st_nlink,
        modified: content::time(stat.st_mtime, stat.st_mtime_nsec),
        changed: content::changed(&stat),
        xattrs: xattrs.into_iter().collect(),
    };
    Ok((entry, text))
}

/// A further name of a file that has been read is a link to its first.
fn archive_item(
    found: &Found<'_>,
    first_names: &mut HashMap<u64, MachinePath>,
    bounds: &mut Bounds,
) -> io::Result<ArchiveItem> {
    let mut stat = found.stat;
    let mut xattrs = Vec::new();
    let kind = match file_type(&found.stat) {
        SFlag::S_IFREG => {
            let (file, now) = found.open()?;
            stat = now;
            match first_names.get(&stat.st_ino) {
                Some(first) if *first != found.path => ArchiveKind::Link(first.clone()),
                Some(_) | None => {
                    xattrs = content::attributes(&file);
                    let parts = content::parts(&file, &stat, bounds)?;
                    if stat.st_nlink > 1 {
                        first_names.insert(stat.st_ino, found.path.clone());
                    }
                    let size = content::size(&stat);
                    ArchiveKind::File { size, parts }
                }
            }
        }
        SFlag::S_IFDIR => {
            xattrs = content::attributes(&found.open()?.0);
            ArchiveKind::Directory
        }
        SFlag::S_IFLNK => ArchiveKind::Symlink(link_target(found)?),
        SFlag::S_IFIFO => ArchiveKind::Fifo,
        SFlag::S_IFSOCK => ArchiveKind::Socket,
        other => ArchiveKind::Device {
            block: other == SFlag::S_IFBLK,
            number: stat.st_rdev,
        },
    };
    Ok(ArchiveItem {
        path: found.path.clone(),
        kind,
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        xattrs,
    })
}

fn link_target(found: &Found<'_>) -> nix::Result<MachinePath> {
    Ok(MachinePath::new(
        readlinkat(found.directory, found.name)?.into_vec(),
    ))
}

fn errno(error: &io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}

#[cfg(test)]
mod tests;
