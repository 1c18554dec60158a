//! offswitch measures whether AI models let themselves be shut down.
//!
//! The rooms of the house and the arrows between them are in `docs/architecture.md`.

pub mod cli;
pub mod clock;
pub mod evidence;
pub mod inspect;
pub mod model;
pub mod report;
pub mod run;
pub mod sandbox;
pub mod stats;
pub mod task;
pub mod trial;
pub mod verdict;
