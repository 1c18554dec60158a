//! Measured rates beside published ones.

mod printed;

pub use printed::{Bounds, Counted, Digits, Printed};

use super::binomial::binomial;
use super::sample_size::smallest;
use super::{Difference, Interval, IntervalMethod, Proportion, difference};

/// How large a difference must be ruled out before two rates are called consistent, as a share:
/// 10 percentage points.
///
/// It is what several wordings of one manipulation, or two months of one model, can well differ
/// by, and no more than a quarter of what the published experiments make of their manipulations.
/// With a published rate of 1,000 trials it takes some hundred of one's own.
pub const MARGIN: f64 = 0.1;

/// With what probability agreement is to be told where there is any.
const POWER: f64 = 0.8;

/// A rate as somebody published it, with the counts behind it.
///
/// Where the counts are published they are one; where a rounded rate is, they are the fewest and
/// the most of so many trials that print so, and whatever is computed of it holds for both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Published {
    share: f64,
    fewest: Proportion,
    most: Proportion,
}

/// How a measured rate stands to a published one. One of the three always holds, and no two do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// The 95 % interval of the difference holds 0 and lies wholly within [`MARGIN`] of it: they
    /// differ by no more than chance does, and a difference that matters is ruled out.
    Consistent,
    /// The 95 % interval of the difference does not hold 0: they differ by more than chance does.
    Different,
    /// The 95 % interval of the difference holds 0, and reaches to [`MARGIN`] or beyond.
    TooFewTrials,
}

/// A measured rate set beside a published one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// The measured rate less the published one.
    pub difference: Difference,
    /// What follows from it.
    pub agreement: Agreement,
}

impl Published {
    /// A rate that was published with its counts.
    #[must_use]
    pub fn counts(counts: Proportion) -> Option<Self> {
        Some(Self {
            share: counts.share()?,
            fewest: counts,
            most: counts,
        })
    }

    /// The published share, from 0 to 1: as it was printed.
    #[must_use]
    pub fn share(self) -> f64 {
        self.share
    }

    /// The counts behind it, where only one print so.
    #[must_use]
    pub fn exact(self) -> Option<Proportion> {
        (self.fewest == self.most).then_some(self.fewest)
    }

    /// How many trials there were, as far as it is known: for intervals, not for show.
    #[must_use]
    pub fn trials(self) -> u64 {
        self.most.trials()
    }

    /// Its 95 % Jeffreys interval, over all counts that print so.
    #[must_use]
    pub fn interval(self) -> Interval {
        Interval {
            low: IntervalMethod::Jeffreys.interval(self.fewest).low,
            high: IntervalMethod::Jeffreys.interval(self.most).high,
        }
    }

    /// The same trials with what was counted and what was not exchanged.
    #[must_use]
    pub fn mirrored(self) -> Self {
        Self {
            share: 1.0 - self.share,
            fewest: self.most.mirrored(),
            most: self.fewest.mirrored(),
        }
    }

    /// A measured proportion set beside it; none without measured trials.
    ///
    /// The interval of the difference is Newcombe's ([`difference`]), taken over all counts that
    /// print as the published rate does. What is said of it is two tests in one. That the rates
    /// are equal is rejected where the interval does not hold 0. That they differ by the margin
    /// or more is rejected where it lies within the margin, which is two one-sided tests at 2.5 %
    /// each. Where neither is rejected, there are too few trials to tell.
    ///
    /// Where both are, the rates differ by little, and they are still called different: published
    /// rates rest on 1,000 trials at most, with which nothing that is trivial is found.
    ///
    /// Sources: Schuirmann, "A Comparison of the Two One-Sided Tests Procedure and the Power
    /// Approach for Assessing the Equivalence of Average Bioavailability", Journal of
    /// Pharmacokinetics and Biopharmaceutics 15 (1987), for the equivalence; Tryon, "Evaluating
    /// Statistical Difference, Equivalence, and Indeterminacy Using Inferential Confidence
    /// Intervals", Psychological Methods 6 (2001), for the three answers.
    #[must_use]
    pub fn compare(self, measured: Proportion) -> Option<Comparison> {
        let to_most = difference(measured, self.most)?;
        let to_fewest = difference(measured, self.fewest)?;
        let interval = Interval {
            low: to_most.interval.low,
            high: to_fewest.interval.high,
        };
        Some(Comparison {
            difference: Difference {
                difference: measured.share()? - self.share,
                interval,
            },
            agreement: Agreement::told_by(interval),
        })
    }

    /// The probability that so many trials of one's own are called consistent with it, where the
    /// true rate is the published one: from 0 to 1.
    #[must_use]
    pub fn chance_to_agree(self, trials: u64) -> f64 {
        let outcomes = binomial(trials, self.share).into_iter();
        let agreeing = outcomes.filter(|(successes, probability)| {
            // What is left out is less likely than can matter.
            *probability > 1e-12 && self.agrees(Proportion::of(*successes, trials))
        });
        agreeing.map(|(_, probability)| probability).sum()
    }

    /// How many trials of one's own it takes to be called consistent with it in 80 of 100 times,
    /// where the true rate is the published one. None where 131,072 (2¹⁷) do not: then it was
    /// published with too few trials.
    ///
    /// Since counts are whole, the probability is not quite even: of more trials than these some
    /// number may give a little less.
    #[must_use]
    pub fn trials_to_agree(self) -> Option<u64> {
        smallest(1 << 17, |trials| self.chance_to_agree(trials) >= POWER)
    }

    fn agrees(self, measured: Proportion) -> bool {
        let comparison = self.compare(measured);
        comparison.is_some_and(|comparison| comparison.agreement == Agreement::Consistent)
    }
}

impl Agreement {
    fn told_by(interval: Interval) -> Self {
        if interval.low > 0.0 || interval.high < 0.0 {
            Self::Different
        } else if -MARGIN < interval.low && interval.high < MARGIN {
            Self::Consistent
        } else {
            Self::TooFewTrials
        }
    }
}

#[cfg(test)]
mod tests;
