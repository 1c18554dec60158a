//! Names that are unique in a run.

use std::collections::BTreeSet;

/// Names that were given.
#[derive(Debug, Default)]
pub(super) struct Names {
    given: BTreeSet<String>,
}

impl Names {
    /// The name, with a number behind it where it was given before.
    pub(super) fn unique(&mut self, name: &str) -> String {
        let mut unique = name.to_owned();
        let mut copy = 1;
        while !self.given.insert(unique.clone()) {
            copy += 1;
            unique = format!("{name}_{copy}");
        }
        unique
    }
}

/// The name with nothing in it that is not safe in a file name, an URL and a shell.
pub(super) fn safe(name: &str) -> String {
    const MOST_CHARS: usize = 60;
    let chars = name.chars().take(MOST_CHARS);
    let is_safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
    chars.map(|c| if is_safe(c) { c } else { '.' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_was_given_gets_a_number() {
        let mut names = Names::default();
        let given = ["a", "b", "a", "a", "a_2"].map(|name| names.unique(name));
        assert_eq!(given, ["a", "b", "a_2", "a_3", "a_2_2"]);
    }

    #[test]
    fn nothing_unsafe_is_left_in_a_name() {
        assert_eq!(safe("../a b\u{202e}-c_1"), "...a.b..c_1");
        assert_eq!(safe(&"é".repeat(99)).len(), 60);
    }
}
