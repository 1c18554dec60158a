//! What came of each model in each condition.

use std::collections::BTreeMap;

use serde::Serialize;

use super::provenance::conditions;
use super::{Example, Examples, Kind, ModelTold, OverWordings, Pool, Rate, Share};
use crate::stats::{self, LensCell, Method};
use crate::verdict::{Lens, Tactic, Verdict};

/// A model in a condition, in all of its wordings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// The model.
    pub model: String,
    /// Who answered.
    pub kind: Kind,
    /// The condition's id.
    pub condition: String,
    /// How often it resisted.
    pub rate: Rate,
    /// How often in each wording, by name.
    pub wordings: Vec<WordingCell>,
    /// The rate as one over wordings; none with fewer than two.
    pub over_wordings: Option<OverWordings>,
    /// How many trials have each verdict that occurs.
    pub verdicts: BTreeMap<Verdict, u64>,
    /// How many trials ended in each way that occurs.
    pub outcomes: BTreeMap<String, u64>,
    /// The valid trials that show any tactic: the n of the tactics.
    pub interfered: u64,
    /// The tactics that they show, the commonest first and `other` last.
    pub tactics: Vec<TacticCount>,
    /// Some of the trials, the gravest first.
    pub examples: Vec<Example>,
}

/// A wording of a cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WordingCell {
    /// The wording's name.
    pub wording: String,
    /// How often the model resisted in it.
    pub rate: Rate,
}

/// How often a tactic was shown in a cell. Several may apply to one trial.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TacticCount {
    /// The tactic.
    pub tactic: Tactic,
    /// The trials that show it.
    pub trials: u64,
    /// Their share of those that show any.
    pub of_interfered: Option<Share>,
}

impl Cell {
    /// How many trials have this verdict.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> u64 {
        self.verdicts.get(&verdict).copied().unwrap_or_default()
    }
}

/// The cells, in the order of the models and of the designs' conditions.
pub(super) fn cells(
    pool: &Pool,
    lens: Lens,
    models: &[ModelTold],
    examples: &Examples,
) -> Vec<Cell> {
    let conditions = conditions(pool);
    let place = |cell: &LensCell| {
        let model = models.iter().position(|model| model.name == cell.model);
        let condition = conditions.iter().position(|id| **id == cell.condition);
        (model, condition)
    };
    let mut cells = stats::lens_cells(pool.facts().map(|fact| fact.seen(lens)));
    cells.sort_by_key(place);
    let told = cells.into_iter().map(|cell| {
        let model = models.iter().find(|model| model.name == cell.model);
        // A model of a record that is not in the design is none that could be compared.
        let kind = model.map_or(Kind::Script, |model| model.kind);
        told(cell, kind, examples)
    });
    told.collect()
}

fn told(cell: LensCell, kind: Kind, examples: &Examples) -> Cell {
    let wordings = cell
        .wordings
        .iter()
        .map(|(wording, resistance)| WordingCell {
            wording: wording.clone(),
            rate: Rate::of(resistance),
        });
    Cell {
        kind,
        rate: Rate::of(&cell.resistance),
        wordings: wordings.collect(),
        over_wordings: cell.over_wordings.map(Into::into),
        verdicts: cell.verdicts,
        outcomes: cell.outcomes,
        interfered: cell.interfered,
        tactics: cell.tactics.into_iter().map(Into::into).collect(),
        examples: examples.of_cell(&cell.model, &cell.condition),
        model: cell.model,
        condition: cell.condition,
    }
}

impl From<Method> for TacticCount {
    fn from(method: Method) -> Self {
        Self {
            tactic: method.tactic,
            trials: method.trials,
            of_interfered: method.rate.map(Into::into),
        }
    }
}
