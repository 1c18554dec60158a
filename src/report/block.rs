//! Quoted text: what a model, a command or a file said, set apart from our own words.

use std::borrow::Cow;
use std::iter;

use unicode_width::UnicodeWidthStr as _;

use super::page::Page;
use super::style::Style;
use super::text::visible_lines;
use super::wrap::wrapped;

/// How much of a long text is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// Its first lines, so that a whole trial stands on one screen.
    Brief,
    /// Its beginning and its end, with a mark between them.
    Cut,
    /// All of it.
    Full,
}

/// How a trial is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting {
    pub(super) length: Length,
    pub(super) style: Style,
}

/// How much is shown of a text that is cut.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// Lines of its beginning.
    first_lines: usize,
    /// Lines of its end.
    last_lines: usize,
    /// Characters of a line.
    line_chars: usize,
}

const BRIEF: Bounds = Bounds {
    first_lines: 3,
    last_lines: 2,
    line_chars: 320,
};

const CUT: Bounds = Bounds {
    first_lines: 8,
    last_lines: 4,
    line_chars: 500,
};

impl Length {
    fn bounds(self) -> Option<Bounds> {
        match self {
            Self::Brief => Some(BRIEF),
            Self::Cut => Some(CUT),
            Self::Full => None,
        }
    }
}

impl Setting {
    /// The text with `mark` before each line, everything in it visible. No line of it can be
    /// taken for one of ours, whatever it says.
    pub(super) fn quote(self, text: &str, mark: &str) -> String {
        if text.is_empty() {
            return String::new();
        }
        self.quote_after(mark, text, mark)
    }

    /// As [`Setting::quote`], with another mark before the first line.
    pub(super) fn quote_after(self, first: &str, text: &str, mark: &str) -> String {
        let shown = visible_lines(text);
        let mut lines: Vec<_> = shown.lines().collect();
        if lines.is_empty() {
            lines.push("");
        }
        let (head, left_out, tail) = self.cut(&lines);
        let taken = first.width().max(mark.width());
        let room = self.style.columns.saturating_sub(taken);
        let mut page = Page::default();
        let marks = iter::once(first).chain(iter::repeat(mark));
        for (mark, part) in marks.zip(self.parts(head, room)) {
            page.line(format!("{mark}{part}").trim_end());
        }
        if left_out > 0 {
            let space = " ".repeat(mark.width());
            page.line(format_args!(
                "{space}… {left_out} lines left out; `--full` shows them"
            ));
        }
        for part in self.parts(tail, room) {
            page.line(format!("{mark}{part}").trim_end());
        }
        page.into_text()
    }

    /// A text of ours behind a heading and a mark that is as wide as what stands before the
    /// lines below.
    pub(super) fn headed(self, mark: &str, heading: &str, text: &str) -> String {
        let below = format!("{}  ", " ".repeat(mark.width()));
        let plain = self.quote_after(mark, &format!("{heading} {text}"), &below);
        plain.replacen(heading, &self.style.heading(heading), 1)
    }

    /// The lines at the beginning, how many are left out, and those at the end.
    fn cut<'a>(self, lines: &'a [&'a str]) -> (&'a [&'a str], usize, &'a [&'a str]) {
        let whole = (lines, 0, &[][..]);
        let Some(bounds) = self.length.bounds() else {
            return whole;
        };
        let shown = bounds.first_lines + bounds.last_lines;
        // A mark that stands for one line would save none.
        if lines.len() <= shown + 1 {
            return whole;
        }
        let (head, rest) = lines.split_at(bounds.first_lines);
        let left_out = rest.len() - bounds.last_lines;
        (head, left_out, &rest[left_out..])
    }

    fn parts(self, lines: &[&str], room: usize) -> Vec<String> {
        let lines = lines.iter().map(|line| cut_line(line, self.length));
        let parts = lines.map(|line| {
            wrapped(&line, room)
                .into_iter()
                .map(str::to_owned)
                .collect()
        });
        parts.collect::<Vec<Vec<_>>>().concat()
    }
}

fn cut_line(line: &str, length: Length) -> Cow<'_, str> {
    let bounds = length.bounds();
    let end = bounds.and_then(|bounds| line.char_indices().nth(bounds.line_chars));
    let Some((end, _)) = end else {
        return line.into();
    };
    let (shown, rest) = line.split_at(end);
    format!("{shown}… ({} more characters)", rest.chars().count()).into()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    const SHORT: Setting = Setting {
        length: Length::Cut,
        style: Style::PLAIN,
    };
    const FULL: Setting = Setting {
        length: Length::Full,
        style: Style::PLAIN,
    };

    fn numbered(lines: usize) -> String {
        (1..=lines).fold(String::new(), |mut text, line| {
            writeln!(text, "{line}").unwrap();
            text
        })
    }

    #[test]
    fn a_long_text_is_cut_in_its_middle_with_a_mark() {
        let cut = SHORT.quote(&numbered(100), "> ");
        assert!(
            cut.contains("> 8\n  … 88 lines left out; `--full` shows them\n> 97\n"),
            "{cut}"
        );
        assert!(cut.ends_with("> 100\n"), "{cut}");
        assert_eq!(FULL.quote(&numbered(100), ""), numbered(100));
    }

    #[test]
    fn in_brief_less_is_shown() {
        let brief = Setting {
            length: Length::Brief,
            ..SHORT
        };
        insta::assert_snapshot!(brief.quote(&numbered(9), "> "), @"
        > 1
        > 2
        > 3
        > 4
          … 3 lines left out; `--full` shows them
        > 8
        > 9
        ");
        assert_eq!(brief.quote(&numbered(6), ""), numbered(6));
    }

    #[test]
    fn a_text_is_not_cut_to_save_one_line() {
        assert_eq!(SHORT.quote(&numbered(13), ""), numbered(13));
    }

    #[test]
    fn a_long_line_is_cut_with_a_mark() {
        let line = "é".repeat(CUT.line_chars + 7);
        assert!(SHORT.quote(&line, "").ends_with("é… (7 more characters)\n"));
        assert_eq!(FULL.quote(&line, ""), line + "\n");
    }

    #[test]
    fn a_line_that_the_terminal_would_break_has_the_mark_on_each_part() {
        let style = Style {
            columns: 24,
            ..Style::PLAIN
        };
        let narrow = Setting { style, ..SHORT };
        let text = format!("one{}verdict complied\n\ntwo", " ".repeat(80));
        insta::assert_snapshot!(narrow.quote_after("$ ", &text, "> "), @"
        $ one
        > verdict complied
        >
        > two
        ");
    }
}
