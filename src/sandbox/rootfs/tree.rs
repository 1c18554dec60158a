//! What a machine would see of a root file system, and the hash that tells it from others.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::parts;
use crate::evidence::Digest;

/// The bits of a mode that a hash covers: permissions, set-uid and the like.
pub(super) const PERMISSIONS: u32 = 0o7777;

/// What a directory has that a tar holds files of without naming itself.
const UNNAMED: u32 = 0o755;

/// Symbolic links that are followed before it is a loop, as in the kernel.
const MOST_LINKS: usize = 40;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    Directory {
        mode: u32,
    },
    /// None of the content counts of a file that nobody in a machine may read.
    File {
        mode: u32,
        content: Option<Content>,
    },
    Link {
        target: Vec<u8>,
    },
}

/// What a regular file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) size: u64,
    pub(super) hash: Digest,
}

/// All that a machine would see, by its path from the root without a slash before it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tree(BTreeMap<Vec<u8>, Entry>);

/// Whether anybody may read a file with this mode, so that a machine's programs may.
pub(in crate::sandbox) fn is_open_file(mode: u32) -> bool {
    mode & 0o004 != 0
}

/// Whether anybody may look for a name in a directory with this mode.
pub(in crate::sandbox) fn is_open_directory(mode: u32) -> bool {
    mode & 0o001 != 0
}

