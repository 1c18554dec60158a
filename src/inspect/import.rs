//! Logs of Inspect as a run. Their trials are never given a verdict: what became of the machine,
//! if there was one, is not in them.

mod archive;
mod attachment;
mod content;
mod error;
mod json;
mod log;
mod names;
mod plan;
mod record;
mod sample;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use error::ImportError;

use self::log::LogFile;
use self::plan::Planner;
use crate::clock;
use crate::run::{RunError, WholeRun};

/// A run that was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Its directory.
    pub directory: PathBuf,
    /// The logs, with the trials that were in each.
    pub logs: Vec<ImportedLog>,
}

/// A log that was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedLog {
    /// The file.
    pub path: PathBuf,
    /// The model's name.
    pub model: String,
    /// The condition that its trials have in the run: the task's name, with a number where another
    /// log has the same task and model.
    pub condition: String,
    /// How it ended, in Inspect's word.
    pub status: String,
    /// The trials in it.
    pub trials: usize,
}

/// Imports logs as one run, into the given directory or into `runs/ID`. It appears complete or not
/// at all; one sample is in memory at a time.
///
/// # Errors
/// A file is no log, is broken or larger than a log may be; or the run cannot be written.
pub fn import(
    files: &[PathBuf],
    directory: Option<&Path>,
    command: Vec<String>,
) -> Result<Import, ImportError> {
    if let Some(path) = directory.filter(|path| path.join("run.json").exists()) {
        // At the end it would be found, too, but after all the work.
        return Err(RunError::Exists { path: path.into() }.into());
    }
    let parent = directory.and_then(Path::parent);
    let parent = match (parent, directory) {
        (Some(parent), _) if parent != Path::new("") => parent,
        (_, Some(_)) => Path::new("."),
        (_, None) => Path::new("runs"),
    };
    let mut run = WholeRun::begin(parent)?;
    let mut planner = Planner::default();
    let mut logs = Vec::new();
    for path in files {
        let mut file = LogFile::open(path)?;
        let mut place = planner.place(file.source(), file.head());
        file.each_sample(|sample, name| {
            let record = place.record(sample);
            let record = record.map_err(|reason| ImportError::member(path, name, reason))?;
            Ok(run.add(&record)?)
        })?;
        logs.push(place.finish(path));
    }
    let manifest = planner.manifest(clock::now(), command);
    let runs = || Path::new("runs").join(&manifest.run);
    let directory = directory.map_or_else(runs, Path::to_owned);
    run.finish(&manifest, &directory)?;
    Ok(Import { directory, logs })
}
