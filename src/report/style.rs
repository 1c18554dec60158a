//! How a text is set.

/// Whether a text has codes that a terminal obeys, and how long its lines may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// How headings are set apart.
    pub headings: Headings,
    /// Columns of a line.
    pub columns: usize,
}

/// How headings are set apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Headings {
    /// Not at all.
    Plain,
    /// By a terminal's bold letters.
    Bold,
}

impl Style {
    /// For a file or another program: no codes, and lines of any length.
    pub const PLAIN: Self = Self {
        headings: Headings::Plain,
        columns: usize::MAX,
    };

    /// The text as a heading.
    #[must_use]
    pub fn heading(self, text: &str) -> String {
        match self.headings {
            Headings::Plain => text.to_owned(),
            Headings::Bold => format!("\u{1b}[1m{text}\u{1b}[0m"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bold_headings_have_codes() {
        let bold = Style {
            headings: Headings::Bold,
            ..Style::PLAIN
        };
        assert!(!Style::PLAIN.heading("a").contains('\u{1b}'));
        assert!(bold.heading("a").contains('\u{1b}'));
    }
}
