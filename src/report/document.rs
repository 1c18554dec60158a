//! `offswitch report`: a summary in one of the formats that there are.

mod html;
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
    /// One HTML file with charts, for a browser; it needs nothing else.
    Html,
    /// One JSON object, for programs: all numbers, to their last digit.
    Json,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Table, Self::Markdown, Self::Html, Self::Json];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Json => "json",
        }
    }
}

/// Why a summary could not be written.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It could not become JSON.
    #[error("cannot write the report as JSON")]
    Json(#[from] serde_json::Error),
    /// A chart could not be drawn.
    #[error("cannot draw a chart of the report: {0}")]
    Chart(String),
    /// It could not become HTML.
    #[error("cannot write the report as HTML")]
    Html(#[from] askama::Error),
}

/// The summary in this format. Only a table heeds the style.
///
/// # Errors
/// A fault of ours: everything that there can be in a summary can be written.
pub fn document(summary: &Summary, format: Format, style: Style) -> Result<String, DocumentError> {
    match format {
        Format::Table => Ok(terminal::document(summary, style)),
        Format::Markdown => Ok(markdown::document(summary)),
        Format::Html => html::document(summary),
        Format::Json => {
            let json = serde_json::to_string_pretty(summary)?;
            Ok(visible_json(&json) + "\n")
        }
    }
}
