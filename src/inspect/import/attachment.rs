//! Long texts that a sample keeps once and refers to.

use std::collections::BTreeMap;

use serde_json::Value;

use super::archive::LARGEST_MEMBER;

/// What a text begins with that stands for another one.
const REFERENCE: &str = "attachment://";

/// The texts of a sample that others refer to, by their names.
pub(super) struct Attachments {
    texts: BTreeMap<String, String>,
    /// How many bytes may still be put in the place of references: a short sample could refer to a
    /// long text over and over.
    left: u64,
}

impl Attachments {
    pub(super) fn new(texts: BTreeMap<String, String>) -> Self {
        Self {
            texts,
            left: LARGEST_MEMBER,
        }
    }

    /// Puts the texts in the places of the references to them, wherever they stand. A reference to
    /// a text that is not there stays.
    ///
    /// # Errors
    /// So much would have to be put there that it fits nowhere.
    pub(super) fn resolve(&mut self, value: &mut Value) -> Result<(), String> {
        match value {
            Value::String(text) => {
                if let Some(attached) = self.get(text)? {
                    *text = attached;
                }
            }
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.resolve(item))?,
            Value::Object(fields) => fields
                .values_mut()
                .try_for_each(|field| self.resolve(field))?,
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        Ok(())
    }

    fn get(&mut self, text: &str) -> Result<Option<String>, String> {
        let named = text.strip_prefix(REFERENCE);
        let Some(attached) = named.and_then(|name| self.texts.get(name)) else {
            return Ok(None);
        };
        let left = self.left.checked_sub(attached.len() as u64);
        self.left = left.ok_or_else(|| {
            format!("what it refers to is more than {LARGEST_MEMBER} bytes together")
        })?;
        Ok(Some(attached.clone()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn attachments() -> Attachments {
        let texts = [("a", "long"), ("b", "attachment://a")];
        Attachments::new(texts.map(|(name, text)| (name.into(), text.into())).into())
    }

    #[test]
    fn a_reference_is_resolved_once_and_wherever_it_stands() {
        let mut value = json!({
            "x": ["attachment://a", "attachment://b"],
            "y": { "attachment://a": "see attachment://a", "z": "attachment://c" },
        });
        attachments().resolve(&mut value).unwrap();
        let expected = json!({
            "x": ["long", "attachment://a"],
            "y": { "attachment://a": "see attachment://a", "z": "attachment://c" },
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn a_text_that_is_referred_to_over_and_over_is_refused() {
        let mut attachments = attachments();
        attachments.left = 7;
        let mut value = json!(["attachment://a", "attachment://a"]);
        let error = attachments.resolve(&mut value).unwrap_err();
        assert!(error.contains("more than"), "{error}");
    }
}
