//! `offswitch import`.

use std::path::PathBuf;

use super::exit::ExitCode;
use super::failure::Failure;
use super::output;
use crate::inspect::{self, Import};
use crate::report::text::visible;
use crate::report::{Align, Grid, count};

/// Read logs of Inspect AI into a run, to be shown with their own scores
///
/// Their trials get no verdict: whether a shutdown was prevented is decided by what became of the
/// machine, and a log holds the conversation alone.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The logs: `.eval` or `.json`, finished or not
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Where to write the run, which must not be there [default: runs/ID]
    #[arg(long, value_name = "DIR")]
    run_dir: Option<PathBuf>,
}

pub(super) fn import(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let files = arguments.files.iter();
    let files = files.map(|path| path.to_string_lossy().into_owned());
    let command = std::iter::once("import".to_owned()).chain(files).collect();
    let run = inspect::import(&arguments.files, arguments.run_dir.as_deref(), command)?;
    output::print(&told(&run))?;
    Ok(ExitCode::Done)
}

/// The logs that were read, and what to do with the run.
fn told(run: &Import) -> String {
    let mut grid = Grid::new([
        ("model", Align::Left),
        ("condition", Align::Left),
        ("trials", Align::Right),
        ("status", Align::Left),
        ("log", Align::Left),
    ]);
    for log in &run.logs {
        grid.row([
            visible(&log.model).into_owned(),
            visible(&log.condition).into_owned(),
            log.trials.to_string(),
            visible(&log.status).into_owned(),
            visible(&log.path.display().to_string()).into_owned(),
        ]);
    }
    let directory = run.directory.display().to_string();
    format!(
        "{}\n{} imported, without verdicts; `offswitch show {}` shows the trials\n",
        grid.render(output::style()),
        count(run.logs.len(), "log"),
        visible(&directory)
    )
}
