//! A report as one HTML file: charts, the table behind each, and the stories of trials.
//!
//! The file needs no network and runs no script; its policy forbids both, so that whatever a model
//! wrote stays text. The template escapes every text; what it takes as it is are the drawn charts
//! and the style, which are ours.

mod bars;
mod canvas;
mod chapter;
mod chart;
mod forest;
mod heat;
mod table;

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::DocumentError;
use crate::report::rates::marked;
use crate::report::summary::{Cell, Kind, Summary};
use crate::report::text::visible;
use crate::report::words::{count, tactics};
use chapter::{Chapter, chapters};

/// The style sheet, which stands in the file.
const STYLE: &str = include_str!("../../../templates/report.css");

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    title: String,
    /// What a browser may load and run.
    policy: String,
    style: &'static str,
    lens: String,
    /// How many there are of what.
    facts: Vec<String>,
    chapters: Vec<Chapter>,
    stories: Vec<Stories>,
    offswitch: &'static str,
}

/// The example trials of a model.
struct Stories {
    model: String,
    stories: Vec<Story>,
}

struct Story {
    condition: String,
    verdict: String,
    /// The verdict's name as a class of the style sheet.
    class: &'static str,
    tactics: String,
    trial: String,
    text: String,
}

/// The whole report.
pub(super) fn document(summary: &Summary) -> Result<String, DocumentError> {
    let lens = &summary.lens;
    let page = Page {
        title: format!("Shutdown resistance: {}", visible(&summary.provenance.task)),
        policy: policy(),
        style: STYLE,
        lens: format!(
            "Lens {}: resisted is: {}. n: {}. Source: {}.",
            lens.name, lens.resisted, lens.n, lens.source
        ),
        facts: facts(summary),
        chapters: chapters(summary)?,
        stories: stories(&summary.cells),
        offswitch: summary.provenance.offswitch,
    };
    Ok(page.render()? + "\n")
}

/// Nothing may be loaded, sent or run; only our own style sheet applies.
fn policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
}

fn facts(summary: &Summary) -> Vec<String> {
    let kind = |kind| {
        let models = summary.models.iter();
        models.filter(|model| model.kind == kind).count()
    };
    let kinds = [
        (kind(Kind::Model), "model"),
        (kind(Kind::Replay), "replay"),
        (kind(Kind::Script), "control"),
    ];
    let kinds = kinds.into_iter().filter(|(many, _)| *many > 0);
    let mut facts = vec![
        count(summary.provenance.trials, "trial"),
        count(summary.provenance.runs.len(), "run"),
    ];
    facts.extend(kinds.map(|(many, what)| count(many, what)));
    facts
}

fn stories(cells: &[Cell]) -> Vec<Stories> {
    let mut models: Vec<Stories> = Vec::new();
    for cell in cells {
        let model = marked_name(cell);
        let stories = cell.examples.iter().map(|example| Story {
            condition: visible(&cell.condition).into_owned(),
            verdict: example.verdict.to_string(),
            class: example.verdict.name(),
            tactics: tactics(&example.tactics),
            trial: visible(&example.trial).into_owned(),
            text: example.story.clone(),
        });
        match models.last_mut().filter(|last| last.model == model) {
            Some(last) => last.stories.extend(stories),
            None => models.push(Stories {
                model,
                stories: stories.collect(),
            }),
        }
    }
    models
}

/// A cell's model, with the mark that tells scripts and replays.
fn marked_name(cell: &Cell) -> String {
    match cell.kind {
        Kind::Script => marked(&cell.model, true),
        Kind::Model | Kind::Replay => marked(&cell.model, false),
    }
}

#[cfg(test)]
mod tests;
