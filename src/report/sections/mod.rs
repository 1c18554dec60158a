//! A report's summary as titled sections of text and tables, for every format that people read.
//! Numbers become words here and nowhere else, so that they read the same everywhere.

mod contrasts;
mod origin;
mod others;
mod phrases;
mod published;
mod rates;

use super::grid::Grid;
use super::summary::{Kind, Summary};

/// A part of a report. Every text in it is visible: none obeys a terminal.
#[derive(Debug, Clone)]
pub(super) struct Section {
    /// What stands above it.
    pub(super) title: &'static str,
    /// Names with what is to be said of them.
    pub(super) fields: Vec<(String, String)>,
    /// Its table.
    pub(super) grid: Option<Grid>,
    /// What there is to say below.
    pub(super) notes: Vec<String>,
}

impl Section {
    fn of_grid(title: &'static str, grid: Grid, notes: Vec<String>) -> Self {
        Self {
            title,
            fields: Vec::new(),
            grid: Some(grid),
            notes,
        }
    }
}

/// The sections of a summary, without those of which there is nothing to say.
pub(super) fn sections(summary: &Summary) -> Vec<Section> {
    let sections = [
        Some(origin::origin(summary)),
        rates::rates(summary, Kind::Model),
        rates::rates(summary, Kind::Replay),
        rates::rates(summary, Kind::Script),
        rates::stopped(summary),
        published::published(summary),
        rates::wordings(summary),
        Some(rates::verdicts(summary)),
        Some(rates::outcomes(summary)),
        rates::tactics(summary),
        contrasts::declared(summary),
        contrasts::between_models(summary),
        contrasts::placement(summary),
        others::statements(summary),
        others::left_out(summary),
        others::controls(summary),
    ];
    sections.into_iter().flatten().collect()
}
