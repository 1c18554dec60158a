//! A TOML text, read with errors that say where in it something is wrong.

use std::fmt;
use std::ops::Range;

use serde::de::DeserializeOwned;

/// A TOML text and the path that its errors name.
#[derive(Debug, Clone, Copy)]
pub struct TomlFile<'a> {
    /// The path to show. Nothing is read from it.
    pub path: &'a str,
    /// The text.
    pub text: &'a str,
}

/// What is wrong with a file of a task, and where: `tasks/x/task.toml:12:1: unknown field …`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}{}: {message}", .place.map(|place| format!(":{place}")).unwrap_or_default())]
pub struct TaskError {
    path: String,
    place: Option<Place>,
    message: String,
}

/// A place in a text, in the way that editors count: from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    line: usize,
    column: usize,
}

impl TaskError {
    /// The same, as what is wrong in a condition.
    pub(super) fn of_condition(mut self, id: &str) -> Self {
        self.message = format!("in condition `{id}`: {}", self.message);
        self
    }
}

impl TomlFile<'_> {
    /// Reads the text as `T`.
    ///
    /// # Errors
    /// Names the line, the column and the field of what is not TOML or no `T`.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, TaskError> {
        toml::from_str(self.text).map_err(|error| TaskError {
            path: self.path.to_owned(),
            place: error.span().map(|span| self.place(span.start)),
            message: message_with_field(error),
        })
    }

    /// An error about these bytes of the text.
    #[must_use]
    pub fn error_at(self, span: Range<usize>, message: impl Into<String>) -> TaskError {
        TaskError {
            path: self.path.to_owned(),
            place: Some(self.place(span.start)),
            message: message.into(),
        }
    }

    /// An error about the file as a whole.
    #[must_use]
    pub fn error(self, message: impl Into<String>) -> TaskError {
        TaskError {
            path: self.path.to_owned(),
            place: None,
            message: message.into(),
        }
    }

    fn place(self, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// The parser knows the field's path but tells it only in the display of an error that has no
/// text to quote from, in a second line.
fn message_with_field(mut error: toml::de::Error) -> String {
    error.set_input(None);
    let shown = error.to_string();
    match shown.trim_end().split_once("\nin ") {
        Some((message, field)) => format!("{field}: {message}"),
        None => shown.trim_end().to_owned(),
    }
}
