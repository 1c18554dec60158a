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
use crate::run::{self, OutlinedRun, RunError, RunManifest, StoppedCell};
use crate::trial::TrialOutline;

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
    /// The number of the last line of `trials.jsonl`, if it was torn while it was written. Its
    /// trial is in no log.
    pub torn_line: Option<usize>,
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

    fn holds(&self, trial: &TrialOutline) -> bool {
        trial.model == self.model() && trial.condition == self.condition
    }

    /// How many trials are planned, without those that early stopping spared.
    fn planned(&self, stopped: &[StoppedCell]) -> u64 {
        let is_own =
            |model: &str, condition: &str| model == self.model() && condition == self.condition;
        let orders = self.manifest.plan.orders.iter();
        let planned: u64 = orders
            .filter(|order| is_own(&order.model, &order.condition))
            .map(|_| 1)
            .sum();
        let stopped = stopped.iter();
        let spared: u64 = stopped
            .filter(|one| is_own(&one.cell.model, &one.cell.condition))
            .map(|one| u64::from(one.spared))
            .sum();
        planned.saturating_sub(spared)
    }

    /// Its trials, as indexes into those of the run, in the order of their wordings and epochs.
    fn trials(&self, run: &OutlinedRun) -> Vec<usize> {
        let trials = run.trials.iter().enumerate();
        let own = trials.filter(|(_, trial)| self.holds(trial));
        let mut own: Vec<_> = own.collect();
        own.sort_by_key(|(_, trial)| (&trial.wording, trial.epoch));
        own.into_iter().map(|(index, _)| index).collect()
    }
}

/// Writes the recorded trials of a run as logs into a directory, which is made where there is
/// none. Each log appears complete or not at all; equal runs give equal bytes. One trial is in
/// memory at a time, and the outlines of all.
///
/// # Errors
/// The run cannot be read, a log cannot be written, or it is there already and shall stay; then
/// none is written.
pub fn export(run: &Path, output: &Path, existing: Existing) -> Result<Exported, InspectError> {
    let run = run::read_outlines(run)?;
    let planned = Cell::all(&run.manifest);
    if let Some(stray) = run.trials.iter().find(|trial| !is_planned(&planned, trial)) {
        return Err(InspectError::Run(RunError::Unplanned {
            path: run.directory.clone(),
            trial: stray.trial.clone(),
        }));
    }
    let cells = planned.into_iter().map(|cell| (cell, cell.trials(&run)));
    let cells: Vec<_> = cells.filter(|(_, trials)| !trials.is_empty()).collect();
    std::fs::create_dir_all(output).map_err(InspectError::write(output))?;
    if existing == Existing::Keep {
        let paths = cells.iter().map(|(cell, _)| output.join(cell.file_name()));
        if let Some(path) = paths.into_iter().find(|path| path.exists()) {
            return Err(InspectError::Exists { path });
        }
    }
    let stopped = run.stopped_cells();
    let mut logs = Vec::new();
    for (cell, trials) in cells {
        let mut log = LogWriter::begin(cell, output)?;
        for index in trials {
            if let Some(record) = run.record(index)? {
                log.add(&record)?;
            }
        }
        logs.push(log.finish(cell.planned(&stopped), existing)?);
    }
    Ok(Exported {
        logs,
        torn_line: run.torn_line,
    })
}

fn is_planned(cells: &[Cell<'_>], trial: &TrialOutline) -> bool {
    cells.iter().any(|cell| cell.holds(trial))
}
