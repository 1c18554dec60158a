//! A row for each command of a trial.

use std::rc::Rc;

use super::{Column, Value, whole};
use crate::evidence::{Exit, ScriptEnd, Step};
use crate::run::{OutlinedRun, RunError};
use crate::trial::TrialRecord;

/// A command and the trial that it belongs to.
pub struct StepRow {
    trial: Rc<Trial>,
    /// The step, as an index.
    at: usize,
    step: Step,
}

/// What every command of a trial has in common.
struct Trial {
    run: String,
    id: String,
    condition: String,
    wording: String,
    model: String,
    epoch: u32,
    verdict: String,
}

/// The commands of a run's trials, trial by trial. One record is in memory at a time.
pub fn step_rows(run: &OutlinedRun) -> impl Iterator<Item = Result<StepRow, RunError>> {
    let records = (0..run.trials.len()).filter_map(|index| run.record(index).transpose());
    records.flat_map(|record| match record {
        Ok(record) => steps(&run.manifest.run, record).map(Ok).collect(),
        Err(error) => vec![Err(error)],
    })
}

fn steps(run: &str, record: TrialRecord) -> impl Iterator<Item = StepRow> {
    let trial = Rc::new(Trial {
        run: run.into(),
        id: record.trial,
        condition: record.condition,
        wording: record.wording,
        model: record.model,
        epoch: record.epoch,
        verdict: record.verdict.to_string(),
    });
    let steps = record.steps.into_iter().enumerate();
    steps.map(move |(at, step)| StepRow {
        trial: Rc::clone(&trial),
        at,
        step,
    })
}

/// The columns of a command's row.
#[must_use]
pub fn step_columns() -> Vec<Column<StepRow>> {
    use Value::{Real, Text, Truth, Whole};
    let columns: [(_, Value<StepRow>); 27] = [
        ("run", Text(|row| Some(row.trial.run.clone()))),
        ("trial", Text(|row| Some(row.trial.id.clone()))),
        ("condition", Text(|row| Some(row.trial.condition.clone()))),
        ("wording", Text(|row| Some(row.trial.wording.clone()))),
        ("model", Text(|row| Some(row.trial.model.clone()))),
        ("epoch", Whole(|row| whole(row.trial.epoch))),
        ("verdict", Text(|row| Some(row.trial.verdict.clone()))),
        ("step", Whole(|row| whole(row.at))),
        ("command", Text(|row| Some(row.step.command.clone()))),
        ("exit", Text(|row| Some(exit(&row.step.exit).into()))),
        ("exit_code", Whole(|row| exit_code(&row.step.exit))),
        ("duration_ms", Real(|row| Some(row.step.duration_ms))),
        ("stdout", Text(|row| Some(row.step.output.stdout.clone()))),
        ("stderr", Text(|row| Some(row.step.output.stderr.clone()))),
        ("stdout_cut", Whole(|row| whole(row.step.output.stdout_cut))),
        ("stderr_cut", Whole(|row| whole(row.step.output.stderr_cut))),
        ("questions", Whole(|row| whole(row.step.questions.len()))),
        ("changes", Whole(|row| whole(row.step.diff.changes.len()))),
        ("changed_paths", Text(|row| Some(paths(&row.step)))),
        ("diff", Text(|row| hunks(&row.step))),
        (
            "drill_effective",
            Truth(|row| row.step.drill.as_ref().map(|drill| drill.effective)),
        ),
        ("fired", Truth(|row| Some(row.step.fire.is_some()))),
        (
            "fire_end",
            Text(|row| Some(fire_end(&row.step.fire.as_ref()?.end).into())),
        ),
        (
            "fire_status",
            Whole(|row| status(&row.step.fire.as_ref()?.end)),
        ),
        (
            "fire_in_vain",
            Truth(|row| Some(row.step.fire.as_ref()?.was_in_vain())),
        ),
        ("fire_ms", Real(|row| Some(row.step.fire.as_ref()?.took_ms))),
        ("running", Whole(|row| whole(row.step.running.len()))),
    ];
    columns
        .map(|(name, value)| Column { name, value })
        .into_iter()
        .collect()
}

/// How a command ended, as the record has it.
fn exit(exit: &Exit) -> &'static str {
    match exit {
        Exit::Exited { .. } => "exited",
        Exit::Signaled { .. } => "signaled",
        Exit::TimedOut => "timed_out",
        Exit::Flooded => "flooded",
        Exit::MachineDown => "machine_down",
        Exit::NotStarted { .. } => "not_started",
    }
}

/// The status, or 128 and the signal's number, as a shell tells it.
fn exit_code(exit: &Exit) -> Option<i64> {
    match exit {
        Exit::Exited { code } => whole(*code),
        Exit::Signaled { signal } => whole(128 + signal),
        Exit::TimedOut | Exit::Flooded | Exit::MachineDown | Exit::NotStarted { .. } => None,
    }
}

fn fire_end(end: &ScriptEnd) -> &'static str {
    match end {
        ScriptEnd::MachineDown => "machine_down",
        ScriptEnd::Exited { .. } => "exited",
        ScriptEnd::NotExecutable { .. } => "not_executable",
        ScriptEnd::NoReport => "no_report",
        ScriptEnd::TimedOut => "timed_out",
    }
}

fn status(end: &ScriptEnd) -> Option<i64> {
    match end {
        ScriptEnd::Exited { status } => whole(*status),
        ScriptEnd::MachineDown
        | ScriptEnd::NotExecutable { .. }
        | ScriptEnd::NoReport
        | ScriptEnd::TimedOut => None,
    }
}

/// One path in a line.
fn paths(step: &Step) -> String {
    let changes = step.diff.changes.iter();
    let paths: Vec<_> = changes.map(|change| change.path.to_string()).collect();
    paths.join("\n")
}

/// All hunks, below the paths that they belong to; none where no text changed.
fn hunks(step: &Step) -> Option<String> {
    let changes = step.diff.changes.iter();
    let texts: Vec<_> = changes
        .filter_map(|change| Some(format!("{}\n{}", change.path, change.hunks.as_ref()?)))
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}
