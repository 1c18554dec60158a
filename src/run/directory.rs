//! The directory of a run that is being written.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::lines::{Lines, Torn};
use super::read::{each_once, read_manifest};
use super::{Plan, RunError, RunManifest};
use crate::trial::TrialOutline;

/// The frozen plan and its provenance.
pub(super) const MANIFEST: &str = "run.json";
/// One line for each finished trial.
pub(super) const TRIALS: &str = "trials.jsonl";
/// What happened when.
pub(super) const LOG: &str = "run.log";

/// A run's directory, locked by this process until the last copy of this is dropped.
#[derive(Debug, Clone)]
pub struct RunDirectory {
    /// Where it is.
    pub path: PathBuf,
    /// `trials.jsonl`, open for reading and appending; the run's lock lies on it.
    pub(super) trials: Arc<File>,
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
        let trials = lock_trials(path, OpenOptions::new().create(true))?;
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
            trials: Arc::new(trials),
        })
    }

    /// Opens the directory of a run, to go on with it; `None` where there is no run.
    ///
    /// # Errors
    /// Another process is writing to the run, or its files cannot be read or written.
    pub fn open(path: &Path) -> Result<Option<(Self, RunManifest)>, RunError> {
        if !path.join(MANIFEST).exists() {
            return Ok(None);
        }
        let recorded = path.join(TRIALS);
        fs::metadata(&recorded).map_err(RunError::read(recorded))?;
        let trials = lock_trials(path, &mut OpenOptions::new())?;
        // Only behind the lock: another process may just have added to it.
        let manifest = read_manifest(path)?;
        let directory = Self {
            path: path.into(),
            trials: Arc::new(trials),
        };
        Ok(Some((directory, manifest)))
    }

    /// Tells every recorded trial of this plan, and drops what a crash has left of a line that was
    /// never finished. Its trial does not count and is to be run again.
    ///
    /// # Errors
    /// The file cannot be read or written, a line in it is not one that a run writes, or it is that
    /// of a trial, or of a model in it, that the plan does not have.
    pub fn recover(
        &self,
        plan: &Plan,
        mut found: impl FnMut(TrialOutline),
    ) -> Result<Option<Torn>, RunError> {
        let path = self.path.join(TRIALS);
        let orders = plan.orders.iter();
        let planned: HashSet<_> = orders.map(|order| (&*order.trial, &*order.model)).collect();
        let Lines {
            found: recorded,
            torn,
        } = each_once::<TrialOutline>(&self.trials, &path)?;
        for (_, outline) in recorded {
            if !planned.contains(&(&*outline.trial, &*outline.model)) {
                let trial = outline.trial;
                return Err(RunError::Unplanned { path, trial });
            }
            found(outline);
        }
        if let Some(torn) = torn {
            let cut = || {
                self.trials.set_len(torn.offset)?;
                self.trials.sync_all()
            };
            cut().map_err(RunError::write(&path))?;
        }
        Ok(torn)
    }

    /// What `run.log` tells, as far as it can be read; it is for people, and nothing that was
    /// recorded depends on it.
    #[must_use]
    pub fn log(&self) -> String {
        let log = fs::read(self.path.join(LOG)).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Puts another manifest in the place of the one that is there.
    ///
    /// # Errors
    /// It cannot be written; the one that was there is still there.
    pub fn replace_manifest(&self, manifest: &RunManifest) -> Result<(), RunError> {
        write_manifest(&self.path, manifest)
    }
}

