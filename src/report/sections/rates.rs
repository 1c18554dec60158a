//! What came of each model in each condition.

use super::phrases::{bounds, counted, fraction, percent_of, rate_of};
use super::{Section, Topic};
use crate::report::grid::{Align, Grid};
use crate::report::rates::{marked, place};
use crate::report::summary::{Cell, Kind, Summary};
use crate::report::text::visible;
use crate::verdict::{Tactic, Verdict};

const CONDITION: (&str, Align) = ("condition", Align::Left);

/// How often each model resisted by the lens. What is no fresh trial of a model has a table of
/// its own.
pub(super) fn rates(summary: &Summary, kind: Kind) -> Option<Section> {
    let cells = summary.cells.iter().filter(|cell| cell.kind == kind);
    let cells: Vec<_> = cells.cloned().collect();
    let note = match kind {
        Kind::Model => {
            "Intervals are Jeffreys's, of trials that are independent and alike. Not in n: valid \
             trials to which the lens does not apply. Had all counted: the rate if none, and if \
             all, of the trials that are not in n had been resisted."
        }
        Kind::Replay => "† replay: answers out of a recording, no fresh trials of the model.",
        Kind::Script => "* scripted: a control that plays a script, not a model.",
    };
    let mut grid = Grid::new([
        CONDITION,
        ("resisted", Align::Right),
        ("rate (95 % CI)", Align::Right),
        ("not in n", Align::Right),
        ("invalid", Align::Right),
        ("had all counted", Align::Right),
    ]);
    let is_stopped = |cell: &Cell| {
        let mut stopped = summary.stopped.iter();
        stopped.any(|one| one.model == cell.model && one.condition == cell.condition)
    };
    by_model(&mut grid, &cells, |cell| {
        let rate = &cell.rate;
        let mark = if is_stopped(cell) { " ‡" } else { "" };
        vec![vec![
            fraction(cell) + mark,
            rate_of(rate),
            rate.excluded.to_string(),
            rate.invalid.to_string(),
            bounds(rate),
        ]]
    });
    let mut notes = vec![note.to_owned()];
    if cells.iter().any(is_stopped) {
        notes.push("‡ stopped early, by the rule that the plan declared.".into());
    }
    (!cells.is_empty()).then(|| Section::of_grid(Topic::Rates(kind), grid, notes))
}

/// Which cells were stopped early.
pub(super) fn stopped(summary: &Summary) -> Option<Section> {
    let mut grid = Grid::new([
        CONDITION,
        ("wording", Align::Left),
        ("after", Align::Right),
        ("resisted then", Align::Right),
        ("spared", Align::Right),
        ("half-width, points", Align::Right),
        ("looked at every", Align::Right),
    ]);
    let mut group = None;
    for one in &summary.stopped {
        if group != Some(&one.model) {
            group = Some(&one.model);
            grid.group(visible(&one.model).into_owned());
        }
        grid.row([
            place(&one.condition, None),
            visible(&one.wording).into_owned(),
            one.after.to_string(),
            format!("{}/{}", one.resisted, one.n),
            one.spared.to_string(),
            ((1000.0 * one.half_width).round() / 10.0).to_string(),
            one.every.to_string(),
        ]);
    }
    let note = "The plan declared before the first trial that a cell stops as soon as its interval \
                is so narrow. The trials that were spared are not missing.";
    let is_any = !summary.stopped.is_empty();
    is_any.then(|| Section::of_grid(Topic::Stopped, grid, vec![note.into()]))
}

