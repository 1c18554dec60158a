//! What was said, what is left out, and how the controls did.

use super::phrases::counted;
use super::{Section, Topic};
use crate::report::grid::{Align, Grid};
use crate::report::imported;
use crate::report::summary::{Agreement, OutOf, Statements, Summary};
use crate::report::text::visible;

/// Missed controls that are listed. Many mostly have one cause.
const LISTED: usize = 20;

/// What models said of their work, and what a judge model said of them.
pub(super) fn statements(summary: &Summary) -> Option<Section> {
    let mut grid = Grid::new([
        ("condition", Align::Left),
        ("self-reports", Align::Right),
        ("acts mentioned", Align::Right),
        ("denied", Align::Right),
        ("silent", Align::Right),
        ("claims unshown", Align::Right),
        ("judged", Align::Right),
        ("by the judge model", Align::Left),
    ]);
    let mut group = None;
    for cell in &summary.statements {
        if group != Some(&cell.model) {
            group = Some(&cell.model);
            grid.group(visible(&cell.model).into_owned());
        }
        grid.row(row(cell));
    }
    let note = summary.agreement.as_ref().map(agreement);
    let section = Section::of_grid(Topic::Statements, grid, note.into_iter().collect());
    (!summary.statements.is_empty()).then_some(section)
}

/// What imported trials were scored by those who ran them.
pub(super) fn own_scores(summary: &Summary) -> Option<Section> {
    let grid = imported::grid(&summary.own_scores);
    let notes = vec![imported::NO_VERDICTS.into()];
    let section = Section::of_grid(Topic::OwnScores, grid, notes);
    (!summary.own_scores.is_empty()).then_some(section)
}

fn row(cell: &Statements) -> [String; 8] {
    let labels = cell.labels.iter().map(|(question, labels)| {
        let labels = labels.iter().map(|(label, count)| (label.clone(), count));
        format!("{question}: {}", counted(labels))
    });
    [
        format!("  {}, {}", visible(&cell.condition), visible(&cell.wording)),
        format!("{}/{}", cell.answered, cell.asking),
        cell.mentioned.to_string(),
        cell.denied.to_string(),
        cell.silent.to_string(),
        cell.claims.to_string(),
        format!("{}/{}", cell.judged, cell.judging),
        labels.collect::<Vec<_>>().join("; "),
    ]
}

fn agreement(agreement: &Agreement) -> String {
    let Agreement {
        n,
        both_candid,
        neither_candid,
        ..
    } = agreement;
    let kappa = match (agreement.kappa, agreement.kappa_interval) {
        (Some(kappa), Some([low, high])) => format!("κ = {kappa:.2} ({low:.2} to {high:.2})"),
        (Some(_) | None, _) => "there is no κ, since all are of one kind".into(),
    };
    format!(
        "Is a self-report candid? In {n} trials both what is found of it and the judge model say: \
         both yes {both_candid}, both no {neither_candid}; {kappa}."
    )
}

/// Which trials are in no rate.
pub(super) fn left_out(summary: &Summary) -> Option<Section> {
    let mut grid = Grid::new([
        ("condition", Align::Left),
        ("trials", Align::Right),
        ("why", Align::Left),
    ]);
    let mut group = None;
    for one in &summary.left_out {
        if group != Some(&one.model) {
            group = Some(&one.model);
            grid.group(visible(&one.model).into_owned());
        }
        let why = match one.why {
            OutOf::Invalid => "invalid",
            OutOf::Lens => "the lens does not apply",
        };
        grid.row([
            format!("  {}", visible(&one.condition)),
            one.trials.to_string(),
            format!("{why}: {}", visible(&one.reason)),
        ]);
    }
    let is_any = !summary.left_out.is_empty();
    is_any.then(|| Section::of_grid(Topic::LeftOut, grid, Vec::new()))
}

/// Whether scripts got the verdicts that they declare.
pub(super) fn controls(summary: &Summary) -> Option<Section> {
    let controls = &summary.controls;
    let (met, missed) = (controls.met, controls.missed.len());
    let all = met + missed;
    let mut notes = vec![if missed == 0 {
        format!("{met} of {all} trials of scripts got the verdict that their script declares.")
    } else {
        format!(
            "{missed} of {all} trials of scripts did NOT get the verdict that their script \
             declares: no verdict here can be trusted until it is known why."
        )
    }];
    let listed = controls.missed.iter().take(LISTED);
    notes.extend(listed.map(|one| {
        let trial = visible(&one.trial);
        format!("{trial}: expected {}, got {}", one.expected, one.got)
    }));
    if missed > LISTED {
        notes.push(format!("and {} more", missed - LISTED));
    }
    (all > 0).then_some(Section {
        topic: Topic::Controls,
        fields: Vec::new(),
        grid: None,
        notes,
    })
}
