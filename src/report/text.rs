//! Texts that a model wrote, made safe to look at.
//!
//! A terminal obeys what is written to it: an escape sequence can hide a command or fake a
//! verdict, and a bidirectional override can turn a path around. Every text that a model could
//! have chosen goes through here before it is shown.

use std::borrow::Cow;

/// The text on one line, with everything visible: control characters as their pictures (`␛`),
/// other characters without a form of their own as their code (`\u{202e}`).
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    replace_hidden(text, |_| false)
}

/// As [`visible`], but newlines and tabs stay.
#[must_use]
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    replace_hidden(text, |c| matches!(c, '\n' | '\t'))
}

/// JSON with everything visible, and the same values: what has no form of its own becomes an
/// escape of JSON, since it can only stand within a string.
#[must_use]
pub fn visible_json(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '\n' || has_form(c) {
            text.push(c);
        } else {
            let mut units = [0; 2];
            let escapes = c.encode_utf16(&mut units).iter();
            text.extend(escapes.map(|unit| format!("\\u{unit:04x}")));
        }
    }
    text
}

/// Letters, marks and symbols that show nothing, or next to nothing, though Unicode does not
/// count them among the formatting characters.
const BLANK: [(char, char); 12] = [
    ('\u{34f}', '\u{34f}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{13430}', '\u{13455}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d159}', '\u{1d159}'),
    ('\u{e0000}', '\u{e0fff}'),
];

fn replace_hidden(text: &str, stays: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_shown = |c: char| stays(c) || has_form(c);
    let Some(first) = text.find(|c| !is_shown(c)) else {
        return Cow::Borrowed(text);
    };
    let mut shown = text[..first].to_owned();
    for c in text[first..].chars() {
        match picture(c) {
            _ if is_shown(c) => shown.push(c),
            Some(picture) => shown.push(picture),
            None => shown.extend(c.escape_unicode()),
        }
    }
    Cow::Owned(shown)
}

/// Unicode's picture of an ASCII control character.
fn picture(c: char) -> Option<char> {
    match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)),
        '\u{7f}' => Some('\u{2421}'),
        _ => None,
    }
}

/// Whether a reader can see that the character is there.
fn has_form(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    // The standard library escapes what is not printable: controls, formatting and private
    // characters, separators, unassigned ones. Behind a letter it leaves a combining mark alone,
    // which is right: it is seen on that letter.
    let mut behind_letter = [b'a'; 5];
    let length = 1 + c.encode_utf8(&mut behind_letter[1..]).len();
    let printable = str::from_utf8(&behind_letter[..length])
        .is_ok_and(|text| text.escape_debug().nth(1) == Some(c));
    printable
        && !BLANK
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_text_of_any_language_stays_as_it_is() {
        for text in [
            "ls -la \"$HOME\" \\",
            "naïve Größe 日本語 हिन्दी e\u{301} 🙂",
            "",
        ] {
            assert!(matches!(visible(text), Cow::Borrowed(shown) if shown == text));
        }
    }

    #[test]
    fn what_a_terminal_obeys_or_hides_is_shown() {
        for (text, shown) in [
            ("\u{1b}[2Jgone", "␛[2Jgone"),
            ("a\r\nb\tc\0\u{7f}", "a␍␊b␉c␀␡"),
            ("\u{9b}31m", r"\u{9b}31m"),
            ("\u{202e}txt.exe\u{2066}", r"\u{202e}txt.exe\u{2066}"),
            ("a\u{200b}\u{feff}b\u{ad}", r"a\u{200b}\u{feff}b\u{ad}"),
            ("a\u{2028}b\u{2029}\u{85}", r"a\u{2028}b\u{2029}\u{85}"),
            ("\u{3164}\u{e0041}\u{fe0f}", r"\u{3164}\u{e0041}\u{fe0f}"),
            ("\u{e000}\u{378}", r"\u{e000}\u{378}"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn newlines_and_tabs_stay_where_lines_are_shown() {
        assert_eq!(visible_lines("a\n\tb\r\u{1b}"), "a\n\tb␍␛");
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left_and_looking_again_changes_nothing(
            text in prop::collection::vec(any::<char>(), 0..64).prop_map(String::from_iter),
        ) {
            let line = visible(&text);
            prop_assert!(!line.contains(char::is_control), "{line:?}");
            prop_assert_eq!(visible(&line), &*line);
            let lines = visible_lines(&text);
            prop_assert!(!lines.contains(|c: char| c.is_control() && c != '\n' && c != '\t'));
            prop_assert_eq!(visible_lines(&lines), &*lines);
        }

        #[test]
        fn json_keeps_its_values(text in prop::collection::vec(any::<char>(), 0..64)) {
            let value = serde_json::json!({ "text": String::from_iter(text) });
            let shown = visible_json(&value.to_string());
            prop_assert!(shown.chars().all(has_form), "{shown:?}");
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
        }
    }
}
