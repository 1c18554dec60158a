//! What holds of every diff: done to its left side it gives its right side, it claims nothing
//! that is not so, and it leaves nothing out.

mod history;
mod patch;

use std::collections::{BTreeMap, BTreeSet};
use std::mem::discriminant;

use proptest::prelude::*;

use self::history::any_history;
use self::patch::patch;
use super::*;
use crate::evidence::{Digest, Entry, Kind, Snapshot};

/// What a diff lets its reader know of a path.
#[derive(Debug, Clone, PartialEq)]
struct Shown {
    described: String,
    text: Option<String>,
}

/// A snapshot as far as diffs show it: each path in the words that a diff has for it when it is
/// created.
fn shown(snapshot: &Snapshot) -> BTreeMap<MachinePath, Shown> {
    let all_new = Diff::between(&Snapshot::default(), snapshot);
    let described = all_new.changes.into_iter().map(|change| {
        let text = match &snapshot.entries[&change.path].kind {
            Kind::File { text, .. } => text.as_deref().map(str::to_owned),
            Kind::Directory
            | Kind::Symlink { .. }
            | Kind::Fifo
            | Kind::Socket
            | Kind::Device { .. } => None,
        };
        let described = change.after.unwrap();
        (change.path, Shown { described, text })
    });
    described.collect()
}

/// Does what the diff says.
fn apply(diff: &Diff, before: &BTreeMap<MachinePath, Shown>) -> BTreeMap<MachinePath, Shown> {
    let mut files = before.clone();
    for change in &diff.changes {
        let was = files.remove(&change.path);
        assert_eq!(
            was.as_ref().map(|was| &was.described),
            change.before.as_ref()
        );
        if let Some(described) = &change.after {
            let now = Shown {
                described: described.clone(),
                text: text_after(was.as_ref(), change),
            };
            files.insert(change.path.clone(), now);
        }
    }
    files
}

/// The text that a path has after a change; none where the diff does not tell.
fn text_after(was: Option<&Shown>, change: &Change) -> Option<String> {
    let before = was.map_or(Some(""), |was| was.text.as_deref())?;
    match &change.hunks {
        Some(hunks) => Some(patch(before, hunks).expect("hunks fit the text before")),
        None if change.aspects.contains(&Aspect::Type) => None,
        None if change.aspects.contains(&Aspect::Content) => None,
        // Hunks are the difference to an empty text, which an empty file does not have.
        None if was.is_none() => change
            .after
            .as_ref()?
            .ends_with(" 0 bytes")
            .then(String::new),
        None => Some(before.to_owned()),
    }
}

/// Whether each aspect that is claimed is so. The first two need no proof beside the two sides.
fn is_true(aspect: Aspect, before: &Entry, after: &Entry) -> bool {
    let other_type = discriminant(&before.kind) != discriminant(&after.kind);
    match aspect {
        Aspect::Created | Aspect::Deleted => false,
        Aspect::Type => other_type,
        Aspect::Content => !other_type && (before.kind != after.kind || is_unread(before)),
        Aspect::Mode => !other_type && before.mode != after.mode,
        Aspect::Owner => (before.uid, before.gid) != (after.uid, after.gid),
        Aspect::Attributes => before.xattrs != after.xattrs,
        Aspect::Replaced => !other_type && before.inode != after.inode,
        Aspect::Touched => (before.modified, before.changed) != (after.modified, after.changed),
    }
}

fn is_unread(entry: &Entry) -> bool {
    matches!(entry.kind, Kind::File { digest: None, .. })
}

/// What is left of the difference of two entries when all that is claimed is granted.
fn unclaimed(aspects: &BTreeSet<Aspect>, before: &Entry, after: &Entry) -> Entry {
    let mut rest = after.clone();
    for aspect in aspects {
        match aspect {
            Aspect::Created | Aspect::Deleted | Aspect::Touched => {}
            Aspect::Type => {
                // A link's bits and the inode of something else cannot be compared.
                rest.kind = before.kind.clone();
                (rest.size, rest.mode, rest.inode) = (before.size, before.mode, before.inode);
            }
            Aspect::Content => {
                rest.kind = before.kind.clone();
                rest.size = before.size;
            }
            Aspect::Mode => rest.mode = before.mode,
            Aspect::Owner => (rest.uid, rest.gid) = (before.uid, before.gid),
            Aspect::Attributes => rest.xattrs.clone_from(&before.xattrs),
            Aspect::Replaced => rest.inode = before.inode,
        }
    }
    // Every change moves the times and a directory's with every entry in it, and names made or
    // removed elsewhere are reported there.
    if !aspects.is_empty() || before.kind == Kind::Directory {
        (rest.modified, rest.changed) = (before.modified, before.changed);
    }
    rest.links = before.links;
    rest
}

