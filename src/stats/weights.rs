//! Probabilities of counts, from how much likelier each count is than the one before.

/// How likely each count from `fewest` to `most` is relative to `mode`, one of the likeliest.
/// `odds` says how much likelier the count after a given one is.
///
/// The weights start at the mode, since from an unlikely count they would grow beyond what can be
/// computed with, and go on from one to the next, so that each is right to about 10⁻¹⁴ of itself
/// for each hundred steps. Counts that are more than 10³⁰⁰ times less likely are left out.
pub(super) fn weights(
    fewest: u64,
    mode: u64,
    most: u64,
    odds: impl Fn(u64) -> f64,
) -> Vec<(u64, f64)> {
    let below = (fewest..mode).rev().map(|k| (k, 1.0 / odds(k)));
    let above = (mode..most).map(|k| (k + 1, odds(k)));
    let mut weights: Vec<_> = products(below).collect();
    weights.reverse();
    weights.push((mode, 1.0));
    weights.extend(products(above));
    weights
}

/// The products of these factors from the first on, as long as they matter.
fn products(factors: impl Iterator<Item = (u64, f64)>) -> impl Iterator<Item = (u64, f64)> {
    let products = factors.scan(1.0, |product, (k, factor)| {
        *product *= factor;
        Some((k, *product))
    });
    products.take_while(|(_, product)| *product > 1e-300)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_count_is_as_much_likelier_than_the_one_before_as_is_said() {
        let odds = [4.0, 0.5, 0.25];
        let ours = weights(2, 3, 5, |k| odds[usize::try_from(k - 2).unwrap()]);
        assert_eq!(ours, [(2, 0.25), (3, 1.0), (4, 0.5), (5, 0.125)]);
    }

    #[test]
    fn what_does_not_matter_is_left_out() {
        let ours = weights(0, 5, 10, |k| if k < 5 { 1e150 } else { 1e-200 });
        assert_eq!(ours.len(), 3);
        assert_eq!((ours[0].0, ours[2].0), (4, 6));
    }
}
