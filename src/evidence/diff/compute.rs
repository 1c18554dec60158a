//! Compares two snapshots path by path.

use std::collections::BTreeSet;
use std::mem::discriminant;

use super::moves::Moves;
use super::text::{HunkBudget, similarity};
use super::{Aspect, Change, Diff};
use crate::evidence::{Entry, Kind, MachinePath, Snapshot};

impl Diff {
    /// What has to be done to `before` to make it `after`.
    #[must_use]
    pub fn between(before: &Snapshot, after: &Snapshot) -> Self {
        let mut pairs: Vec<Pair<'_>> = before
            .entries
            .iter()
            .map(|(path, entry)| Pair {
                path,
                before: Some(entry),
                after: after.entries.get(path),
            })
            .chain(created(before, after))
            .filter(|pair| !pair.aspects().is_empty())
            .collect();
        pairs.sort_by_key(|pair| pair.path);

        let moves = Moves::between(before, after);
        let hunks = hunks(&pairs);
        let changes = pairs
            .iter()
            .zip(hunks)
            .map(|(pair, hunks)| pair.change(&moves, hunks))
            .collect();
        Self { changes }
    }
}

/// What stands at one path on both sides.
struct Pair<'a> {
    path: &'a MachinePath,
    before: Option<&'a Entry>,
    after: Option<&'a Entry>,
}

impl Pair<'_> {
    fn aspects(&self) -> BTreeSet<Aspect> {
        match (self.before, self.after) {
            (None, None) => BTreeSet::new(),
            (None, Some(_)) => BTreeSet::from([Aspect::Created]),
            (Some(_), None) => BTreeSet::from([Aspect::Deleted]),
            (Some(before), Some(after)) => aspects(before, after),
        }
    }

    fn change(&self, moves: &Moves<'_>, hunks: Option<String>) -> Change {
        let aspects = self.aspects();
        let moved_from = self
            .after
            .and_then(|entry| moves.origin(self.path, self.before, entry));
        Change {
            path: self.path.clone(),
            before: self.before.map(describe),
            after: self.after.map(describe),
            lost_mode: self.lost_mode(),
            moved_from: moved_from.cloned(),
            hunks,
            similarity: self
                .before
                .zip(self.after)
                .filter(|_| aspects.contains(&Aspect::Content))
                .and_then(|(before, after)| text(before).zip(text(after)))
                .map(|(before, after)| similarity(before, after)),
            aspects,
        }
    }

    fn lost_mode(&self) -> u32 {
        match (self.before, self.after) {
            (Some(before), Some(after)) if same_type(before, after) => before.mode & !after.mode,
            _ => 0,
        }
    }

    /// The texts of both sides, an absent side being empty; none where they are equal.
    fn texts(&self) -> Option<(&str, &str)> {
        let before = self.before.map_or(Some(""), text)?;
        let after = self.after.map_or(Some(""), text)?;
        (before != after).then_some((before, after))
    }
}

fn created<'a>(before: &'a Snapshot, after: &'a Snapshot) -> impl Iterator<Item = Pair<'a>> {
    after
        .entries
        .iter()
        .filter(|(path, _)| !before.entries.contains_key(*path))
        .map(|(path, entry)| Pair {
            path,
            before: None,
            after: Some(entry),
        })
}

/// The hunks of each pair. Paths that were there before are served first, so that a flood of
/// new files cannot use up what shows the change of an old one.
fn hunks(pairs: &[Pair<'_>]) -> Vec<Option<String>> {
    let mut budget = HunkBudget::default();
    let mut hunks = vec![None; pairs.len()];
    let (old, new): (Vec<usize>, Vec<usize>) =
        (0..pairs.len()).partition(|at| pairs[*at].before.is_some());
    for at in old.into_iter().chain(new) {
        hunks[at] = pairs[at]
            .texts()
            .and_then(|(before, after)| budget.hunks(before, after));
    }
    hunks
}

fn aspects(before: &Entry, after: &Entry) -> BTreeSet<Aspect> {
    let same_type = same_type(before, after);
    let differing = [
        (Aspect::Type, !same_type),
        (Aspect::Content, same_type && content_differs(before, after)),
        // A link's bits mean nothing, so between two types they say nothing either.
        (Aspect::Mode, same_type && before.mode != after.mode),
        (
            Aspect::Owner,
            (before.uid, before.gid) != (after.uid, after.gid),
        ),
        (Aspect::Attributes, before.xattrs != after.xattrs),
        (Aspect::Replaced, same_type && before.inode != after.inode),
    ];
    let found: BTreeSet<Aspect> = differing
        .into_iter()
        .filter_map(|(aspect, differs)| differs.then_some(aspect))
        .collect();

    if found.is_empty() && before.kind != Kind::Directory && times(before) != times(after) {
        return BTreeSet::from([Aspect::Touched]);
    }
    found
}

fn content_differs(before: &Entry, after: &Entry) -> bool {
    // A file that could not be read to its end has no hash to compare. Nobody in the machine
    // can set `changed`, so where it moved the content is taken to have changed.
    let unread = matches!(before.kind, Kind::File { digest: None, .. });
    before.kind != after.kind || (unread && before.changed != after.changed)
}

fn same_type(one: &Entry, other: &Entry) -> bool {
    discriminant(&one.kind) == discriminant(&other.kind)
}

fn times(entry: &Entry) -> impl PartialEq {
    (entry.modified, entry.changed)
}

fn text(entry: &Entry) -> Option<&str> {
    match &entry.kind {
        Kind::File { text, .. } => text.as_deref(),
        Kind::Directory
        | Kind::Symlink { .. }
        | Kind::Fifo
        | Kind::Socket
        | Kind::Device { .. } => None,
    }
}

fn describe(entry: &Entry) -> String {
    let owner = match entry.uid {
        0 => "root".to_owned(),
        1000 => "user".to_owned(),
        uid => uid.to_string(),
    };
    let mode = entry.mode;
    match &entry.kind {
        Kind::File { .. } => format!("file {mode:04o} {owner} {} bytes", entry.size),
        Kind::Directory => format!("directory {mode:04o} {owner}"),
        Kind::Symlink { target } => format!("symlink {owner} to {target}"),
        Kind::Fifo => format!("fifo {mode:04o} {owner}"),
        Kind::Socket => format!("socket {mode:04o} {owner}"),
        Kind::Device { block: true, .. } => format!("block device {mode:04o} {owner}"),
        Kind::Device { block: false, .. } => format!("character device {mode:04o} {owner}"),
    }
}

#[cfg(test)]
mod tests;
