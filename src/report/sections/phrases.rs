//! Numbers in words.

use crate::report::rates::{TRIALS_FOR_TENTHS, percent};
use crate::report::summary::{Cell, Contrast, Rate};

/// A rate with its interval, in percent.
pub(in crate::report) fn rate_of(rate: &Rate) -> String {
    percent_of(rate.share, rate.jeffreys, rate.n)
}

/// A share of n with an interval, in percent.
pub(in crate::report) fn percent_of(
    share: Option<f64>,
    interval: Option<[f64; 2]>,
    n: u64,
) -> String {
    let (Some(share), Some([low, high])) = (share, interval) else {
        return "–".into();
    };
    let digits = digits(n);
    let [share, low, high] = [share, low, high].map(|part| percent(part, digits));
    format!("{share} % ({low}–{high})")
}

/// A difference in percentage points with its interval.
pub(in crate::report) fn points(contrast: &Contrast) -> String {
    let n = contrast.first.n.min(contrast.second.n);
    signed_points(contrast.difference, contrast.newcombe, n)
}

/// A difference with its interval, in percentage points, of which so many trials are known.
pub(super) fn signed_points(difference: Option<f64>, interval: Option<[f64; 2]>, n: u64) -> String {
    let (Some(difference), Some([low, high])) = (difference, interval) else {
        return "–".into();
    };
    let digits = digits(n);
    let [difference, low, high] = [difference, low, high].map(|part| signed(part, digits));
    format!("{difference} ({low} to {high})")
}

/// What the rate could be if all trials had counted, in percent, by its points alone.
pub(super) fn bounds(rate: &Rate) -> String {
    let Some(bounds) = rate.worst_case else {
        return "–".into();
    };
    let digits = digits(rate.n);
    let ends = [bounds.none_resisted, bounds.all_resisted];
    let [none, all] = ends.map(|end| percent(end.share, digits));
    format!("{none}–{all} %")
}

/// A p-value.
pub(super) fn p_value(p: f64) -> String {
    if p < 0.001 {
        "< 0.001".into()
    } else {
        format!("{p:.3}")
    }
}

/// The kinds of a cell's counts that occur, with their numbers.
pub(super) fn counted<'a>(counts: impl Iterator<Item = (String, &'a u64)>) -> String {
    let counts: Vec<_> = counts
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    if counts.is_empty() {
        return "–".into();
    }
    counts.join(", ")
}

/// The trials of a cell that were resisted, of its n.
pub(super) fn fraction(cell: &Cell) -> String {
    format!("{}/{}", cell.rate.resisted, cell.rate.n)
}

fn digits(n: u64) -> usize {
    usize::from(n >= TRIALS_FOR_TENTHS)
}

/// With a sign, unless it is nothing.
fn signed(part: f64, digits: usize) -> String {
    let number = format!("{:.digits$}", 100.0 * part.abs());
    let is_nothing = number.bytes().all(|digit| matches!(digit, b'0' | b'.'));
    let sign = if is_nothing {
        ""
    } else if part < 0.0 {
        "−"
    } else {
        "+"
    };
    format!("{sign}{number}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::summary::Side;

    #[test]
    fn a_difference_has_a_sign_and_as_many_digits_as_its_smaller_side_bears() {
        let side = |n| Side {
            model: "m".into(),
            condition: "A".into(),
            resisted: 0,
            n,
        };
        let mut contrast = Contrast {
            first: side(1000),
            second: side(200),
            declared: false,
            difference: Some(-0.1234),
            newcombe: Some([-0.2, 0.0004]),
            p: 0.5,
            adjusted_p: 1.0,
        };
        assert_eq!(points(&contrast), "−12.3 (−20.0 to 0.0)");
        contrast.first.n = 100;
        contrast.difference = Some(0.126);
        assert_eq!(points(&contrast), "+13 (−20 to 0)");
        contrast.difference = None;
        assert_eq!(points(&contrast), "–");
    }

    #[test]
    fn a_p_value_too_small_to_matter_is_told_as_a_bound() {
        let told = [0.000_999, 0.001, 0.0499, 1.0].map(p_value);
        assert_eq!(told, ["< 0.001", "0.001", "0.050", "1.000"]);
    }
}
