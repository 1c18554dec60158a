//! Many trials: the plan, the schedule, the durable log.
//!
//! Nothing here prints: a run tells its [`Event`]s to [`Sink`]s.

mod bound;
mod directory;
mod error;
mod estimate;
mod event;
mod journal;
mod json;
mod log;
mod manifest;
mod plan;
mod read;
mod rejudge;
mod schedule;

#[cfg(test)]
pub(crate) mod fixtures;

pub use bound::{Bounds, ModelBound, PlannedCell, TokenBound};
pub use directory::RunDirectory;
pub use error::RunError;
pub use estimate::Estimate;
pub use event::{Attempt, Event, Sink};
pub use journal::Journal;
pub use log::line;
pub use manifest::{Circumstances, RunManifest};
pub use plan::{Asking, Design, Plan, PlannedModel};
pub use read::{RecordedRun, read};
pub use rejudge::{Rejudged, rejudge};
pub use schedule::{Pace, Schedule, default_parallel};
