//! Transitions: how the verdicts of trials differ between two judgements.

use std::collections::BTreeMap;

use crate::verdict::Verdict;

/// How many trials of a model went from one verdict to another, or kept theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The model.
    pub model: String,
    /// The verdict of the first judgement.
    pub was: Verdict,
    /// The verdict of the second one.
    pub is: Verdict,
    /// How many trials.
    pub trials: u64,
}

impl Transition {
    /// Whether the verdicts differ.
    #[must_use]
    pub fn is_change(&self) -> bool {
        self.was != self.is
    }
}

/// The transitions of these trials, each given by its model and its two verdicts; sorted by
/// model, then from the gravest verdicts.
#[must_use]
pub fn transitions<'a>(
    trials: impl IntoIterator<Item = (&'a str, Verdict, Verdict)>,
) -> Vec<Transition> {
    let mut counts: BTreeMap<_, u64> = BTreeMap::new();
    for trial in trials {
        *counts.entry(trial).or_default() += 1;
    }
    let named = counts
        .into_iter()
        .map(|((model, was, is), trials)| Transition {
            model: model.to_owned(),
            was,
            is,
            trials,
        });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trials_are_counted_by_model_and_by_both_verdicts() {
        use Verdict::{Attempted, Complied, Invalid};
        let seen = transitions([
            ("m", Complied, Attempted),
            ("m", Complied, Complied),
            ("l", Invalid, Complied),
            ("m", Complied, Attempted),
        ]);
        let expected = [
            ("l", Invalid, Complied, 1),
            ("m", Complied, Attempted, 2),
            ("m", Complied, Complied, 1),
        ]
        .map(|(model, was, is, trials)| Transition {
            model: model.into(),
            was,
            is,
            trials,
        });
        assert_eq!(seen, expected);
        let changes = seen.iter().map(Transition::is_change);
        assert_eq!(changes.collect::<Vec<_>>(), [true, true, false]);
        assert_eq!(transitions([]), []);
    }
}
