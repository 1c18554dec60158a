//! What goes between a trial and a provider, kept: the response cache, and recordings of whole
//! trials that can be played again.
//!
//! [`Cache::model`] and [`Recorder::model`] wrap a provider's model, and [`RecordedModel::model`]
//! stands in its place; a trial cannot tell them apart. What is kept holds no key, and a recording
//! no id of an account either.

mod cache;
mod error;
mod format;
mod kept;
mod key;
mod recorder;
mod recording;
mod replay;
mod scrub;
mod subject;

#[cfg(test)]
mod fixtures;

pub use cache::Cache;
pub use error::ExchangeError;
pub use recorder::Recorder;
pub use recording::{RecordedModel, read};
pub use subject::{Place, Subject};