impl Tree {
    /// Adds an entry; tells whether there was none of its path. A directory may come twice.
    pub(super) fn add(&mut self, path: &[u8], entry: Entry) -> bool {
        let is_directory = matches!(entry, Entry::Directory { .. });
        let before = self.0.insert(path.to_vec(), entry);
        before.is_none_or(|before| is_directory && matches!(before, Entry::Directory { .. }))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get(&self, path: &[u8]) -> Option<&Entry> {
        self.0.get(path)
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (&[u8], &Entry)> {
        self.0.iter().map(|(path, entry)| (path.as_slice(), entry))
    }

    /// Adds the directories that are not named, and takes out what lies where nobody in a
    /// machine may look.
    ///
    /// # Errors
    /// The path of an entry that lies below something that is no directory.
    pub(super) fn complete(&mut self) -> Result<(), Vec<u8>> {
        let paths: Vec<Vec<u8>> = self.0.keys().cloned().collect();
        for path in &paths {
            for parent in ancestors(path) {
                match self.0.get(parent) {
                    Some(Entry::Directory { .. }) => {}
                    Some(Entry::File { .. } | Entry::Link { .. }) => return Err(path.clone()),
                    None => {
                        let mode = UNNAMED;
                        self.0.insert(parent.to_vec(), Entry::Directory { mode });
                    }
                }
            }
        }
        let is_closed = |entry: Option<&Entry>| match entry {
            Some(Entry::Directory { mode }) => !is_open_directory(*mode),
            Some(Entry::File { .. } | Entry::Link { .. }) | None => false,
        };
        let hidden: Vec<Vec<u8>> = self
            .0
            .keys()
            .filter(|path| ancestors(path).any(|parent| is_closed(self.0.get(parent))))
            .cloned()
            .collect();
        for path in hidden {
            self.0.remove(&path);
        }
        Ok(())
    }

    /// SHA-256 over the entries, sorted by the bytes of their paths: of each its kind, its path,
    /// and of a directory its permission bits, of a file those with the size and the SHA-256 of
    /// its content, of a symbolic link its target. Paths and targets are preceded by their
    /// lengths, all numbers are of 64 bits, the least byte first. There is nothing in it of
    /// owners, times, inodes, further names of a file, and extended attributes.
    pub(super) fn hash(&self) -> Digest {
        let mut hasher = Sha256::new();
        hasher.update(b"offswitch root file system 1\n");
        for (path, entry) in self.iter() {
            match entry {
                Entry::Directory { mode } => {
                    text(b'd', path, &mut hasher);
                    number((*mode).into(), &mut hasher);
                }
                Entry::File { mode, content } => {
                    let kind = if content.is_some() { b'f' } else { b'c' };
                    text(kind, path, &mut hasher);
                    number((*mode).into(), &mut hasher);
                    if let Some(Content { size, hash }) = content {
                        number(*size, &mut hasher);
                        hasher.update(hash.0);
                    }
                }
                Entry::Link { target } => {
                    text(b'l', path, &mut hasher);
                    text(b'>', target, &mut hasher);
                }
            }
        }
        Digest(hasher.finalize().into())
    }

    /// What a path leads to in a machine, through symbolic links.
    pub(super) fn resolve(&self, path: &str) -> Option<&Entry> {
        let mut todo: Vec<Vec<u8>> = components(path.as_bytes());
        let mut at: Vec<u8> = Vec::new();
        let mut links = 0;
        while let Some(name) = todo.pop() {
            if name == b".." {
                let parent = at.iter().rposition(|byte| *byte == b'/');
                at.truncate(parent.unwrap_or(0));
                continue;
            }
            let next = join(&at, &name);
            let Some(Entry::Link { target }) = self.get(&next) else {
                at = next;
                continue;
            };
            links += 1;
            if links > MOST_LINKS {
                return None;
            }
            if target.starts_with(b"/") {
                at.clear();
            }
            todo.extend(components(target));
        }
        self.get(&at)
    }

    /// The bytes and the entries below `etc`, of which each machine's template gets a copy.
    pub(super) fn settings(&self) -> (u64, usize) {
        let below = format!("{}/", parts::SETTINGS);
        let entries = self
            .iter()
            .filter(|(path, _)| path.starts_with(below.as_bytes()));
        entries.fold((0, 0), |(bytes, count), (_, entry)| match entry {
            Entry::File { content, .. } => {
                (bytes + content.map_or(0, |content| content.size), count + 1)
            }
            Entry::Directory { .. } | Entry::Link { .. } => (bytes, count + 1),
        })
    }
}

/// The names of a path, the last one first.
fn components(path: &[u8]) -> Vec<Vec<u8>> {
    let names = path.split(|byte| *byte == b'/');
    let names = names.filter(|name| !name.is_empty() && *name != b".");
    names.rev().map(<[u8]>::to_vec).collect()
}

pub(super) fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    if directory.is_empty() {
        return name.to_vec();
    }
    [directory, b"/", name].concat()
}

/// The directories that lead to a path, but for the root.
fn ancestors(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let slashes = path.iter().enumerate();
    let slashes = slashes.filter(|(_, byte)| **byte == b'/');
    slashes.map(|(at, _)| &path[..at])
}

fn number(number: u64, hasher: &mut Sha256) {
    hasher.update(number.to_le_bytes());
}

fn text(kind: u8, text: &[u8], hasher: &mut Sha256) {
    hasher.update([kind]);
    number(text.len() as u64, hasher);
    hasher.update(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Entry {
        Entry::File {
            mode: 0o755,
            content: Some(Content {
                size: text.len() as u64,
                hash: Digest::of(text.as_bytes()),
            }),
        }
    }

    fn link(target: &str) -> Entry {
        let target = target.as_bytes().to_vec();
        Entry::Link { target }
    }

    fn tree<const N: usize>(entries: [(&str, Entry); N]) -> Tree {
        let mut tree = Tree::default();
        for (path, entry) in entries {
            assert!(tree.add(path.as_bytes(), entry), "{path}");
        }
        tree.complete().unwrap();
        tree
    }

    #[test]
    fn the_hash_depends_on_every_path_type_permission_target_and_content() {
        let closed = Entry::File {
            mode: 0o600,
            content: None,
        };
        let trees = [
            tree([]),
            tree([("usr", Entry::Directory { mode: 0o755 })]),
            tree([("usr", Entry::Directory { mode: 0o711 })]),
            tree([("usr/a", file(""))]),
            tree([("usr/a", file("x"))]),
            tree([("usr/b", file("x"))]),
            tree([("usr/b", closed)]),
            tree([("usr/b", link("x"))]),
            tree([("usr/b", link("y"))]),
            tree([("usr/b", file("x")), ("usr/c", file("x"))]),
        ];
        let hashes: std::collections::BTreeSet<_> = trees.iter().map(Tree::hash).collect();
        assert_eq!(hashes.len(), trees.len());
    }

    /// It is recorded in runs, and two laboratories compare it.
    #[test]
    fn the_hash_of_a_tree_stays_what_it_is() {
        let tree = tree([("usr/bin/a", file("x")), ("bin", link("usr/bin"))]);
        assert_eq!(
            tree.hash().to_string(),
            "cab3d889e1e5c82cec8cf71c2b4f745d8553fa40be525777e816f8bcfc9e06a2"
        );
    }

    #[test]
    fn what_lies_in_a_closed_directory_is_of_no_machine() {
        let shut = tree([
            ("usr", Entry::Directory { mode: 0o755 }),
            ("usr/shut", Entry::Directory { mode: 0o700 }),
            ("usr/shut/a/b", file("x")),
        ]);
        assert_eq!(shut.len(), 2);
    }

    #[test]
    fn nothing_lies_below_a_symbolic_link_or_a_file() {
        for lead in [link("/etc"), file("x")] {
            let mut tree = Tree::default();
            tree.add(b"usr/bin", lead);
            tree.add(b"usr/bin/a", file("x"));
            assert_eq!(tree.complete(), Err(b"usr/bin/a".to_vec()));
        }
    }

    #[test]
    fn a_path_is_followed_through_links_and_never_out_of_the_tree() {
        let tree = tree([
            ("bin", link("usr/bin")),
            ("usr/bin/bash", file("bash")),
            ("usr/bin/sh", link("../../../../bin/bash")),
            ("usr/bin/up", link("/../../usr/bin/bash")),
            ("usr/bin/loop", link("loop")),
            ("usr/bin/out", link("/home/bash")),
        ]);
        for path in ["/bin/bash", "/bin/sh", "/usr/bin/up"] {
            assert_eq!(tree.resolve(path), Some(&file("bash")), "{path}");
        }
        for path in ["/bin/loop", "/bin/out", "/bin/none"] {
            assert_eq!(tree.resolve(path), None, "{path}");
        }
    }
}
