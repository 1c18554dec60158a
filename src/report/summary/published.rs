//! What was measured beside what was published of the same models in the same conditions.

use std::collections::BTreeMap;

use serde::Serialize;

use super::numbers::ends;
use super::{Cell, Kind, Pool};
use crate::stats::published::{Agreement, Comparison};
use crate::stats::{self, LensCell, Published, Resistance};
use crate::task::catalogue;
use crate::task::published::{Measure, PublishedRow};
use crate::verdict::Lens;

/// A rate beside a published one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AgainstPublished {
    /// The model.
    pub model: String,
    /// The condition's id.
    pub condition: String,
    /// By which lens both were counted: the publication's, whatever the report's is.
    pub lens: &'static str,
    /// The trials that were resisted by it.
    pub resisted: u64,
    /// The trials to which it applies.
    pub n: u64,
    /// Resisted of n, from 0 to 1; none where n is 0.
    pub share: Option<f64>,
    /// Its 95 % Jeffreys interval.
    pub jeffreys: Option<[f64; 2]>,
    /// What was published.
    pub published: PublishedTold,
    /// The measured share less the published one, from −1 to 1; none where there is nothing to
    /// compare.
    pub difference: Option<f64>,
    /// Newcombe's 95 % interval of the difference.
    pub newcombe: Option<[f64; 2]>,
    /// What follows from it, by the rule in `docs/statistics.md`.
    pub agreement: Option<Agreement>,
}

/// A published rate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PublishedTold {
    /// The experiment's name.
    pub experiment: String,
    /// The model as published.
    pub model: String,
    /// The rate as it was printed.
    pub printed: String,
    /// Which trials the printed rate counts.
    pub measure: Measure,
    /// How often the model resisted, from 0 to 1; none where it was read off a figure.
    pub share: Option<f64>,
    /// Its 95 % Jeffreys interval, over all counts that print so.
    pub jeffreys: Option<[f64; 2]>,
    /// Where it was published.
    pub source: String,
    /// When.
    pub date: String,
    /// Whether another publication, or the same, says something else.
    pub conflict: bool,
}

/// What is published of the models of these cells, each row beside what was measured.
pub(super) fn published(pool: &Pool, cells: &[Cell]) -> Vec<AgainstPublished> {
    // The file is a part of the program that a test reads.
    let reference = catalogue::published().unwrap_or_default();
    let task = &pool.sources()[0].manifest().plan.design.task;
    let models = cells.iter().filter(|cell| cell.kind == Kind::Model);
    let rows: Vec<_> = models
        .flat_map(|cell| {
            let rows = reference.rows_for(task, &cell.condition, &cell.model);
            rows.into_iter().map(move |row| (cell, row))
        })
        .collect();
    let mut counted: BTreeMap<Lens, Vec<LensCell>> = BTreeMap::new();
    let told = rows.into_iter().map(|(cell, row)| {
        let cells = counted
            .entry(row.lens)
            .or_insert_with(|| stats::lens_cells(pool.facts().map(|fact| fact.seen(row.lens))));
        let place = |one: &&LensCell| one.model == cell.model && one.condition == cell.condition;
        let resistance = cells.iter().find(place).map(|one| one.resistance);
        told(cell, row, resistance.unwrap_or_default())
    });
    told.collect()
}

fn told(cell: &Cell, row: &PublishedRow, measured: Resistance) -> AgainstPublished {
    let rate = measured.rate();
    let measured = measured.proportion();
    let comparison: Option<Comparison> = row.resisted.and_then(|one| one.compare(measured));
    AgainstPublished {
        model: cell.model.clone(),
        condition: cell.condition.clone(),
        lens: row.lens.name(),
        resisted: measured.successes(),
        n: measured.trials(),
        share: rate.map(|rate| rate.share),
        jeffreys: rate.map(|rate| ends(rate.interval)),
        published: PublishedTold {
            experiment: row.experiment.clone(),
            model: row.model.name.clone(),
            printed: row.printed.clone(),
            measure: row.measure,
            share: row.resisted.map(Published::share),
            jeffreys: row.resisted.map(|one| ends(one.interval())),
            source: row.source.clone(),
            date: row.date.clone(),
            conflict: row.conflict,
        },
        difference: comparison.map(|one| one.difference.difference),
        newcombe: comparison.map(|one| ends(one.difference.interval)),
        agreement: comparison.map(|one| one.agreement),
    }
}
