//! Reading a run's directory.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::directory::{MANIFEST, TRIALS};
use super::lines::{Line, Lines, line_at, lines};
use super::{RunError, RunManifest, manifest};
use crate::trial::{TrialOutline, TrialRecord};

/// A run as its directory tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedRun {
    /// Where it was read.
    pub directory: PathBuf,
    /// What was planned.
    pub manifest: RunManifest,
    /// What is recorded, in the order of the file.
    pub trials: Vec<TrialRecord>,
    /// The number of the last line of `trials.jsonl`, if it was torn while it was written. Its
    /// trial does not count.
    pub torn_line: Option<usize>,
}

/// A run of which the outlines alone are kept: a long one is larger than memory should be.
#[derive(Debug, Clone, PartialEq)]
pub struct OutlinedRun {
    /// Where it was read.
    pub directory: PathBuf,
    /// What was planned.
    pub manifest: RunManifest,
    /// What is recorded, in the order of the file.
    pub trials: Vec<TrialOutline>,
    /// As in [`RecordedRun`].
    pub torn_line: Option<usize>,
    /// Where the line of each trial begins, in bytes.
    pub(super) places: Vec<u64>,
}

impl OutlinedRun {
    /// The whole record of the trial at this index of [`Self::trials`]; none beyond them.
    ///
    /// # Errors
    /// The file cannot be read, or was changed meanwhile.
    pub fn record(&self, index: usize) -> Result<Option<TrialRecord>, RunError> {
        let Some(place) = self.places.get(index) else {
            return Ok(None);
        };
        let path = self.directory.join(TRIALS);
        let file = File::open(&path).map_err(RunError::read(&path))?;
        line_at(&file, &path, *place, index + 1).map(Some)
    }
}

/// Reads a run. A torn last line is left out; nothing else is passed over.
///
/// # Errors
/// The directory holds no run, cannot be read, or a line in it is not one that a run writes.
pub fn read(directory: &Path) -> Result<RecordedRun, RunError> {
    let (manifest, lines) = read_lines(directory)?;
    Ok(RecordedRun {
        directory: directory.into(),
        manifest,
        trials: lines.found.into_iter().map(|(_, record)| record).collect(),
        torn_line: lines.torn.map(|torn| torn.line),
    })
}

/// Reads the outlines of a run's trials.
///
/// # Errors
/// As for [`read`].
pub fn read_outlines(directory: &Path) -> Result<OutlinedRun, RunError> {
    let (manifest, lines) = read_lines(directory)?;
    let (places, trials) = lines.found.into_iter().unzip();
    Ok(OutlinedRun {
        directory: directory.into(),
        manifest,
        trials,
        torn_line: lines.torn.map(|torn| torn.line),
        places,
    })
}

fn read_lines<T: Line>(directory: &Path) -> Result<(RunManifest, Lines<T>), RunError> {
    let manifest = read_manifest(directory)?;
    let path = directory.join(TRIALS);
    let file = File::open(&path).map_err(RunError::read(&path))?;
    Ok((manifest, each_once(&file, &path)?))
}

/// Reads the manifest of a run alone.
///
/// # Errors
/// The directory holds no run, or its `run.json` cannot be read.
pub fn read_manifest(directory: &Path) -> Result<RunManifest, RunError> {
    let path = directory.join(MANIFEST);
    match fs::read(&path) {
        Err(error) if is_absent(&error) => Err(RunError::NoRun {
            path: directory.into(),
        }),
        bytes => {
            let bytes = bytes.map_err(RunError::read(&path))?;
            parse(&bytes, &path)
        }
    }
}

/// All lines of `trials.jsonl`.
///
/// # Errors
/// As for [`lines`], or a trial is recorded twice.
pub(super) fn each_once<T: Line>(file: &File, path: &Path) -> Result<Lines<T>, RunError> {
    let lines = lines::<T>(file, path)?;
    let mut seen = HashSet::new();
    for (at, (_, one)) in lines.found.iter().enumerate() {
        if !seen.insert(one.trial()) {
            return Err(RunError::Repeated {
                path: path.into(),
                line: at + 1,
                trial: one.trial().into(),
            });
        }
    }
    Ok(lines)
}

