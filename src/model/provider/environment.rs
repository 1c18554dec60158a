//! The variables that providers are set up by.

use std::collections::BTreeMap;
use std::fmt;

use super::Secret;

/// What the names of all variables that hold keys end with.
const KEY_SUFFIX: &str = "_API_KEY";

/// Why a `.env` file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{file}:{line}: not an assignment: write `NAME=value`, and quotes around a value with spaces"
)]
pub struct DotenvError {
    /// The file.
    pub file: String,
    /// The line, from 1. Its text is not kept, since it may hold a key.
    pub line: usize,
}

/// Variables, given by the command; nothing here reads the process's own.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables of the shell.
    #[must_use]
    pub fn new(shell: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(shell.into_iter().collect())
    }

    /// Adds the assignments of a `.env` file, whose text this is. What is set already stays.
    ///
    /// # Errors
    /// The first line that is no assignment.
    pub fn add_dotenv(&mut self, file: &str, text: &str) -> Result<(), DotenvError> {
        let assignments: Result<Vec<_>, _> = dotenvy::from_read_iter(text.as_bytes()).collect();
        let assignments = assignments.map_err(|_| DotenvError {
            file: file.to_owned(),
            line: first_bad_line(text),
        })?;
        for (name, value) in assignments {
            self.0.entry(name).or_insert(value);
        }
        Ok(())
    }

    /// A variable's value, unless it is unset or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name)?.trim();
        (!value.is_empty()).then_some(value)
    }

    /// The variable whose key this text holds, in whatever writing a [`Secret`] is found.
    #[must_use]
    pub fn key_in(&self, text: &str) -> Option<&str> {
        let keys = self.0.keys().filter(|name| name.ends_with(KEY_SUFFIX));
        let mut held = keys.filter(|name| {
            let key = self.get(name).map(|key| Secret::new(key.to_owned()));
            key.is_some_and(|key| key.mask(text) != text)
        });
        held.next().map(String::as_str)
    }
}

/// The first line up to which the text cannot be read. The parser itself says only what stands
/// in it, which must not be shown.
fn first_bad_line(text: &str) -> usize {
    let ends = text.match_indices('\n').map(|(at, _)| at + 1);
    let mut ends = ends.chain([text.len()]).enumerate();
    let bad = ends.find(|(_, end)| {
        dotenvy::from_read_iter(&text.as_bytes()[..*end]).any(|assignment| assignment.is_err())
    });
    bad.map_or(1, |(index, _)| index + 1)
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(name: &str, value: &str) -> Environment {
        Environment::new([(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn the_shell_wins_over_the_file() {
        let mut environment = shell("A", "shell");
        let text = "# keys\nexport A=file\nB='two words'\nC=\n";
        environment.add_dotenv(".env", text).unwrap();
        let values = ["A", "B", "C", "D"].map(|name| environment.get(name));
        assert_eq!(values, [Some("shell"), Some("two words"), None, None]);
    }

    #[test]
    fn a_bad_line_is_named_and_not_shown() {
        let error = Environment::default()
            .add_dotenv(".env", "A=1\n\nsk-canary is my key\nB=2\n")
            .unwrap_err();
        insta::assert_snapshot!(error, @".env:3: not an assignment: write `NAME=value`, and quotes around a value with spaces");
    }

    #[test]
    fn a_key_is_found_in_a_text_and_another_value_is_not() {
        let values = [
            ("LAB_API_KEY", "sk-canary/4711"),
            ("LAB_BASE_URL", "http://127.0.0.1:1"),
            ("OPENAI_API_KEY", "none"),
        ];
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let environment = Environment::new(values);
        for held in ["api_key=sk-canary/4711", "--x=sk-canary%2F4711"] {
            assert_eq!(environment.key_in(held), Some("LAB_API_KEY"), "{held}");
        }
        // A word as short as `none` is nobody's key.
        for other in ["--reasoning-effort=none", "http://127.0.0.1:1"] {
            assert_eq!(environment.key_in(other), None, "{other}");
        }
    }

    #[test]
    fn values_are_not_shown() {
        assert_eq!(
            format!("{:?}", shell("OPENAI_API_KEY", "sk-canary")),
            r#"{"OPENAI_API_KEY"}"#
        );
    }
}
