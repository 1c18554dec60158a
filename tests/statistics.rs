//! Our statistics against tables made by `SciPy`.

use offswitch::stats::jeffreys;

/// The largest difference to `SciPy` that may stand. Both are iterations in double precision;
/// what is printed has four significant digits.
const TOLERANCE: f64 = 1e-9;

/// The rows of a table, without its remarks and its heading.
fn rows(table: &str) -> Vec<Vec<&str>> {
    table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .skip(1)
        .map(|line| line.split(',').collect())
        .collect()
}

#[test]
fn jeffreys_intervals_are_those_of_scipy() {
    let rows = rows(include_str!("data/jeffreys.csv"));
    assert!(rows.len() >= 200);
    for row in rows {
        let [successes, trials, low, high] = row[..] else {
            panic!("a row of four: {row:?}");
        };
        let ours = jeffreys(successes.parse().unwrap(), trials.parse().unwrap());
        for (ours, theirs) in [(ours.low, low), (ours.high, high)] {
            let theirs: f64 = theirs.parse().unwrap();
            assert!(
                (ours - theirs).abs() <= TOLERANCE,
                "{successes}/{trials}: {ours} instead of {theirs}"
            );
        }
    }
}
