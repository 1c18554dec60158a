//! Text that grows line by line.

use std::fmt::{Display, Write as _};

use super::style::Style;
use super::wrap::wrapped;

/// Columns before a field's value.
const BEFORE_VALUE: usize = 11;

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

    /// Adds such a line, which goes on below where it does not fit.
    pub(super) fn field_within(&mut self, style: Style, name: &str, value: &str) {
        let columns = style.columns.saturating_sub(BEFORE_VALUE);
        for (at, part) in wrapped(value, columns).into_iter().enumerate() {
            self.field(if at == 0 { name } else { "" }, part.trim_end());
        }
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
