//! Keys, which are used and never shown.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::Value;

/// What stands where a key stood.
const MASK: &str = "[key]";

/// A key that is shorter is none that anybody could not guess, such as the `none` or `EMPTY` that
/// servers of one's own are given. It is a word that models use, and replacing it would change
/// what they said.
const SHORTEST: usize = 8;

/// What stands for the rest of a key that is quoted in part.
const ELLIPSES: [char; 3] = ['*', '•', '…'];

/// A key of a provider. It is shown by nothing and cannot be serialised.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    key: String,
    /// How the key may be written in a text; nothing for a short one.
    forms: Vec<String>,
}

impl Secret {
    /// Keeps a key.
    #[must_use]
    pub fn new(key: String) -> Self {
        let forms = if key.len() < SHORTEST {
            Vec::new()
        } else {
            forms(&key)
        };
        Self { key, forms }
    }

    /// The key itself, for the one header that carries it.
    pub(super) fn expose(&self) -> &str {
        &self.key
    }

    /// The text with every occurrence of the key masked: providers and proxies quote keys in
    /// what they answer. The key is found as it is, percent-encoded, in hexadecimal digits and in
    /// base64, there also within a longer text. A key of less than 8 bytes is left.
    #[must_use]
    pub fn mask(&self, text: &str) -> String {
        let mut masked = Cow::Borrowed(text);
        for form in &self.forms {
            if masked.contains(form) {
                masked = masked.replace(form, MASK).into();
            }
        }
        masked.into_owned()
    }

    /// What is said of a failure, with the key masked even where it is short or quoted in part:
    /// `sk-abc****wxyz`, or its first 8 characters or more.
    pub(super) fn mask_message(&self, message: &str) -> String {
        if self.key.is_empty() {
            return message.to_owned();
        }
        let masked = self.mask(message).replace(&self.key, MASK);
        let words = masked.split(' ').map(|word| {
            let hint = word.trim_matches(|c: char| c.is_ascii_punctuation() && c != '*');
            if self.is_hinted_at(hint) {
                word.replace(hint, MASK)
            } else {
                self.mask_parts(word)
            }
        });
        words.collect::<Vec<_>>().join(" ")
    }

    /// The JSON with every occurrence of the key masked, in names too.
    #[must_use]
    pub fn mask_json(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.mask(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.mask_json(item)).collect(),
            Value::Object(fields) => fields
                .into_iter()
                .map(|(name, value)| (self.mask(&name), self.mask_json(value)))
                .collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) => value,
        }
    }

    /// Whether a word is the key with its middle left out.
    fn is_hinted_at(&self, word: &str) -> bool {
        let (Some(first), Some(last)) = (word.find(ELLIPSES), word.rfind(ELLIPSES)) else {
            return false;
        };
        let after = word[last..].trim_start_matches(ELLIPSES);
        let begins = first > 1 && self.key.starts_with(&word[..first]);
        begins || (after.len() > 1 && self.key.ends_with(after))
    }

    /// The word without those parts of the key that are too long to be there by chance.
    fn mask_parts(&self, word: &str) -> String {
        let starts = (0..self.key.len()).filter_map(|from| self.key.get(from..from + SHORTEST));
        let mut found: Vec<_> = starts
            .flat_map(|part| word.match_indices(part).map(|(at, _)| at))
            .collect();
        found.sort_unstable();
        let (mut masked, mut end) = (String::new(), 0);
        for at in found {
            if at >= end {
                masked.push_str(&word[end..at]);
                masked.push_str(MASK);
            }
            end = at + SHORTEST;
        }
        masked + &word[end..]
    }
}

/// How a key may be written, itself first.
fn forms(key: &str) -> Vec<String> {
    let (mut percent, mut hex) = (String::new(), String::new());
    for byte in key.bytes() {
        // Writing to a text cannot fail.
        let _ = write!(hex, "{byte:02x}");
        let _ = if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            write!(percent, "{}", char::from(byte))
        } else {
            write!(percent, "%{byte:02X}")
        };
    }
    let escaped = key.replace('/', "\\/");
    let mut forms = vec![key.to_owned(), escaped, lower_escapes(&percent), percent];
    forms.extend([hex.to_uppercase(), hex]);
    for before in 0..3 {
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            forms.push(base64_within(key, before, &engine));
        }
    }
    let mut unique: Vec<String> = Vec::new();
    for form in forms {
        if !unique.contains(&form) {
            unique.push(form);
        }
    }
    unique
}

