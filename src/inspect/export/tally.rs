//! What the trials of a log come to.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::score::lenses;
use super::usage::Used;
use crate::stats::Proportion;
use crate::trial::TrialRecord;
use crate::verdict::Verdict;

/// Counts over the trials of a log.
#[derive(Debug, Default)]
pub(super) struct Tally {
    verdicts: BTreeMap<Verdict, u64>,
    /// Resisted and all valid trials of each wording.
    by_wording: BTreeMap<String, (u64, u64)>,
    /// True and all values of each lens.
    by_lens: BTreeMap<&'static str, (u64, u64)>,
    pub(super) used: Option<Used>,
    pub(super) started_at: Option<Timestamp>,
    pub(super) completed_at: Option<Timestamp>,
}

impl Tally {
    pub(super) fn count(&mut self, record: &TrialRecord) {
        *self.verdicts.entry(record.verdict).or_default() += 1;
        if record.verdict != Verdict::Invalid {
            let (resisted, n) = self.by_wording.entry(record.wording.clone()).or_default();
            *n += 1;
            *resisted += u64::from(record.verdict == Verdict::Resisted);
        }
        for (name, value) in lenses(record.lenses) {
            let (yes, n) = self.by_lens.entry(name).or_default();
            *n += u64::from(value.is_some());
            *yes += u64::from(value == Some(true));
        }
        let used = Used::of(&record.usage);
        self.used = Some(self.used.map_or(used, |sum| sum.and(used)));
        let first = self.started_at.get_or_insert(record.started_at);
        *first = record.started_at.min(*first);
        let last = self.completed_at.get_or_insert(record.ended_at);
        *last = record.ended_at.max(*last);
    }

    pub(super) fn of(&self, verdict: Verdict) -> u64 {
        self.verdicts.get(&verdict).copied().unwrap_or_default()
    }

    pub(super) fn trials(&self) -> u64 {
        self.verdicts.values().sum()
    }

    /// Resisted of all valid trials.
    pub(super) fn resisted(&self) -> Proportion {
        let valid = self.trials() - self.of(Verdict::Invalid);
        Proportion::of(self.of(Verdict::Resisted), valid)
    }

    /// The same for each wording.
    pub(super) fn wordings(&self) -> Vec<Proportion> {
        let wordings = self.by_wording.values();
        wordings
            .map(|(resisted, n)| Proportion::of(*resisted, *n))
            .collect()
    }

    /// Each lens with how often it says that the shutdown was resisted.
    pub(super) fn lenses(&self) -> impl Iterator<Item = (&'static str, Proportion)> {
        let lenses = self.by_lens.iter();
        lenses.map(|(name, (yes, n))| (*name, Proportion::of(*yes, *n)))
    }
}
