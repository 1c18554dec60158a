//! How large an answer may be.

use serde_json::Value;

/// The most bytes of an answer. The longest that models give, with the probabilities of all their
/// tokens, stay below it; what is larger would be sent back with every further request of its
/// trial and kept in its record.
pub(super) const LARGEST_ANSWER: usize = 16 << 20;

/// About how many bytes a body takes as JSON.
pub(super) fn size(body: &Value) -> usize {
    match body {
        Value::Null | Value::Bool(_) | Value::Number(_) => 4,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => 2 + items.iter().map(|item| size(item) + 1).sum::<usize>(),
        Value::Object(fields) => {
            let fields = fields.iter();
            2 + fields
                .map(|(name, value)| name.len() + size(value) + 4)
                .sum::<usize>()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_is_about_as_large_as_its_json() {
        let body = json!({ "a": ["text", null, true, [], {}], "b": { "c": "é".repeat(100) } });
        let written = body.to_string().len();
        assert!(size(&body).abs_diff(written) < written / 10, "{written}");
    }
}
