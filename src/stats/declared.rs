//! The comparisons that a plan declares.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Comparisons that are declared before the first trial: `models`, `conditions` or `A:E`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Declared {
    /// Every two models, in the same condition.
    Models,
    /// Every two conditions of the same model.
    Conditions,
    /// These two conditions, of the same model.
    Pair(String, String),
}

/// A text that declares nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no comparison: write `models`, `conditions`, or two conditions as `A:E`")]
pub struct NoComparison(String);

/// The pairs that are declared among these cells, each a model and a condition: their places, the
/// smaller first, each pair once, in the order of the declarations.
///
/// All of them are one family, over which p-values are adjusted: also the pairs of cells that have
/// no trials in the end.
#[must_use]
pub fn pairs(declared: &[Declared], cells: &[(&str, &str)]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for one in declared {
        for (first, cell) in cells.iter().enumerate() {
            for (second, other) in cells.iter().enumerate().skip(first + 1) {
                if one.compares(*cell, *other) && !pairs.contains(&(first, second)) {
                    pairs.push((first, second));
                }
            }
        }
    }
    pairs
}

impl Declared {
    fn compares(&self, first: (&str, &str), second: (&str, &str)) -> bool {
        let same_model = first.0 == second.0;
        let same_condition = first.1 == second.1;
        match self {
            Self::Models => same_condition && !same_model,
            Self::Conditions => same_model && !same_condition,
            Self::Pair(one, other) => {
                let conditions = (first.1, second.1);
                let are = |one, other| conditions == (one, other);
                same_model && (are(one, other) || are(other, one))
            }
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

    const CELLS: [(&str, &str); 6] = [
        ("m", "A"),
        ("m", "B"),
        ("m", "E"),
        ("n", "A"),
        ("n", "B"),
        ("n", "E"),
    ];

    fn shown(declared: &[&str]) -> String {
        let declared: Vec<Declared> = declared.iter().map(|one| one.parse().unwrap()).collect();
        let shown = pairs(&declared, &CELLS).into_iter().map(|(first, second)| {
            let [first, second] = [first, second].map(|at| CELLS[at]);
            format!("{} {} : {} {}", first.0, first.1, second.0, second.1)
        });
        shown.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_declaration_stands_for_the_pairs_that_differ_in_one_thing() {
        insta::assert_snapshot!(shown(&["models"]), @"
        m A : n A
        m B : n B
        m E : n E
        ");
        insta::assert_snapshot!(shown(&["E:A", "conditions"]), @"
        m A : m E
        n A : n E
        m A : m B
        m B : m E
        n A : n B
        n B : n E
        ");
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
