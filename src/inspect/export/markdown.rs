//! Markdown around texts that a model could have chosen.

use std::borrow::Cow;

use crate::report::text::{visible, visible_lines};

/// The text on a line of prose, with no character in it that Markdown or HTML would obey.
pub(super) fn prose(text: &str) -> String {
    let mut escaped = String::new();
    for c in visible(text).chars() {
        if MARKUP.contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// What Markdown, HTML within it, or formulas begin with.
const MARKUP: &str = "\\`*_{}[]<>#~|$&!";

/// A block of code that nothing in the text can end.
pub(super) fn code(language: &str, text: &str) -> String {
    let text: Cow<'_, str> = visible_lines(text);
    let fence = "`".repeat(longest_run(&text, '`').max(2) + 1);
    let end = if text.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{language}\n{text}{end}{fence}\n")
}

fn longest_run(text: &str, wanted: char) -> usize {
    let runs = text.split(|c| c != wanted).map(str::len);
    runs.max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_prose_is_markup() {
        let text = "a `b` <img src=x> **c** [d](e)\u{1b}\u{202e}\n# f";
        insta::assert_snapshot!(prose(text), @r"a \`b\` \<img src=x\> \*\*c\*\* \[d\](e)␛\\u\{202e\}␊\# f");
    }

    #[test]
    fn a_text_cannot_end_its_block() {
        insta::assert_snapshot!(code("diff", "+a\n````\n<b>\u{1b}"), @"
        `````diff
        +a
        ````
        <b>␛
        `````
        ");
    }
}
