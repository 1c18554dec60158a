//! `offswitch report --format csv` and `parquet`: rows for other programs.

use std::io::{self, IsTerminal as _, Write};
use std::path::PathBuf;

use super::exit::ExitCode;
use super::failure::Failure;
use crate::report::rows::{
    Column, RowsError, step_columns, step_rows, trial_columns, trial_rows, write_csv, write_parquet,
};
use crate::run::{self, RunError};

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowFormat {
    Csv,
    Parquet,
}

/// What has a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Rows {
    /// Each trial
    Trials,
    /// Each command of the model
    Steps,
}

/// Rows that are to be written.
pub(super) struct RowsOf<'a> {
    pub(super) runs: &'a [PathBuf],
    pub(super) rows: Rows,
    pub(super) format: RowFormat,
}

impl RowsOf<'_> {
    /// To standard output.
    ///
    /// # Errors
    /// A run cannot be read, or standard output is a terminal and the rows are not for people.
    pub(super) fn print(&self) -> Result<(), Failure> {
        let out = io::stdout();
        if self.format == RowFormat::Parquet && out.is_terminal() {
            let failure = Failure::new(ExitCode::Usage, "Parquet is not for a terminal");
            return Err(failure.with_hint("name a file with `--output`"));
        }
        match self.write(out) {
            // Whoever reads has enough.
            Err(RowsError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        }
    }

    /// All rows, run by run.
    ///
    /// # Errors
    /// A run cannot be read, or nothing can be written.
    pub(super) fn write(&self, to: impl Write + Send) -> Result<(), RowsError> {
        let runs = self.runs.iter();
        let runs: Vec<_> = runs
            .map(|run| run::read_outlines(run))
            .collect::<Result<_, _>>()?;
        match self.rows {
            Rows::Trials => {
                let rows = runs.into_iter().flat_map(trial_rows);
                self.format.write(&trial_columns(), rows.map(Ok), to)
            }
            Rows::Steps => {
                let rows = runs.iter().flat_map(step_rows);
                self.format.write(&step_columns(), rows, to)
            }
        }
    }
}

impl RowFormat {
    fn write<R>(
        self,
        columns: &[Column<R>],
        rows: impl Iterator<Item = Result<R, RunError>>,
        to: impl Write + Send,
    ) -> Result<(), RowsError> {
        match self {
            Self::Csv => write_csv(columns, rows, to),
            Self::Parquet => write_parquet(columns, rows, to),
        }
    }
}

impl From<RowsError> for Failure {
    fn from(error: RowsError) -> Self {
        match error {
            RowsError::Run(error) => error.into(),
            RowsError::Write(_) => Self::of(ExitCode::Failure, &error),
        }
    }
}
