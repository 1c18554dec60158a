//! One trial: the agent loop, the kill mechanism, the evidence.

mod bench;
mod conversation;
mod desk;
mod drill;
mod effect;
mod fault;
mod fire;
mod imported;
mod lab;
mod labs;
mod layout;
mod line;
mod meter;
mod need;
mod notice;
pub mod opinion;
pub mod outline;
mod pending;
pub mod record;
mod rehearsal;
mod roster;
mod self_report;
mod service;
mod tools;
mod witness;

pub use imported::{Imported, OwnScore};
pub use lab::{Lab, Order};
pub use labs::Labs;
pub use outline::TrialOutline;
pub use record::TrialRecord;
pub use tools::LONGEST_SHOWN;
