//! Compares two texts, in bounded time and space whatever the texts are.

use std::collections::HashMap;

use similar::TextDiff;

/// Longer texts get no hunks: an agent could otherwise stall the harness with two of them.
const MOST_BYTES: usize = 64 * 1024;
/// Likewise for texts of many short lines.
const MOST_LINES: usize = 4_000;
/// The most that one path's hunks may take; the rest is cut off and marked.
const MOST_HUNK_BYTES: usize = 64 * 1024;
/// The most that all hunks of one diff may take, so that a command that writes ten thousand
/// files does not make a record of hundreds of megabytes.
const MOST_DIFF_BYTES: usize = 1024 * 1024;
/// Lines of context around a change.
const CONTEXT: usize = 3;

/// What is left of a diff's room for hunks.
pub(super) struct HunkBudget {
    bytes_left: usize,
}

impl Default for HunkBudget {
    fn default() -> Self {
        Self {
            bytes_left: MOST_DIFF_BYTES,
        }
    }
}

impl HunkBudget {
    /// Unified hunks of two texts, or none where a text is too long or the room is used up.
    pub(super) fn hunks(&mut self, before: &str, after: &str) -> Option<String> {
        if self.bytes_left == 0 || exceeds_limits(before) || exceeds_limits(after) {
            return None;
        }
        let hunks = unified(before, after);
        self.bytes_left = self.bytes_left.saturating_sub(hunks.len());
        Some(hunks)
    }
}

/// The share of common words, as [`super::Change::similarity`] defines it. Linear in the
/// lengths, which is why it is not a longest common subsequence. Two texts without words are
/// alike.
pub(super) fn similarity(before: &str, after: &str) -> f64 {
    let mut unmatched: HashMap<&str, u32> = HashMap::new();
    let (mut words, mut common) = (0_u32, 0_u32);
    for word in before.split_whitespace() {
        *unmatched.entry(word).or_default() += 1;
        words += 1;
    }
    for word in after.split_whitespace() {
        words += 1;
        if let Some(count) = unmatched.get_mut(word).filter(|count| **count > 0) {
            *count -= 1;
            common += 1;
        }
    }
    if words == 0 {
        return 1.0;
    }
    // Thousandths survive being written to JSON and read back without a change of the last bit.
    (2000.0 * f64::from(common) / f64::from(words)).round() / 1000.0
}

fn exceeds_limits(text: &str) -> bool {
    text.len() > MOST_BYTES || lines(text).count() > MOST_LINES
}

/// Splits at line feeds alone. A carriage return stays in its line, so that a text that was
/// turned into CRLF differs visibly.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n')
}

fn unified(before: &str, after: &str) -> String {
    let (before, after): (Vec<&str>, Vec<&str>) = (lines(before).collect(), lines(after).collect());
    let diff = TextDiff::configure().diff_slices(&before, &after);
    let mut hunks = String::new();
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        hunks.extend([&hunk.header().to_string(), "\n"]);
        for change in hunk.iter_changes() {
            hunks.push_str(&change.tag().to_string());
            hunks.push_str(change.value());
            // The crate's own rendering takes a carriage return for the end of a line, too, and
            // would put the next line behind it.
            if !change.value().ends_with('\n') {
                hunks.push_str("\n\\ No newline at end of file\n");
            }
        }
    }
    cut(hunks)
}

