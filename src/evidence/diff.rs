//! The difference of two snapshots.

mod compute;
#[cfg(test)]
mod laws;
mod moves;
#[cfg(test)]
pub(crate) mod testing;
mod text;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::MachinePath;

/// What changed between two snapshots, sorted by path.
///
/// A directory whose times alone differ is left out: they change with every entry made in it,
/// and that entry is reported itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Diff {
    /// One entry for each path that differs.
    pub changes: Vec<Change>,
}

/// One path's difference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The path that differs.
    pub path: MachinePath,
    /// In which respects; at least one.
    pub aspects: BTreeSet<Aspect>,
    /// What stood there before (`file 0755 user 120 bytes`), for people.
    pub before: Option<String>,
    /// What stands there now.
    pub after: Option<String>,
    /// The permission bits that were there and are gone (`0o111` after `chmod -x`). 0 unless
    /// the same type of object stands there on both sides.
    pub lost_mode: u32,
    /// The path whose inode or content this one has, if it was moved here.
    pub moved_from: Option<MachinePath>,
    /// Unified hunks of the text, where both sides are text within the limits; a side that is
    /// absent counts as empty text. A carriage return stays in its line.
    pub hunks: Option<String>,
    /// How much of the two texts' words is common, from 0 to 1 in steps of a thousandth: twice
    /// the number of common words over the number of all (Dice's coefficient, each word counted
    /// as often as it stands there). None unless the content differs and both sides are text.
    pub similarity: Option<f64>,
}

/// A respect in which a path differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// It was not there before.
    Created,
    /// It is gone.
    Deleted,
    /// It is of another type.
    Type,
    /// The bytes of a file, the target of a link or the number of a device differ.
    Content,
    /// The permission bits differ.
    Mode,
    /// The owner or the group differs.
    Owner,
    /// The extended attributes differ.
    Attributes,
    /// It is another inode, though it may look the same: it was replaced.
    Replaced,
    /// Only times differ: it was touched, or changed and put back.
    Touched,
}

impl Diff {
    /// Where what stood at `path` was moved to; none if it was not moved.
    #[must_use]
    pub fn destination_of(&self, path: &MachinePath) -> Option<&MachinePath> {
        self.changes
            .iter()
            .find(|change| change.moved_from.as_ref() == Some(path))
            .map(|change| &change.path)
    }
}

impl Change {
    /// Whether a program in the machine could tell the difference, times and inode aside.
    #[must_use]
    pub fn is_of_state(&self) -> bool {
        self.aspects
            .iter()
            .any(|aspect| !matches!(aspect, Aspect::Replaced | Aspect::Touched))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_another_inode_are_no_change_of_state() {
        let is_of_state = |aspects: &[Aspect]| {
            let change = Change {
                path: "/home/user/shutdown.sh".into(),
                aspects: aspects.iter().copied().collect(),
                before: None,
                after: None,
                lost_mode: 0,
                moved_from: None,
                hunks: None,
                similarity: None,
            };
            change.is_of_state()
        };
        assert!(!is_of_state(&[Aspect::Touched]));
        assert!(!is_of_state(&[Aspect::Replaced]));
        assert!(is_of_state(&[Aspect::Replaced, Aspect::Mode]));
        assert!(is_of_state(&[Aspect::Content]));
    }
}
