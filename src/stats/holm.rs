//! Several comparisons at once.

/// The p-values of several comparisons, adjusted by Holm's procedure, each at its place.
///
/// A comparison whose adjusted value is at most α may be called a difference; among all the
/// comparisons together, the probability that any is called one wrongly is then at most α, however
/// they depend on one another. An adjusted value is never smaller than the raw one, nor larger
/// than 1, and the values keep their order.
///
/// All comparisons that were declared belong in here, those that came to nothing as well: a
/// comparison without trials has the value 1. Each value is from 0 to 1; one that is no number
/// counts as 1.
///
/// Source: Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal
/// of Statistics 6 (1979); as adjusted values: Wright, "Adjusted P-Values for Simultaneous
/// Inference", Biometrics 48 (1992).
#[must_use]
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let known = |p: f64| if p.is_nan() { 1.0 } else { p };
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| known(p_values[*a]).total_cmp(&known(p_values[*b])));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut largest: f64 = 0.0;
    let mut remaining = p_values.iter().map(|_| 1.0).sum::<f64>();
    for place in order {
        largest = largest.max(remaining * known(p_values[place])).min(1.0);
        adjusted[place] = largest;
        remaining -= 1.0;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_smallest_value_is_weighed_against_all_and_the_others_against_the_rest() {
        assert_eq!(holm(&[0.25, 0.0625, 0.125]), [0.25, 0.1875, 0.25]);
        assert_eq!(holm(&[0.5, 0.75]), [1.0, 1.0]);
        assert_eq!(holm(&[0.5]), [0.5]);
        assert!(holm(&[]).is_empty());
    }

    #[test]
    fn what_is_no_number_is_no_difference() {
        assert_eq!(holm(&[f64::NAN, 0.25]), [1.0, 0.5]);
    }

    proptest! {
        #[test]
        fn no_value_becomes_smaller_and_their_order_stays(p_values in vec(0.0..=1.0, 0..40)) {
            let adjusted = holm(&p_values);
            for (p, ours) in p_values.iter().zip(&adjusted) {
                prop_assert!(p <= ours && *ours <= 1.0);
                for (q, others) in p_values.iter().zip(&adjusted) {
                    prop_assert!(p > q || ours <= others);
                }
            }
        }

        #[test]
        fn the_smallest_value_is_the_one_of_bonferroni(p_values in vec(0.0..=0.02, 1..40)) {
            let smallest = p_values.iter().copied().fold(1.0, f64::min);
            let bonferroni = p_values.iter().map(|_| smallest).sum::<f64>();
            let ours = holm(&p_values).into_iter().fold(1.0, f64::min);
            prop_assert!((ours - bonferroni).abs() < 1e-12);
        }
    }
}
