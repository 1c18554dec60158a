//! Columns of text.

use unicode_width::UnicodeWidthStr;

use super::style::Style;
use super::wrap::wrapped;

/// The side of a column at which its texts stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// For words.
    Left,
    /// For numbers.
    Right,
}

/// A table with a heading for each column, without lines.
#[derive(Debug, Clone)]
pub struct Grid {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Row>,
}

/// Between two columns.
const GAP: &str = "  ";

/// Before what stands below a row's first text.
const BELOW: &str = "      ";

/// Fewer columns are too few for words that go on below.
const LEAST_WORDS: usize = 12;

/// A line of a table.
#[derive(Debug, Clone)]
pub(super) enum Row {
    /// A heading of the rows below it.
    Group(String),
    /// A text for each column.
    Cells(Vec<String>),
}

impl Grid {
    /// An empty table with these columns.
    #[must_use]
    pub fn new(columns: impl IntoIterator<Item = (&'static str, Align)>) -> Self {
        Self {
            columns: columns.into_iter().collect(),
            rows: Vec::new(),
        }
    }

    /// Starts a group of rows with a line of its own.
    pub fn group(&mut self, name: String) {
        self.rows.push(Row::Group(name));
    }

    /// Adds a row, with one text for each column.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(Row::Cells(cells.into_iter().collect()));
    }

    /// The columns, with their titles.
    pub(super) fn columns(&self) -> &[(&'static str, Align)] {
        &self.columns
    }

    /// The lines, in order.
    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The table, each row on a line. Where that is too long, the words of a last column go on
    /// below; where even that does not help, what a row says stands below its first text, with
    /// the titles beside it.
    #[must_use]
    pub fn render(&self, style: Style) -> String {
        let widths = self.widths();
        let all = full_width(&widths);
        let last = widths.last().copied().unwrap_or(0);
        let needed = match self.columns.last() {
            Some((_, Align::Left)) => last.min(LEAST_WORDS),
            Some((_, Align::Right)) | None => last,
        };
        if all - last + needed > style.columns {
            return self.paragraphs(style);
        }
        let room = style.columns - (all - last);
        let titles: Vec<_> = self.columns.iter().map(|(title, _)| *title).collect();
        let mut text = style.heading(&self.line(&titles, &widths, room));
        for row in &self.rows {
            text.push('\n');
            text += &match row {
                Row::Group(name) => group(name, style),
                Row::Cells(cells) => self.line(cells, &widths, room),
            };
        }
        text + "\n"
    }

    /// Whether each row stands on one line.
    #[must_use]
    pub fn fits(&self, style: Style) -> bool {
        full_width(&self.widths()) <= style.columns
    }

    fn line(&self, cells: &[impl AsRef<str>], widths: &[usize], room: usize) -> String {
        let mut line = String::new();
        let columns = self.columns.iter().zip(widths);
        for (at, (cell, ((_, align), width))) in cells.iter().zip(columns).enumerate() {
            if !line.is_empty() {
                line += GAP;
            }
            let cell = cell.as_ref();
            let space = " ".repeat(width - cell.width());
            let below = format!("\n{}", " ".repeat(line.width()));
            match align {
                Align::Left if at + 1 == widths.len() => {
                    line += &fitting(cell, room).join(&below);
                }
                Align::Left => line.extend([cell, &space]),
                Align::Right => line.extend([&space, cell]),
            }
        }
        line.truncate(line.trim_end().len());
        line
    }

    fn paragraphs(&self, style: Style) -> String {
        let mut text = String::new();
        for row in &self.rows {
            text += &match row {
                Row::Group(name) => group(name, style),
                Row::Cells(cells) => self.paragraph(cells, style),
            };
            text.push('\n');
        }
        text
    }

    fn paragraph(&self, cells: &[String], style: Style) -> String {
        let titled = cells.iter().zip(&self.columns).skip(1);
        let said: Vec<_> = titled
            .filter(|(cell, _)| !cell.is_empty())
            .map(|(cell, (title, _))| format!("{title} {cell}").trim_start().to_owned())
            .collect();
        let room = style.columns.saturating_sub(BELOW.len());
        let said = said.join(" · ");
        let mut lines = vec![cells[0].clone()];
        lines.extend(
            fitting(&said, room)
                .iter()
                .map(|line| format!("{BELOW}{line}")),
        );
        lines.join("\n")
    }

    fn widths(&self) -> Vec<usize> {
        (0..self.columns.len()).map(|at| self.width(at)).collect()
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| match row {
            Row::Group(_) => None,
            Row::Cells(cells) => cells.get(column).map(String::as_str),
        });
        cells
            .chain([self.columns[column].0])
            .map(UnicodeWidthStr::width)
            .max()
            .unwrap_or(0)
    }
}

fn full_width(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1)
}

fn group(name: &str, style: Style) -> String {
    let lines = fitting(name, style.columns).into_iter();
    let lines: Vec<_> = lines.map(|line| style.heading(line)).collect();
    lines.join("\n")
}

/// A text in lines that fit.
fn fitting(text: &str, columns: usize) -> Vec<&str> {
    let lines = wrapped(text, columns).into_iter();
    lines.map(str::trim_end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_left_and_numbers_right_under_their_titles() {
        let mut grid = Grid::new([("name", Align::Left), ("n", Align::Right)]);
        grid.group("first".into());
        grid.row(["größer".into(), "1".into()]);
        grid.row(["a".into(), "1000".into()]);
        insta::assert_snapshot!(grid.render(Style::PLAIN), @"
        name       n
        first
        größer     1
        a       1000
        ");
    }

    #[test]
    fn wide_letters_take_two_columns_and_accents_none() {
        let mut grid = Grid::new([("名前", Align::Left), ("n", Align::Right)]);
        grid.row(["漢字かな".into(), "1".into()]);
        grid.row(["e\u{301}".into(), "10".into()]);
        let lines = ["名前       n", "漢字かな   1", "e\u{301}         10", ""];
        assert_eq!(grid.render(Style::PLAIN), lines.join("\n"));
    }

    #[test]
    fn what_does_not_fit_stands_below() {
        let mut grid = Grid::new([
            ("name", Align::Left),
            ("n", Align::Right),
            ("remark", Align::Left),
            ("", Align::Left),
        ]);
        grid.group("first".into());
        grid.row(["a", "1", "", "and so on"].map(str::to_owned));
        grid.row(["b", "1000", "a longer one", ""].map(str::to_owned));
        let narrow = Style {
            columns: 24,
            ..Style::PLAIN
        };
        insta::assert_snapshot!(grid.render(narrow), @"
        first
        a
              n 1 · and so on
        b
              n 1000 · remark a
              longer one
        ");
    }

    #[test]
    fn the_words_of_a_last_column_go_on_below() {
        let mut grid = Grid::new([("name", Align::Left), ("remark", Align::Left)]);
        grid.row(["a", "short"].map(str::to_owned));
        grid.row(["b", "so long that it does not fit into what is left"].map(str::to_owned));
        let narrow = Style {
            columns: 32,
            ..Style::PLAIN
        };
        insta::assert_snapshot!(grid.render(narrow), @"
        name  remark
        a     short
        b     so long that it does not
              fit into what is left
        ");
    }
}
