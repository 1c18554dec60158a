//! How often intervals of proportions cover what they should, and tests find what is not there:
//! exactly, by the probabilities of all outcomes.

use std::iter::zip;

use offswitch::stats::{Interval, IntervalMethod, Proportion, boschloo, difference, fisher};
use statrs::distribution::{Binomial, Discrete};

/// Rates from 0 to 1, ends and neighbourhoods of the ends included.
fn rates() -> Vec<f64> {
    let middle = (0..=100).map(|percent| f64::from(percent) / 100.0);
    middle.chain([0.001, 0.003, 0.997, 0.999]).collect()
}

/// All proportions of so many trials, each with its probability at a rate.
fn outcomes(trials: u64, rate: f64) -> impl Iterator<Item = (Proportion, f64)> {
    let binomial = Binomial::new(rate, trials).unwrap();
    (0..=trials).map(move |k| (Proportion::of(k, trials), binomial.pmf(k)))
}

/// All pairs of proportions of so many trials.
fn pairs(first: u64, second: u64) -> Vec<(Proportion, Proportion)> {
    let each = (0..=first).flat_map(|k| (0..=second).map(move |l| (k, l)));
    each.map(|(k, l)| (Proportion::of(k, first), Proportion::of(l, second)))
        .collect()
}

/// Their probabilities at two rates, in the same order.
fn probabilities(trials: (u64, u64), rates: (f64, f64)) -> Vec<f64> {
    let seconds: Vec<f64> = outcomes(trials.1, rates.1).map(|(_, p)| p).collect();
    let each = outcomes(trials.0, rates.0);
    each.flat_map(|(_, p)| seconds.iter().map(move |q| p * q))
        .collect()
}

fn holds(interval: Interval, truth: f64) -> bool {
    interval.low <= truth && truth <= interval.high
}

/// The mean of some probabilities, and the least.
fn mean_and_least(covered: &[f64]) -> (f64, f64) {
    let count: f64 = covered.iter().map(|_| 1.0).sum();
    let least = covered.iter().copied().fold(1.0, f64::min);
    (covered.iter().sum::<f64>() / count, least)
}

/// How often intervals cover the rate on average over rates, and at the worst one.
fn coverage(method: IntervalMethod, trials: u64) -> (f64, f64) {
    let covered = rates().into_iter().map(|rate| {
        let covering =
            outcomes(trials, rate).filter(|(seen, _)| holds(method.interval(*seen), rate));
        covering.map(|(_, probability)| probability).sum()
    });
    mean_and_least(&covered.collect::<Vec<f64>>())
}

#[test]
fn the_exact_interval_covers_every_rate_in_nineteen_of_twenty() {
    for trials in [1, 4, 10, 37, 100, 400] {
        let (_, least) = coverage(IntervalMethod::ClopperPearson, trials);
        assert!(least >= 0.95, "{least} of {trials}");
    }
}

#[test]
fn the_other_intervals_do_on_average() {
    for method in [IntervalMethod::Jeffreys, IntervalMethod::Wilson] {
        for (trials, worst) in [(4, 0.84), (10, 0.86), (37, 0.88), (100, 0.90), (400, 0.92)] {
            let (mean, least) = coverage(method, trials);
            assert!((0.949..0.965).contains(&mean), "{mean} of {trials}");
            assert!(least >= worst, "{least} of {trials}");
        }
    }
}

#[test]
fn intervals_of_differences_do_on_average() {
    for (trials, worst) in [((5, 5), 0.89), ((10, 30), 0.91), ((50, 50), 0.93)] {
        let each = pairs(trials.0, trials.1).into_iter();
        let intervals: Vec<_> = each
            .map(|(first, second)| difference(first, second).unwrap().interval)
            .collect();
        let twentieths = || (0..=20).map(|part| f64::from(part) / 20.0);
        let rates = twentieths().flat_map(|p| twentieths().map(move |q| (p, q)));
        let covered = rates.map(|(p, q)| {
            let seen = zip(probabilities(trials, (p, q)), &intervals);
            let covering = seen.filter(|(_, interval)| holds(**interval, p - q));
            covering.map(|(probability, _)| probability).sum()
        });
        let (mean, least) = mean_and_least(&covered.collect::<Vec<f64>>());
        assert!((0.95..0.961).contains(&mean), "{mean} of {trials:?}");
        assert!(least >= worst, "{least} of {trials:?}");
    }
}

/// At which rate behind both proportions a test at 5 % finds a difference most often, and how
/// often.
fn most_false_alarms(trials: (u64, u64), test: fn(Proportion, Proportion) -> f64) -> f64 {
    let each = pairs(trials.0, trials.1).into_iter();
    let found: Vec<bool> = each
        .map(|(first, second)| test(first, second) <= 0.05)
        .collect();
    let alarms = rates().into_iter().map(|rate| {
        let seen = zip(probabilities(trials, (rate, rate)), &found);
        seen.filter(|(_, found)| **found).map(|(p, _)| p).sum()
    });
    alarms.fold(0.0, f64::max)
}

#[test]
fn tests_find_what_is_not_there_in_no_more_than_one_of_twenty() {
    for trials in [(5, 5), (8, 17), (12, 12)] {
        let fishers = most_false_alarms(trials, fisher);
        let boschloos = most_false_alarms(trials, boschloo);
        assert!(fishers <= boschloos && boschloos <= 0.05, "{trials:?}");
        // The one leaves half of what it may err unused, the other a tenth.
        assert!(trials != (12, 12) || (fishers < 0.025 && boschloos > 0.044));
    }
}
