//! Tables as the template takes them.

use crate::report::grid::{Align, Grid, Row};

/// A table.
pub(super) struct Table {
    pub(super) titles: Vec<Title>,
    pub(super) bodies: Vec<Body>,
}

/// The heading of a column.
pub(super) struct Title {
    pub(super) text: &'static str,
    pub(super) class: &'static str,
}

/// Rows with a heading of their own, or without one.
pub(super) struct Body {
    pub(super) heading: String,
    pub(super) rows: Vec<Vec<Text>>,
}

/// A text of a row.
pub(super) struct Text {
    pub(super) text: String,
    pub(super) class: &'static str,
}

impl Table {
    pub(super) fn of(grid: &Grid) -> Self {
        let titles = grid.columns().iter();
        let titles = titles.map(|(text, align)| Title {
            text,
            class: class(*align),
        });
        let mut bodies: Vec<Body> = Vec::new();
        for row in grid.rows() {
            match row {
                Row::Group(heading) => bodies.push(Body {
                    heading: heading.clone(),
                    rows: Vec::new(),
                }),
                Row::Cells(cells) => {
                    let cells = cells.iter().zip(grid.columns());
                    let cells = cells.map(|(text, (_, align))| Text {
                        text: text.trim().to_owned(),
                        class: class(*align),
                    });
                    let cells = cells.collect();
                    match bodies.last_mut() {
                        Some(body) => body.rows.push(cells),
                        None => bodies.push(Body {
                            heading: String::new(),
                            rows: vec![cells],
                        }),
                    }
                }
            }
        }
        Self {
            titles: titles.collect(),
            bodies,
        }
    }
}

fn class(align: Align) -> &'static str {
    match align {
        Align::Left => "words",
        Align::Right => "number",
    }
}