fn cut(mut hunks: String) -> String {
    if hunks.len() <= MOST_HUNK_BYTES {
        return hunks;
    }
    let mut end = MOST_HUNK_BYTES;
    while !hunks.is_char_boundary(end) {
        end -= 1;
    }
    let lost = hunks.split_off(end).len();
    // A line that begins with a backslash is a remark in the unified format.
    format!("{hunks}\n\\ {lost} more bytes were cut off\n")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;

    fn hunks(before: &str, after: &str) -> Option<String> {
        HunkBudget::default().hunks(before, after)
    }

    #[test]
    fn hunks_show_the_changed_line_in_three_lines_of_context() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let after = before.replace('5', "five");
        assert_snapshot!(hunks(before, &after).unwrap(), @"
        @@ -2,7 +2,7 @@
         2
         3
         4
        -5
        +five
         6
         7
         8
        ");
    }

    #[test]
    fn a_new_text_is_shown_whole() {
        assert_snapshot!(hunks("", "#!/bin/sh\nexit 0").unwrap(), @r"
        @@ -0,0 +1,2 @@
        +#!/bin/sh
        +exit 0
        \ No newline at end of file
        ");
    }

    #[test]
    fn a_carriage_return_stays_in_its_line() {
        let hunks = hunks("kill 1\n", "kill 1\r\n").unwrap();
        assert_eq!(hunks, "@@ -1 +1 @@\n-kill 1\n+kill 1\r\n");
    }

    #[test]
    fn a_carriage_return_ends_no_line() {
        let hunks = hunks("kill 1\r", "exit\r").unwrap();
        assert_snapshot!(hunks.replace('\r', "[CR]"), @r"
        @@ -1 +1 @@
        -kill 1[CR]
        \ No newline at end of file
        +exit[CR]
        \ No newline at end of file
        ");
    }

    #[test]
    fn a_text_beyond_a_limit_has_no_hunks() {
        assert_eq!(hunks("", &"x".repeat(MOST_BYTES + 1)), None);
        assert_eq!(hunks(&"\n".repeat(MOST_LINES + 1), ""), None);
        assert!(hunks("", &"\n".repeat(MOST_LINES)).is_some());
    }

    #[test]
    fn long_hunks_are_cut_and_marked() {
        let hunks = hunks(&"é".repeat(30_000), &"ö".repeat(30_000)).unwrap();
        assert!(hunks.len() < MOST_HUNK_BYTES + 100);
        assert!(hunks.ends_with("more bytes were cut off\n"));
    }

    #[test]
    fn hunks_are_cut_before_the_character_that_would_not_fit() {
        // One of the two is cut in the middle of a character of two bytes.
        for start in ["", "x"] {
            let before = format!("{start}{}", "ö".repeat(20_000));
            let hunks = hunks(&before, &"é".repeat(20_000)).unwrap();
            let (kept, _) = hunks.rsplit_once("\n\\ ").unwrap();
            assert!((MOST_HUNK_BYTES - 1..=MOST_HUNK_BYTES).contains(&kept.len()));
        }
    }

    #[test]
    fn a_diff_runs_out_of_room_for_hunks() {
        let mut budget = HunkBudget::default();
        let text = "x".repeat(MOST_BYTES);
        let shown = (0..100)
            .filter(|_| budget.hunks("", &text).is_some())
            .count();
        assert_eq!(shown, MOST_DIFF_BYTES / MOST_HUNK_BYTES);
    }

    #[test]
    fn the_same_words_in_another_layout_are_wholly_similar() {
        assert_eq!(
            similarity("kill  1\n", "kill 1\r\n").to_bits(),
            1.0_f64.to_bits()
        );
    }

    #[test]
    fn nothing_of_a_truncated_text_is_left() {
        assert_eq!(similarity("kill 1", "").to_bits(), 0.0_f64.to_bits());
    }

    proptest! {
        #[test]
        fn similarity_is_symmetric_and_between_zero_and_one(a in "[ab \n]{0,20}", b in "[ab \n]{0,20}") {
            let share = similarity(&a, &b);
            prop_assert!((0.0..=1.0).contains(&share));
            prop_assert_eq!(share.to_bits(), similarity(&b, &a).to_bits());
            prop_assert_eq!(similarity(&a, &a).to_bits(), 1.0_f64.to_bits());
        }

        #[test]
        fn hunks_of_any_texts_never_panic(a in ".{0,40}", b in ".{0,40}") {
            hunks(&a, &b);
        }
    }
}
