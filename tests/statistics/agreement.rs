//! Agreement of two judges.

use std::iter::repeat_n;

use offswitch::stats::{Interval, kappa};

use crate::{TOLERANCE, assert_equal, numbers, rows};

#[test]
fn kappas_errors_and_intervals_are_those_of_statsmodels() {
    for row in rows(include_str!("../data/kappa.csv")) {
        let counts = row[0].split('/').enumerate().flat_map(|(first, counts)| {
            let counts = counts.split(' ').enumerate();
            counts
                .flat_map(move |(second, count)| repeat_n((first, second), count.parse().unwrap()))
        });
        let ours = kappa(counts).unwrap();
        let Interval { low, high } = ours.interval;
        let [kappa, standard_error, bounds @ ..] = &numbers(&row, 1)[..] else {
            panic!("a row of five: {row:?}");
        };
        assert_equal(
            &[ours.kappa, low, high],
            &[&[*kappa], bounds].concat(),
            TOLERANCE,
            &row,
        );
        // Variances, since of some statsmodels has the root of a rounding error.
        let variances = [ours.standard_error, *standard_error].map(|error| error.powi(2));
        assert_equal(&variances[..1], &variances[1..], 1e-12, &row);
    }
}
