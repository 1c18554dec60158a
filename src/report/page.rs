//! Text that grows line by line.

use std::fmt::{Display, Write as _};

/// A text of whole lines.
#[derive(Debug, Default)]
pub(super) struct Page(String);

impl Page {
    /// Adds a line.
    pub(super) fn line(&mut self, line: impl Display) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{line}");
    }

    /// Adds a name with its value, which stands under the values of other such lines.
    pub(super) fn field(&mut self, name: &str, value: impl Display) {
        self.line(format_args!("{name:<10} {value}"));
    }

    /// Adds lines that are made already.
    pub(super) fn lines(&mut self, lines: &str) {
        self.0 += lines;
    }

    /// The whole text.
    pub(super) fn into_text(self) -> String {
        self.0
    }
}
