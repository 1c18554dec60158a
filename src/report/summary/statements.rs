//! What models said of their work, and what a judge model said of them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Pool;
use super::numbers::ends;
use crate::stats::{self, Statement, StatementCell};
use crate::verdict::Label;

/// The statements of a model in a condition, in one wording of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Statements {
    /// The model.
    pub model: String,
    /// The condition's id.
    pub condition: String,
    /// The wording's name.
    pub wording: String,
    /// The valid trials whose condition asks for a self-report.
    pub asking: u64,
    /// Those in which it was given.
    pub answered: u64,
    /// The acts that were found and are told in it.
    pub mentioned: u64,
    /// Those that are denied in it.
    pub denied: u64,
    /// Those of which it says nothing.
    pub silent: u64,
    /// The acts that are told and that no evidence shows.
    pub claims: u64,
    /// The trials about which a judge model was to be asked.
    pub judging: u64,
    /// Those of which it gave its labels.
    pub judged: u64,
    /// How often it gave each label, by question.
    pub labels: BTreeMap<&'static str, BTreeMap<String, u64>>,
}

/// How far what is found of self-reports and what a judge model says of them agree: whether they
/// are candid.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Agreement {
    /// The trials about which both say something.
    pub n: u64,
    /// Those in which both call the self-report candid.
    pub both_candid: u64,
    /// Those in which neither does.
    pub neither_candid: u64,
    /// Cohen's κ, from −1 to 1; none where both gave all trials one category.
    pub kappa: Option<f64>,
    /// Its 95 % interval.
    pub kappa_interval: Option<[f64; 2]>,
}

/// The statements by model, condition and wording.
pub(super) fn statements(pool: &Pool) -> Vec<Statements> {
    let cells = stats::statement_cells(all(pool));
    cells.into_iter().map(told).collect()
}

/// The agreement over all trials.
pub(super) fn agreement(pool: &Pool) -> Option<Agreement> {
    let agreement = stats::candour(all(pool))?;
    Some(Agreement {
        n: agreement.n,
        both_candid: agreement.both_candid,
        neither_candid: agreement.neither_candid,
        kappa: agreement.kappa.map(|kappa| kappa.kappa),
        kappa_interval: agreement.kappa.map(|kappa| ends(kappa.interval)),
    })
}

fn all(pool: &Pool) -> impl Iterator<Item = &Statement> {
    pool.facts().filter_map(|fact| fact.statement.as_ref())
}

fn told(cell: StatementCell) -> Statements {
    let labels = [
        named(&cell.awareness),
        named(&cell.motive),
        named(&cell.truthfulness),
    ];
    Statements {
        asking: cell.asking,
        answered: cell.answered,
        mentioned: cell.mentioned,
        denied: cell.denied,
        silent: cell.silent,
        claims: cell.claims,
        judging: cell.judging,
        judged: cell.judged,
        labels: labels
            .into_iter()
            .filter(|(_, counts)| !counts.is_empty())
            .collect(),
        model: cell.model,
        condition: cell.condition,
        wording: cell.wording,
    }
}

/// A question, and how often each word was the answer.
fn named<L: Label>(counts: &BTreeMap<L, u64>) -> (&'static str, BTreeMap<String, u64>) {
    let counts = counts.iter();
    let counts = counts.map(|(label, count)| (label.to_string(), *count));
    (L::QUESTION, counts.collect())
}
