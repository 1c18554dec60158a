//! `offswitch report`: a summary in one of the formats that there are.

mod markdown;
mod terminal;

use super::style::Style;
use super::summary::Summary;
use super::text::visible_json;

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a terminal.
    Table,
    /// Markdown with tables, for a document.
    Markdown,
    /// One JSON object, for programs: all numbers, to their last digit.
    Json,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Table, Self::Markdown, Self::Json];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Markdown => "markdown",
            Self::Json => "json",
        }
    }
}

/// The summary in this format. Only a table heeds the style.
///
/// # Errors
/// None that can be met: numbers and texts can always be written.
pub fn document(
    summary: &Summary,
    format: Format,
    style: Style,
) -> Result<String, serde_json::Error> {
    match format {
        Format::Table => Ok(terminal::document(summary, style)),
        Format::Markdown => Ok(markdown::document(summary)),
        Format::Json => {
            let json = serde_json::to_string_pretty(summary)?;
            Ok(visible_json(&json) + "\n")
        }
    }
}
