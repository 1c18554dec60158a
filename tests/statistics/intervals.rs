//! Intervals for proportions.

use offswitch::stats::{Interval, IntervalMethod, Proportion};

use crate::{TOLERANCE, assert_equal, numbers, rows};

fn bounds(row: &[&str], method: IntervalMethod) -> [f64; 2] {
    let proportion = Proportion::of(row[0].parse().unwrap(), row[1].parse().unwrap());
    let Interval { low, high } = method.interval(proportion);
    [low, high]
}

#[test]
fn jeffreys_intervals_are_those_of_scipy() {
    for row in rows(include_str!("../data/jeffreys.csv")) {
        let ours = bounds(&row, IntervalMethod::Jeffreys);
        assert_equal(&ours, &numbers(&row, 2), TOLERANCE, &row);
    }
}

#[test]
fn wilson_and_clopper_pearson_intervals_are_those_of_statsmodels() {
    for row in rows(include_str!("../data/intervals.csv")) {
        let methods = [IntervalMethod::Wilson, IntervalMethod::ClopperPearson];
        let ours = methods.map(|method| bounds(&row, method));
        assert_equal(ours.as_flattened(), &numbers(&row, 2), TOLERANCE, &row);
    }
}
