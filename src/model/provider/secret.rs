//! Keys, which are used and never shown.

use std::fmt;

use serde_json::Value;

/// What stands where a key stood.
const MASK: &str = "[key]";

/// A key of a provider. It is shown by nothing and cannot be serialised.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a key.
    #[must_use]
    pub fn new(key: String) -> Self {
        Self(key)
    }

    /// The key itself, for the one header that carries it.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// The text with every occurrence of the key masked: providers and proxies quote keys in
    /// what they answer.
    #[must_use]
    pub fn mask(&self, text: &str) -> String {
        if self.0.is_empty() {
            return text.to_owned();
        }
        text.replace(&self.0, MASK)
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
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_is_not_shown() {
        let secret = Secret::new("sk-canary".to_owned());
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
    fn an_empty_key_masks_nothing() {
        assert_eq!(Secret::new(String::new()).mask("text"), "text");
    }
}
