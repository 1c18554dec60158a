//! Which cells were stopped early, and by which rule.

use serde::Serialize;

use super::Pool;
use crate::run;

/// A cell that the rule of its plan stopped.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StoppedTold {
    /// The run's id.
    pub run: String,
    /// The model.
    pub model: String,
    /// The condition's id.
    pub condition: String,
    /// The wording's name.
    pub wording: String,
    /// The half-width with which a cell stops, as a share.
    pub half_width: f64,
    /// After every so many trials it was looked at.
    pub every: u32,
    /// After how many trials it stopped.
    pub after: u32,
    /// The resisted among its valid trials then.
    pub resisted: u64,
    /// Its valid trials then.
    pub n: u64,
    /// How many planned trials were not done for that.
    pub spared: u32,
}

/// The cells that were stopped, run by run.
pub(super) fn stopped(pool: &Pool) -> Vec<StoppedTold> {
    let sources = pool.sources().iter();
    let stopped = sources.flat_map(|source| {
        let manifest = source.manifest();
        let recorded = source.facts.iter().map(|fact| {
            let trial = &fact.observation;
            (trial.trial.as_str(), trial.verdict)
        });
        let cells = run::stopped_cells(&manifest.plan, recorded).into_iter();
        let rule = manifest.plan.design.stop;
        cells.filter_map(move |one| {
            let rule = rule?;
            Some(StoppedTold {
                run: manifest.run.clone(),
                model: one.cell.model,
                condition: one.cell.condition,
                wording: one.cell.wording,
                half_width: rule.half_width,
                every: rule.every,
                after: one.stop.epoch,
                resisted: one.stop.seen.successes(),
                n: one.stop.seen.trials(),
                spared: one.spared,
            })
        })
    });
    stopped.collect()
}
