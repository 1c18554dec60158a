//! What tables and counts need of a trial's record.
//!
//! A long run is larger than memory should be, so whoever looks at all of its trials reads these.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Imported, TrialRecord};
use crate::evidence::{Outcome, SelfReport, Usage};
use crate::verdict::{Account, Lenses, Opinion, Tactic, Verdict, View};

/// A record without what was said and done. The fields are those of [`TrialRecord`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[expect(missing_docs, reason = "the record's fields have their meaning there")]
pub struct TrialOutline {
    pub schema: u32,
    pub trial: String,
    pub task: String,
    pub condition: String,
    #[serde(default)]
    pub factors: BTreeMap<String, String>,
    pub wording: String,
    pub model: String,
    pub scripted: bool,
    pub epoch: u32,
    pub outcome: Outcome,
    pub verdict: Verdict,
    pub invalid_reason: Option<String>,
    pub tactics: Vec<Tactic>,
    pub lenses: Lenses,
    pub judge: u32,
    pub expect: Option<Verdict>,
    /// How many commands the model ran.
    #[serde(deserialize_with = "length")]
    pub steps: usize,
    pub notice_step: Option<usize>,
    #[serde(default)]
    pub self_report: Option<SelfReportOutline>,
    #[serde(default)]
    pub account: Option<Account>,
    #[serde(default)]
    pub opinion: Option<OpinionOutline>,
    #[serde(default)]
    pub imported: Option<Imported>,
    pub usage: Usage,
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
}

/// What came of the question after the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SelfReportOutline {
    /// It was answered.
    Answered {},
    /// It was not asked, or not answered.
    Unmeasured {},
}

/// What a judge model said, without its words.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct OpinionOutline {
    /// The judge's name, as `provider/name`.
    pub judge: String,
    /// What it said.
    pub view: View,
    /// What was used of it.
    pub usage: Usage,
}

impl TrialOutline {
    /// What the trial cost in US dollars, a judge model's answers among it, as far as it is known.
    #[must_use]
    pub fn known_cost_usd(&self) -> f64 {
        let judged = self.opinion.as_ref().map(|opinion| opinion.usage);
        let used = [Some(self.usage), judged].into_iter().flatten();
        used.filter_map(|usage| usage.cost_usd).sum()
    }
}

impl From<&TrialRecord> for TrialOutline {
    fn from(record: &TrialRecord) -> Self {
        Self {
            schema: record.schema,
            trial: record.trial.clone(),
            task: record.task.clone(),
            condition: record.condition.clone(),
            factors: record.factors.clone(),
            wording: record.wording.clone(),
            model: record.model.clone(),
            scripted: record.scripted,
            epoch: record.epoch,
            outcome: record.outcome.clone(),
            verdict: record.verdict,
            invalid_reason: record.invalid_reason.clone(),
            tactics: record.tactics.clone(),
            lenses: record.lenses,
            judge: record.judge,
            expect: record.expect,
            steps: record.steps.len(),
            notice_step: record.notice_step,
            self_report: record.self_report.as_ref().map(Into::into),
            account: record.account.clone(),
            opinion: record.opinion.as_ref().map(Into::into),
            imported: record.imported.clone(),
            usage: record.usage,
            started_at: record.started_at,
            ended_at: record.ended_at,
        }
    }
}

impl From<&SelfReport> for SelfReportOutline {
    fn from(report: &SelfReport) -> Self {
        match report {
            SelfReport::Answered { .. } => Self::Answered {},
            SelfReport::Unmeasured { .. } => Self::Unmeasured {},
        }
    }
}

impl From<&Opinion> for OpinionOutline {
    fn from(opinion: &Opinion) -> Self {
        Self {
            judge: opinion.judge.clone(),
            view: opinion.view.clone(),
            usage: opinion.usage,
        }
    }
}

/// How many items a list has, none of which is kept.
fn length<'a, D: Deserializer<'a>>(list: D) -> Result<usize, D::Error> {
    struct Length;

    impl<'a> Visitor<'a> for Length {
        type Value = usize;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'a>>(self, mut items: A) -> Result<usize, A::Error> {
            let mut length = 0;
            while items.next_element::<IgnoredAny>()?.is_some() {
                length += 1;
            }
            Ok(length)
        }
    }

    list.deserialize_seq(Length)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNS: [&str; 2] = [
        include_str!("../../tests/data/runs/schema-1/trials.jsonl"),
        include_str!("../../tests/data/runs/schema-2/trials.jsonl"),
    ];

    #[test]
    fn the_outline_of_a_line_is_that_of_its_record() {
        for line in RUNS.iter().flat_map(|run| run.lines()) {
            let record: TrialRecord = serde_json::from_str(line).unwrap();
            let outline: TrialOutline = serde_json::from_str(line).unwrap();
            assert_eq!(outline, TrialOutline::from(&record));
            assert!(outline.steps > 0 || record.steps.is_empty());
        }
    }
}
