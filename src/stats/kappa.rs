//! Agreement of two judges beyond chance.

use std::collections::{BTreeMap, BTreeSet};

use super::proportion::real;
use super::{Interval, IntervalMethod, Proportion};

/// By how much two judges agree beyond chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kappa {
    /// Cohen's κ: 1 where they always agree, 0 where they agree as often as chance would have it,
    /// down to −1 where they agree less.
    pub kappa: f64,
    /// Its standard error for many cases, 0 or more. Where the judges agree in all cases it is 0,
    /// which says nothing; the interval does not rest on it.
    pub standard_error: f64,
    /// The 95 % interval, its bounds from −1 to 1.
    pub interval: Interval,
}

/// Cohen's κ of two judges, from the category that each gave to each case.
///
/// The interval is the Wilson one of the share of cases in which they agree, taken from there to κ
/// with the agreement by chance held at what was seen. So it has a width where the judges agree in
/// all cases; near there κ ± 1.96 standard errors covers κ in as little as half of the samples,
/// and this one does in about 95 %. It assumes that the cases are independent.
///
/// None where there is no case, and where both gave all cases one and the same category: chance
/// alone would make them agree.
///
/// Source: Cohen, "A Coefficient of Agreement for Nominal Scales", Educational and Psychological
/// Measurement 20 (1960), for κ, and for the interval with chance held, there with a normal one in
/// the place of Wilson's; Fleiss, Cohen and Everitt, "Large Sample Standard Errors of Kappa and
/// Weighted Kappa", Psychological Bulletin 72 (1969), for the standard error.
#[must_use]
pub fn kappa<T: Ord>(cases: impl IntoIterator<Item = (T, T)>) -> Option<Kappa> {
    let judged = Judged::of(cases);
    let observed = judged.agreement.share()?;
    let by_chance = judged.agreement_by_chance();
    if by_chance >= 1.0 {
        return None;
    }
    let beyond = |agreement: f64| (agreement - by_chance) / (1.0 - by_chance);
    let Interval { low, high } = IntervalMethod::Wilson.interval(judged.agreement);
    Some(Kappa {
        kappa: beyond(observed),
        standard_error: judged.standard_error(observed, by_chance),
        interval: Interval {
            low: beyond(low).max(-1.0),
            high: beyond(high),
        },
    })
}

/// How two judges judged.
#[derive(Debug)]
struct Judged<T> {
    /// In how many of all cases they agree.
    agreement: Proportion,
    /// What share of the cases has these categories of the first and of the second.
    shares: BTreeMap<(T, T), f64>,
}

impl<T: Ord> Judged<T> {
    fn of(cases: impl IntoIterator<Item = (T, T)>) -> Self {
        let mut counts: BTreeMap<_, u64> = BTreeMap::new();
        for case in cases {
            *counts.entry(case).or_default() += 1;
        }
        let all = counts.values().sum();
        let agreed = counts.iter().filter(|((first, second), _)| first == second);
        let agreement = Proportion::of(agreed.map(|(_, count)| count).sum(), all);
        let shares = counts.into_iter();
        Self {
            agreement,
            shares: shares
                .map(|(pair, count)| (pair, real(count) / real(all)))
                .collect(),
        }
    }

    /// The share of the cases to which the first judge gave a category.
    fn by_first(&self, category: &T) -> f64 {
        let some = self
            .shares
            .iter()
            .filter(|((first, _), _)| first == category);
        some.map(|(_, share)| share).sum()
    }

    /// The share of the cases to which the second judge gave a category.
    fn by_second(&self, category: &T) -> f64 {
        let some = self
            .shares
            .iter()
            .filter(|((_, second), _)| second == category);
        some.map(|(_, share)| share).sum()
    }

    fn agreement_by_chance(&self) -> f64 {
        let categories: BTreeSet<&T> = self.shares.keys().map(|(first, _)| first).collect();
        let each = categories.into_iter();
        each.map(|category| self.by_first(category) * self.by_second(category))
            .sum()
    }

    /// The large-sample error, without the assumption that there is no agreement beyond chance.
    fn standard_error(&self, observed: f64, by_chance: f64) -> f64 {
        // What one case of a pair adds to κ, but for a constant; the mean of it is taken off first,
        // which is the same as to take off its square at the end, and leaves no rounding error.
        let influence = |first: &T, second: &T| {
            let drawn = self.by_second(first) + self.by_first(second);
            let agreed = if first == second {
                1.0 - by_chance
            } else {
                0.0
            };
            agreed - drawn * (1.0 - observed)
        };
        let mean = observed * by_chance - 2.0 * by_chance + observed;
        let parts = self
            .shares
            .iter()
            .map(|((first, second), share)| share * (influence(first, second) - mean).powi(2));
        let variance = parts.sum::<f64>() / real(self.agreement.trials());
        variance.sqrt() / (1.0 - by_chance).powi(2)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn cases(counts: [[usize; 2]; 2]) -> Vec<(bool, bool)> {
        let pairs = [(true, true), (true, false), (false, true), (false, false)];
        let each = pairs.into_iter().zip(counts.into_iter().flatten());
        each.flat_map(|(pair, count)| std::iter::repeat_n(pair, count))
            .collect()
    }

    #[test]
    fn agreement_is_told_beyond_chance() {
        let kappa = kappa(cases([[20, 5], [10, 15]])).unwrap();
        assert!((kappa.kappa - 0.4).abs() < 1e-12, "{kappa:?}");
    }

    #[test]
    fn judges_who_always_agree_leave_an_interval() {
        let kappa = kappa(cases([[5, 0], [0, 5]])).unwrap();
        assert_eq!((kappa.kappa, kappa.standard_error), (1.0, 0.0));
        assert!((kappa.interval.high - 1.0).abs() < 1e-15);
        assert!((kappa.interval.low - 0.445).abs() < 0.001, "{kappa:?}");
    }

    #[test]
    fn where_chance_explains_all_there_is_no_agreement_beyond_it() {
        assert_eq!(kappa(cases([[0, 0], [0, 0]])), None);
        assert_eq!(kappa(cases([[0, 0], [0, 7]])), None);
    }

    #[test]
    fn judges_who_always_disagree_have_no_less_than_minus_one() {
        let kappa = kappa(cases([[0, 5], [5, 0]])).unwrap();
        assert_eq!((kappa.kappa, kappa.interval.low), (-1.0, -1.0));
    }

    proptest! {
        #[test]
        fn the_order_of_judges_and_cases_does_not_matter(
            cases in vec((0..4_u8, 0..4_u8), 1..60),
        ) {
            let ours = kappa(cases.clone());
            let turned = kappa(cases.iter().rev().map(|(first, second)| (second, first)));
            prop_assert_eq!(ours.is_some(), turned.is_some());
            if let (Some(ours), Some(turned)) = (ours, turned) {
                let Interval { low, high } = ours.interval;
                prop_assert!(-1.0 <= low && low <= ours.kappa + 1e-12);
                prop_assert!(ours.kappa <= high + 1e-12 && high <= 1.0);
                prop_assert!((ours.kappa - turned.kappa).abs() < 1e-12);
                prop_assert!((ours.standard_error - turned.standard_error).abs() < 1e-7);
                prop_assert!((ours.interval.low - turned.interval.low).abs() < 1e-12);
            }
        }
    }
}
