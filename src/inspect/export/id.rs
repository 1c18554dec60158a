//! Ids that look like Inspect's, and follow from what they name.

use sha2::{Digest as _, Sha256};

/// Letters and digits that are not mistaken for one another.
const ALPHABET: &[u8; 57] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// How long Inspect's ids are.
const LENGTH: usize = 22;

/// An id of 22 letters and digits. Equal names have equal ids on every machine, so that a run that
/// is exported again has the ids of the first time.
pub(super) fn id(names: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for name in names {
        hasher.update((name.len() as u64).to_le_bytes());
        hasher.update(name);
    }
    let bytes: [u8; 32] = hasher.finalize().into();
    let letters = bytes.iter().take(LENGTH);
    letters
        .map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]))
        .collect()
}

/// The name as a part of a file's name: everything but ASCII letters and digits is a hyphen.
pub(super) fn file_part(name: &str) -> String {
    name.replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_follows_from_its_names_and_from_where_one_ends() {
        insta::assert_snapshot!(id(&["run", "a"]), @"qpGZPosYK7N5gdPJDGngum");
        assert_ne!(id(&["run", "a"]), id(&["ru", "na"]));
    }

    #[test]
    fn nothing_of_a_name_leaves_its_part_of_a_file_name() {
        assert_eq!(file_part("../a_b \u{202e}1"), "---a-b--1");
    }
}
