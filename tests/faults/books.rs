//! What a run has written, held against what must be in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::place::Place;

/// What was recorded of a run.
#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) trials: usize,
    pub(crate) judged: usize,
    /// Why the others are invalid, and how many are for each reason.
    pub(crate) invalid: BTreeMap<String, usize>,
    /// Trials whose verdict is neither what it must be nor `invalid`.
    pub(crate) wrong: Vec<String>,
}

impl Books {
    /// Reads a run that is over: each planned trial must be in it exactly once. `truth` tells the
    /// right verdict of a record.
    pub(crate) fn read(place: &Place, truth: impl Fn(&Value) -> String) -> Self {
        let manifest: Value = serde_json::from_str(&place.read("run/run.json")).unwrap();
        let id = |trial: &Value| trial["trial"].as_str().unwrap().to_owned();
        let planned = manifest["plan"]["orders"].as_array().unwrap();
        let planned: BTreeSet<_> = planned.iter().map(id).collect();
        let lines = place.read("run/trials.jsonl");
        assert!(lines.ends_with('\n'), "the last line is torn");
        let records = place.records("run");
        let recorded: BTreeSet<_> = records.iter().map(id).collect();
        assert_eq!(recorded.len(), records.len(), "a trial is recorded twice");
        assert_eq!(recorded, planned);
        let mut books = Self::default();
        for record in &records {
            books.enter(record, &truth(record));
        }
        books
    }

    fn enter(&mut self, record: &Value, truth: &str) {
        self.trials += 1;
        match record["verdict"].as_str().unwrap() {
            "invalid" => {
                let reason = record["invalid_reason"].as_str().unwrap();
                let ending = record["ending"]["message"].as_str().unwrap_or_default();
                let why = format!("{reason} {ending}");
                *self.invalid.entry(why.trim().to_owned()).or_default() += 1;
            }
            verdict if verdict == truth => self.judged += 1,
            verdict => self.wrong.push(format!(
                "{}: {verdict} in place of {truth}: {}",
                record["trial"], record["findings"]
            )),
        }
    }

    pub(crate) fn invalid(&self) -> usize {
        self.invalid.values().sum()
    }

    pub(crate) fn add(&mut self, more: Self) {
        self.trials += more.trials;
        self.judged += more.judged;
        for (reason, count) in more.invalid {
            *self.invalid.entry(reason).or_default() += count;
        }
        self.wrong.extend(more.wrong);
    }
}

/// Every file below a directory.
pub(crate) fn files(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
