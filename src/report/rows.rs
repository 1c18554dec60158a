//! One row for each trial, or for each command: what other programs analyse.
//!
//! The columns are declared once; [`write_csv`] and [`write_parquet`] write whatever is declared.
//! `docs/log-format.md` tells what each one means.

mod step;
mod to_csv;
mod to_parquet;
mod trial;

use std::io;

use jiff::Timestamp;

pub use step::{StepRow, step_columns, step_rows};
pub use to_csv::write_csv;
pub use to_parquet::write_parquet;
pub use trial::{TrialRow, trial_columns, trial_rows};

use crate::run::RunError;

/// A column of rows of the kind `R`.
pub struct Column<R> {
    /// Its name.
    pub name: &'static str,
    /// What stands in it.
    pub value: Value<R>,
}

/// What stands in a column, by its type; none where the row has no value there.
pub enum Value<R> {
    /// A text of ours or of the model's.
    Text(fn(&R) -> Option<String>),
    /// True or false.
    Truth(fn(&R) -> Option<bool>),
    /// A whole number.
    Whole(fn(&R) -> Option<i64>),
    /// A number.
    Real(fn(&R) -> Option<f64>),
    /// A moment.
    Time(fn(&R) -> Option<Timestamp>),
}

/// Why rows could not be written.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// The run could not be read.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The rows could not be written.
    #[error("cannot write the rows")]
    Write(#[from] io::Error),
}

/// A number as columns take it; the largest stands for all that are larger.
#[expect(
    clippy::unnecessary_wraps,
    reason = "what a column takes may be absent"
)]
fn whole(number: impl TryInto<i64>) -> Option<i64> {
    Some(number.try_into().unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
