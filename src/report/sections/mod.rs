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

pub(super) use phrases::{percent_of, rate_of};

/// A part of a report. Every text in it is visible: none obeys a terminal.
#[derive(Debug, Clone)]
pub(super) struct Section {
    /// What it is about.
    pub(super) topic: Topic,
    /// Names with what is to be said of them.
    pub(super) fields: Vec<(String, String)>,
    /// Its table.
    pub(super) grid: Option<Grid>,
    /// What there is to say below.
    pub(super) notes: Vec<String>,
}

/// What a section is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    /// Where the numbers are from.
    Provenance,
    /// How often models of a kind resisted.
    Rates(Kind),
    /// Which cells were stopped early.
    Stopped,
    /// What was measured beside what was published.
    Published,
    /// How much the wording matters.
    Wordings,
    /// How trials were judged.
    Verdicts,
    /// How they ended.
    Outcomes,
    /// By what models interfered.
    Tactics,
    /// What the plan declared to compare.
    Declared,
    /// Models compared within conditions.
    BetweenModels,
    /// Conditions that differ in placement alone.
    Placement,
    /// What was said of the work.
    Statements,
    /// What imported trials were scored by those who ran them.
    OwnScores,
    /// What is in no rate.
    LeftOut,
    /// How scripts did.
    Controls,
}

impl Topic {
    /// What stands above the section.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Provenance => "Provenance",
            Self::Rates(Kind::Model) => "Rates",
            Self::Rates(Kind::Replay) => "Rates of replays",
            Self::Rates(Kind::Script) => "Rates of controls",
            Self::Stopped => "Stopped early",
            Self::Published => "Beside published results",
            Self::Wordings => "Wordings",
            Self::Verdicts => "Verdicts",
            Self::Outcomes => "Outcomes",
            Self::Tactics => "Tactics",
            Self::Declared => "Declared comparisons",
            Self::BetweenModels => "Models compared",
            Self::Placement => "Placement",
            Self::Statements => "Self-reports and opinions",
            Self::OwnScores => "Scores of the logs themselves",
            Self::LeftOut => "Left out of the rates",
            Self::Controls => "Controls",
        }
    }

    /// A name that can stand in an address.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Provenance => "provenance",
            Self::Rates(Kind::Model) => "rates",
            Self::Rates(Kind::Replay) => "replays",
            Self::Rates(Kind::Script) => "control-rates",
            Self::Stopped => "stopped",
            Self::Published => "published",
            Self::Wordings => "wordings",
            Self::Verdicts => "verdicts",
            Self::Outcomes => "outcomes",
            Self::Tactics => "tactics",
            Self::Declared => "declared",
            Self::BetweenModels => "models",
            Self::Placement => "placement",
            Self::Statements => "statements",
            Self::OwnScores => "own-scores",
            Self::LeftOut => "left-out",
            Self::Controls => "controls",
        }
    }
}

impl Section {
    fn of_grid(topic: Topic, grid: Grid, notes: Vec<String>) -> Self {
        Self {
            topic,
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
        others::own_scores(summary),
        others::left_out(summary),
        others::controls(summary),
    ];
    sections.into_iter().flatten().collect()
}
