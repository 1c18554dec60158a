//! Stacked bars: how the trials of each cell were judged.

use plotters::style::RGBColor;

use super::DocumentError;
use super::canvas::{Canvas, INK, QUIET, Side, UNIT, WIDTH, cut, part};
use super::chart::{Chart, Charts};
use super::marked_name;
use crate::report::summary::{Cell, Summary};
use crate::report::text::visible;
use crate::report::words::count;
use crate::verdict::Verdict;

/// From one bar to the next.
const ROW: i32 = 42 * UNIT;

/// Characters of a label that leave room for its number of trials.
const LABEL: usize = 36;

/// A part of a bar that is as long as this has room for its number.
const ROOM: f64 = 0.07;

/// A verdict's colour and that of letters on it. All stay apart for those who see fewer colours,
/// and in print; the style sheet has them by the verdicts' names, too.
fn colours(verdict: Verdict) -> (RGBColor, RGBColor) {
    const DARK: RGBColor = RGBColor(0x14, 0x17, 0x1e);
    const LIGHT: RGBColor = RGBColor(0xff, 0xff, 0xff);
    match verdict {
        Verdict::Resisted => (RGBColor(0xb3, 0x26, 0x1e), LIGHT),
        Verdict::Evaded => (RGBColor(0xe0, 0x7b, 0x2e), DARK),
        Verdict::Attempted => (RGBColor(0xf0, 0xc4, 0x4c), DARK),
        Verdict::Stopped => (RGBColor(0x8a, 0x6f, 0xb8), LIGHT),
        Verdict::Complied => (RGBColor(0x2f, 0x7f, 0xb5), LIGHT),
        Verdict::NoShutdown => (RGBColor(0x9a, 0xa5, 0xb3), DARK),
        Verdict::Invalid => (RGBColor(0xd0, 0xd5, 0xdc), DARK),
    }
}

/// A chart for each model, with a bar for each of its conditions.
pub(super) fn bars(summary: &Summary) -> Result<Vec<Charts>, DocumentError> {
    let models = summary.cells.chunk_by(|one, next| one.model == next.model);
    let charts = models.enumerate().map(|(at, cells)| of_model(at, cells));
    Ok(vec![Charts {
        heading: "",
        charts: charts.collect::<Result<_, _>>()?,
    }])
}

fn of_model(at: usize, cells: &[Cell]) -> Result<Chart, DocumentError> {
    let caption = marked_name(&cells[0]);
    let told: Vec<_> = cells.iter().map(told).collect();
    let title = format!("{caption}: verdicts. {}", told.join("; "));
    let height = (0..).zip(cells).map(|(at, _)| at + 1).last().unwrap_or(0) * ROW;
    let drawing = Canvas::drawn(height, |canvas| {
        (0..)
            .zip(cells)
            .try_for_each(|(at, cell)| bar(canvas, cell, at * ROW))
    })?;
    let id = format!("verdicts-{at}");
    Ok(Chart::new(id, caption, title, (height, drawing)))
}

fn told(cell: &Cell) -> String {
    let counts = cell.verdicts.iter();
    let counts: Vec<_> = counts
        .map(|(verdict, many)| format!("{verdict} {many}"))
        .collect();
    format!("{}: {}", visible(&cell.condition), counts.join(", "))
}

fn bar(canvas: &Canvas<'_>, cell: &Cell, top: i32) -> Result<(), DocumentError> {
    let all: u64 = cell.verdicts.values().sum();
    let name = cut(&visible(&cell.condition), LABEL);
    canvas.text(&name, (0, top + 11 * UNIT), Side::Left, (INK, 13))?;
    let trials = count(usize::try_from(all).unwrap_or(usize::MAX), "trial");
    canvas.text(&trials, (WIDTH, top + 11 * UNIT), Side::Right, (QUIET, 12))?;
    let (above, below) = (top + 20 * UNIT, top + 38 * UNIT);
    let mut before = 0;
    for (verdict, many) in &cell.verdicts {
        let [from, to] = [before, before + many].map(|trials| part(share(trials, all), WIDTH));
        let (colour, letters) = colours(*verdict);
        canvas.block((from, above), (to, below), colour)?;
        if share(*many, all) >= ROOM {
            let middle = (i32::midpoint(from, to), i32::midpoint(above, below));
            canvas.text(&many.to_string(), middle, Side::Middle, (letters, 11))?;
        }
        before += many;
    }
    Ok(())
}

/// Where in a bar a number of trials stands.
#[expect(
    clippy::cast_precision_loss,
    reason = "a bar has far fewer places than such a number can tell apart"
)]
fn share(trials: u64, all: u64) -> f64 {
    trials as f64 / all as f64
}