/// Whether what stood at `path` has left it.
fn left(path: &MachinePath, before: &Snapshot, after: &Snapshot) -> bool {
    let inode = |snapshot: &Snapshot| snapshot.entries.get(path).map(|entry| entry.inode);
    inode(before).is_some() && inode(before) != inode(after)
}

/// Whether the two are one object, by inode and type.
fn is_same_object(one: &Entry, other: &Entry) -> bool {
    one.inode == other.inode && discriminant(&one.kind) == discriminant(&other.kind)
}

/// What tells the content of a file that has any.
fn content(entry: &Entry) -> Option<Digest> {
    match entry.kind {
        Kind::File { digest, .. } => digest.filter(|_| entry.size > 0),
        Kind::Directory
        | Kind::Symlink { .. }
        | Kind::Fifo
        | Kind::Socket
        | Kind::Device { .. } => None,
    }
}

proptest! {
    #[test]
    fn a_diff_applied_to_its_left_side_gives_its_right_side((a, b) in any_history()) {
        let applied = apply(&Diff::between(&a, &b), &shown(&a));
        let right = shown(&b);
        prop_assert!(applied.keys().eq(right.keys()));
        for (path, applied) in &applied {
            let right = &right[path];
            prop_assert_eq!(&applied.described, &right.described);
            // The text of a file that took the place of something without a text is not shown.
            let had_text = a.entries.get(path).is_none_or(|_| shown(&a)[path].text.is_some());
            if had_text || applied.text.is_some() {
                prop_assert_eq!(&applied.text, &right.text);
            }
        }
    }

    #[test]
    fn a_diff_claims_nothing_that_is_not_so((a, b) in any_history()) {
        for change in Diff::between(&a, &b).changes {
            prop_assert!(!change.aspects.is_empty());
            let sides = (a.entries.get(&change.path), b.entries.get(&change.path));
            let (Some(before), Some(after)) = sides else {
                let expected = if sides.0.is_none() { Aspect::Created } else { Aspect::Deleted };
                prop_assert_eq!(change.aspects, BTreeSet::from([expected]));
                prop_assert!(sides.0.is_some() || sides.1.is_some());
                continue;
            };
            for aspect in &change.aspects {
                prop_assert!(is_true(*aspect, before, after), "{aspect:?} of {}", change.path);
            }
            let is_touched = change.aspects.contains(&Aspect::Touched);
            prop_assert!(!is_touched || change.aspects.len() == 1);
            let kept_type = !change.aspects.contains(&Aspect::Type);
            let lost = if kept_type { before.mode & !after.mode } else { 0 };
            prop_assert_eq!(change.lost_mode, lost);
        }
    }

    #[test]
    fn nothing_that_differs_is_left_unclaimed((a, b) in any_history()) {
        let diff = Diff::between(&a, &b);
        let claimed: BTreeMap<_, _> =
            diff.changes.iter().map(|change| (&change.path, &change.aspects)).collect();
        let nothing = BTreeSet::new();
        for path in a.entries.keys().chain(b.entries.keys()) {
            let aspects = claimed.get(path).copied().unwrap_or(&nothing);
            match (a.entries.get(path), b.entries.get(path)) {
                (Some(before), Some(after)) => {
                    prop_assert_eq!(&unclaimed(aspects, before, after), before);
                }
                (None, _) => prop_assert!(aspects.contains(&Aspect::Created)),
                (_, None) => prop_assert!(aspects.contains(&Aspect::Deleted)),
            }
        }
    }

    #[test]
    fn what_moved_is_known_by_its_inode_or_its_content((a, b) in any_history()) {
        for change in Diff::between(&a, &b).changes {
            let Some(now) = b.entries.get(&change.path) else {
                prop_assert_eq!(change.moved_from, None);
                continue;
            };
            let before = a.entries.get(&change.path);
            let arrived = before.is_none() || left(&change.path, &a, &b);
            let is_new = arrived || before.and_then(content) != content(now);
            let is_origin = |path: &MachinePath| {
                let was = &a.entries[path];
                let is_itself = arrived && left(path, &a, &b) && is_same_object(was, now);
                let is_gone = !b.entries.contains_key(path);
                let is_copy = is_new && is_gone && content(was).is_some() && content(was) == content(now);
                *path != change.path && (is_itself || is_copy)
            };
            match &change.moved_from {
                Some(origin) => prop_assert!(is_origin(origin)),
                None => prop_assert!(!a.entries.keys().any(is_origin)),
            }
        }
    }

    #[test]
    fn states_are_told_apart_by_their_keys_and_by_nothing_else((a, b) in any_history()) {
        let same_state = a.entries.len() == b.entries.len()
            && a.entries.iter().zip(&b.entries).all(|((path, one), (other_path, other))| {
                let same_unread = !is_unread(one)
                    || (one.inode, one.size, one.changed) == (other.inode, other.size, other.changed);
                path == other_path && one.same_state(other) && same_unread
            });
        prop_assert_eq!(a.state_key() == b.state_key(), same_state);
    }
}
