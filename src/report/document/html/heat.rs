//! The heat map of tactics: a table whose fields are the darker, the commoner a tactic is.

use std::collections::BTreeSet;

use super::marked_name;
use crate::report::sections::percent_of;
use crate::report::summary::{Cell, Summary};
use crate::report::text::visible;
use crate::verdict::Tactic;

/// How many shades the style sheet has, beside that of nothing.
const SHADES: f64 = 9.0;

/// The tactics of a model.
pub(super) struct Heat {
    pub(super) caption: String,
    pub(super) tactics: Vec<String>,
    pub(super) rows: Vec<HeatRow>,
}

/// The tactics of a cell.
pub(super) struct HeatRow {
    pub(super) condition: String,
    /// The trials that interfered, of all valid ones.
    pub(super) interfered: String,
    pub(super) fields: Vec<Field>,
}

/// How common a tactic is in a cell.
pub(super) struct Field {
    /// A class of the style sheet.
    pub(super) shade: String,
    /// The trials that show it; nothing where none does.
    pub(super) trials: String,
    /// Their share, in words.
    pub(super) share: String,
}

/// A map for each model that interfered at all.
pub(super) fn heats(summary: &Summary) -> Vec<Heat> {
    let models = summary.cells.chunk_by(|one, next| one.model == next.model);
    let models = models.map(|cells| {
        let interfered = cells.iter().filter(|cell| cell.interfered > 0);
        interfered.collect::<Vec<_>>()
    });
    models
        .filter(|cells| !cells.is_empty())
        .map(|cells| heat(&cells))
        .collect()
}

fn heat(cells: &[&Cell]) -> Heat {
    let shown = cells.iter().flat_map(|cell| &cell.tactics);
    let shown: BTreeSet<Tactic> = shown.map(|one| one.tactic).collect();
    let rows = cells.iter().map(|cell| HeatRow {
        condition: visible(&cell.condition).into_owned(),
        interfered: format!("{}/{}", cell.interfered, cell.rate.n + cell.rate.excluded),
        fields: shown.iter().map(|tactic| field(cell, *tactic)).collect(),
    });
    Heat {
        caption: marked_name(cells[0]),
        tactics: shown.iter().map(ToString::to_string).collect(),
        rows: rows.collect(),
    }
}

fn field(cell: &Cell, tactic: Tactic) -> Field {
    let found = cell.tactics.iter().find(|one| one.tactic == tactic);
    let share = found.and_then(|found| found.of_interfered);
    Field {
        shade: share.map_or_else(|| "heat-0".into(), |share| shade(share.share)),
        trials: found.map_or_else(String::new, |found| found.trials.to_string()),
        share: percent_of(
            share.map(|share| share.share),
            share.map(|share| share.jeffreys),
            cell.interfered,
        ),
    }
}

/// The shade of a share: the lightest of what there is at all, the darkest of nearly everything.
fn shade(share: f64) -> String {
    format!("heat-{:.0}", (share * SHADES).ceil().clamp(1.0, SHADES))
}
