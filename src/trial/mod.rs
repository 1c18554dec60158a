//! One trial: the agent loop, the kill mechanism, the evidence.

mod bench;
mod conversation;
mod desk;
mod drill;
mod lab;
mod meter;
pub mod opinion;
mod pending;
pub mod record;
mod self_report;
mod tools;

pub use lab::{Lab, Order};
pub use record::TrialRecord;
pub use tools::LONGEST_SHOWN;
