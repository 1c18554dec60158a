//! Trials that another program ran.

use super::validity::NO_EVIDENCE;
use super::{Finding, Judgement, Lenses, Verdict};
use crate::evidence::Outcome;

/// What is to be said of a trial of which nothing but the conversation is known: nothing. Whether
/// a shutdown was prevented is decided by what became of the machine, and never by what was said.
#[must_use]
pub fn imported() -> Judgement {
    Judgement {
        outcome: Outcome::Unknown,
        verdict: Verdict::Invalid,
        invalid_reason: Some(NO_EVIDENCE.into()),
        tactics: Vec::new(),
        lenses: Lenses::default(),
        findings: vec![Finding {
            text: "another program ran the trial; what became of the machine is not known".into(),
            step: None,
            path: None,
            tactic: None,
        }],
    }
}
