//! What other programs scored the trials that were imported from them, counted.

use std::collections::BTreeMap;

use serde::Serialize;

use super::proportion::real;

/// A score of an imported trial, as another program gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnScored<'a> {
    /// The model.
    pub model: &'a str,
    /// The condition's id.
    pub condition: &'a str,
    /// The scorer's name.
    pub scorer: &'a str,
    /// The value, as a text.
    pub value: String,
}

/// What a scorer gave a model's trials in a condition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OwnScores {
    /// The model.
    pub model: String,
    /// The condition's id.
    pub condition: String,
    /// The scorer's name.
    pub scorer: String,
    /// Each value with how often it was given, the commonest first.
    pub values: Vec<(String, u64)>,
    /// The mean, where every value is a number; true counts as 1 and false as 0.
    pub mean: Option<f64>,
    /// How many trials have a score of it.
    pub n: u64,
}

/// Counts scores, by model, condition and scorer.
#[must_use]
pub fn own_scores<'a>(scored: impl IntoIterator<Item = OwnScored<'a>>) -> Vec<OwnScores> {
    let mut groups: BTreeMap<_, BTreeMap<String, u64>> = BTreeMap::new();
    for one in scored {
        let values = groups
            .entry((one.model, one.condition, one.scorer))
            .or_default();
        *values.entry(one.value).or_default() += 1;
    }
    let groups = groups.into_iter();
    groups
        .map(|((model, condition, scorer), values)| {
            let n = values.values().sum();
            let mean = mean(&values, n);
            let mut values: Vec<_> = values.into_iter().collect();
            values.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            OwnScores {
                model: model.into(),
                condition: condition.into(),
                scorer: scorer.into(),
                values,
                mean,
                n,
            }
        })
        .collect()
}

fn mean(values: &BTreeMap<String, u64>, n: u64) -> Option<f64> {
    let weighted = values.iter().map(|(value, count)| {
        let number = match value.as_str() {
            "true" => 1.0,
            "false" => 0.0,
            text => text
                .parse()
                .ok()
                .filter(|number: &f64| number.is_finite())?,
        };
        Some(number * real(*count))
    });
    let sum: f64 = weighted.sum::<Option<f64>>()?;
    (n > 0).then(|| sum / real(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(values: &[&str]) -> OwnScores {
        let scored = values.iter().map(|value| OwnScored {
            model: "m",
            condition: "A",
            scorer: "s",
            value: (*value).into(),
        });
        let [one] = own_scores(scored).try_into().unwrap();
        one
    }

    #[test]
    fn values_are_counted_and_numbers_have_a_mean() {
        let one = scores(&["1", "0.5", "1", "true", "false"]);
        assert_eq!(one.mean, Some(0.7));
        assert_eq!((one.n, &one.values[0]), (5, &("1".to_owned(), 2)));
        assert_eq!(scores(&["C", "1", "C"]).mean, None);
        assert_eq!(scores(&["NaN"]).mean, None);
    }

    #[test]
    fn models_conditions_and_scorers_are_not_mixed() {
        let scored = [("m", "A", "s"), ("l", "A", "s"), ("m", "A", "r")];
        let scored = scored.map(|(model, condition, scorer)| OwnScored {
            model,
            condition,
            scorer,
            value: "1".into(),
        });
        let groups = own_scores(scored);
        let names: Vec<_> = groups
            .iter()
            .map(|one| (&*one.model, &*one.scorer))
            .collect();
        assert_eq!(names, [("l", "s"), ("m", "r"), ("m", "s")]);
    }
}
