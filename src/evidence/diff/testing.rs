//! Small snapshots for tests.

use std::sync::Arc;

use crate::evidence::snapshot::Time;
use crate::evidence::{Digest, Entry, Kind, Snapshot};

/// A text file of `user` with mode 0755 and its own inode.
pub(crate) fn file(text: &str, inode: u64) -> Entry {
    let kind = Kind::File {
        digest: Some(Digest::of(text.as_bytes())),
        text: Some(Arc::from(text)),
    };
    Entry {
        size: text.len() as u64,
        ..entry(kind, inode)
    }
}

/// Anything of `user` with mode 0755.
pub(crate) fn entry(kind: Kind, inode: u64) -> Entry {
    Entry {
        kind,
        mode: 0o755,
        uid: 1000,
        gid: 1000,
        size: 0,
        inode,
        links: 1,
        modified: Time::default(),
        changed: Time::default(),
        xattrs: std::collections::BTreeMap::new(),
    }
}

/// A snapshot without gaps.
pub(crate) fn snapshot<const N: usize>(entries: [(&str, Entry); N]) -> Snapshot {
    Snapshot {
        entries: entries
            .into_iter()
            .map(|(path, entry)| (path.into(), entry))
            .collect(),
        gaps: Vec::new(),
    }
}

/// The time that lies this many seconds after the first.
pub(crate) fn time(seconds: i64) -> Time {
    Time { seconds, nanos: 0 }
}
