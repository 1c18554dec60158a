//! From printed numbers back to counts.

use std::ops::RangeInclusive;

use super::Published;
use crate::stats::{IntervalMethod, Proportion};

/// A rate as it was printed, in percent.
#[derive(Debug, Clone, PartialEq)]
pub struct Printed {
    /// The rate, from 0 to 100.
    pub percent: f64,
    /// The bounds of its 95 % interval, where they were printed.
    pub interval: Option<[f64; 2]>,
    /// How well the numbers are printed.
    pub digits: Digits,
    /// Which counts can be behind it.
    pub counted: Counted,
}

/// What is known of the counts behind a printed rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counted {
    /// All of them.
    As(Proportion),
    /// Between how many trials there were.
    Among(RangeInclusive<u64>),
}

/// How well numbers are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digits {
    /// The digits behind the point of a percentage.
    pub behind_point: u8,
    /// Whether the bounds of the interval are rounded to the nearest, or may be one off in the
    /// last digit.
    pub bounds: Bounds,
}

/// How the bounds of an interval are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bounds {
    /// As the nearest number of so many digits.
    Nearest,
    /// At most one off in the last digit.
    OffByOne,
}

impl Printed {
    /// The rate with the counts behind it: of the most trials of which some counts have this rate
    /// and, as their 95 % Jeffreys interval, these bounds, to the printed digits. None where there
    /// are none; then a number is wrong, or they are no Jeffreys intervals.
    #[must_use]
    pub fn published(&self) -> Option<Published> {
        let matching = match &self.counted {
            Counted::As(counts) => vec![*counts],
            Counted::Among(trials) => {
                let mut sizes = trials.clone().rev();
                sizes.find_map(|trials| {
                    let matching = self.of(trials);
                    (!matching.is_empty()).then_some(matching)
                })?
            }
        };
        if !matching.iter().all(|counts| self.prints(*counts)) {
            return None;
        }
        Some(Published {
            share: self.percent / 100.0,
            fewest: *matching.first()?,
            most: *matching.last()?,
        })
    }

    /// The counts of so many trials that print so, in ascending order.
    fn of(&self, trials: u64) -> Vec<Proportion> {
        let all = (0..=trials).map(|successes| Proportion::of(successes, trials));
        all.filter(|counts| self.prints(*counts)).collect()
    }

    fn prints(&self, counts: Proportion) -> bool {
        let unit = 0.1_f64.powi(self.digits.behind_point.into());
        let is_near = |share: f64, printed: f64, units: f64| {
            (100.0 * share - printed).abs() <= units * unit + 1e-9
        };
        let has_rate = counts
            .share()
            .is_some_and(|share| is_near(share, self.percent, 0.5));
        has_rate
            && self.interval.is_none_or(|[low, high]| {
                let ours = IntervalMethod::Jeffreys.interval(counts);
                let units = match self.digits.bounds {
                    Bounds::Nearest => 0.5,
                    Bounds::OffByOne => 1.0,
                };
                is_near(ours.low, low, units) && is_near(ours.high, high, units)
            })
    }
}
