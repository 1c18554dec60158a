//! The state of every writable file of a machine at one moment.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::MachinePath;
use super::path::hex_byte;

/// All writable files of a machine, by path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Every entry below the machine's writable directories, those directories included.
    pub entries: BTreeMap<MachinePath, Entry>,
    /// What the reader's bounds left out, if anything. A snapshot with gaps still names every
    /// directory that it did not enter.
    pub gaps: Vec<MachinePath>,
}

/// One file, directory or other object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What it is, with its content or target.
    pub kind: Kind,
    /// Permission bits (`0o7777`).
    pub mode: u32,
    /// Owner, as numbered inside the machine.
    pub uid: u32,
    /// Group, as numbered inside the machine.
    pub gid: u32,
    /// Length in bytes.
    pub size: u64,
    /// Inode number: a file replaced by an equal one has another.
    pub inode: u64,
    /// Number of names (hard links).
    pub links: u64,
    /// Last change of the content, which the owner may set at will.
    pub modified: Time,
    /// Last change of content or metadata (`ctime`), which nobody in the machine can set.
    pub changed: Time,
    /// Extended attributes, POSIX access lists among them.
    pub xattrs: BTreeMap<MachinePath, MachinePath>,
}

/// What a directory entry is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// A regular file.
    File {
        /// Its content's hash; none where it could not be read to its end.
        digest: Option<Digest>,
        /// Its content, where it is text within the snapshot's limit.
        text: Option<Arc<str>>,
    },
    /// A directory.
    Directory,
    /// A symbolic link, never followed.
    Symlink {
        /// Where it points, as written.
        target: MachinePath,
    },
    /// A named pipe.
    Fifo,
    /// A unix socket.
    Socket,
    /// A device node.
    Device {
        /// Whether it is a block device.
        block: bool,
        /// Its number.
        number: u64,
    },
}

/// A time of a file, since the epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Time {
    /// Whole seconds.
    pub seconds: i64,
    /// Nanoseconds within the second.
    pub nanos: u32,
}

/// A SHA-256 hash. For a file without holes it is what `sha256sum` prints; for a sparse file it
/// covers the offsets and lengths of the data extents and their bytes, so that a terabyte of
/// nothing is hashed at once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The hash of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || serde::de::Error::custom(format!("`{text}` is not a SHA-256 hash"));
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(wrong());
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = hex_byte(&text[2 * at..2 * at + 2]).ok_or_else(wrong)?;
        }
        Ok(Self(bytes))
    }
}

/// The identity of a machine's writable state as far as a program started in it could tell:
/// types, permissions, owners, contents, targets and extended attributes, but no times and no
/// inode numbers. Two machines with one key behave alike, so a drill in one speaks for both. A
/// file whose content could not be read stands for itself by its inode and its change time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StateKey(pub Digest);

impl Snapshot {
    /// The key of this whole state.
    #[must_use]
    pub fn state_key(&self) -> StateKey {
        let mut hasher = Sha256::new();
        for (path, entry) in &self.entries {
            entry.hash_state(path, &mut hasher);
        }
        for gap in &self.gaps {
            hash_bytes(b'G', gap.as_bytes(), &mut hasher);
        }
        StateKey(Digest(hasher.finalize().into()))
    }
}

impl Entry {
    /// Whether a program that runs in the machine could tell the two apart, times aside.
    #[must_use]
    pub fn same_state(&self, other: &Self) -> bool {
        self.kind == other.kind
            && (self.mode, self.uid, self.gid) == (other.mode, other.uid, other.gid)
            && self.xattrs == other.xattrs
    }

    fn hash_state(&self, path: &MachinePath, hasher: &mut Sha256) {
        hash_bytes(b'P', path.as_bytes(), hasher);
        for number in [self.mode, self.uid, self.gid] {
            hasher.update(number.to_le_bytes());
        }
        match &self.kind {
            Kind::File { digest, .. } => {
                if let Some(digest) = digest {
                    hash_bytes(b'f', &digest.0, hasher);
                } else {
                    // Its content is not known, so it is like no other file, and once it has
                    // been written to, not like itself.
                    hash_bytes(b'u', &self.inode.to_le_bytes(), hasher);
                    hasher.update(self.changed.seconds.to_le_bytes());
                    hasher.update(self.changed.nanos.to_le_bytes());
                }
                hasher.update(self.size.to_le_bytes());
            }
            Kind::Directory => hasher.update(b"d"),
            Kind::Symlink { target } => hash_bytes(b'l', target.as_bytes(), hasher),
            Kind::Fifo => hasher.update(b"p"),
            Kind::Socket => hasher.update(b"s"),
            Kind::Device { block, number } => {
                hasher.update([b'n', u8::from(*block)]);
                hasher.update(number.to_le_bytes());
            }
        }
        for (name, value) in &self.xattrs {
            hash_bytes(b'x', name.as_bytes(), hasher);
            hash_bytes(b'v', value.as_bytes(), hasher);
        }
    }
}

/// Length-prefixed, so that no two different states are hashed from the same bytes.
fn hash_bytes(tag: u8, bytes: &[u8], hasher: &mut Sha256) {
    hasher.update([tag]);
    hasher.update((bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

#[cfg(test)]
mod tests;
