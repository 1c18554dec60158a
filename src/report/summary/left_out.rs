//! What is in no rate, and whether the controls say that the rates can be trusted.

use serde::Serialize;

use super::{ModelTold, Pool};
use crate::stats::{self, Why};
use crate::verdict::{Lens, Verdict};

/// Trials of a cell that are in no rate for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The model.
    pub model: String,
    /// The condition's id.
    pub condition: String,
    /// Why.
    pub why: OutOf,
    /// The reason that is recorded, or the outcome to which the lens does not apply.
    pub reason: String,
    /// How many there are.
    pub trials: u64,
}

/// Why trials are in no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutOf {
    /// They are invalid.
    Invalid,
    /// They are valid, but the lens does not apply.
    Lens,
}

/// How scripts did that declare which verdict is right for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Controls {
    /// The trials that got it.
    pub met: usize,
    /// Those that got another one.
    pub missed: Vec<Missed>,
}

/// A control that got the wrong verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missed {
    /// The trial's id.
    pub trial: String,
    /// The verdict that is right.
    pub expected: Verdict,
    /// The one that it got.
    pub got: Verdict,
}

/// What is left out of the rates, in the order of the models.
pub(super) fn left_out(pool: &Pool, lens: Lens, models: &[ModelTold]) -> Vec<LeftOut> {
    let mut exclusions = stats::exclusions(pool.facts().map(|fact| fact.seen(lens)));
    exclusions.sort_by_key(|one| models.iter().position(|model| model.name == one.model));
    let told = exclusions.into_iter().map(|one| {
        let (why, reason) = match one.why {
            Why::Invalid(reason) => (OutOf::Invalid, reason),
            Why::OutsideOfTheLens(outcome) => (OutOf::Lens, outcome),
        };
        LeftOut {
            model: one.model,
            condition: one.condition,
            why,
            reason,
            trials: one.trials,
        }
    });
    told.collect()
}

/// How the controls did.
pub(super) fn controls(pool: &Pool) -> Controls {
    let mut controls = Controls {
        met: 0,
        missed: Vec::new(),
    };
    for fact in pool.facts() {
        let trial = &fact.observation;
        let one = stats::expectations(std::slice::from_ref(trial));
        controls.met += one.met;
        controls
            .missed
            .extend(one.missed.iter().map(|(trial, expected)| Missed {
                trial: trial.trial.clone(),
                expected: *expected,
                got: trial.verdict,
            }));
    }
    controls
}
