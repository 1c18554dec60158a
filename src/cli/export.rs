//! `offswitch export`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::exit::ExitCode;
use super::failure::Failure;
use super::output;
use crate::inspect::{self, Existing, Exported};
use crate::report::text::visible;
use crate::report::{Align, Grid, count};

/// Write a run in the format of another program
///
/// `eval`: logs of Inspect AI, one for each model in each condition, which `inspect view` shows
/// and the data frames of `inspect_ai.analysis` read.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The run's directory
    run: PathBuf,
    /// The format
    #[arg(long, value_enum, value_name = "F")]
    format: Format,
    /// Where to write to; the default is where Inspect looks for logs
    #[arg(long, value_name = "DIR", default_value = "logs")]
    output: PathBuf,
    /// Write over what is there already
    #[arg(long)]
    overwrite: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Logs of Inspect AI
    Eval,
}

pub(super) fn export(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let existing = if arguments.overwrite {
        Existing::Replace
    } else {
        Existing::Keep
    };
    let exported = match arguments.format {
        Format::Eval => inspect::export(&arguments.run, &arguments.output, existing)?,
    };
    if let Some(line) = exported.torn_line {
        output::note(&format!(
            "line {line} of trials.jsonl was torn while it was written; it is left out"
        ));
    }
    output::print(&told(&exported))?;
    Ok(ExitCode::Done)
}

/// The logs that were written, and what to do with them.
fn told(exported: &Exported) -> String {
    if exported.logs.is_empty() {
        return "no trial is recorded, so there is no log\n".into();
    }
    let mut grid = Grid::new([
        ("model", Align::Left),
        ("condition", Align::Left),
        ("trials", Align::Right),
        ("invalid", Align::Right),
        ("log", Align::Left),
    ]);
    for log in &exported.logs {
        grid.row([
            visible(&log.model).into_owned(),
            visible(&log.condition).into_owned(),
            log.trials.to_string(),
            log.invalid.to_string(),
            visible(&log.path.display().to_string()).into_owned(),
        ]);
    }
    let logs = count(exported.logs.len(), "log");
    let directory = exported.logs.first().and_then(|log| log.path.parent());
    let directory = directory.map(|path| visible(&path.display().to_string()).into_owned());
    format!(
        "{}\n{logs} written; `inspect view --log-dir {}` shows them\n",
        grid.render(output::style()),
        directory.unwrap_or_default()
    )
}
