//! Measured rates beside published ones.

use std::iter::zip;

use offswitch::stats::published::{Agreement, MARGIN};
use offswitch::stats::{Interval, Proportion, Published};
use statrs::distribution::{Binomial, Discrete};

use crate::{TOLERANCE, assert_equal, numbers, rows};

fn word(agreement: Agreement) -> &'static str {
    match agreement {
        Agreement::Consistent => "consistent",
        Agreement::Different => "different",
        Agreement::TooFewTrials => "too_few_trials",
    }
}

fn published(successes: u64, trials: u64) -> Published {
    Published::counts(Proportion::of(successes, trials)).unwrap()
}

#[test]
fn differences_and_what_they_say_are_those_of_statsmodels() {
    for row in rows(include_str!("../data/published.csv")) {
        let [k, n, l, m] = [0, 1, 2, 3].map(|column| row[column].parse().unwrap());
        let ours = published(l, m).compare(Proportion::of(k, n)).unwrap();
        let Interval { low, high } = ours.difference.interval;
        assert_equal(&[low, high], &numbers(&row[..6], 4), TOLERANCE, &row);
        assert_eq!(word(ours.agreement), row[6], "{row:?}");
        let chance = published(l, m).chance_to_agree(n);
        assert_equal(&[chance], &numbers(&row, 7), TOLERANCE, &row);
    }
}

/// How often each answer is given, over all outcomes of a publication with so many trials at the
/// rate `theirs` and of trials of one's own at the rate `ours`.
#[derive(Debug, Default)]
struct Answers {
    consistent: f64,
    different: f64,
    too_few: f64,
}

/// All answers for so many trials, so that they are found once for all rates.
struct Table {
    trials: [u64; 2],
    answers: Vec<Agreement>,
}

impl Table {
    fn of(theirs: u64, ours: u64) -> Self {
        let pairs = (0..=theirs).flat_map(|l| (0..=ours).map(move |k| (l, k)));
        let answers = pairs.map(|(l, k)| {
            let comparison = published(l, theirs).compare(Proportion::of(k, ours));
            comparison.unwrap().agreement
        });
        Self {
            trials: [theirs, ours],
            answers: answers.collect(),
        }
    }

    fn at(&self, theirs: f64, ours: f64) -> Answers {
        let probabilities = |trials: u64, rate: f64| -> Vec<f64> {
            let binomial = Binomial::new(rate, trials).unwrap();
            (0..=trials).map(|k| binomial.pmf(k)).collect()
        };
        let theirs = probabilities(self.trials[0], theirs);
        let ours = probabilities(self.trials[1], ours);
        let pairs = theirs.iter().flat_map(|p| ours.iter().map(move |q| p * q));
        let mut answers = Answers::default();
        for (probability, answer) in zip(pairs, &self.answers) {
            *match answer {
                Agreement::Consistent => &mut answers.consistent,
                Agreement::Different => &mut answers.different,
                Agreement::TooFewTrials => &mut answers.too_few,
            } += probability;
        }
        let all = answers.consistent + answers.different + answers.too_few;
        assert!((all - 1.0).abs() < 1e-9, "{all}");
        answers
    }
}

/// The publications' sizes, with sizes of a run of one's own.
const SIZES: [[u64; 2]; 5] = [[100, 30], [100, 100], [1000, 30], [1000, 100], [1000, 400]];

fn rates() -> impl Iterator<Item = f64> {
    let middle = (1..20).map(|part| f64::from(part) / 20.0);
    [0.0, 0.002, 0.01]
        .into_iter()
        .chain(middle)
        .chain([0.99, 1.0])
}

#[test]
fn equal_rates_are_seldom_called_different_and_distant_ones_consistent() {
    for [theirs, ours] in SIZES {
        let table = Table::of(theirs, ours);
        let (mut alarms, mut misses) = (Vec::new(), Vec::new());
        for rate in rates() {
            alarms.push(table.at(rate, rate).different);
            let apart = [rate - MARGIN, rate + MARGIN].into_iter();
            for other in apart.filter(|other| (0.0..=1.0).contains(other)) {
                misses.push(table.at(rate, other).consistent);
            }
        }
        let worst = |shares: &[f64]| shares.iter().copied().fold(0.0, f64::max);
        let mean = |shares: &[f64]| {
            let count = u32::try_from(shares.len()).unwrap();
            shares.iter().sum::<f64>() / f64::from(count)
        };
        assert!(mean(&alarms) <= 0.045 && worst(&alarms) <= 0.058, "{ours}");
        assert!(mean(&misses) <= 0.016 && worst(&misses) <= 0.037, "{ours}");
    }
}

/// What the rule is not: with a rate of one's own within the margin, either word can come, by how
/// many trials there are.
#[test]
fn a_difference_within_the_margin_is_found_where_trials_suffice() {
    let few = Table::of(1000, 30).at(0.5, 0.56);
    assert!(few.too_few > 0.85, "{few:?}");
    let many = Table::of(1000, 1000).at(0.5, 0.56);
    assert!(many.different > 0.7 && many.too_few < 0.01, "{many:?}");
}
