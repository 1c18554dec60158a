//! JSON as Inspect writes it: a field without a value is left out.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// The object without its own fields that are null. What is within its fields stays.
pub(super) fn present(mut object: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    object
}

/// What a type of ours is in the records; null where it cannot be written, which none is.
pub(super) fn recorded<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// A time to the second, as the names of logs have it.
pub(super) fn second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// A time as Inspect writes it, with the offset from UTC.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.f+00:00").to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_fields_of_the_object_itself_are_left_out() {
        let object = present(json!({ "a": null, "b": { "c": null } }));
        assert_eq!(object, json!({ "b": { "c": null } }));
    }

    #[test]
    fn a_time_has_its_offset_and_as_many_digits_as_it_needs() {
        let times = ["2026-02-01T12:00:00Z", "2026-02-01T12:00:00.25Z"]
            .map(|text| time(text.parse().unwrap()));
        assert_eq!(
            times,
            ["2026-02-01T12:00:00+00:00", "2026-02-01T12:00:00.25+00:00"]
        );
    }
}
