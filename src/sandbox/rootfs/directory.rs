//! Reads a root file system that is a directory.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::error::RootfsError;
use super::tree::{Content, Entry, PERMISSIONS, Tree, is_open_directory, is_open_file, join};
use super::{bounded, member, parts};
use crate::evidence::Digest;

/// What a machine would see of the directory.
pub(super) fn read(root: &Path) -> Result<Tree, RootfsError> {
    let own = fs::metadata(root).map_err(RootfsError::read(root))?;
    let mut tree = Tree::default();
    let tops = parts::SYSTEM.into_iter().chain([parts::SETTINGS]);
    let mut todo: Vec<Vec<u8>> = tops.map(|top| top.as_bytes().to_vec()).collect();
    while let Some(path) = todo.pop() {
        let full = at(root, &path);
        let about = match fs::symlink_metadata(&full) {
            Ok(about) => about,
            // Not every system has every top directory.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !path.contains(&b'/') => {
                continue;
            }
            Err(error) => return Err(RootfsError::read(full)(error)),
        };
        if about.dev() != own.dev() {
            let what =
                "is on another file system than the tree: copy it into the tree, or unmount it";
            return Err(member(root, &path, what));
        }
        let entry = entry(root, &path, &full, &about)?;
        if let Entry::Directory { mode } = &entry
            && is_open_directory(*mode)
        {
            for name in names(&full)? {
                let path = join(&path, &name);
                if parts::is_seen(&path) {
                    todo.push(path);
                }
            }
        }
        tree.add(&path, entry);
        bounded(root, &tree)?;
    }
    Ok(tree)
}

fn names(directory: &Path) -> Result<Vec<Vec<u8>>, RootfsError> {
    let entries = fs::read_dir(directory).map_err(RootfsError::read(directory))?;
    entries
        .map(|entry| Ok(entry?.file_name().into_vec()))
        .collect::<io::Result<_>>()
        .map_err(RootfsError::read(directory))
}

fn entry(root: &Path, path: &[u8], full: &Path, about: &Metadata) -> Result<Entry, RootfsError> {
    let mode = about.permissions().mode() & PERMISSIONS;
    let kind = about.file_type();
    if kind.is_dir() {
        return Ok(Entry::Directory { mode });
    }
    if kind.is_symlink() {
        let target = fs::read_link(full).map_err(RootfsError::read(full))?;
        let target = target.into_os_string().into_vec();
        return Ok(Entry::Link { target });
    }
    if !kind.is_file() {
        return Err(member(root, path, super::NO_FILE));
    }
    let content = if is_open_file(mode) {
        let file = File::open(full).map_err(RootfsError::read(full))?;
        Some(content(file, &mut io::sink()).map_err(RootfsError::read(full))?)
    } else {
        None
    };
    Ok(Entry::File { mode, content })
}

/// Reads to the end, and passes on what is read.
pub(super) fn content(mut file: impl Read, to: &mut impl io::Write) -> io::Result<Content> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut size = 0;
    loop {
        let length = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let part = buffer.get(..length).unwrap_or_default();
        hasher.update(part);
        to.write_all(part)?;
        size += length as u64;
    }
    Ok(Content {
        size,
        hash: Digest(hasher.finalize().into()),
    })
}

pub(super) fn at(root: &Path, path: &[u8]) -> PathBuf {
    root.join(std::ffi::OsStr::from_bytes(path))
}