/// How much the wording matters.
pub(super) fn wordings(summary: &Summary) -> Option<Section> {
    let mut grid = Grid::new([
        CONDITION,
        ("wording", Align::Left),
        ("resisted", Align::Right),
        ("rate (95 % CI)", Align::Right),
        ("design effect", Align::Right),
    ]);
    let several = summary.cells.iter();
    let several: Vec<_> = several
        .filter(|cell| cell.over_wordings.is_some())
        .cloned()
        .collect();
    by_model(&mut grid, &several, |cell| {
        let each = cell.wordings.iter().map(|one| {
            let resisted = format!("{}/{}", one.rate.resisted, one.rate.n);
            let wording = visible(&one.wording).into_owned();
            vec![wording, resisted, rate_of(&one.rate), String::new()]
        });
        let over = cell.over_wordings.iter().map(|over| {
            let rate = percent_of(Some(over.share), Some(over.korn_graubard), cell.rate.n);
            let effect = format!("{:.1}", over.design_effect);
            vec!["over wordings".into(), fraction(cell), rate, effect]
        });
        each.chain(over).collect()
    });
    let note = "The interval over wordings is for others like them (Korn and Graubard). Design \
                effect: how many times more trials are needed than if wordings did not matter.";
    (!several.is_empty()).then(|| Section::of_grid(Topic::Wordings, grid, vec![note.into()]))
}

/// How many trials have each verdict.
pub(super) fn verdicts(summary: &Summary) -> Section {
    let titles = Verdict::ALL.map(|verdict| (verdict.name(), Align::Right));
    let mut grid = Grid::new([CONDITION].into_iter().chain(titles));
    by_model(&mut grid, &summary.cells, |cell| {
        vec![
            Verdict::ALL
                .map(|verdict| cell.count(verdict).to_string())
                .into(),
        ]
    });
    Section::of_grid(Topic::Verdicts, grid, Vec::new())
}

/// How many trials ended in each way.
pub(super) fn outcomes(summary: &Summary) -> Section {
    let mut grid = Grid::new([CONDITION, ("outcomes", Align::Left)]);
    by_model(&mut grid, &summary.cells, |cell| {
        let outcomes = cell.outcomes.iter();
        let outcomes = outcomes.map(|(outcome, count)| (visible(outcome).into_owned(), count));
        vec![vec![counted(outcomes)]]
    });
    Section::of_grid(Topic::Outcomes, grid, Vec::new())
}

/// By which tactics models interfered.
pub(super) fn tactics(summary: &Summary) -> Option<Section> {
    let mut grid = Grid::new([
        CONDITION,
        ("interfered", Align::Right),
        ("tactic", Align::Left),
        ("trials", Align::Right),
        ("share (95 % CI)", Align::Right),
    ]);
    let interfered = summary.cells.iter();
    let interfered: Vec<_> = interfered
        .filter(|cell| cell.interfered > 0)
        .cloned()
        .collect();
    by_model(&mut grid, &interfered, |cell| {
        let valid: u64 = cell.rate.n + cell.rate.excluded;
        let rows = cell.tactics.iter().map(|tactic| {
            let share = tactic.of_interfered;
            vec![
                format!("{}/{valid}", cell.interfered),
                tactic.tactic.to_string(),
                tactic.trials.to_string(),
                percent_of(
                    share.map(|one| one.share),
                    share.map(|one| one.jeffreys),
                    cell.interfered,
                ),
            ]
        });
        rows.collect()
    });
    let mut notes = vec![
        "Shares are of the valid trials that interfered at all. Several tactics may apply to one \
         trial."
            .to_owned(),
    ];
    let is_other = |cell: &Cell| cell.tactics.iter().any(|one| one.tactic == Tactic::Other);
    if interfered.iter().any(is_other) {
        notes.push(format!(
            "{} is what no tactic describes: look at it with `offswitch show RUN --tactic {}`.",
            Tactic::Other,
            Tactic::Other
        ));
    }
    (!interfered.is_empty()).then(|| Section::of_grid(Topic::Tactics, grid, notes))
}

/// Rows for each cell below its model. Only the first row of a cell names it.
fn by_model(grid: &mut Grid, cells: &[Cell], rows: impl Fn(&Cell) -> Vec<Vec<String>>) {
    let mut group = None;
    for cell in cells {
        if group != Some(&cell.model) {
            group = Some(&cell.model);
            grid.group(marked(&cell.model, scripted(cell.kind)));
        }
        let mut condition = place(&cell.condition, None);
        for row in rows(cell) {
            let first = [std::mem::take(&mut condition)];
            grid.row(first.into_iter().chain(row));
        }
    }
}

fn scripted(kind: Kind) -> bool {
    match kind {
        Kind::Script => true,
        Kind::Model | Kind::Replay => false,
    }
}
