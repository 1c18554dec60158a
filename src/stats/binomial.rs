//! How many of so many trials succeed.

use super::proportion::real;

/// The probability of each number of successes, from none to all of `trials`, at a rate from 0
/// to 1.
///
/// The weights start at the likeliest number and go on by the factor from one number to the next,
/// so each is right to about 10⁻¹⁴ of itself however small it is, down to 10⁻³⁰⁰.
pub(super) fn binomial(trials: u64, rate: f64) -> Vec<f64> {
    let odds = rate / (1.0 - rate);
    let mode = likeliest(trials, rate);
    let down = (0..mode).rev().scan(1.0, |weight, k| {
        *weight *= real(k + 1) / (real(trials - k) * odds);
        Some(*weight)
    });
    let mut weights: Vec<f64> = down.collect();
    weights.reverse();
    weights.push(1.0);
    weights.extend((mode..trials).scan(1.0, |weight, k| {
        *weight *= real(trials - k) * odds / real(k + 1);
        Some(*weight)
    }));
    let all: f64 = weights.iter().sum();
    for weight in &mut weights {
        *weight /= all;
    }
    weights
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is from 0 to the number of trials"
)]
fn likeliest(trials: u64, rate: f64) -> u64 {
    ((real(trials) + 1.0) * rate).min(real(trials)) as u64
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{Binomial, Discrete};

    use super::*;

    #[test]
    fn the_probabilities_are_those_of_statrs() {
        for trials in [0, 1, 2, 17, 400] {
            for rate in [0.0, 1e-9, 0.03, 0.5, 0.999, 1.0] {
                let theirs = Binomial::new(rate, trials).unwrap();
                for (k, ours) in (0..).zip(binomial(trials, rate)) {
                    let theirs = theirs.pmf(k);
                    assert!((ours - theirs).abs() <= 1e-11, "{k} of {trials} at {rate}");
                }
            }
        }
    }
}
