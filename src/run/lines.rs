//! Reading `trials.jsonl`, by as many threads as there are cores.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::num::NonZero;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::thread;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::RunError;
use crate::trial::{TrialOutline, TrialRecord, record};

/// Fewer bytes are not worth a thread.
const SHARE: u64 = 4 << 20;

/// What is read of a line.
pub(super) trait Line: DeserializeOwned + Send {
    /// The version of its format.
    fn schema(&self) -> u32;
    /// The trial's id.
    fn trial(&self) -> &str;
}

impl Line for TrialRecord {
    fn schema(&self) -> u32 {
        self.schema
    }

    fn trial(&self) -> &str {
        &self.trial
    }
}

impl Line for TrialOutline {
    fn schema(&self) -> u32 {
        self.schema
    }

    fn trial(&self) -> &str {
        &self.trial
    }
}

/// The lines of a file.
pub(super) struct Lines<T> {
    /// Each with its place in the file, in bytes.
    pub(super) found: Vec<(u64, T)>,
    pub(super) torn: Option<Torn>,
}

/// What a crash left of a line of `trials.jsonl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Torn {
    /// The line, counted from 1.
    pub line: usize,
    /// Where it begins, in bytes.
    pub offset: u64,
}

/// All lines of a file, in its order.
///
/// # Errors
/// The file cannot be read, or a line in it is not one that a run writes; of several the first.
pub(super) fn lines<T: Line>(file: &File, path: &Path) -> Result<Lines<T>, RunError> {
    let length = file.metadata().map_err(RunError::read(path))?.len();
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let share = (length / threads as u64 + 1).max(SHARE);
    let starts = (0..length).step_by(usize::try_from(share).unwrap_or(usize::MAX));
    let parts: Vec<Part<T>> = thread::scope(|scope| {
        let readers: Vec<_> = starts
            .map(|start| {
                let end = (start + share).min(length);
                let read = move || Part::read(file, start, end);
                // Where no thread can be had, this one reads.
                let reader = thread::Builder::new().spawn_scoped(scope, read);
                reader.map_err(|_| read)
            })
            .collect();
        let parts = readers.into_iter().map(|reader| match reader {
            Ok(reader) => reader
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(read) => read(),
        });
        parts.collect()
    });
    let mut all = Lines {
        found: Vec::new(),
        torn: None,
    };
    for part in parts {
        let line = all.found.len() + 1;
        if let Some(fault) = part.fault {
            return Err(fault.into_error(path, line + part.found.len()));
        }
        all.found.extend(part.found);
        if let Some(offset) = part.torn {
            let line = all.found.len() + 1;
            all.torn = Some(Torn { line, offset });
        }
    }
    Ok(all)
}

/// The lines that begin in a part of a file.
struct Part<T> {
    found: Vec<(u64, T)>,
    /// Where a line begins that has no end.
    torn: Option<u64>,
    /// What is wrong with the line after those.
    fault: Option<Fault>,
}

enum Fault {
    Read(io::Error),
    Broken(serde_json::Error),
    Schema(u32),
}

impl<T: Line> Part<T> {
    fn read(file: &File, start: u64, end: u64) -> Self {
        let mut part = Self {
            found: Vec::new(),
            torn: None,
            fault: None,
        };
        part.fault = part.fill(file, start, end).err();
        part
    }

    fn fill(&mut self, file: &File, start: u64, end: u64) -> Result<(), Fault> {
        let mut at = start.saturating_sub(1);
        let mut reader = BufReader::with_capacity(1 << 16, Tail { file, at });
        let mut bytes = Vec::new();
        if start > 0 {
            // Whoever reads the part before has the line that this one begins in.
            at += reader.skip_until(b'\n').map_err(Fault::Read)? as u64;
        }
        while at < end {
            bytes.clear();
            let length = reader.read_until(b'\n', &mut bytes).map_err(Fault::Read)?;
            if length == 0 {
                break;
            }
            // A line counts once its newline is written, so what follows the last one was torn; it
            // may even end inside a character.
            if bytes.last() != Some(&b'\n') {
                self.torn = Some(at);
                break;
            }
            self.found.push((at, parsed(&bytes)?));
            at += length as u64;
        }
        Ok(())
    }
}

/// A file from a place on. Several can be read at once, since none moves the file's own place.
struct Tail<'a> {
    file: &'a File,
    at: u64,
}

