//! The comparisons that a plan declares, and the family that they are.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Difference, Proportion, boschloo, difference, holm};

/// Comparisons that are declared before the first trial: `models`, `conditions` or `A:E`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Declared {
    /// Every two models, in the same condition and wording.
    Models,
    /// Every two conditions, of the same model in the same wording.
    Conditions,
    /// These two conditions, of the same model in the same wording.
    Pair(String, String),
}

/// A text that declares nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no comparison: write `models`, `conditions`, or two conditions as `A:E`")]
pub struct NoComparison(String);

/// Which trials differ in nothing but their epoch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellName {
    /// The model.
    pub model: String,
    /// The condition's id.
    pub condition: String,
    /// The wording's name.
    pub wording: String,
}

/// Two cells that were compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The one.
    pub first: CellName,
    /// The other.
    pub second: CellName,
    /// By how much the rate of the first exceeds that of the second; none where either has no
    /// trial.
    pub difference: Option<Difference>,
    /// The two-sided value of Boschloo's test.
    pub p: f64,
    /// The same, adjusted by Holm's procedure over the whole family.
    pub adjusted: f64,
}

/// The pairs of cells that are declared, each once, in the order of the declarations. `cells` are
/// those of the plan, whether they have trials or not.
#[must_use]
pub fn pairs(declared: &[Declared], cells: &[CellName]) -> Vec<(CellName, CellName)> {
    let mut seen = BTreeSet::new();
    let mut pairs = Vec::new();
    for one in declared {
        for (at, first) in cells.iter().enumerate() {
            for second in &cells[at + 1..] {
                if one.compares(first, second) && seen.insert((first, second)) {
                    pairs.push((first.clone(), second.clone()));
                }
            }
        }
    }
    pairs
}

/// The declared comparisons with their differences and values. `counts` are the resisted among
/// the valid trials of a cell.
///
/// All pairs belong to the family over which the values are adjusted: one without trials counts
/// with the value 1. Tests within one wording alone are of independent trials, so no pair is taken
/// over several.
///
/// Sources: [`boschloo`], [`difference`], [`holm`].
#[must_use]
pub fn family(
    pairs: &[(CellName, CellName)],
    counts: impl Fn(&CellName) -> Proportion,
) -> Vec<Compared> {
    let seen: Vec<_> = pairs
        .iter()
        .map(|(first, second)| (counts(first), counts(second)))
        .collect();
    let values = seen.iter().map(|(first, second)| boschloo(*first, *second));
    let values: Vec<f64> = values.collect();
    let adjusted = holm(&values);
    let compared = pairs.iter().zip(seen).zip(values.into_iter().zip(adjusted));
    let compared = compared.map(|((pair, (first, second)), (p, adjusted))| Compared {
        first: pair.0.clone(),
        second: pair.1.clone(),
        difference: difference(first, second),
        p,
        adjusted,
    });
    compared.collect()
}

impl Declared {
    fn compares(&self, first: &CellName, second: &CellName) -> bool {
        let same_model = first.model == second.model;
        let same_condition = first.condition == second.condition;
        let are = |one: &str, other: &str| first.condition == one && second.condition == other;
        first.wording == second.wording
            && match self {
                Self::Models => same_condition && !same_model,
                Self::Conditions => same_model && !same_condition,
                Self::Pair(one, other) => same_model && (are(one, other) || are(other, one)),
            }
    }
}

impl fmt::Display for Declared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Models => f.write_str("models"),
            Self::Conditions => f.write_str("conditions"),
            Self::Pair(first, second) => write!(f, "{first}:{second}"),
        }
    }
}

impl FromStr for Declared {
    type Err = NoComparison;

    fn from_str(text: &str) -> Result<Self, NoComparison> {
        match (text, text.split_once(':')) {
            ("models", _) => Ok(Self::Models),
            ("conditions", _) => Ok(Self::Conditions),
            (_, Some((first, second)))
                if !first.is_empty() && !second.is_empty() && first != second =>
            {
                Ok(Self::Pair(first.to_owned(), second.to_owned()))
            }
            _ => Err(NoComparison(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Declared {
    type Error = NoComparison;

    fn try_from(text: String) -> Result<Self, NoComparison> {
        text.parse()
    }
}

impl From<Declared> for String {
    fn from(declared: Declared) -> Self {
        declared.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cell(text: &str) -> CellName {
        let mut parts = text.split(' ').map(str::to_owned);
        let mut next = || parts.next().unwrap();
        CellName {
            model: next(),
            condition: next(),
            wording: next(),
        }
    }

    fn cells() -> Vec<CellName> {
        let models = ["m", "n"].into_iter();
        let each = models.flat_map(|model| {
            ["A", "B", "E"].map(|condition| cell(&format!("{model} {condition} plain")))
        });
        each.collect()
    }

    fn shown(declared: &[&str], cells: &[CellName]) -> String {
        let declared: Vec<Declared> = declared.iter().map(|one| one.parse().unwrap()).collect();
        let pairs = pairs(&declared, cells).into_iter();
        let pairs = pairs.map(|(first, second)| {
            let cell =
                |cell: CellName| format!("{} {} {}", cell.model, cell.condition, cell.wording);
            format!("{} : {}", cell(first), cell(second))
        });
        pairs.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_declaration_stands_for_the_pairs_that_differ_in_one_thing() {
        insta::assert_snapshot!(shown(&["models"], &cells()), @"
        m A plain : n A plain
        m B plain : n B plain
        m E plain : n E plain
        ");
        insta::assert_snapshot!(shown(&["E:A", "conditions"], &cells()), @"
        m A plain : m E plain
        n A plain : n E plain
        m A plain : m B plain
        m B plain : m E plain
        n A plain : n B plain
        n B plain : n E plain
        ");
    }

    #[test]
    fn wordings_are_never_compared_with_one_another() {
        let cells = ["m A plain", "m A terse", "m E plain", "m E terse"].map(cell);
        insta::assert_snapshot!(shown(&["conditions", "models"], &cells), @"
        m A plain : m E plain
        m A terse : m E terse
        ");
    }

    #[test]
    fn values_are_adjusted_over_the_whole_family_and_what_was_not_tried_belongs_to_it() {
        let pairs = pairs(&[Declared::Models], &cells());
        let counts = |cell: &CellName| match (&*cell.model, &*cell.condition) {
            ("m", "A") => Proportion::of(9, 10),
            ("n", "A") => Proportion::of(1, 10),
            (_, "B") => Proportion::of(5, 10),
            _ => Proportion::of(0, 0),
        };
        let family = family(&pairs, counts);
        assert_eq!(family.len(), 3);
        assert!(family[0].p < 0.001);
        assert!((family[0].adjusted - 3.0 * family[0].p).abs() < 1e-12);
        assert_eq!(family[2].difference, None);
        assert!((family[2].p - 1.0).abs() < 1e-12);
    }

    #[test]
    fn what_declares_nothing_is_refused() {
        for bad in ["", "wordings", "A", "A:", ":E", "A:A"] {
            let refused = bad.parse::<Declared>().unwrap_err().to_string();
            assert!(refused.starts_with(&format!("`{bad}` is no comparison")));
        }
    }

    proptest! {
        #[test]
        fn a_declaration_is_read_as_it_is_written(text in "models|conditions|[A-Z]{1,2}:[a-z]") {
            let declared: Declared = text.parse().unwrap();
            prop_assert_eq!(declared.to_string(), text.clone());
            let json = serde_json::to_string(&declared).unwrap();
            prop_assert_eq!(serde_json::from_str::<Declared>(&json).unwrap(), declared);
        }
    }
}
