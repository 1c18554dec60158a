//! What a series of deeds leaves behind in a machine's files, with inodes, hard links and times
//! as a file system keeps them.

use std::sync::Arc;

use proptest::prelude::*;

use crate::evidence::diff::testing::{entry, time};
use crate::evidence::{Digest, Entry, Kind, MachinePath, Snapshot};

/// The paths on which the deeds are done; one is not UTF-8, one lies in another.
const PATHS: [&[u8]; 5] = [b"/a", b"/a/b", b"/c", b"/d\xff", b"/e\\n"];

/// A state, and one that came of it by further deeds. Half of the pairs differ by one deed alone.
pub(super) fn any_history() -> impl Strategy<Value = (Snapshot, Snapshot)> {
    let before = prop::collection::vec(any_deed(), 0..16);
    let after = prop_oneof![
        prop::collection::vec(any_deed(), 1),
        prop::collection::vec(any_deed(), 0..12),
    ];
    (before, after).prop_map(|(before, after)| {
        let mut machine = Machine::default();
        for deed in before {
            machine.do_it(deed);
        }
        let left = machine.files.clone();
        for deed in after {
            machine.do_it(deed);
        }
        (left, machine.files)
    })
}

#[derive(Debug, Clone)]
enum Deed {
    /// Something new takes the place of what was there.
    Put(Kind, u64),
    /// Other bytes are written into a file.
    Write(Kind, u64),
    Remove,
    Rename(MachinePath),
    Link(MachinePath),
    Copy(MachinePath),
    Mode(u32),
    Owner(u32, u32),
    Attribute(u8),
    Touch,
}

fn any_deed() -> impl Strategy<Value = (MachinePath, Deed)> {
    let deed = prop_oneof![
        3 => any_file().prop_map(|(kind, size)| Deed::Put(kind, size)),
        2 => any_object().prop_map(|kind| Deed::Put(kind, 0)),
        4 => any_file().prop_map(|(kind, size)| Deed::Write(kind, size)),
        1 => Just(Deed::Remove),
        2 => any_path().prop_map(Deed::Rename),
        1 => any_path().prop_map(Deed::Link),
        1 => any_path().prop_map(Deed::Copy),
        1 => prop_oneof![Just(0o755), Just(0o644), Just(0o4711), Just(0)].prop_map(Deed::Mode),
        1 => (0..2_u32, 0..2_u32).prop_map(|(user, group)| Deed::Owner(1000 * user, 7 * group)),
        1 => (0..3_u8).prop_map(Deed::Attribute),
        1 => Just(Deed::Touch),
    ];
    (any_path(), deed)
}

fn any_path() -> impl Strategy<Value = MachinePath> {
    prop::sample::select(&PATHS).prop_map(MachinePath::new)
}

/// A file with its size: most are text, some are not, some could not be read to their end.
fn any_file() -> impl Strategy<Value = (Kind, u64)> {
    let file = |digest, text: Option<&str>| Kind::File {
        digest,
        text: text.map(Arc::from),
    };
    prop_oneof![
        8 => any_text().prop_map(move |text| {
            let digest = Digest::of(text.as_bytes());
            (file(Some(digest), Some(&text)), text.len() as u64)
        }),
        1 => (1..3_u8).prop_map(move |byte| (file(Some(Digest::of(&[0, byte])), None), 2)),
        2 => (1..3_u64).prop_map(move |size| (file(None, None), size)),
    ]
}

/// Texts of few words, so that two have lines in common; with lines that look like parts of
/// hunks, carriage returns, and mostly without a line feed at the end.
fn any_text() -> impl Strategy<Value = String> {
    let line =
        prop::sample::select(&["", "a", "kill 1", "-a", "+a", "@@ -1 +1 @@", "\\ No", "a\r"]);
    prop::collection::vec(line, 0..24).prop_map(|lines| lines.join("\n"))
}

fn any_object() -> impl Strategy<Value = Kind> {
    let target = prop::sample::select(&PATHS);
    prop_oneof![
        Just(Kind::Directory),
        target.prop_map(|target| Kind::Symlink {
            target: MachinePath::new(target)
        }),
        Just(Kind::Fifo),
        Just(Kind::Socket),
        (any::<bool>(), 1..3_u64).prop_map(|(block, number)| Kind::Device { block, number }),
    ]
}

#[derive(Default)]
struct Machine {
    files: Snapshot,
    now: i64,
    last_inode: u64,
}

impl Machine {
    fn do_it(&mut self, (path, deed): (MachinePath, Deed)) {
        self.now += 1;
        match deed {
            Deed::Put(kind, size) => self.put(path, kind, size),
            Deed::Write(kind, size) => self.change(&path, |entry| {
                if matches!(entry.kind, Kind::File { .. }) {
                    (entry.kind, entry.size) = (kind.clone(), size);
                }
            }),
            Deed::Remove => drop(self.files.entries.remove(&path)),
            Deed::Rename(to) => {
                if let Some(entry) = self.files.entries.remove(&path) {
                    self.files.entries.insert(to, entry);
                }
            }
            Deed::Link(to) => {
                if let Some(entry) = self.files.entries.get(&path).cloned() {
                    self.files.entries.insert(to, entry);
                }
            }
            Deed::Copy(to) => {
                if let Some(entry) = self.files.entries.get(&path).cloned() {
                    self.put(to, entry.kind, entry.size);
                }
            }
            Deed::Mode(mode) => self.change(&path, |entry| entry.mode = mode),
            Deed::Owner(user, group) => {
                self.change(&path, |entry| (entry.uid, entry.gid) = (user, group));
            }
            Deed::Attribute(value) => self.change(&path, |entry| {
                entry.xattrs = [("user.x".into(), MachinePath::new([value]))].into();
            }),
            Deed::Touch => self.change(&path, |entry| entry.modified = time(-1)),
        }
        self.count_links();
    }

    fn put(&mut self, path: MachinePath, kind: Kind, size: u64) {
        self.last_inode += 1;
        let new = Entry {
            size,
            modified: time(self.now),
            changed: time(self.now),
            ..entry(kind, self.last_inode)
        };
        self.files.entries.insert(path, new);
    }

    /// Changes what stands at `path`, under all of its names.
    fn change(&mut self, path: &MachinePath, change: impl Fn(&mut Entry)) {
        let Some(inode) = self.files.entries.get(path).map(|entry| entry.inode) else {
            return;
        };
        let names = self.files.entries.values_mut();
        for entry in names.filter(|entry| entry.inode == inode) {
            change(entry);
            entry.changed = time(self.now);
        }
    }

    fn count_links(&mut self) {
        let inodes: Vec<u64> = self
            .files
            .entries
            .values()
            .map(|entry| entry.inode)
            .collect();
        for entry in self.files.entries.values_mut() {
            let links = inodes.iter().filter(|inode| **inode == entry.inode).count() as u64;
            if entry.links != links {
                (entry.links, entry.changed) = (links, time(self.now));
            }
        }
    }
}
