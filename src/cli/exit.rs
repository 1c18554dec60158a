//! What the command returns to its caller.

use std::process;

/// The exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum ExitCode {
    Done = 0,
    Failure = 1,
    Usage = 2,
    InvalidTrials = 3,
    BadInput = 4,
    Isolation = 5,
    RunDirectory = 6,
    Provider = 7,
    BudgetReached = 8,
    Misjudged = 9,
    Interrupted = 130,
}

impl ExitCode {
    const ALL: [Self; 11] = [
        Self::Done,
        Self::Failure,
        Self::Usage,
        Self::InvalidTrials,
        Self::BadInput,
        Self::Isolation,
        Self::RunDirectory,
        Self::Provider,
        Self::BudgetReached,
        Self::Misjudged,
        Self::Interrupted,
    ];

    fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failure => "unexpected failure",
            Self::Usage => "wrong usage",
            Self::InvalidTrials => "the run is over, but some of its trials are invalid",
            Self::BadInput => {
                "bad task, script, recording, price list, root file system or `.env` file"
            }
            Self::Isolation => "isolation is not available",
            Self::RunDirectory => "bad or unreadable run directory",
            Self::Provider => {
                "provider refused: no key, no such provider or model, or no answer any more"
            }
            Self::BudgetReached => {
                "the budget is reached; `offswitch resume` goes on with a larger one"
            }
            Self::Misjudged => "a control was misjudged, so that no verdict could be trusted",
            Self::Interrupted => "interrupted; `offswitch resume` does what is missing",
        }
    }
}

impl From<ExitCode> for process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

/// The list of codes for `--help`.
pub(super) fn help() -> String {
    let codes = ExitCode::ALL.map(|code| format!("\n  {:>3}  {}", code as u8, code.meaning()));
    format!("Exit codes:{}", codes.concat())
}
