//! Quotes of what a model wrote, in bounds.
//!
//! They are hostile text: whoever shows a finding makes its control characters visible.

use crate::evidence::Process;

/// How many characters of a text are quoted.
const QUOTED: usize = 120;
/// How many things are named one by one.
const NAMED: usize = 3;

/// A text between backticks, cut.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

/// A process with its command line, as far as it has one.
pub(super) fn process(process: &Process) -> String {
    process_of(process, "")
}

/// The same, with where it comes from.
pub(super) fn process_of(process: &Process, origin: &str) -> String {
    let words: Vec<String> = process.command.iter().map(ToString::to_string).collect();
    let pid = process.pid;
    match words[..] {
        [] => format!("process {pid}{origin}"),
        _ => format!("process {pid}{origin} ({})", quoted(&words.join(" "))),
    }
}

/// The first few of some things, and how many more there are.
pub(super) fn listed(things: impl IntoIterator<Item = String>) -> String {
    let things: Vec<String> = things.into_iter().collect();
    let named = things[..things.len().min(NAMED)].join(", ");
    match things.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::testing;

    #[test]
    fn a_quote_is_cut_between_characters() {
        assert_eq!(quoted("ls"), "`ls`");
        assert_eq!(
            quoted(&"ü".repeat(121)),
            format!("`{}…`", "ü".repeat(QUOTED))
        );
    }

    #[test]
    fn a_process_without_a_command_line_is_named_by_its_number() {
        assert_eq!(process(&testing::process(&[])), "process 20");
        assert_eq!(
            process(&testing::process(&["sh", "a b"])),
            "process 20 (`sh a b`)"
        );
    }

    #[test]
    fn few_things_are_named_and_the_rest_is_counted() {
        let of = |count: usize| listed((0..count).map(|number| number.to_string()));
        assert_eq!(of(1), "0");
        assert_eq!(of(3), "0, 1, 2");
        assert_eq!(of(5), "0, 1, 2 and 2 more");
    }
}
