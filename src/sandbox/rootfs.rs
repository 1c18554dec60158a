//! A root file system of the user's, in place of the host's programs.
//!
//! It is a directory or a tar. Of both only what [`parts`] names is seen, hashed and unpacked,
//! so that a tree and a tar of it are the same whatever else lies in them. A tar is unpacked once
//! among the user's caches, under its hash.

mod directory;
mod error;
mod names;
mod packed;
pub(super) mod parts;
mod tree;

use std::fs;
use std::path::{Path, PathBuf};

pub use error::RootfsError;
use tree::{Entry, Tree};
pub(super) use tree::{is_open_directory, is_open_file};

use crate::evidence::{Digest, MachinePath};

/// The programs that the sandbox and the mechanisms that are part of it start; a task may need
/// more, which its first drill shows.
const PROGRAMS: [&str; 8] = ["bash", "sh", "cat", "env", "mkdir", "mv", "sed", "sleep"];

/// More than any system has.
const MOST_ENTRIES: usize = 2_000_000;

/// Every machine's template holds a copy of the settings, in memory.
const MOST_SETTINGS: usize = 20_000;
const LARGEST_SETTINGS: u64 = 32 * 1024 * 1024;

const NO_FILE: &str = "is neither a file nor a directory nor a symbolic link";

/// A root file system that machines can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rootfs {
    named: PathBuf,
    directory: PathBuf,
    hash: Digest,
}

impl Rootfs {
    /// Reads a directory or a tar, plain or packed by gzip. A tar is unpacked below `cache`.
    ///
    /// # Errors
    /// Something of it cannot be read, is not what a system consists of, or is missing; a tar
    /// cannot be unpacked.
    pub fn open(path: &Path, cache: Option<&Path>) -> Result<Self, RootfsError> {
        let named = path.canonicalize().map_err(RootfsError::read(path))?;
        let about = fs::metadata(&named).map_err(RootfsError::read(path))?;
        if about.is_dir() {
            let tree = whole(&named, directory::read(&named)?)?;
            return Ok(Self {
                directory: named.clone(),
                named,
                hash: tree.hash(),
            });
        }
        if !about.is_file() {
            let what = "neither a directory nor a file";
            return Err(RootfsError::Format { path: named, what });
        }
        let tree = whole(&named, packed::read(&named)?)?;
        let Some(cache) = cache else {
            return Err(RootfsError::NoCache { path: named });
        };
        Ok(Self {
            directory: unpacked(&named, &tree, cache)?,
            named,
            hash: tree.hash(),
        })
    }

    /// What the user named, as an absolute path.
    #[must_use]
    pub fn named(&self) -> &Path {
        &self.named
    }

    /// SHA-256 over all that a machine sees of it, the same for a directory and a tar of it,
    /// whatever its owners, times and inodes are.
    #[must_use]
    pub fn hash(&self) -> Digest {
        self.hash
    }

    /// Where it lies, unpacked.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }
}

/// Looks whether it is a system.
fn whole(named: &Path, tree: Tree) -> Result<Tree, RootfsError> {
    for top in ["usr", parts::SETTINGS] {
        if let Some(Entry::File { .. } | Entry::Link { .. }) = tree.get(top.as_bytes()) {
            return Err(member(named, top.as_bytes(), "is no directory"));
        }
    }
    for program in PROGRAMS {
        let places = [format!("/bin/{program}"), format!("/usr/bin/{program}")];
        // A command is started by the path of its shell.
        let places = if program.ends_with("sh") {
            &places[..1]
        } else {
            &places
        };
        let is_program = |place: &String| match tree.resolve(place) {
            Some(Entry::File { mode, content }) => content.is_some() && mode & 0o001 != 0,
            Some(Entry::Directory { .. } | Entry::Link { .. }) | None => false,
        };
        if !places.iter().any(is_program) {
            return Err(RootfsError::Lacks {
                path: named.to_owned(),
                program: places.first().cloned().unwrap_or_default(),
            });
        }
    }
    let (bytes, entries) = tree.settings();
    if bytes > LARGEST_SETTINGS || entries > MOST_SETTINGS {
        let mib = LARGEST_SETTINGS / 1024 / 1024;
        return Err(RootfsError::TooLarge {
            path: named.join(parts::SETTINGS),
            most: format!("{mib} MiB in {MOST_SETTINGS} files"),
        });
    }
    Ok(tree)
}

/// The directory with the tar's hash among the caches, made if it is not there.
fn unpacked(packed: &Path, tree: &Tree, cache: &Path) -> Result<PathBuf, RootfsError> {
    let place = cache.join("rootfs");
    let hash = tree.hash();
    let directory = place.join(hash.to_string());
    if !directory.exists() {
        fs::create_dir_all(&place).map_err(RootfsError::unpack(&place))?;
        sweep(&place);
        let prefix = format!("{UNFINISHED}{}-", std::process::id());
        let passing = tempfile::Builder::new().prefix(&prefix).tempdir_in(&place);
        let passing = passing.map_err(RootfsError::unpack(&place))?;
        packed::unpack(packed, tree, passing.path())?;
        // Where another process was faster, what it made is looked at below.
        match fs::rename(passing.path(), &directory) {
            Ok(()) => drop(passing.keep()),
            Err(_) if directory.exists() => {}
            Err(error) => return Err(RootfsError::unpack(directory)(error)),
        }
    }
    let found = directory::read(&directory)?.hash();
    if found != hash {
        return Err(RootfsError::Changed {
            path: directory,
            expected: hash,
            found,
        });
    }
    Ok(directory)
}

/// How directories are called that are being unpacked to, before the number of the process.
const UNFINISHED: &str = "unfinished-";

/// Removes what processes left that were killed while they unpacked. What cannot be removed
/// takes room and does no harm.
fn sweep(place: &Path) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let rest = name.to_str().and_then(|name| name.strip_prefix(UNFINISHED));
        let process = rest.and_then(|rest| rest.split_once('-'));
        let is_gone = |(number, _): (&str, &str)| !Path::new("/proc").join(number).exists();
        if process.is_some_and(is_gone) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn member(path: &Path, member: &[u8], what: impl Into<String>) -> RootfsError {
    RootfsError::Member {
        path: path.to_owned(),
        member: MachinePath::new(member),
        what: what.into(),
    }
}

fn bounded(path: &Path, tree: &Tree) -> Result<(), RootfsError> {
    if tree.len() <= MOST_ENTRIES {
        return Ok(());
    }
    Err(RootfsError::TooLarge {
        path: path.to_owned(),
        most: format!("{MOST_ENTRIES} files"),
    })
}

#[cfg(test)]
mod tests;
