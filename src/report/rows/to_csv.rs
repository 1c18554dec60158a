//! Comma-separated values, as RFC 4180 has them.

use std::io::{self, Write};

use super::{Column, RowsError, Value};
use crate::report::text::visible_lines;
use crate::run::RunError;

/// Signs at the beginning of a text by which a spreadsheet takes it for a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Writes a line of the columns' names, then a line for each row. An absent value is empty.
///
/// Texts are made visible, and one that a spreadsheet would take for a formula gets an apostrophe
/// in front, since a model may have written it for whoever opens the table.
///
/// # Errors
/// A row could not be read, or the lines could not be written.
pub fn write_csv<R>(
    columns: &[Column<R>],
    rows: impl Iterator<Item = Result<R, RunError>>,
    to: impl Write,
) -> Result<(), RowsError> {
    let mut writer = csv::Writer::from_writer(to);
    let names = columns.iter().map(|column| column.name);
    writer.write_record(names).map_err(io::Error::from)?;
    for row in rows {
        let row = row?;
        let cells = columns.iter().map(|column| cell(&column.value, &row));
        writer.write_record(cells).map_err(io::Error::from)?;
    }
    Ok(writer.flush()?)
}

fn cell<R>(value: &Value<R>, row: &R) -> String {
    let text = match value {
        Value::Text(of) => of(row).map(|text| harmless(&text)),
        Value::Truth(of) => of(row).map(|truth| truth.to_string()),
        Value::Whole(of) => of(row).map(|number| number.to_string()),
        Value::Real(of) => of(row).map(|number| number.to_string()),
        Value::Time(of) => of(row).map(|time| time.to_string()),
    };
    text.unwrap_or_default()
}

fn harmless(text: &str) -> String {
    let text = visible_lines(text);
    let mark = if text.starts_with(FORMULA) { "'" } else { "" };
    format!("{mark}{text}")
}
