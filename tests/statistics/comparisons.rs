//! Two proportions, and several comparisons.

use offswitch::stats::{Interval, Proportion, boschloo, difference, fisher, holm};

use crate::{TOLERANCE, assert_equal, numbers, rows};

const COMPARISONS: &str = include_str!("../data/comparisons.csv");

fn pair(row: &[&str]) -> (Proportion, Proportion) {
    let [first, first_of, second, second_of] = [0, 1, 2, 3].map(|n| row[n].parse().unwrap());
    (
        Proportion::of(first, first_of),
        Proportion::of(second, second_of),
    )
}

#[test]
fn newcombes_intervals_are_those_of_statsmodels() {
    for row in rows(COMPARISONS) {
        let (first, second) = pair(&row);
        let Interval { low, high } = difference(first, second).unwrap().interval;
        let theirs = numbers(&row, 4);
        assert_equal(&[low, high], &theirs[..2], TOLERANCE, &row);
    }
}

#[test]
fn fishers_values_are_those_of_scipy_to_eight_digits() {
    for row in rows(COMPARISONS) {
        let (first, second) = pair(&row);
        let theirs = numbers(&row, 4)[2];
        let ours = fisher(first, second);
        assert_equal(&[ours], &[theirs], 1e-8 * theirs, &row);
    }
}

/// The last column is the maximum over so many rates that the true one is at most 10⁻⁶ of it
/// higher: `SciPy` looks at few and could miss it.
#[test]
fn boschloos_values_are_those_of_scipy_and_miss_no_maximum() {
    for row in rows(COMPARISONS) {
        let (first, second) = pair(&row);
        let ours = boschloo(first, second);
        let [scipy, grid] = numbers(&row, 7)[..] else {
            panic!("a row of nine: {row:?}");
        };
        assert_equal(&[ours], &[scipy], 1e-9 * scipy, &row);
        assert_equal(&[ours], &[grid], 1e-6 * grid, &row);
    }
}

#[test]
fn adjusted_values_are_those_of_statsmodels() {
    let list = |values: &str| -> Vec<f64> {
        let each = values.split(' ');
        each.map(|value| value.parse().unwrap()).collect()
    };
    for row in rows(include_str!("../data/holm.csv")) {
        let ours = holm(&list(row[0]));
        assert_equal(&ours, &list(row[1]), TOLERANCE, &row);
    }
}
