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
    pub(super) digits: Digits,
    #[serde(rename = "row")]
    pub(super) rows: Vec<RowTable>,
}

/// How many digits stand behind the point of a percentage.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "u8")]
pub(super) struct Digits(pub(super) u8);

impl TryFrom<u8> for Digits {
    type Error = String;

    fn try_from(digits: u8) -> Result<Self, String> {
        if digits <= 4 {
            Ok(Self(digits))
        } else {
            Err(format!("`{digits}` are too many digits: write 0 to 4"))
        }
    }
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
