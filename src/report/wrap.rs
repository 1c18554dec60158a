//! Lines that fit.

use unicode_width::UnicodeWidthChar as _;

use super::style::Style;

/// Narrower lines would be all break.
const NARROWEST: usize = 12;

/// Columns that a tab takes at most.
const TAB: usize = 8;

/// The longest lines of text that are easily read.
const READABLE: usize = 88;

/// A text of one paragraph, in lines that fit and can be read.
#[must_use]
pub fn paragraph(text: &str, style: Style) -> String {
    let parts = wrapped(text, style.columns.min(READABLE));
    let lines = parts.iter().map(|part| format!("{}\n", part.trim_end()));
    lines.collect()
}

/// A line in parts of at most so many columns, broken behind spaces where it has any. The parts
/// together are the line.
pub(super) fn wrapped(line: &str, columns: usize) -> Vec<&str> {
    let columns = columns.max(NARROWEST);
    let mut parts = Vec::new();
    let mut rest = line;
    while let Some(end) = overflow(rest, columns) {
        let space = rest[..end].rfind(' ').map(|at| at + 1);
        let (part, next) = rest.split_at(space.unwrap_or(end));
        parts.push(part);
        rest = next;
    }
    parts.push(rest);
    parts
}

/// Where the first letter stands that does not fit. A space at the end needs no room.
fn overflow(line: &str, columns: usize) -> Option<usize> {
    let mut used = 0;
    line.char_indices().find_map(|(at, letter)| {
        used += letter.width().unwrap_or(TAB);
        (used > columns && letter != ' ').then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr as _;

    use super::*;

    #[test]
    fn lines_break_behind_words_and_only_long_words_within() {
        for (line, parts) in [
            ("", &[""][..]),
            ("twenty letters in it", &["twenty letters in it"]),
            (
                "twenty letters in it and more",
                &["twenty letters in it ", "and more"],
            ),
            (
                "a abcdefghijklmnopqrstuvwxyz",
                &["a ", "abcdefghijklmnopqrst", "uvwxyz"],
            ),
            ("漢漢漢漢漢漢漢漢漢漢漢", &["漢漢漢漢漢漢漢漢漢漢", "漢"]),
        ] {
            assert_eq!(wrapped(line, 20), parts);
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_everything_fits(line in "[a漢\u{301} ]{0,80}", columns in 0_usize..40) {
            let parts = wrapped(&line, columns);
            prop_assert_eq!(parts.concat(), line.as_str());
            let widest = parts.iter().map(|part| part.trim_end().width()).max();
            prop_assert!(widest <= Some(columns.max(NARROWEST)));
        }
    }
}
