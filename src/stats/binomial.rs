//! How many of so many trials succeed.

use super::proportion::real;
use super::weights::weights;

/// The probabilities of the numbers of successes of `trials` at a rate from 0 to 1, in ascending
/// order. Those that are 10³⁰⁰ times less likely than the likeliest are left out.
pub(super) fn binomial(trials: u64, rate: f64) -> Vec<(u64, f64)> {
    let odds = |k: u64| real(trials - k) / real(k + 1) * (rate / (1.0 - rate));
    let mut successes = weights(0, likeliest(trials, rate), trials, odds);
    let all: f64 = successes.iter().map(|(_, weight)| weight).sum();
    for (_, weight) in &mut successes {
        *weight /= all;
    }
    successes
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
                let ours = binomial(trials, rate);
                for (k, ours) in &ours {
                    let theirs = theirs.pmf(*k);
                    assert!((ours - theirs).abs() <= 1e-11, "{k} of {trials} at {rate}");
                }
                let all: f64 = ours.iter().map(|(_, ours)| ours).sum();
                assert!((all - 1.0).abs() < 1e-12);
            }
        }
    }
}
