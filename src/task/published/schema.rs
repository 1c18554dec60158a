//! The shape of `published.toml`.

use serde::Deserialize;
use toml::Spanned;

use super::Measure;
use crate::task::fields::{Line, Name};
use crate::verdict::Lens;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileTable {
    #[serde(rename = "model")]
    pub(super) models: Vec<ModelTable>,
    pub(super) series: Vec<SeriesTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelTable {
    pub(super) name: Line,
    pub(super) ask: Spanned<Vec<Line>>,
    pub(super) note: Option<Line>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeriesTable {
    pub(super) experiment: Name,
    pub(super) task: Name,
    pub(super) lens: Lens,
    pub(super) measure: Measure,
    pub(super) source: Line,
    pub(super) date: Line,
    /// Between how many trials there are behind a row that says nothing of it.
    pub(super) trials: Spanned<[u64; 2]>,
    /// Behind the point of a percentage.
    pub(super) digits: u8,
    #[serde(rename = "row")]
    pub(super) rows: Vec<RowTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RowTable {
    pub(super) model: Spanned<Line>,
    pub(super) condition: Name,
    pub(super) k: Option<u64>,
    pub(super) n: Option<u64>,
    pub(super) percent: Option<f64>,
    pub(super) ci: Option<[f64; 2]>,
    #[serde(default)]
    pub(super) off: bool,
    pub(super) at_least: Option<u64>,
    #[serde(default)]
    pub(super) figure: bool,
    #[serde(default)]
    pub(super) conflict: bool,
}
