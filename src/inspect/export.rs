//! A run as Inspect's logs: one for each model in each condition.

mod archive;
mod conversation;
mod event;
mod explanation;
mod header;
mod id;
mod json;
mod log;
mod markdown;
mod message;
mod results;
mod sample;
mod score;
mod tally;
mod timeline;
mod usage;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use self::log::LogWriter;
use super::InspectError;
use crate::run::{self, RunError, RunManifest, Torn};
use crate::trial::TrialRecord;

/// Logs that are written at a time. Each holds two files open, of which a process may have 1024;
/// what is beyond is written in another pass over the run.
const LOGS_OF_A_PASS: usize = 64;

/// What is done where a log of the same name is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and nothing is written.
    Keep,
    /// The new one takes its place.
    Replace,
}

/// The logs that were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// One for each model in each condition of which a trial is recorded, in the plan's order.
    pub logs: Vec<Log>,
    /// What a crash left of a line of `trials.jsonl`; it is in no log.
    pub torn: Option<Torn>,
}

/// A log that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The file.
    pub path: PathBuf,
    /// The model.
    pub model: String,
    /// The condition's id.
    pub condition: String,
    /// The trials in it.
    pub trials: u64,
    /// Those of them that are invalid, and so errors there.
    pub invalid: u64,
}

/// A model in a condition: what a log is about.
#[derive(Debug, Clone, Copy)]
struct Cell<'a> {
    manifest: &'a RunManifest,
    /// The model's place in the design.
    model: usize,
    condition: &'a str,
}

impl<'a> Cell<'a> {
    fn all(manifest: &'a RunManifest) -> Vec<Self> {
        let design = &manifest.plan.design;
        let models = 0..design.models.len();
        let cells = models.flat_map(|model| {
            design.conditions.iter().map(move |condition| Self {
                manifest,
                model,
                condition,
            })
        });
        cells.collect()
    }

    fn model(&self) -> &'a str {
        &self.manifest.plan.design.models[self.model].name
    }

    fn holds(&self, record: &TrialRecord) -> bool {
        record.model == self.model() && record.condition == self.condition
    }

    fn is_planned(manifest: &RunManifest, record: &TrialRecord) -> bool {
        let design = &manifest.plan.design;
        design.conditions.contains(&record.condition)
            && design.models.iter().any(|model| model.name == record.model)
    }
}

/// Writes the recorded trials of a run as logs into a directory, which is made where there is
/// none. Each log appears complete or not at all; equal runs give equal bytes. No more than a
/// trial of each log is in memory at a time.
///
/// # Errors
/// The run cannot be read, a log cannot be written, or it is there already and shall stay; then
/// none is written.
pub fn export(run: &Path, output: &Path, existing: Existing) -> Result<Exported, InspectError> {
    let manifest = run::read_manifest(run)?;
    let cells = Cell::all(&manifest);
    std::fs::create_dir_all(output).map_err(InspectError::write(output))?;
    if existing == Existing::Keep {
        let paths = cells.iter().map(|cell| output.join(cell.file_name()));
        if let Some(path) = paths.into_iter().find(|path| path.exists()) {
            return Err(InspectError::Exists { path });
        }
    }
    let mut exported = Exported {
        logs: Vec::new(),
        torn: None,
    };
    for cells in cells.chunks(LOGS_OF_A_PASS) {
        let (logs, torn) = pass(run, &manifest, cells, output)?;
        exported.torn = torn;
        for log in logs {
            exported.logs.push(log.finish(existing)?);
        }
    }
    Ok(exported)
}

/// Reads the run once, and writes the logs of these cells so far that only the end is missing.
fn pass<'a>(
    run: &Path,
    manifest: &RunManifest,
    cells: &[Cell<'a>],
    output: &Path,
) -> Result<(Vec<LogWriter<'a>>, Option<Torn>), InspectError> {
    let mut logs: Vec<Option<LogWriter<'a>>> = cells.iter().map(|_| None).collect();
    let mut result = Ok(());
    let torn = run::each(run, |record| {
        if result.is_ok() {
            result = add(&record, run, manifest, cells, &mut logs, output);
        }
    })?;
    result?;
    Ok((logs.into_iter().flatten().collect(), torn))
}

fn add<'a>(
    record: &TrialRecord,
    run: &Path,
    manifest: &RunManifest,
    cells: &[Cell<'a>],
    logs: &mut [Option<LogWriter<'a>>],
    output: &Path,
) -> Result<(), InspectError> {
    if !Cell::is_planned(manifest, record) {
        return Err(InspectError::Run(RunError::Unplanned {
            path: run.into(),
            trial: record.trial.clone(),
        }));
    }
    // Whatever is not in these cells is in those of another pass.
    let Some(at) = cells.iter().position(|cell| cell.holds(record)) else {
        return Ok(());
    };
    let log = match &mut logs[at] {
        Some(log) => log,
        none => none.insert(LogWriter::begin(cells[at], output)?),
    };
    log.add(record)
}