impl Read for Tail<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read_at(buffer, self.at)?;
        self.at += length as u64;
        Ok(length)
    }
}

/// The line that begins at this place of a file.
///
/// # Errors
/// As for [`lines`]. The number of the line is `line`.
pub(super) fn line_at<T: Line>(
    file: &File,
    path: &Path,
    at: u64,
    line: usize,
) -> Result<T, RunError> {
    let mut bytes = Vec::new();
    let mut reader = BufReader::new(Tail { file, at });
    let read = reader.read_until(b'\n', &mut bytes).map_err(Fault::Read);
    read.and_then(|_| parsed(&bytes))
        .map_err(|fault| fault.into_error(path, line))
}

fn parsed<T: Line>(json: &[u8]) -> Result<T, Fault> {
    #[derive(Deserialize)]
    struct Format {
        schema: u32,
    }
    let line: Result<T, _> = serde_json::from_slice(json);
    // A line of another format would only be called broken.
    let format = match &line {
        Ok(line) => Some(line.schema()),
        Err(_) => serde_json::from_slice(json)
            .ok()
            .map(|Format { schema }| schema),
    };
    match format {
        Some(format) if !record::READABLE.contains(&format) => Err(Fault::Schema(format)),
        Some(_) | None => line.map_err(Fault::Broken),
    }
}

impl Fault {
    fn into_error(self, path: &Path, line: usize) -> RunError {
        match self {
            Self::Read(source) => RunError::read(path)(source),
            Self::Broken(source) => RunError::Broken {
                path: path.into(),
                line,
                source,
            },
            Self::Schema(found) => RunError::Schema {
                path: path.into(),
                line,
                found,
                known: record::SCHEMA,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::run::fixtures;

    fn file_with(text: &str) -> File {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(text.as_bytes(), 0).unwrap();
        file
    }

    fn text(trials: &[String]) -> String {
        let lines = trials.iter().map(|trial| {
            let line = crate::run::line(&fixtures::record(trial));
            String::from_utf8(line).unwrap()
        });
        lines.collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn wherever_a_file_is_cut_each_line_is_read_once(
            trials in prop::collection::vec("[a-zé]{0,40}", 1..5),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
            torn in "(|\\{\"schema\":1)",
        ) {
            let whole = text(&trials);
            let file = file_with(&(whole.clone() + &torn));
            let length = (whole.len() + torn.len()) as u64;
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(whole.len() + torn.len()) as u64).collect();
            cuts.extend([0, length]);
            cuts.sort_unstable();
            let parts: Vec<Part<TrialOutline>> = cuts.windows(2).map(|cut| Part::read(&file, cut[0], cut[1])).collect();
            let found = parts.iter().flat_map(|part| &part.found);
            let found: Vec<_> = found.map(|(place, one)| (*place, &*one.trial)).collect();
            let mut place = 0;
            let expected: Vec<_> = trials.iter().map(|trial| {
                let at = place;
                place += text(std::slice::from_ref(trial)).len() as u64;
                (at, &**trial)
            }).collect();
            prop_assert_eq!(found, expected);
            prop_assert!(parts.iter().all(|part| part.fault.is_none()));
            let torn_at: Vec<_> = parts.iter().filter_map(|part| part.torn).collect();
            prop_assert_eq!(torn_at, if torn.is_empty() { vec![] } else { vec![whole.len() as u64] });
        }
    }

    #[test]
    fn a_line_is_read_again_at_its_place() {
        let file = file_with(&text(&["a".into(), "b".into()]));
        let all = lines::<TrialOutline>(&file, Path::new("t")).unwrap();
        let again: TrialRecord = line_at(&file, Path::new("t"), all.found[1].0, 2).unwrap();
        assert_eq!(again, fixtures::record("b"));
        let broken = line_at::<TrialRecord>(&file, Path::new("t"), 1, 1).unwrap_err();
        assert!(
            matches!(broken, RunError::Broken { line: 1, .. }),
            "{broken}"
        );
    }

    #[test]
    fn in_a_large_file_a_broken_line_is_named_by_its_number() {
        let line = text(&["a".into()]);
        let before = usize::try_from(SHARE).unwrap() * 2 / line.len();
        let file = file_with(&(line.repeat(before) + "{}\n" + &line));
        let broken = lines::<TrialOutline>(&file, Path::new("t")).err().unwrap();
        assert_eq!(
            broken.to_string(),
            format!("t:{}: not a record of a run", before + 1)
        );
    }
}
