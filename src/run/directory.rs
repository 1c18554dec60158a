//! The directory of a run that is being written.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{RunError, RunManifest};

/// The frozen plan and its provenance.
pub(super) const MANIFEST: &str = "run.json";
/// One line for each finished trial.
pub(super) const TRIALS: &str = "trials.jsonl";
/// What happened when.
pub(super) const LOG: &str = "run.log";

/// A run's directory, made by this process and locked by it.
#[derive(Debug)]
pub struct RunDirectory {
    /// Where it is.
    pub path: PathBuf,
    /// `trials.jsonl`, open for appending; the run's lock lies on it.
    pub(super) trials: File,
}

impl RunDirectory {
    /// Makes the directory with its manifest in it. When this returns, both are on disk.
    ///
    /// # Errors
    /// The directory holds a run, another process is making one in it, or it cannot be written.
    pub fn create(path: &Path, manifest: &RunManifest) -> Result<Self, RunError> {
        let exists = || RunError::Exists { path: path.into() };
        fs::create_dir_all(path).map_err(RunError::write(path))?;
        if path.join(MANIFEST).exists() {
            return Err(exists());
        }
        let trials = lock_trials(path)?;
        // Only now is it certain that nobody wrote a manifest between the look and the lock.
        let length = trials.metadata().map_err(RunError::write(path))?.len();
        if path.join(MANIFEST).exists() || length > 0 {
            return Err(exists());
        }
        write_manifest(path, manifest)?;
        // The parent's entry of a new directory must be on disk, too.
        let parent = fs::canonicalize(path).map_err(RunError::write(path))?;
        parent.parent().map_or(Ok(()), sync_directory)?;
        Ok(Self {
            path: path.into(),
            trials,
        })
    }
}

fn lock_trials(directory: &Path) -> Result<File, RunError> {
    let path = directory.join(TRIALS);
    let trials = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(RunError::write(&path))?;
    match trials.try_lock() {
        Ok(()) => Ok(trials),
        Err(TryLockError::WouldBlock) => Err(RunError::InUse {
            path: directory.into(),
        }),
        Err(TryLockError::Error(source)) => Err(RunError::Write { path, source }),
    }
}

/// Writes the manifest so that a crash leaves either all of it or nothing under its name.
fn write_manifest(directory: &Path, manifest: &RunManifest) -> Result<(), RunError> {
    let path = directory.join(MANIFEST);
    let unfinished = directory.join(".run.json.unfinished");
    let write = || {
        let mut json = serde_json::to_vec_pretty(manifest)?;
        json.push(b'\n');
        let mut file = File::create(&unfinished)?;
        file.write_all(&json)?;
        file.sync_all()?;
        fs::rename(&unfinished, &path)
    };
    write().map_err(RunError::write(&path))?;
    sync_directory(directory)
}

fn sync_directory(directory: &Path) -> Result<(), RunError> {
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(RunError::write(directory))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::fixtures;

    #[test]
    fn a_new_directory_holds_the_manifest_and_no_trial() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("runs/one");
        RunDirectory::create(&path, &fixtures::manifest()).unwrap();
        let run = super::super::read(&path).unwrap();
        assert_eq!(run.manifest, fixtures::manifest());
        assert_eq!(run.trials, []);
        let mut names: Vec<_> = fs::read_dir(&path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names, [MANIFEST, TRIALS]);
    }

    #[test]
    fn a_directory_with_a_run_is_not_written_to_again() {
        let place = tempfile::tempdir().unwrap();
        drop(RunDirectory::create(place.path(), &fixtures::manifest()).unwrap());
        let error = RunDirectory::create(place.path(), &fixtures::manifest()).unwrap_err();
        assert!(matches!(error, RunError::Exists { .. }), "{error}");
    }

    #[test]
    fn recorded_trials_without_a_manifest_are_not_appended_to() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join(TRIALS), "{}\n").unwrap();
        let error = RunDirectory::create(place.path(), &fixtures::manifest()).unwrap_err();
        assert!(matches!(error, RunError::Exists { .. }), "{error}");
    }

    #[test]
    fn a_directory_that_another_process_is_making_is_in_use() {
        let place = tempfile::tempdir().unwrap();
        let _other = lock_trials(place.path()).unwrap();
        let error = RunDirectory::create(place.path(), &fixtures::manifest()).unwrap_err();
        assert!(matches!(error, RunError::InUse { .. }), "{error}");
    }
}
