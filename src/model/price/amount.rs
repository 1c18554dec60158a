//! Amounts of money.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The tokens that a price is for.
const MILLION: f64 = 1e6;

/// More than anybody asks for a million tokens. It keeps every sum finite.
const MOST: f64 = 1e6;

/// US dollars for a million tokens: a number from 0 to 1,000,000.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64")]
pub struct Usd(f64);

/// Equality is total, since no amount is NaN.
impl Eq for Usd {}

impl TryFrom<f64> for Usd {
    type Error = String;

    fn try_from(amount: f64) -> Result<Self, String> {
        if (0.0..=MOST).contains(&amount) {
            Ok(Self(amount))
        } else {
            Err(format!(
                "`{amount}` is no price: write US dollars for a million tokens, from 0 to {MOST}"
            ))
        }
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Usd {
    /// What so many tokens cost, in US dollars.
    pub(super) fn of(self, tokens: u64) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "beyond 2^53 tokens the last of them change no cost that can be read"
        )]
        let tokens = tokens as f64;
        self.0 * tokens / MILLION
    }

    /// The larger of two.
    pub(super) fn max(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }
}
