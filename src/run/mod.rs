//! Many trials: the plan, the schedule, the durable log.
//!
//! Nothing here prints: a run tells its [`Event`]s to [`Sink`]s.

mod bound;
mod budget;
mod continuation;
mod directory;
mod error;
mod estimate;
mod event;
mod journal;
mod json;
mod lines;
mod log;
mod lost;
mod manifest;
mod news;
mod plan;
mod progress;
mod read;
mod rejudge;
mod schedule;
mod shard;
mod spending;
mod standings;
mod stopping;
mod whole;

#[cfg(test)]
pub(crate) mod fixtures;

pub use bound::{Bounds, ModelBound, PlannedCell, TokenBound};
pub use directory::RunDirectory;
pub use error::RunError;
pub use estimate::Estimate;
pub use event::{Attempt, Event, Sink};
pub use journal::Journal;
pub use lines::Torn;
pub use log::line;
pub use manifest::{
    Circumstances, PlannedMechanism, PlannedRootfs, PlannedSetting, Prices, RunManifest, Session,
    Source, WordingFile,
};
pub use news::{News, Telling};
pub use plan::{Asking, Design, LeftOut, Plan, PlannedModel};
pub use read::{OutlinedRun, RecordedRun, read, read_manifest, read_outlines};
pub use rejudge::{Difference, Rejudged, rejudge};
pub use schedule::{End, Pace, Schedule, default_parallel};
pub use shard::{NoShard, Shard};
pub use spending::{Spending, Spent};
pub use standings::{Standing, Standings};
pub use stopping::{StoppedCell, stopped_cells};
pub use whole::WholeRun;
