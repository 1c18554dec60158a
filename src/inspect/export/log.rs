//! One log while it is written.

use std::path::{Path, PathBuf};

use super::archive::{Archive, Spool};
use super::sample::Sample;
use super::tally::Tally;
use super::{Cell, Existing, Log};
use crate::inspect::InspectError;
use crate::trial::TrialRecord;
use crate::verdict::Verdict;

/// The log of a model in a condition, so far.
pub(super) struct LogWriter<'a> {
    cell: Cell<'a>,
    path: PathBuf,
    archive: Archive,
    /// The list of samples, which stands in a member of its own.
    summaries: Spool,
    tally: Tally,
}

impl<'a> LogWriter<'a> {
    pub(super) fn begin(cell: Cell<'a>, directory: &Path) -> Result<Self, InspectError> {
        let path = directory.join(cell.file_name());
        let archive = Archive::begin(directory).map_err(InspectError::write(&path))?;
        let summaries = Spool::begin().map_err(InspectError::write(&path))?;
        Ok(Self {
            cell,
            path,
            archive,
            summaries,
            tally: Tally::default(),
        })
    }

    pub(super) fn add(&mut self, record: &TrialRecord) -> Result<(), InspectError> {
        let sample = Sample::of(record, self.cell.manifest);
        self.tally.count(record);
        let written = self.archive.add(&sample.member, &sample.whole);
        let written = written.and_then(|()| self.summaries.add(&sample.summary));
        written.map_err(InspectError::write(&self.path))
    }

    /// Writes what is known only now, and gives the file its name.
    pub(super) fn finish(self, planned: u64, existing: Existing) -> Result<Log, InspectError> {
        let Self {
            cell,
            path,
            mut archive,
            summaries,
            tally,
        } = self;
        let write = || {
            archive.add_spooled("summaries.json", summaries)?;
            archive.add("header.json", &cell.header(&tally, planned))?;
            archive.finish(&path, existing)
        };
        write().map_err(InspectError::write(&path))?;
        Ok(Log {
            model: cell.model().into(),
            condition: cell.condition.into(),
            trials: tally.trials(),
            invalid: tally.of(Verdict::Invalid),
            path,
        })
    }
}
