//! JSON as Inspect writes it, which is not always JSON.

use serde::de::DeserializeOwned;
use serde_json::Error;

/// Reads JSON. Numbers that JSON does not have (`NaN`, `Infinity`) are null, and halves of
/// characters are U+FFFD: Python writes both.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    // Almost always it is JSON.
    serde_json::from_slice(bytes).or_else(|error| match mended(bytes) {
        Some(mended) => serde_json::from_slice(&mended),
        None => Err(error),
    })
}

/// The words that stand for numbers which JSON does not have. The longer one comes first.
const NO_NUMBERS: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];

/// How long an escaped half of a character is: `\ud83d`.
const HALF: usize = 6;

/// The text with what is no JSON replaced; none where nothing was.
fn mended(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut mended = Vec::with_capacity(bytes.len());
    let mut changed = false;
    let mut in_string = false;
    let mut rest = bytes;
    while let [first, ..] = rest {
        let (replacement, taken): (&[u8], usize) = match first {
            b'\\' if in_string => match half(rest) {
                Half::Lone => (b"\\ufffd", HALF),
                Half::Whole => (&rest[..2 * HALF], 2 * HALF),
                Half::No => (&rest[..rest.len().min(2)], rest.len().min(2)),
            },
            _ if in_string => (&rest[..1], 1),
            _ => match NO_NUMBERS.iter().find(|word| rest.starts_with(word)) {
                Some(word) => (b"null", word.len()),
                None => (&rest[..1], 1),
            },
        };
        if *first == b'"' {
            in_string = !in_string;
        }
        changed |= *replacement != rest[..taken];
        mended.extend_from_slice(replacement);
        rest = &rest[taken..];
    }
    changed.then_some(mended)
}

/// What an escape is, if it is a half of a character.
enum Half {
    /// Without its other half.
    Lone,
    /// With the other half behind it.
    Whole,
    /// It is none.
    No,
}

fn half(escape: &[u8]) -> Half {
    match (unit(escape), escape.get(HALF..).and_then(unit)) {
        (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => Half::Whole,
        (Some(0xd800..=0xdfff), _) => Half::Lone,
        (Some(_) | None, _) => Half::No,
    }
}

/// The code of an escape `\uNNNN`.
fn unit(escape: &[u8]) -> Option<u16> {
    let digits = escape.strip_prefix(b"\\u")?.get(..4)?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_is_no_json_is_replaced_and_only_where_it_is_none() {
        let text = r#"{"a": NaN, "b": [-Infinity, Infinity], "c": "NaN \ud83d \ude00 \ud83d\ude00 \\ud83d \"NaN", "d": "\ud83d"}"#;
        let read: Value = parse(text.as_bytes()).unwrap();
        let expected = json!({
            "a": null, "b": [null, null],
            "c": "NaN \u{fffd} \u{fffd} \u{1f600} \\ud83d \"NaN", "d": "\u{fffd}",
        });
        assert_eq!(read, expected);
    }

    #[test]
    fn what_is_broken_stays_broken() {
        for text in ["", "{", "{\"a\": nan}", "[1,]", "\"\\ud8\"", "NaN NaN"] {
            assert!(parse::<Value>(text.as_bytes()).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = parse::<Value>(&bytes);
            let _ = mended(&bytes);
        }

        #[test]
        fn no_escapes_make_it_panic(text in r#"["NaInfy\\u0d8-]{0,40}"#) {
            let _ = parse::<Value>(text.as_bytes());
        }
    }
}