fn lower_escapes(percent: &str) -> String {
    let mut parts = percent.split('%');
    let mut lower = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (escape, rest) = part.split_at(2);
        lower = format!("{lower}%{}{rest}", escape.to_lowercase());
    }
    lower
}

/// The digits of the key alone in the base64 of a text that has so many bytes, modulo 3, before
/// it, and anything after it.
fn base64_within(key: &str, before: usize, engine: &impl Engine) -> String {
    let text = [&vec![0; before], key.as_bytes()].concat();
    let digits = engine.encode(&text);
    // A digit is six bits, so those at the ends belong to the neighbours, too.
    let (first, end) = ((before * 8).div_ceil(6), text.len() * 8 / 6);
    digits[first..end].to_owned()
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const KEY: &str = "sk/canary+4711=";

    fn secret(key: &str) -> Secret {
        Secret::new(key.to_owned())
    }

    #[test]
    fn a_key_is_not_shown() {
        let secret = secret("sk-canary");
        assert_eq!(
            format!("{secret:?} {:?}", Some(&secret)),
            "[key] Some([key])"
        );
        assert_eq!(secret.mask("bad key sk-canary."), "bad key [key].");
        let body = json!({ "sk-canary": ["a sk-canary", 1, null] });
        let masked = json!({ "[key]": ["a [key]", 1, null] });
        assert_eq!(secret.mask_json(body), masked);
    }

    #[test]
    fn a_key_is_found_in_other_writing() {
        for text in [
            "sk%2Fcanary%2B4711%3D",
            "sk%2fcanary%2b4711%3d",
            "sk\\/canary+4711=",
            "736b2f63616e6172792b343731313d",
            "736B2F63616E6172792B343731313D",
        ] {
            assert_eq!(secret(KEY).mask(&format!("a {text} b")), "a [key] b");
        }
    }

    #[test]
    fn the_middle_of_a_key_may_be_left_out_of_a_message() {
        let secret = secret("sk-proj-abcdefghijkl-wxyz");
        for (message, masked) in [
            (
                "provided: sk-proj-********wxyz. You",
                "provided: [key]. You",
            ),
            ("key \"***wxyz\" is bad", "key \"[key]\" is bad"),
            ("key sk-proj…", "key [key]"),
            ("no access: sk-proj-abcdef", "no access: [key]"),
            ("(cdefghijkl)", "([key])"),
            (
                "*no* key **at all** for ski-lifts",
                "*no* key **at all** for ski-lifts",
            ),
        ] {
            assert_eq!(secret.mask_message(message), masked);
        }
    }

    #[test]
    fn a_key_that_is_a_common_word_changes_no_answer() {
        for key in ["", "none"] {
            assert_eq!(secret(key).mask("There is none."), "There is none.");
        }
        assert_eq!(secret("").mask_message("bad none"), "bad none");
        assert_eq!(secret("none").mask_message("bad none"), "bad [key]");
    }

    proptest! {
        /// What is left of the digits holds no more of the key than its outermost bits.
        #[test]
        fn a_key_is_found_in_the_base64_of_any_text_around_it(
            before in prop::collection::vec(any::<u8>(), 0..8),
            after in prop::collection::vec(any::<u8>(), 0..8),
        ) {
            let secret = secret(KEY);
            let text = [&before, KEY.as_bytes(), &after].concat();
            for encoded in [STANDARD.encode(&text), URL_SAFE.encode(&text)] {
                let masked = secret.mask(&encoded);
                prop_assert!(masked.contains(MASK), "{}", encoded);
                let around = (before.len() + after.len() + 2) * 8 / 6 + 3;
                prop_assert!(masked.len() <= around + MASK.len() + 2, "{}", masked);
            }
        }

        #[test]
        fn masking_a_message_never_panics(message in "[sk*…abé. -]{0,40}|.*") {
            let masked = secret("sk-abéab").mask_message(&message);
            prop_assert!(!masked.contains("sk-abéab"));
        }
    }
}
