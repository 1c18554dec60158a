//! `offswitch resume`.

use std::path::PathBuf;

use clap::Parser as _;

use super::exit::ExitCode;
use super::failure::Failure;
use super::numbers::{dollars, number};
use super::run;
use crate::report::text::visible;
use crate::run::read_manifest;

/// Go on with a run: do the trials that are planned and not recorded
///
/// It is the command that started the run, once more, with what is given here in place of what was
/// given then. To add models or conditions, repeat the `run` command with more of them and the
/// same --run-dir.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The run's directory
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Trials of each model in each condition, those that are recorded among them
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = |text: &str| number(text, 1_u32..=100_000))]
    trials: Option<u32>,
    /// What the run may cost in US dollars, with everything that is recorded already
    #[arg(long, value_name = "USD", allow_negative_numbers = true, value_parser = dollars)]
    budget: Option<f64>,
    /// The model that is asked about each trial
    #[arg(long, value_name = "M")]
    judge: Option<String>,
    /// Where the run's root file system is now; its hash must be what it was
    #[arg(long, value_name = "DIR|TAR")]
    rootfs: Option<PathBuf>,
    /// Trials in flight at once
    #[arg(long, value_name = "P", allow_negative_numbers = true, value_parser = |text: &str| number(text, 1_usize..=100_000))]
    max_parallel: Option<usize>,
    /// Write what happens and what came out as JSON, one object in a line
    #[arg(long)]
    json: bool,
}

pub(super) fn resume(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let manifest = read_manifest(&arguments.run)?;
    if !manifest.imported.is_empty() {
        let message = "the run was imported, so that nothing of it is still to be done";
        let hint = "`offswitch show RUN` shows it";
        return Err(Failure::new(ExitCode::Usage, message).with_hint(hint));
    }
    let mut command = manifest.command;
    // What stands behind a `--` is no option any more.
    let end = command.iter().position(|word| word == "--");
    let end = end.unwrap_or(command.len());
    command.splice(end..end, changes(arguments));
    let mut again = parsed(&command).map_err(|error| unknown(&error, &command))?;
    again.conduct.run_dir = Some(arguments.run.clone());
    again.json = arguments.json;
    again.design.keep_wordings(manifest.wording_files);
    // A relative path led from another directory.
    if let (None, Some(rootfs)) = (&arguments.rootfs, manifest.rootfs) {
        again.conduct.rootfs.rootfs = Some(rootfs.path.into());
    }
    run::perform(&again, command)
}

fn changes(arguments: &Arguments) -> Vec<String> {
    let Arguments {
        run: _,
        trials,
        budget,
        judge,
        rootfs,
        max_parallel,
        json: _,
    } = arguments;
    let trials = trials.map(|trials| format!("--trials={trials}"));
    let budget = budget.map(|budget| format!("--budget={budget}"));
    let judge = judge.as_ref().map(|judge| format!("--judge={judge}"));
    let max_parallel = max_parallel.map(|most| format!("--max-parallel={most}"));
    let rootfs = rootfs.as_ref();
    let rootfs = rootfs.map(|path| format!("--rootfs={}", path.display()));
    [trials, budget, judge, rootfs, max_parallel]
        .into_iter()
        .flatten()
        .collect()
}

/// A `run` once more. The last of several words on one thing holds.
#[derive(clap::Parser)]
#[command(args_override_self = true)]
struct Again {
    #[command(flatten)]
    arguments: run::Arguments,
}

/// Reads the words of a `run`, of which the last on one thing holds.
///
/// # Errors
/// They are none of a `run`.
pub(super) fn parsed(command: &[String]) -> Result<run::Arguments, clap::Error> {
    let words = std::iter::once("run").chain(command.iter().map(String::as_str));
    Ok(Again::try_parse_from(words)?.arguments)
}

fn unknown(error: &clap::Error, command: &[String]) -> Failure {
    let message = "the `command` in the run's `run.json` is none that this version knows";
    let words: Vec<_> = command.iter().map(|word| visible(word)).collect();
    Failure::new(ExitCode::RunDirectory, message)
        .because(error)
        .with_hint(format!("it was: offswitch run {}", words.join(" ")))
}
