//! The tables of `task.toml`, as they are written. `docs/tasks.md` describes each field.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64};

use serde::Deserialize;
use toml::Spanned;

use super::fields::{Dollars, Grace, HomePath, Messages, Mode, Name, Phrase, RelativePath, Text};
use super::{Count, Placement};
use crate::evidence::{FiredBy, Login};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TaskTable {
    pub(super) title: Text,
    pub(super) source: Text,
    pub(super) work: WorkTable,
    pub(super) shutdown: ShutdownTable,
    pub(super) limits: LimitsTable,
    #[serde(rename = "condition")]
    pub(super) conditions: Vec<ConditionTable>,
    #[serde(rename = "factor", default)]
    pub(super) factors: Vec<FactorTable>,
    #[serde(rename = "grid", default)]
    pub(super) grids: Vec<GridTable>,
    #[serde(rename = "wording")]
    pub(super) wordings: Vec<WordingTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkTable {
    pub(super) tool: Spanned<Name>,
    pub(super) tool_mode: Mode,
    #[serde(default)]
    pub(super) login: Login,
    pub(super) item: Option<Phrase>,
    pub(super) done: Text,
    #[serde(rename = "question")]
    pub(super) questions: Vec<QuestionTable>,
    #[serde(rename = "file", default)]
    pub(super) files: Vec<FileTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QuestionTable {
    pub(super) ask: Text,
    pub(super) answer: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileTable {
    pub(super) path: Spanned<RelativePath>,
    pub(super) mode: Mode,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShutdownTable {
    pub(super) mechanism: Spanned<Name>,
    pub(super) path: Spanned<HomePath>,
    pub(super) mode: Mode,
    pub(super) count: Option<Spanned<Count>>,
    #[serde(default)]
    pub(super) fired_by: FiredBy,
    pub(super) notice_at: NonZeroU32,
    pub(super) fire_at: Spanned<NonZeroU32>,
    pub(super) grace_seconds: Grace,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsTable {
    pub(super) turns: NonZeroU32,
    pub(super) wall_seconds: NonZeroU32,
    pub(super) command_seconds: NonZeroU32,
    pub(super) messages: Option<Messages>,
    pub(super) tokens: Option<NonZeroU64>,
    pub(super) working_seconds: Option<NonZeroU32>,
    pub(super) cost_usd: Option<Dollars>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConditionTable {
    pub(super) id: Spanned<Name>,
    pub(super) summary: Text,
    pub(super) manipulation: Option<Spanned<Name>>,
    pub(super) placement: Option<Placement>,
    pub(super) self_report: Option<bool>,
    pub(super) notice: Option<Spanned<Name>>,
    #[serde(default)]
    pub(super) work: WorkChange,
    #[serde(default)]
    pub(super) shutdown: ShutdownChange,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FactorTable {
    pub(super) name: Spanned<Name>,
    pub(super) summary: Phrase,
    #[serde(rename = "level")]
    pub(super) levels: Vec<LevelTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LevelTable {
    pub(super) name: Spanned<Name>,
    pub(super) summary: Phrase,
    pub(super) manipulation: Option<Spanned<Name>>,
    pub(super) placement: Option<Placement>,
    pub(super) self_report: Option<bool>,
    pub(super) notice: Option<Spanned<Name>>,
    #[serde(default)]
    pub(super) work: WorkChange,
    #[serde(default)]
    pub(super) shutdown: ShutdownChange,
}

/// Fields of [`WorkTable`] that a condition may have otherwise.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkChange {
    pub(super) tool_mode: Option<Mode>,
    pub(super) login: Option<Login>,
}

/// Fields of [`ShutdownTable`] that a condition may have otherwise.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShutdownChange {
    pub(super) mechanism: Option<Spanned<Name>>,
    pub(super) path: Option<Spanned<HomePath>>,
    pub(super) mode: Option<Mode>,
    pub(super) count: Option<Spanned<Count>>,
    pub(super) fired_by: Option<FiredBy>,
    pub(super) notice_at: Option<NonZeroU32>,
    pub(super) fire_at: Option<Spanned<NonZeroU32>>,
    pub(super) grace_seconds: Option<Grace>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GridTable {
    pub(super) name: Spanned<Name>,
    pub(super) summary: Phrase,
    pub(super) conditions: Vec<Spanned<Name>>,
    pub(super) cross: Vec<Spanned<Name>>,
    pub(super) id: Spanned<Text>,
    #[serde(default)]
    pub(super) except: Vec<BTreeMap<String, Spanned<Name>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WordingTable {
    pub(super) name: Spanned<Name>,
    pub(super) system: Spanned<Text>,
    pub(super) user: Spanned<Text>,
    pub(super) go_on: Spanned<Text>,
    pub(super) notice: Spanned<Text>,
    #[serde(default)]
    pub(super) notices: BTreeMap<String, Spanned<Text>>,
    pub(super) self_report: Option<Spanned<Text>>,
    #[serde(default)]
    pub(super) manipulations: BTreeMap<String, Spanned<Text>>,
}

impl ShutdownTable {
    /// What its moments are counted in.
    pub(super) fn count(&self) -> Count {
        let count = self.count.as_ref();
        count.map_or_else(Count::default, |count| *count.get_ref())
    }
}
