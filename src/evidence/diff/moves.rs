//! Finds out which path was moved where.

use std::collections::HashMap;
use std::mem::{Discriminant, discriminant};

use crate::evidence::{Digest, Entry, Kind, MachinePath, Snapshot};

/// What left its path between two snapshots, by what would betray it at another.
pub(super) struct Moves<'a> {
    by_inode: HashMap<(u64, Discriminant<Kind>), &'a MachinePath>,
    by_digest: HashMap<Digest, &'a MachinePath>,
}

impl<'a> Moves<'a> {
    pub(super) fn between(before: &'a Snapshot, after: &Snapshot) -> Self {
        let mut moves = Self {
            by_inode: HashMap::new(),
            by_digest: HashMap::new(),
        };
        for (path, entry) in &before.entries {
            let now = after.entries.get(path);
            if now.is_some_and(|now| now.inode == entry.inode) {
                continue;
            }
            moves.by_inode.entry(inode_key(entry)).or_insert(path);
            if let (None, Some(digest)) = (now, digest(entry)) {
                moves.by_digest.entry(digest).or_insert(path);
            }
        }
        moves
    }

    /// Where the entry that now stands at `path` came from, if it was moved. A hard link or a
    /// copy of something that is still at its place is no move.
    pub(super) fn origin(
        &self,
        path: &MachinePath,
        before: Option<&Entry>,
        now: &Entry,
    ) -> Option<&'a MachinePath> {
        let arrived = before.is_none_or(|before| before.inode != now.inode);
        let by_inode = self
            .by_inode
            .get(&inode_key(now))
            .filter(|origin| arrived && **origin != path);
        let is_new = arrived || before.and_then(digest) != digest(now);
        let by_digest = || {
            digest(now)
                .filter(|_| is_new)
                .and_then(|digest| self.by_digest.get(&digest))
        };
        by_inode.or_else(by_digest).copied()
    }
}

/// The type is part of the key because two file systems may give one number to different things.
fn inode_key(entry: &Entry) -> (u64, Discriminant<Kind>) {
    (entry.inode, discriminant(&entry.kind))
}

/// The hash of a file that has content: all empty files are alike, which makes none a move.
fn digest(entry: &Entry) -> Option<Digest> {
    match entry.kind {
        Kind::File { digest, .. } if entry.size > 0 => digest,
        Kind::File { .. }
        | Kind::Directory
        | Kind::Symlink { .. }
        | Kind::Fifo
        | Kind::Socket
        | Kind::Device { .. } => None,
    }
}
