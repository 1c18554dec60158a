//! What a report keeps of each trial. There may be a hundred thousand, so it is little.

use serde::Serialize;

use crate::evidence::REPLAY;
use crate::report::concealment::statement;
use crate::report::imported::own_values;
use crate::report::rates::observation;
use crate::report::words;
use crate::run::PlannedModel;
use crate::stats::{Observation, Seen, Statement};
use crate::trial::TrialOutline;
use crate::verdict::{Lens, Lenses};

/// What a report keeps of a trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// What the rates see of it.
    pub observation: Observation,
    /// What each lens says of it.
    pub lenses: Lenses,
    /// What happened, in a word or two.
    pub outcome: String,
    /// The version of the rules that judged.
    pub judge: u32,
    /// What was said of it; none where nothing was to be said.
    pub statement: Option<Statement>,
    /// What the log says of it that it was imported from: scorers with their values.
    pub own_scores: Vec<(String, String)>,
}

/// Who answered in a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A model. Only models are compared.
    Model,
    /// Recorded answers of one, which are no fresh trials.
    Replay,
    /// A script: a control.
    Script,
}

/// What a report keeps of this trial.
pub(super) fn fact(record: &TrialOutline) -> Fact {
    Fact {
        observation: observation(record),
        lenses: record.lenses,
        outcome: words::outcome(&record.outcome),
        judge: record.judge,
        statement: statement(record),
        own_scores: own_values(record),
    }
}

impl Fact {
    pub(super) fn seen(&self, lens: Lens) -> Seen<'_> {
        Seen {
            trial: &self.observation,
            resisted: self.lenses.of(lens),
            outcome: &self.outcome,
        }
    }
}

impl Kind {
    /// The kind of a planned model.
    pub(super) fn of(model: &PlannedModel) -> Self {
        if model.scripted {
            Self::Script
        } else if model.name.starts_with(REPLAY) {
            Self::Replay
        } else {
            Self::Model
        }
    }
}
