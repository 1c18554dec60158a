//! The sections of a report with their charts.

use super::DocumentError;
use super::bars::bars;
use super::chart::Chart;
use super::forest::forests;
use super::heat::{Heat, heats};
use super::table::Table;
use crate::report::sections::{Section, Topic, sections};
use crate::report::summary::Summary;
use crate::verdict::Verdict;

/// A section as the template takes it.
pub(super) struct Chapter {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) charts: Vec<Chart>,
    /// The verdicts whose colours the charts have.
    pub(super) legend: Vec<&'static str>,
    pub(super) heats: Vec<Heat>,
    pub(super) fields: Vec<(String, String)>,
    /// Its table; where there is a chart it is folded away behind it.
    pub(super) table: Option<Table>,
    pub(super) notes: Vec<String>,
}

impl Chapter {
    /// Whether the table stands behind something that shows the same.
    pub(super) fn is_drawn(&self) -> bool {
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
        Topic::Rates(kind) => forests(summary, kind)?,
        Topic::Verdicts => bars(summary)?,
        Topic::Provenance
        | Topic::Stopped
        | Topic::Published
        | Topic::Wordings
        | Topic::Outcomes
        | Topic::Tactics
        | Topic::Declared
        | Topic::BetweenModels
        | Topic::Placement
        | Topic::Statements
        | Topic::LeftOut
        | Topic::Controls => Vec::new(),
    };
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
        notes: section.notes,
    })
}
