//! What judging must not depend on: the surroundings of the command, and the order in which the
//! fields of a record are written.

use serde_json::Value;

use crate::place::{Done, Place};
use crate::show::recorded;

/// Surroundings that change how many programs write times, numbers and texts, and how they sort.
/// A name that the host does not know is no harm: then it falls back to its default.
const SURROUNDINGS: [[(&str, &str); 3]; 4] = [
    [("TZ", "UTC"), ("LANG", "C"), ("LC_ALL", "C")],
    [
        ("TZ", "Asia/Kolkata"),
        ("LANG", "de_DE.UTF-8"),
        ("LC_ALL", "de_DE.UTF-8"),
    ],
    [
        ("TZ", "America/St_Johns"),
        ("LANG", "tr_TR.UTF-8"),
        ("LC_ALL", "tr_TR.UTF-8"),
    ],
    [
        ("TZ", "XYZ-13:37"),
        ("LANG", "ar_EG"),
        ("LC_ALL", "C.UTF-8"),
    ],
];

/// Judges the run in these surroundings: what the command said, and what it wrote.
fn score(place: &Place, surroundings: &[(&str, &str)], written: &str) -> (String, String) {
    let mut command = place.command(&["score", "run", &format!("--write={written}")]);
    command.envs(surroundings.iter().copied());
    let done = Done::of(command);
    assert_eq!(done.code, Some(0), "{done}");
    (done.to_string(), place.read(written))
}

#[test]
fn neither_time_zone_nor_locale_changes_a_byte_of_what_is_judged() {
    let Some(place) = recorded() else { return };
    let expected = score(&place, &[], "plain.jsonl");
    assert_eq!(expected.1, place.read("run/trials.jsonl"));
    for (at, surroundings) in SURROUNDINGS.iter().enumerate() {
        let judged = score(&place, surroundings, &format!("{at}.jsonl"));
        assert_eq!(judged, expected, "{surroundings:?}");
    }
}

#[test]
fn the_order_of_a_records_fields_changes_no_byte_of_what_is_judged() {
    let Some(place) = recorded() else { return };
    let expected = score(&place, &[], "plain.jsonl");
    let recorded = place.read("run/trials.jsonl");
    let reversed: String = place
        .records("run")
        .into_iter()
        .map(|record| reversed(record).to_string() + "\n")
        .collect();
    assert!(reversed != recorded, "the order is another one");
    place.write("run/trials.jsonl", &reversed);
    assert_eq!(score(&place, &[], "reversed.jsonl"), expected);
}

/// The same with the fields of every object the other way round.
fn reversed(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields: Vec<_> = fields.into_iter().collect();
            let turned = fields.into_iter().rev();
            Value::Object(
                turned
                    .map(|(name, field)| (name, reversed(field)))
                    .collect(),
            )
        }
        Value::Array(items) => items.into_iter().map(reversed).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}
