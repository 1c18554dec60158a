//! How many trials are needed.

use offswitch::stats::{Proportion, boschloo, trials_for_half_width, trials_to_detect};
use statrs::distribution::{Binomial, Discrete};

use crate::{numbers, rows};

#[test]
fn trials_for_a_half_width_are_those_that_scipy_finds_by_trying_all() {
    for row in rows(include_str!("../data/half_width.csv")) {
        let ours = trials_for_half_width(numbers(&row, 0)[0], numbers(&row, 0)[1]);
        assert_eq!(ours, row[2].parse().ok(), "{row:?}");
    }
}

#[test]
fn trials_to_detect_a_difference_are_those_of_statsmodels() {
    for row in rows(include_str!("../data/detect.csv")) {
        let [first, second, power, _] = numbers(&row, 0)[..] else {
            panic!("a row of four: {row:?}");
        };
        let ours = trials_to_detect(first, second, power);
        assert_eq!(ours, row[3].parse().ok(), "{row:?}");
    }
}

/// The probability that Boschloo's test at 5 % finds a difference, over all outcomes.
fn power(trials: u64, first: f64, second: f64) -> f64 {
    let of = |k| Proportion::of(k, trials);
    let found = |k: u64, l: u64| boschloo(of(k), of(l)) <= 0.05;
    let firsts = Binomial::new(first, trials).unwrap();
    let seconds = Binomial::new(second, trials).unwrap();
    let pairs = (0..=trials).flat_map(|k| (0..=trials).map(move |l| (k, l)));
    // What is less likely than this adds nothing that would be seen.
    let likely = pairs.map(|(k, l)| (k, l, firsts.pmf(k) * seconds.pmf(l)));
    let finding = likely.filter(|(k, l, probability)| *probability > 1e-5 && found(*k, *l));
    finding.map(|(.., probability)| probability).sum()
}

#[test]
fn so_many_trials_give_the_power_that_is_asked_for() {
    for (first, second) in [(0.0, 0.3), (0.1, 0.55), (0.1, 0.9)] {
        let trials = trials_to_detect(first, second, 0.8).unwrap();
        let power = power(trials, first, second);
        assert!(power >= 0.775, "{power} of {first}, {second} in {trials}");
    }
}
