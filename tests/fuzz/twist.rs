//! Changes that make a good input a bad one.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

/// The number of cases where the environment does not say one.
const UNSET: u32 = 256;

/// So many cases unless the environment says otherwise.
pub(crate) fn cases(few: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    let cases = match config.cases {
        UNSET => few,
        set => set,
    };
    ProptestConfig { cases, ..config }
}

/// What is put in the place of something.
const ODD: [&str; 24] = [
    "",
    "0",
    "-1",
    "1e999",
    "nan",
    "9223372036854775807",
    "18446744073709551616",
    "4294967296",
    "true",
    "null",
    "[]",
    "{}",
    "''",
    "\"",
    "\\",
    "\n",
    "\0",
    "\u{1b}[2J",
    "\u{202e}",
    "../../etc/passwd",
    "/",
    "<script>",
    "\u{fffd}",
    "é",
];

/// A change of a text.
#[derive(Debug, Clone)]
pub(crate) enum Twist {
    /// A part is taken out.
    Cut(Index, Index),
    /// Something odd is put in.
    Put(Index, usize),
    /// A part is repeated elsewhere.
    Copy(Index, Index, Index),
    /// A word is another one.
    Word(Index, usize),
    /// A byte is another one.
    Byte(Index, u8),
    /// The end is missing.
    Tear(Index),
}

pub(crate) fn twists() -> impl Strategy<Value = Vec<Twist>> {
    let odd = 0..ODD.len();
    let twist = prop_oneof![
        any::<(Index, Index)>().prop_map(|(from, to)| Twist::Cut(from, to)),
        (any::<Index>(), odd.clone()).prop_map(|(at, odd)| Twist::Put(at, odd)),
        any::<(Index, Index, Index)>().prop_map(|(from, to, at)| Twist::Copy(from, to, at)),
        (any::<Index>(), odd).prop_map(|(at, odd)| Twist::Word(at, odd)),
        any::<(Index, u8)>().prop_map(|(at, byte)| Twist::Byte(at, byte)),
        any::<Index>().prop_map(Twist::Tear),
    ];
    prop::collection::vec(twist, 1..5)
}

/// The bytes with all of these changes.
pub(crate) fn twisted(bytes: &[u8], twists: &[Twist]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for twist in twists {
        if bytes.is_empty() {
            break;
        }
        apply(&mut bytes, twist);
    }
    bytes
}

/// As [`twisted`], of a text. What is none any more is made one.
pub(crate) fn twisted_text(text: &str, twists: &[Twist]) -> String {
    String::from_utf8_lossy(&twisted(text.as_bytes(), twists)).into_owned()
}

fn apply(bytes: &mut Vec<u8>, twist: &Twist) {
    let length = bytes.len();
    let part = |from: &Index, to: &Index| {
        let (from, to) = (from.index(length), to.index(length));
        from.min(to)..from.max(to)
    };
    match twist {
        Twist::Cut(from, to) => drop(bytes.drain(part(from, to))),
        Twist::Put(at, odd) => {
            let at = at.index(length);
            drop(bytes.splice(at..at, ODD[*odd].bytes()));
        }
        Twist::Copy(from, to, at) => {
            let copied = bytes[part(from, to)].to_vec();
            let at = at.index(length);
            drop(bytes.splice(at..at, copied));
        }
        Twist::Word(at, odd) => {
            let word = word(bytes, at.index(length));
            drop(bytes.splice(word, ODD[*odd].bytes()));
        }
        Twist::Byte(at, byte) => bytes[at.index(length)] = *byte,
        Twist::Tear(at) => bytes.truncate(at.index(length)),
    }
}

/// The word around this place.
fn word(bytes: &[u8], at: usize) -> std::ops::Range<usize> {
    let is_end = |byte: &u8| !byte.is_ascii_alphanumeric() && *byte != b'_' && *byte != b'-';
    let from = bytes[..at]
        .iter()
        .rposition(is_end)
        .map_or(0, |end| end + 1);
    let behind = bytes[at..].iter().position(is_end);
    from..behind.map_or(bytes.len(), |end| (at + end).max(from))
}

/// A change of one value in JSON: it is another one, or is gone.
#[derive(Debug, Clone)]
pub(crate) struct Graft {
    at: Index,
    value: Option<Value>,
}

pub(crate) fn grafts() -> impl Strategy<Value = Vec<Graft>> {
    let values = [
        Value::Null,
        Value::Bool(true),
        serde_json::json!(-1),
        serde_json::json!(0),
        serde_json::json!(u64::MAX),
        serde_json::json!(1e308),
        serde_json::json!(""),
        serde_json::json!("\u{1b}[2J\u{202e}<script>"),
        serde_json::json!("../../x"),
        serde_json::json!("attachment://0000"),
        serde_json::json!([]),
        serde_json::json!({}),
        serde_json::json!([[[[1]]]]),
        serde_json::json!({ "type": "machine_down", "a": { "b": [] } }),
    ];
    let value = prop::option::weighted(0.8, prop::sample::select(values.to_vec()));
    let graft = (any::<Index>(), value).prop_map(|(at, value)| Graft { at, value });
    prop::collection::vec(graft, 1..4)
}

/// The value with all of these changes.
pub(crate) fn grafted(mut root: Value, grafts: &[Graft]) -> Value {
    for Graft { at, value } in grafts {
        let mut left = at.index(count(&root));
        replace(&mut root, &mut left, value.as_ref());
    }
    root
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Replaces the value that is reached after so many others; says whether it is to be removed.
fn replace(value: &mut Value, left: &mut usize, by: Option<&Value>) -> bool {
    if *left == 0 {
        *left = usize::MAX;
        if let Some(by) = by {
            *value = by.clone();
        }
        return by.is_none();
    }
    *left -= 1;
    match value {
        Value::Array(items) => {
            let gone = items
                .iter_mut()
                .position(|item| *left != usize::MAX && replace(item, left, by));
            if let Some(gone) = gone {
                items.remove(gone);
            }
        }
        Value::Object(fields) => {
            let gone = fields.iter_mut().find_map(|(name, item)| {
                (*left != usize::MAX && replace(item, left, by)).then(|| name.clone())
            });
            if let Some(gone) = gone {
                fields.remove(&gone);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    false
}
