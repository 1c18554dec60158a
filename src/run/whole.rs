//! A run that is written as a whole, since nothing of it is still to be done.

use std::fs::{self, File};
use std::io::{BufWriter, IntoInnerError, Write as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::directory::{MANIFEST, TRIALS, sync_directory, write_manifest};
use super::{RunError, RunManifest, line};
use crate::trial::TrialRecord;

/// A run that is being written under another name, until all of it is there.
#[derive(Debug)]
pub struct WholeRun {
    place: TempDir,
    trials: BufWriter<File>,
}

impl WholeRun {
    /// Begins a run that is to stand in this directory of runs, which is made where there is none.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub fn begin(parent: &Path) -> Result<Self, RunError> {
        fs::create_dir_all(parent).map_err(RunError::write(parent))?;
        let place = tempfile::Builder::new()
            .prefix(".offswitch-")
            .tempdir_in(parent)
            .map_err(RunError::write(parent))?;
        let path = place.path().join(TRIALS);
        let trials = File::create(&path).map_err(RunError::write(path))?;
        Ok(Self {
            place,
            trials: BufWriter::new(trials),
        })
    }

    /// Adds a trial.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn add(&mut self, record: &TrialRecord) -> Result<(), RunError> {
        let written = self.trials.write_all(&line(record));
        written.map_err(RunError::write(self.place.path()))
    }

    /// Writes the manifest, and gives the directory its name. When this returns, all of it is on
    /// disk.
    ///
    /// # Errors
    /// The directory is there already, or something cannot be written.
    pub fn finish(self, manifest: &RunManifest, path: &Path) -> Result<(), RunError> {
        let Self { place, trials } = self;
        let from = place.path().to_owned();
        let file = trials.into_inner().map_err(IntoInnerError::into_error);
        let synced = file.and_then(|file| file.sync_all());
        synced.map_err(RunError::write(&from))?;
        write_manifest(&from, manifest)?;
        let exists = path.join(MANIFEST).exists();
        if exists {
            return Err(RunError::Exists { path: path.into() });
        }
        open_to_others(&from).map_err(RunError::write(&from))?;
        // Onto an empty directory this is possible, too, and onto no other one.
        fs::rename(&from, path).map_err(RunError::write(path))?;
        // What it was called is not there any more, so that nothing is left to remove.
        let _: PathBuf = place.keep();
        path.canonicalize()
            .map_err(RunError::write(path))?
            .parent()
            .map_or(Ok(()), sync_directory)
    }
}

/// A temporary directory is its owner's alone; a run is what the user's mask makes of it.
fn open_to_others(path: &Path) -> std::io::Result<()> {
    let like = path.join("mask");
    fs::create_dir(&like)?;
    let permissions = fs::metadata(&like)?.permissions();
    fs::remove_dir(&like)?;
    fs::set_permissions(path, permissions)
}
