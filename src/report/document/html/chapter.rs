//! The sections of a report with their charts.

use super::DocumentError;
use super::bars::bars;
use super::chart::Charts;
use super::forest;
use super::heat::{Heat, heats};
use super::table::Table;
use crate::report::sections::{Section, Topic, sections};
use crate::report::summary::Summary;
use crate::verdict::Verdict;

/// A section as the template takes it.
pub(super) struct Chapter {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) charts: Vec<Charts>,
    /// The verdicts whose colours the charts have.
    pub(super) legend: Vec<&'static str>,
    pub(super) heats: Vec<Heat>,
    pub(super) fields: Vec<(String, String)>,
    /// Its table.
    pub(super) table: Option<Table>,
    pub(super) notes: Vec<String>,
}

/// A table with more rows would stand between a reader and what comes after it.
const ROWS: usize = 24;

impl Chapter {
    /// Whether the table is folded away: it stands behind what shows the same, or is long.
    pub(super) fn is_folded(&self) -> bool {
        let bodies = self.table.iter().flat_map(|table| &table.bodies);
        self.is_drawn() || bodies.map(|body| body.rows.len()).sum::<usize>() > ROWS
    }

    /// What unfolds it.
    pub(super) fn unfold(&self) -> &'static str {
        if self.is_drawn() {
            "As a table"
        } else {
            "Show the table"
        }
    }

    fn is_drawn(&self) -> bool {
        !self.charts.is_empty() || !self.heats.is_empty()
    }
}

/// The chapters, with what people came for at the beginning and where it is from at the end.
pub(super) fn chapters(summary: &Summary) -> Result<Vec<Chapter>, DocumentError> {
    let mut sections = sections(summary);
    sections.sort_by_key(|section| section.topic == Topic::Provenance);
    sections
        .into_iter()
        .map(|section| chapter(section, summary))
        .collect()
}

fn chapter(section: Section, summary: &Summary) -> Result<Chapter, DocumentError> {
    let topic = section.topic;
    let charts = match topic {
        Topic::Rates(kind) => forest::rates(summary, kind)?,
        Topic::Published => forest::published(summary)?,
        Topic::Wordings => forest::wordings(summary)?,
        Topic::Verdicts => bars(summary)?,
        Topic::Provenance
        | Topic::Stopped
        | Topic::Outcomes
        | Topic::Tactics
        | Topic::Declared
        | Topic::BetweenModels
        | Topic::Placement
        | Topic::Statements
        | Topic::OwnScores
        | Topic::LeftOut
        | Topic::Controls => Vec::new(),
    };
    let mut notes = section.notes;
    if charts.iter().any(Charts::has_published) {
        notes.insert(
            0,
            "◆ what was published of the model, by the same lens.".into(),
        );
    }
    if topic == Topic::Wordings {
        notes.insert(0, "○ the rate of each wording.".into());
    }
    let legend = (topic == Topic::Verdicts).then(|| Verdict::ALL.map(Verdict::name));
    Ok(Chapter {
        id: topic.id(),
        title: topic.title(),
        charts,
        legend: legend.into_iter().flatten().collect(),
        heats: if topic == Topic::Tactics {
            heats(summary)
        } else {
            Vec::new()
        },
        fields: section.fields,
        table: section.grid.as_ref().map(Table::of),
        notes,
    })
}
