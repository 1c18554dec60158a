//! Inspect's logs (`.eval`): a run written as such, so that the viewers and data frames of that
//! framework read it; and such logs read, to be a run.
//!
//! The format is that of `inspect_ai`, whose `inspect log schema` prints it; docs/log-format.md
//! says what becomes of what. Nothing here prints.

mod error;
mod export;
mod import;

pub use error::InspectError;
pub use export::{Existing, Exported, Log, export};
pub use import::{Import, ImportError, import};
