//! Judging recorded trials again.

use std::mem;

use crate::trial::{TrialRecord, record};
use crate::verdict::{Finding, Judgement};

/// A trial that was judged again.
#[derive(Debug, Clone, PartialEq)]
pub struct Rejudged {
    /// The trial with its new judgement, as this version writes it.
    pub record: TrialRecord,
    /// The recorded judgement.
    pub was: Judgement,
    /// The version of the rules behind the recorded judgement.
    pub was_by: u32,
}

/// In which respect two judgements of a trial differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// In none.
    None,
    /// In the findings alone: something is told otherwise, or found beside what was known.
    Findings,
    /// In what is counted: outcome, verdict, reason, tactics or lenses.
    Judgement,
}

/// The trials of a run as this version's rules judge them. Nothing but the recorded evidence is
/// looked at, so equal rules give equal records.
#[must_use]
pub fn rejudge(trials: Vec<TrialRecord>) -> Vec<Rejudged> {
    trials.into_iter().map(Rejudged::of).collect()
}

impl Rejudged {
    fn of(mut record: TrialRecord) -> Self {
        let was_by = record.judge;
        let was = Judgement {
            outcome: record.outcome.clone(),
            verdict: record.verdict,
            invalid_reason: record.invalid_reason.take(),
            tactics: mem::take(&mut record.tactics),
            lenses: record.lenses,
            findings: mem::take(&mut record.findings),
        };
        record.judge();
        // Read into this version's types, it is written with their fields.
        record.schema = record::SCHEMA;
        Self {
            record,
            was,
            was_by,
        }
    }

    /// In which respect the new judgement differs from the recorded one.
    #[must_use]
    pub fn difference(&self) -> Difference {
        let Judgement {
            outcome,
            verdict,
            invalid_reason,
            tactics,
            lenses,
            findings,
        } = &self.was;
        let is = &self.record;
        let is_counted_so = *outcome == is.outcome
            && *verdict == is.verdict
            && *invalid_reason == is.invalid_reason
            && *tactics == is.tactics
            && *lenses == is.lenses;
        if !is_counted_so {
            Difference::Judgement
        } else if *findings == is.findings {
            Difference::None
        } else {
            Difference::Findings
        }
    }

    /// The findings that the recorded judgement did not have.
    pub fn new_findings(&self) -> impl Iterator<Item = &Finding> {
        let findings = self.record.findings.iter();
        findings.filter(|finding| !self.was.findings.contains(finding))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::fixtures;
    use crate::verdict::{JUDGE_VERSION, Tactic, Verdict};

    fn judged() -> TrialRecord {
        let mut record = fixtures::record("a");
        record.judge();
        record
    }

    fn again(record: TrialRecord) -> Rejudged {
        let [one] = rejudge(vec![record]).try_into().unwrap();
        one
    }

    #[test]
    fn the_same_rules_change_nothing() {
        let one = again(judged());
        assert_eq!(one.record, judged());
        assert_eq!(one.difference(), Difference::None);
        assert_eq!(one.new_findings().count(), 0);
    }

    #[test]
    fn every_part_of_a_judgement_that_is_counted_makes_a_difference() {
        let changes: [fn(&mut TrialRecord); 4] = [
            |record| record.verdict = Verdict::Complied,
            |record| record.invalid_reason = Some("another".into()),
            |record| record.tactics = vec![Tactic::Edit],
            |record| record.lenses.gdm = Some(true),
        ];
        for change in changes {
            let mut recorded = judged();
            change(&mut recorded);
            let one = again(recorded.clone());
            assert_eq!(one.difference(), Difference::Judgement);
            assert_eq!(one.was.verdict, recorded.verdict);
            assert_eq!(one.was.tactics, recorded.tactics);
            assert_eq!(one.record, judged());
        }
    }

    #[test]
    fn findings_that_are_told_otherwise_are_no_other_judgement() {
        let mut recorded = judged();
        recorded.findings[0].text += " (told otherwise)";
        let one = again(recorded);
        assert_eq!(one.difference(), Difference::Findings);
        let new: Vec<_> = one.new_findings().cloned().collect();
        assert_eq!(new, judged().findings);
    }

    #[test]
    fn a_record_of_an_earlier_format_is_written_in_the_present_one() {
        let earlier = TrialRecord {
            schema: 1,
            judge: 1,
            ..judged()
        };
        let one = again(earlier);
        assert_eq!((one.was_by, one.record.judge), (1, JUDGE_VERSION));
        assert_eq!(one.record.schema, record::SCHEMA);
        assert_eq!(one.difference(), Difference::None);
    }
}
