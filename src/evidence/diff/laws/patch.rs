//! Applies unified hunks to a text, as `patch` does but without any tolerance.

/// The text with these hunks applied; none where they do not fit it.
pub(super) fn patch(text: &str, hunks: &str) -> Option<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut rest = &lines[..];
    let mut patched = String::new();
    for hunk in read(hunks)? {
        let at = lines.len() - rest.len();
        let (kept, after) = rest.split_at_checked(hunk.start.checked_sub(at)?)?;
        patched.extend(kept.iter().copied());
        rest = after;
        for (mark, line) in hunk.lines {
            if mark != '+' {
                let (first, after) = rest.split_first()?;
                rest = (*first == line).then_some(after)?;
            }
            if mark != '-' {
                patched.push_str(&line);
            }
        }
    }
    patched.extend(rest.iter().copied());
    Some(patched)
}

struct Hunk {
    /// The line before which it begins, counted from 0.
    start: usize,
    /// Each line with its mark: a space, `-` or `+`.
    lines: Vec<(char, String)>,
}

fn read(text: &str) -> Option<Vec<Hunk>> {
    let mut hunks: Vec<Hunk> = Vec::new();
    for line in text.split_inclusive('\n') {
        let (mark, content) = (line.chars().next()?, &line[1..]);
        match (mark, hunks.last_mut()) {
            ('@', _) => hunks.push(Hunk {
                start: start(line)?,
                lines: Vec::new(),
            }),
            (' ' | '-' | '+', Some(hunk)) => hunk.lines.push((mark, content.to_owned())),
            // The remark that the line above it has no line feed.
            ('\\', Some(hunk)) => assert_eq!(hunk.lines.last_mut()?.1.pop(), Some('\n')),
            _ => return None,
        }
    }
    Some(hunks)
}

/// Where a hunk begins, from `@@ -3,2 +3 @@`. One that takes no line away stands after the line
/// that it names.
fn start(header: &str) -> Option<usize> {
    let range = header.strip_prefix("@@ -")?.split(' ').next()?;
    let (first, count) = range.split_once(',').unwrap_or((range, "1"));
    let first: usize = first.parse().ok()?;
    Some(if count == "0" { first } else { first - 1 })
}

#[test]
fn a_hunk_that_does_not_fit_is_not_applied() {
    let hunk = "@@ -1,2 +1 @@\n a\n-b\n";
    assert_eq!(patch("a\nb\nc\n", hunk).as_deref(), Some("a\nc\n"));
    assert_eq!(patch("a\nc\n", hunk), None);
    assert_eq!(patch("b\nb\n", hunk), None);
    assert_eq!(patch("", hunk), None);
    let no_line_feed = "@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n";
    assert_eq!(patch("a\n", no_line_feed).as_deref(), Some("a"));
    assert_eq!(patch("a", no_line_feed), None);
}