/// Reads a manifest. Its format is looked at first: one of another would only be called broken.
fn parse(json: &[u8], path: &Path) -> Result<RunManifest, RunError> {
    #[derive(Deserialize)]
    struct Format {
        schema: u32,
    }
    let broken = |source| RunError::Broken {
        path: path.into(),
        line: 1,
        source,
    };
    let Format { schema: found } = serde_json::from_slice(json).map_err(broken)?;
    if !manifest::READABLE.contains(&found) {
        return Err(RunError::Schema {
            path: path.into(),
            line: 1,
            found,
            known: manifest::SCHEMA,
        });
    }
    serde_json::from_slice(json).map_err(broken)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::evidence::MachinePath;
    use crate::run::fixtures;

    /// A run's directory with this `trials.jsonl`.
    fn run_with(trials: &str) -> (tempfile::TempDir, Result<RecordedRun, RunError>) {
        let place = tempfile::tempdir().unwrap();
        let manifest = serde_json::to_string_pretty(&fixtures::manifest()).unwrap();
        fs::write(place.path().join(MANIFEST), manifest).unwrap();
        fs::write(place.path().join(TRIALS), trials).unwrap();
        let run = read(place.path());
        (place, run)
    }

    fn written(record: &TrialRecord) -> String {
        String::from_utf8(super::super::line(record)).unwrap()
    }

    /// The line of a trial, without its newline.
    fn line(trial: &str) -> String {
        written(&fixtures::record(trial)).trim_end().to_owned()
    }

    proptest! {
        #[test]
        fn a_line_that_is_read_and_written_again_has_the_same_bytes(
            duration_ms in 0.0..1e6,
            text in ".*",
            path in prop::collection::vec(any::<u8>(), 0..16),
        ) {
            let mut record = fixtures::record(&text);
            record.final_diff.changes = vec![fixtures::created(MachinePath::new(path))];
            record.usage.waiting_ms = duration_ms;
            record.usage.cost_usd = Some(duration_ms / 7.0);
            record.steps = vec![fixtures::step(&text, duration_ms)];
            let line = written(&record);
            let read: TrialRecord = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(written(&read), line);
        }
    }

    /// Fields that came later have a value that says as little as their absence.
    #[test]
    fn a_line_from_before_calls_and_waits_were_counted_is_read() {
        let line = line("a");
        let later = r#","tool_calls":0,"unusable_calls":0,"waiting_ms":0.0,"cost_usd":null"#;
        let earlier = line.replacen(later, "", 1);
        assert_ne!(earlier, line);
        let (_place, run) = run_with(&format!("{earlier}\n"));
        assert_eq!(run.unwrap().trials, [fixtures::record("a")]);
    }

    #[test]
    fn a_torn_last_line_is_left_out_and_reported() {
        for torn in ["{\"schema\":1,\"tri", "\u{e9}", &line("b")] {
            let (_place, run) = run_with(&format!("{}\n{torn}", line("a")));
            let run = run.unwrap();
            assert_eq!(run.trials, [fixtures::record("a")]);
            assert_eq!(run.torn_line, Some(2));
        }
    }

    #[test]
    fn a_broken_line_in_the_middle_is_an_error_with_its_place() {
        let (_place, run) = run_with(&format!("{}\n{{}}\n{}\n", line("a"), line("b")));
        let error = run.unwrap_err();
        assert!(matches!(error, RunError::Broken { line: 2, .. }), "{error}");
    }

    #[test]
    fn an_unknown_format_is_named_rather_than_called_broken() {
        let (_place, run) = run_with("{\"schema\":99,\"new\":true}\n");
        let error = run.unwrap_err();
        assert!(
            error.to_string().ends_with(
                "trials.jsonl:1: format 99, but this version of offswitch reads formats up to 3"
            ),
            "{error}"
        );
    }

    #[test]
    fn a_trial_that_is_recorded_twice_is_an_error() {
        let (_place, run) = run_with(&format!("{}\n{}\n", line("a"), line("a")));
        let error = run.unwrap_err();
        assert!(
            matches!(error, RunError::Repeated { line: 2, .. }),
            "{error}"
        );
    }

    #[test]
    fn a_directory_without_a_manifest_holds_no_run() {
        let place = tempfile::tempdir().unwrap();
        for path in [place.path(), &place.path().join("absent")] {
            assert!(matches!(read(path), Err(RunError::NoRun { .. })));
        }
    }
}
