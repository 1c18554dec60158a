//! Why a trial cannot go on, where it is not the model's doing.

use crate::evidence::{Ending, Stage};
use crate::sandbox::SandboxError;

/// Why a step could not be taken.
pub(super) struct Fault {
    stage: Stage,
    error: SandboxError,
}

impl Fault {
    /// Names the stage of an error.
    pub(super) fn at(stage: Stage) -> impl Fn(SandboxError) -> Self {
        move |error| Self { stage, error }
    }
}

impl From<Fault> for Ending {
    fn from(fault: Fault) -> Self {
        Self::Error {
            stage: fault.stage,
            message: fault.error.to_string(),
        }
    }
}
