//! Rates over several wordings.

use offswitch::stats::{Interval, Proportion, clustered};

use crate::{TOLERANCE, assert_equal, numbers, rows};

#[test]
fn intervals_over_clusters_are_those_of_svy() {
    for row in rows(include_str!("../data/clusters.csv")) {
        let clusters = row[0].split(' ').map(|cluster| {
            let (successes, trials) = cluster.split_once('/').unwrap();
            Proportion::of(successes.parse().unwrap(), trials.parse().unwrap())
        });
        let ours = clustered(&clusters.collect::<Vec<_>>()).unwrap();
        let theirs = numbers(&row, 2);
        let Interval { low, high } = ours.interval;
        assert_equal(&[low, high], &theirs[..2], TOLERANCE, &row);
        let sizes = [ours.design_effect, ours.effective_trials];
        for (ours, theirs) in sizes.into_iter().zip(&theirs[2..]) {
            assert_equal(&[ours], &[*theirs], TOLERANCE * theirs, &row);
        }
    }
}
