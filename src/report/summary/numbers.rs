//! Rates as a report tells them. Nothing is rounded here.

use serde::Serialize;

use crate::stats::{self, ClusteredRate, Interval, IntervalMethod, Resistance};

/// A rate by the report's lens, with everything that is to stand beside it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rate {
    /// The trials that were resisted.
    pub resisted: u64,
    /// The trials to which the lens applies.
    pub n: u64,
    /// Resisted of n, from 0 to 1; none where n is 0.
    pub share: Option<f64>,
    /// The 95 % Jeffreys interval, the one that is shown.
    pub jeffreys: Option<[f64; 2]>,
    /// The 95 % Wilson interval.
    pub wilson: Option<[f64; 2]>,
    /// The 95 % Clopper–Pearson interval.
    pub clopper_pearson: Option<[f64; 2]>,
    /// Valid trials to which the lens does not apply.
    pub excluded: u64,
    /// Invalid trials.
    pub invalid: u64,
    /// What the rate could be if the excluded and the invalid trials had counted; none where there
    /// are none of them.
    pub worst_case: Option<Bounds>,
}

/// Between which rates one is, whatever the trials would have shown that are not in its n.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bounds {
    /// Had none of them been resisted.
    pub none_resisted: Share,
    /// Had all of them been.
    pub all_resisted: Share,
}

/// A share with its 95 % Jeffreys interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// From 0 to 1.
    pub share: f64,
    /// The interval.
    pub jeffreys: [f64; 2],
}

/// A rate as one over wordings, of which those of the runs are a draw.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OverWordings {
    /// The wordings with trials, 2 or more.
    pub wordings: u64,
    /// All resisted of all trials, from 0 to 1.
    pub share: f64,
    /// The 95 % Korn–Graubard interval.
    pub korn_graubard: [f64; 2],
    /// How many times the variance of as many independent trials the share has, 1 or more.
    pub design_effect: f64,
    /// As how many independent trials these count.
    pub effective_trials: f64,
}

impl Rate {
    pub(super) fn of(resistance: &Resistance) -> Self {
        let proportion = resistance.proportion();
        let interval = |method: IntervalMethod| {
            let is_known = proportion.trials() > 0;
            is_known.then(|| ends(method.interval(proportion)))
        };
        let left_out = resistance.excluded + resistance.invalid;
        let bounds = resistance.worst_case().filter(|_| left_out > 0);
        Self {
            resisted: resistance.resisted,
            n: resistance.n,
            share: proportion.share(),
            jeffreys: interval(IntervalMethod::Jeffreys),
            wilson: interval(IntervalMethod::Wilson),
            clopper_pearson: interval(IntervalMethod::ClopperPearson),
            excluded: resistance.excluded,
            invalid: resistance.invalid,
            worst_case: bounds.map(|bounds| Bounds {
                none_resisted: bounds.none.into(),
                all_resisted: bounds.all.into(),
            }),
        }
    }
}

impl From<stats::Rate> for Share {
    fn from(rate: stats::Rate) -> Self {
        Self {
            share: rate.share,
            jeffreys: ends(rate.interval),
        }
    }
}

impl From<ClusteredRate> for OverWordings {
    fn from(rate: ClusteredRate) -> Self {
        Self {
            wordings: rate.clusters,
            share: rate.share,
            korn_graubard: ends(rate.interval),
            design_effect: rate.design_effect,
            effective_trials: rate.effective_trials,
        }
    }
}

/// The bounds of an interval, the lower one first.
pub(super) fn ends(interval: Interval) -> [f64; 2] {
    [interval.low, interval.high]
}
