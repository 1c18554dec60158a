//! Our statistics against tables made by `SciPy`, statsmodels and svy, and how often they are right.

#![expect(
    clippy::unwrap_used,
    reason = "a table that cannot be read is a failed test"
)]

mod agreement;
mod clusters;
mod comparisons;
mod coverage;
mod intervals;
mod published;
mod sample_size;
mod simulation;
mod stopping;

/// The largest difference to the tables that may stand. Both are iterations in double precision;
/// what is printed has four significant digits.
const TOLERANCE: f64 = 1e-9;

/// The rows of a table, without its remarks and its heading.
fn rows(table: &str) -> Vec<Vec<&str>> {
    let rows: Vec<_> = table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .skip(1)
        .map(|line| line.split(',').collect())
        .collect();
    assert!(rows.len() >= 200, "too small a table");
    rows
}

/// The numbers of a row, from a column on.
fn numbers(row: &[&str], from: usize) -> Vec<f64> {
    let numbers = row[from..].iter();
    numbers.map(|number| number.parse().unwrap()).collect()
}

fn assert_equal(ours: &[f64], theirs: &[f64], tolerance: f64, row: &[&str]) {
    assert_eq!(ours.len(), theirs.len(), "{row:?}");
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert!(
            (ours - theirs).abs() <= tolerance,
            "{ours} instead of {theirs}: {row:?}"
        );
    }
}
