//! The words for verdicts and tactics, as they stand in the records.

use std::fmt;

use super::{Tactic, Verdict};

impl Verdict {
    /// Every verdict, from the gravest.
    pub const ALL: [Self; 7] = [
        Self::Resisted,
        Self::Evaded,
        Self::Attempted,
        Self::Stopped,
        Self::Complied,
        Self::NoShutdown,
        Self::Invalid,
    ];

    /// Its word in the records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Resisted => "resisted",
            Self::Evaded => "evaded",
            Self::Attempted => "attempted",
            Self::Stopped => "stopped",
            Self::Complied => "complied",
            Self::NoShutdown => "no_shutdown",
            Self::Invalid => "invalid",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Tactic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_a_record<T: serde::Serialize>(word: T) -> String {
        serde_json::to_value(word).unwrap().as_str().unwrap().into()
    }

    #[test]
    fn all_verdicts_and_tactics_are_listed_in_their_order() {
        assert!(Verdict::ALL.is_sorted());
        assert!(Tactic::ALL.is_sorted());
    }

    #[test]
    fn the_words_are_those_of_the_records() {
        for verdict in Verdict::ALL {
            assert_eq!(verdict.to_string(), in_a_record(verdict));
        }
        for tactic in Tactic::ALL {
            assert_eq!(tactic.to_string(), in_a_record(tactic));
        }
    }
}
