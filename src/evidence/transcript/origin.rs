//! Where an answer came from.

use serde::{Deserialize, Serialize};

/// What the name of a model begins with whose recorded answers were played. No model at a
/// provider has such a name.
pub const REPLAY: &str = "replay:";

/// Where an answer came from. Only the first kind is a fresh draw of the model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// From the provider, which was asked for it.
    #[default]
    Provider,
    /// Out of the response cache, in place of asking the same again.
    Cache,
    /// Out of a recording, whose conversation had come to the same.
    Recording,
    /// Out of a recording, though what was said to the model just before is not what was
    /// recorded.
    DivergedRecording,
}

impl Origin {
    /// Whether the provider was asked.
    #[must_use]
    pub fn is_provider(&self) -> bool {
        *self == Self::Provider
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_of_the_provider_is_a_fresh_one() {
        assert!(Origin::default().is_provider());
        for kept in [Origin::Cache, Origin::Recording, Origin::DivergedRecording] {
            assert!(!kept.is_provider(), "{kept:?}");
        }
    }
}
