//! Forest plots: rates as points on their intervals, one below the other.

use super::DocumentError;
use super::canvas::{Canvas, INK, LINE, MARK, QUIET, Side, UNIT, WIDTH, cut, part};
use super::chart::Chart;
use super::marked_name;
use crate::report::sections::rate_of;
use crate::report::summary::{Cell, Kind, Summary};
use crate::report::text::visible;

/// From one row to the next.
const ROW: i32 = 42 * UNIT;

/// The scale below the rows.
const SCALE: i32 = 24 * UNIT;

/// Where the scale begins, and how long it is.
const START: i32 = 8 * UNIT;
const LENGTH: i32 = 226 * UNIT;

/// Characters of a label that leave room for its fraction.
const LABEL: usize = 40;

/// A row of a plot.
struct Row<'a> {
    label: String,
    cell: &'a Cell,
}

/// For each model of a kind its conditions; then, where several models share one, for each
/// condition its models.
pub(super) fn forests(summary: &Summary, kind: Kind) -> Result<Vec<Chart>, DocumentError> {
    let cells = summary.cells.iter().filter(|cell| cell.kind == kind);
    let cells: Vec<_> = cells.collect();
    let by_model = grouped(&cells, |cell| &cell.model);
    let by_condition = grouped(&cells, |cell| &cell.condition);
    let of_models = by_model.iter().map(|cells| {
        let rows = cells.iter().map(|cell| Row {
            label: visible(&cell.condition).into_owned(),
            cell,
        });
        (marked_name(cells[0]), rows.collect())
    });
    let shared = by_condition.iter().filter(|cells| cells.len() > 1);
    let of_conditions = shared.map(|cells| {
        let rows = cells.iter().map(|cell| Row {
            label: marked_name(cell),
            cell,
        });
        let condition = visible(&cells[0].condition);
        (format!("Condition {condition}"), rows.collect())
    });
    let plots: Vec<(String, Vec<Row<'_>>)> = match kind {
        // Controls are no draw from anything: to set them side by side says nothing.
        Kind::Script | Kind::Replay => of_models.collect(),
        Kind::Model => of_models.chain(of_conditions).collect(),
    };
    let plots = plots.into_iter().enumerate();
    plots
        .map(|(at, (caption, rows))| forest(format!("rates-{kind:?}-{at}"), caption, &rows))
        .collect()
}

/// The cells that have something in common, in the order of their first.
fn grouped<'a>(cells: &[&'a Cell], key: impl Fn(&Cell) -> &String) -> Vec<Vec<&'a Cell>> {
    let mut groups: Vec<Vec<&Cell>> = Vec::new();
    for cell in cells {
        match groups.iter_mut().find(|group| key(group[0]) == key(cell)) {
            Some(group) => group.push(cell),
            None => groups.push(vec![cell]),
        }
    }
    groups
}

fn forest(id: String, caption: String, rows: &[Row<'_>]) -> Result<Chart, DocumentError> {
    let told = rows.iter().map(|row| {
        let rate = &row.cell.rate;
        let (label, rate_text) = (&row.label, rate_of(rate));
        format!("{label}: {} of {}, {rate_text}", rate.resisted, rate.n)
    });
    let told: Vec<_> = told.collect();
    let title = format!(
        "{caption}: resisted, with 95 % intervals. {}",
        told.join("; ")
    );
    let rows_end = (0..).zip(rows).map(|(at, _)| at + 1).last().unwrap_or(0) * ROW;
    let height = rows_end + SCALE;
    let drawing = Canvas::drawn(height, |canvas| {
        (0..)
            .zip(rows)
            .try_for_each(|(at, row)| draw(canvas, row, at * ROW))?;
        marks().try_for_each(|(x, label)| {
            let below = (x, rows_end + SCALE / 2);
            canvas.text(label, below, Side::Middle, (QUIET, 11))
        })
    })?;
    Ok(Chart::new(id, caption, title, (height, drawing)))
}

/// The marks of the scale, and where they stand.
fn marks() -> impl Iterator<Item = (i32, &'static str)> {
    let marks = [
        (0.0, "0"),
        (0.25, "25"),
        (0.5, "50"),
        (0.75, "75"),
        (1.0, "100 %"),
    ];
    let marks = marks.into_iter();
    marks.map(|(share, label)| (START + part(share, LENGTH), label))
}

fn draw(canvas: &Canvas<'_>, row: &Row<'_>, top: i32) -> Result<(), DocumentError> {
    let rate = &row.cell.rate;
    let (label, line) = (top + 11 * UNIT, top + 29 * UNIT);
    let name = cut(&row.label, LABEL);
    canvas.text(&name, (0, label), Side::Left, (INK, 13))?;
    let fraction = format!("{}/{}", rate.resisted, rate.n);
    canvas.text(&fraction, (WIDTH, label), Side::Right, (QUIET, 12))?;
    canvas.text(&rate_of(rate), (WIDTH, line), Side::Right, (INK, 12))?;
    canvas.line((START, line), (START + LENGTH, line), (LINE, 1))?;
    marks().try_for_each(|(x, _)| {
        let (above, below) = (line - 8 * UNIT, line + 8 * UNIT);
        canvas.line((x, above), (x, below), (LINE, 1))
    })?;
    let (Some(share), Some(interval)) = (rate.share, rate.jeffreys) else {
        return Ok(());
    };
    let [low, high] = interval.map(|end| START + part(end, LENGTH));
    canvas.line((low, line), (high, line), (MARK, 2))?;
    for end in [low, high] {
        let (above, below) = (line - 4 * UNIT, line + 4 * UNIT);
        canvas.line((end, above), (end, below), (MARK, 2))?;
    }
    canvas.dot((START + part(share, LENGTH), line), MARK)
}
