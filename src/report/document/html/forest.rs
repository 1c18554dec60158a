//! Forest plots: rates as points on their intervals, one below the other.

use super::DocumentError;
use super::canvas::{Canvas, INK, LINE, MARK, PUBLISHED, QUIET, Side, UNIT, WIDTH, cut, part};
use super::chart::{Chart, Charts};
use super::marked_name;
use crate::report::sections::{percent_of, rate_of};
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
struct Row {
    label: String,
    /// How many there are of what, beside the label.
    counted: String,
    /// The rate in words.
    rate: String,
    point: Option<f64>,
    interval: Option<[f64; 2]>,
    /// Further rates, each a ring.
    rings: Vec<f64>,
    /// Published rates, each a diamond.
    published: Vec<f64>,
}

/// For each model of a kind its conditions; then, where several models share one, for each
/// condition its models.
pub(super) fn rates(summary: &Summary, kind: Kind) -> Result<Vec<Charts>, DocumentError> {
    let cells = summary.cells.iter().filter(|cell| cell.kind == kind);
    let cells: Vec<_> = cells.collect();
    let by_model = grouped(&cells, |cell| &cell.model);
    let of_models = by_model.iter().map(|cells| {
        let rows = cells.iter();
        let rows = rows.map(|cell| rate(visible(&cell.condition).into_owned(), cell, summary));
        (marked_name(cells[0]), rows.collect())
    });
    let mut charts = vec![Charts {
        heading: "",
        charts: plots(&format!("rates-{}", of_kind(kind)), of_models)?,
    }];
    let by_condition = grouped(&cells, |cell| &cell.condition);
    let shared = by_condition.iter().filter(|cells| cells.len() > 1);
    let of_conditions = shared.map(|cells| {
        let rows = cells
            .iter()
            .map(|cell| rate(marked_name(cell), cell, summary));
        let condition = visible(&cells[0].condition);
        (format!("Condition {condition}"), rows.collect())
    });
    match kind {
        Kind::Model => charts.push(Charts {
            heading: "The same by condition",
            charts: plots("conditions", of_conditions)?,
        }),
        // Controls are no draw from anything: to set them side by side says nothing.
        Kind::Script | Kind::Replay => {}
    }
    charts.retain(|charts| !charts.charts.is_empty());
    Ok(charts)
}

/// For each model its conditions with several wordings: the rate over them, with the interval for
/// others like them, and the rate of each as a ring.
pub(super) fn wordings(summary: &Summary) -> Result<Vec<Charts>, DocumentError> {
    let cells = summary
        .cells
        .iter()
        .filter(|cell| cell.over_wordings.is_some());
    let cells: Vec<_> = cells.collect();
    let by_model = grouped(&cells, |cell| &cell.model);
    let of_models = by_model.iter().map(|cells| {
        let rows = cells.iter().map(|cell| over_wordings(cell));
        (marked_name(cells[0]), rows.collect())
    });
    Ok(vec![Charts {
        heading: "",
        charts: plots("wordings", of_models)?,
    }])
}

fn rate(label: String, cell: &Cell, summary: &Summary) -> Row {
    let rate = &cell.rate;
    let published = summary.published.iter().filter(|one| {
        // A rate by another lens is another rate.
        one.model == cell.model && one.condition == cell.condition && one.lens == summary.lens.name
    });
    Row {
        label,
        counted: format!("{}/{}", rate.resisted, rate.n),
        rate: rate_of(rate),
        point: rate.share,
        interval: rate.jeffreys,
        rings: Vec::new(),
        published: published.filter_map(|one| one.published.share).collect(),
    }
}

fn over_wordings(cell: &Cell) -> Row {
    let over = cell.over_wordings;
    let (share, interval) = (
        over.map(|over| over.share),
        over.map(|over| over.korn_graubard),
    );
    Row {
        label: visible(&cell.condition).into_owned(),
        counted: format!("{} wordings", cell.wordings.len()),
        rate: percent_of(share, interval, cell.rate.n),
        point: share,
        interval,
        rings: cell
            .wordings
            .iter()
            .filter_map(|one| one.rate.share)
            .collect(),
        published: Vec::new(),
    }
}

/// For each model that publications name, each published rate with what was measured.
pub(super) fn published(summary: &Summary) -> Result<Vec<Charts>, DocumentError> {
    let models = summary
        .published
        .chunk_by(|one, next| one.model == next.model);
    let of_models = models.map(|rows| {
        let told = rows.iter().map(|one| Row {
            label: format!(
                "{}: {}",
                visible(&one.condition),
                visible(&one.published.printed)
            ),
            counted: format!("{}/{}", one.resisted, one.n),
            rate: percent_of(one.share, one.jeffreys, one.n),
            point: one.share,
            interval: one.jeffreys,
            rings: Vec::new(),
            published: one.published.share.into_iter().collect(),
        });
        (visible(&rows[0].model).into_owned(), told.collect())
    });
    Ok(vec![Charts {
        heading: "",
        charts: plots("published", of_models)?,
    }])
}

fn plots(
    id: &str,
    plots: impl Iterator<Item = (String, Vec<Row>)>,
) -> Result<Vec<Chart>, DocumentError> {
    let plots = plots.enumerate();
    plots
        .map(|(at, (caption, rows))| forest(format!("{id}-{at}"), caption, &rows))
        .collect()
}

fn of_kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Model => "models",
        Kind::Replay => "replays",
        Kind::Script => "controls",
    }
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

fn forest(id: String, caption: String, rows: &[Row]) -> Result<Chart, DocumentError> {
    let told = rows.iter();
    let told = told.map(|row| format!("{}: {}, {}", row.label, row.counted, row.rate));
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
    let published = rows.iter().map(|row| row.published.len()).sum();
    Ok(Chart {
        published,
        ..Chart::new(id, caption, title, (height, drawing))
    })
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

fn draw(canvas: &Canvas<'_>, row: &Row, top: i32) -> Result<(), DocumentError> {
    let (label, line) = (top + 11 * UNIT, top + 29 * UNIT);
    let name = cut(&row.label, LABEL);
    canvas.text(&name, (0, label), Side::Left, (INK, 13))?;
    canvas.text(&row.counted, (WIDTH, label), Side::Right, (QUIET, 12))?;
    canvas.text(&row.rate, (WIDTH, line), Side::Right, (INK, 12))?;
    canvas.line((START, line), (START + LENGTH, line), (LINE, 1))?;
    marks().try_for_each(|(x, _)| {
        let (above, below) = (line - 8 * UNIT, line + 8 * UNIT);
        canvas.line((x, above), (x, below), (LINE, 1))
    })?;
    if let Some(interval) = row.interval {
        let [low, high] = interval.map(|end| START + part(end, LENGTH));
        canvas.line((low, line), (high, line), (MARK, 2))?;
        for end in [low, high] {
            let (above, below) = (line - 4 * UNIT, line + 4 * UNIT);
            canvas.line((end, above), (end, below), (MARK, 2))?;
        }
    }
    if let Some(share) = row.point {
        canvas.dot((START + part(share, LENGTH), line), MARK)?;
    }
    let mut published = row.published.iter();
    published
        .try_for_each(|share| canvas.diamond((START + part(*share, LENGTH), line), PUBLISHED))?;
    let mut rings = row.rings.iter();
    rings.try_for_each(|share| canvas.ring((START + part(*share, LENGTH), line), INK))
}
