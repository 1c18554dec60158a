//! A run whose trials another program ran: where they are from, and what they were scored there.

use super::grid::{Align, Grid};
use super::page::Page;
use super::style::Style;
use super::text::visible;
use super::words::{clipped, count};
use crate::run::{OutlinedRun, Source};
use crate::stats::{self, OwnScored, OwnScores};
use crate::trial::{OwnScore, TrialOutline};

/// Values of a scorer that are listed.
const LISTED_VALUES: usize = 6;

/// How much of a value is shown.
const VALUE_CHARS: usize = 40;

/// What stands in the place of rates.
pub(super) const NO_VERDICTS: &str = "imported: a conversation alone is no evidence, so that no trial has a \
                           verdict. The scores are those of the logs.";

/// What the run is, and the files that it is from.
pub(super) fn head(run: &OutlinedRun, style: Style) -> String {
    let manifest = &run.manifest;
    let mut page = Page::default();
    let when = format!("{}, {:.0}", visible(&manifest.run), manifest.started_at);
    page.field("run", when);
    for source in &manifest.imported {
        page.field_within(style, "imported", &told(source));
    }
    page.into_text()
}

fn told(source: &Source) -> String {
    let Source {
        file,
        file_hash: _,
        written_by,
        task,
        model,
        status,
        trials,
    } = source;
    let by = written_by.as_ref();
    let by = by.map_or_else(String::new, |program| format!(" by {program}"));
    let told = format!(
        "{file}{by}: {task}, {model}, {}, {status}",
        count(*trials, "trial")
    );
    visible(&told).into_owned()
}

/// The table of the logs' own scores.
pub(super) fn own_scores(run: &OutlinedRun, style: Style) -> String {
    let trials = run.trials.iter();
    let given = trials.flat_map(|trial| {
        let values = own_values(trial).into_iter();
        values.map(move |(scorer, value)| (trial, scorer, value))
    });
    let given: Vec<_> = given.collect();
    let scored = given.iter().map(|(trial, scorer, value)| OwnScored {
        model: &trial.model,
        condition: &trial.condition,
        scorer,
        value: value.clone(),
    });
    let told = stats::own_scores(scored);
    if told.is_empty() {
        return format!("{NO_VERDICTS} There are none.\n");
    }
    format!("{}\n{NO_VERDICTS}\n", grid(&told).render(style))
}

/// The scorers of a trial that was imported, with what they said of it.
pub(super) fn own_values(trial: &TrialOutline) -> Vec<(String, String)> {
    let scores = trial.imported.iter().flat_map(|imported| &imported.scores);
    let values = scores.map(|(scorer, score)| (scorer.clone(), value(score)));
    values.collect()
}

/// A row for each scorer of a model in a condition.
pub(super) fn grid(scores: &[OwnScores]) -> Grid {
    let mut grid = Grid::new([
        ("model", Align::Left),
        ("condition", Align::Left),
        ("scorer", Align::Left),
        ("n", Align::Right),
        ("mean", Align::Right),
        ("values", Align::Left),
    ]);
    for one in scores {
        grid.row([
            visible(&one.model).into_owned(),
            visible(&one.condition).into_owned(),
            visible(&one.scorer).into_owned(),
            one.n.to_string(),
            one.mean
                .map_or_else(|| "–".into(), |mean| format!("{mean:.3}")),
            values(one),
        ]);
    }
    grid
}

/// A value as it is counted: a text as it is, all else as JSON.
pub(super) fn value(score: &OwnScore) -> String {
    let text = score.value.as_str();
    text.map_or_else(|| score.value.to_string(), str::to_owned)
}

fn values(scores: &OwnScores) -> String {
    let listed = scores.values.iter().take(LISTED_VALUES);
    let listed =
        listed.map(|(value, count)| format!("{} × {count}", clipped(&visible(value), VALUE_CHARS)));
    let mut listed: Vec<_> = listed.collect();
    let more = scores.values.len().saturating_sub(LISTED_VALUES);
    if more > 0 {
        listed.push(format!("{more} more"));
    }
    listed.join(", ")
}
