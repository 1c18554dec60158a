//! Which models an entry is for.

use std::fmt;

use serde::Deserialize;

use crate::model::provider::catalogue;

/// A model's name, as `provider/name`, or the beginning of names, with a `*` at its end.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Pattern(String);

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let shown = text.escape_debug();
        let name = text.strip_suffix('*').unwrap_or(&text);
        if name.contains('*') {
            return Err(format!(
                "`{shown}`: a `*` stands at the end and nowhere else"
            ));
        }
        let Some((provider, rest)) = name.split_once('/') else {
            return Err(format!(
                "`{shown}` is no model's name: write `provider/name`, with a `*` at its end for \
                 all names that begin so"
            ));
        };
        let shown_provider = provider.escape_debug();
        match catalogue::find(provider).map(|found| found.name) {
            Some(name) if name == provider => {}
            None if provider == "openai-api" => {}
            Some(name) => {
                return Err(format!(
                    "`{shown}`: `{shown_provider}` is another name of `{name}`: write that"
                ));
            }
            None => {
                return Err(format!(
                    "`{shown}`: there is no provider `{shown_provider}`: `offswitch models` lists \
                     them"
                ));
            }
        }
        if rest.is_empty() && name.len() == text.len() {
            return Err(format!("`{shown}` names no model: write one after the `/`"));
        }
        Ok(Self(text))
    }
}

impl Pattern {
    pub(super) fn matches(&self, model: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(beginning) => model.starts_with(beginning),
            None => self.0 == model,
        }
    }

    /// How much of a name it says: all of it, or so many bytes of its beginning.
    pub(super) fn precision(&self) -> usize {
        let beginning = self.0.strip_suffix('*').map(str::len);
        beginning.unwrap_or(usize::MAX)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