fn lock_trials(directory: &Path, options: &mut OpenOptions) -> Result<File, RunError> {
    let path = directory.join(TRIALS);
    let trials = options
        .read(true)
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
pub(super) fn write_manifest(directory: &Path, manifest: &RunManifest) -> Result<(), RunError> {
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

pub(super) fn sync_directory(directory: &Path) -> Result<(), RunError> {
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
        let _other = lock_trials(place.path(), OpenOptions::new().create(true)).unwrap();
        let error = RunDirectory::create(place.path(), &fixtures::manifest()).unwrap_err();
        assert!(matches!(error, RunError::InUse { .. }), "{error}");
    }

    /// A run with this `trials.jsonl`, opened.
    fn opened(trials: &str) -> (tempfile::TempDir, RunDirectory) {
        let place = tempfile::tempdir().unwrap();
        drop(RunDirectory::create(place.path(), &fixtures::manifest()).unwrap());
        fs::write(place.path().join(TRIALS), trials).unwrap();
        let (directory, manifest) = RunDirectory::open(place.path()).unwrap().unwrap();
        assert_eq!(manifest, fixtures::manifest());
        (place, directory)
    }

    fn line(trial: &str) -> String {
        String::from_utf8(super::super::line(&fixtures::record(trial))).unwrap()
    }

    /// A plan of the trials `a` and `b`.
    fn plan() -> Plan {
        let mut plan = fixtures::manifest().plan;
        for (order, trial) in plan.orders.iter_mut().zip(["a", "b"]) {
            order.trial = trial.into();
        }
        plan
    }

    #[test]
    fn a_trial_that_the_plan_does_not_have_is_an_error_and_nothing_is_dropped() {
        let mut other_model = fixtures::record("b");
        other_model.model = "scripted/other".into();
        let other_model = String::from_utf8(super::super::line(&other_model)).unwrap();
        for strange in [line("c"), other_model] {
            let trials = format!("{}{strange}{{", line("a"));
            let (place, directory) = opened(&trials);
            let error = directory.recover(&plan(), drop).unwrap_err();
            assert!(matches!(error, RunError::Unplanned { .. }), "{error}");
            assert_eq!(
                fs::read_to_string(place.path().join(TRIALS)).unwrap(),
                trials
            );
        }
    }

    #[test]
    fn a_torn_line_is_dropped_and_what_follows_is_whole() {
        for torn in ["{\"schema\":1,\"tri", line("b").trim_end(), ""] {
            let (place, directory) = opened(&format!("{}{torn}", line("a")));
            let mut found = Vec::new();
            let dropped = directory
                .recover(&plan(), |record| found.push(record.trial))
                .unwrap();
            assert_eq!(found, ["a"]);
            assert_eq!(dropped.is_some(), !torn.is_empty());
            (&*directory.trials)
                .write_all(line("c").as_bytes())
                .unwrap();
            let run = super::super::read(place.path()).unwrap();
            assert_eq!(run.trials, ["a", "c"].map(fixtures::record));
        }
    }

    #[test]
    fn a_broken_line_is_an_error_and_nothing_is_dropped() {
        let trials = format!("{}{{}}\n{}{{", line("a"), line("b"));
        let (place, directory) = opened(&trials);
        let error = directory.recover(&plan(), drop).unwrap_err();
        assert!(matches!(error, RunError::Broken { line: 2, .. }), "{error}");
        assert_eq!(
            fs::read_to_string(place.path().join(TRIALS)).unwrap(),
            trials
        );
    }

    #[test]
    fn a_run_is_opened_by_one_process_at_a_time() {
        let (place, _directory) = opened("");
        let error = RunDirectory::open(place.path()).unwrap_err();
        assert!(matches!(error, RunError::InUse { .. }), "{error}");
    }

    #[test]
    fn a_run_whose_trials_are_gone_is_not_begun_anew() {
        let (place, directory) = opened("");
        drop(directory);
        fs::remove_file(place.path().join(TRIALS)).unwrap();
        let error = RunDirectory::open(place.path()).unwrap_err();
        assert!(matches!(error, RunError::Read { .. }), "{error}");
        assert!(
            RunDirectory::open(&place.path().join("absent"))
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn another_manifest_takes_the_place_of_the_first() {
        let (place, directory) = opened("");
        let manifest = RunManifest {
            command: vec!["--trials=9".into()],
            ..fixtures::manifest()
        };
        directory.replace_manifest(&manifest).unwrap();
        assert_eq!(super::super::read(place.path()).unwrap().manifest, manifest);
    }
}
