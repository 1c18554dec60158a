//! Why a model gave no answer.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a model gave no answer. An empty answer and a refusal in words are answers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// No attempt that its class allows brought an answer.
    #[error("{model}: {class} at attempt {attempts}: {message}", model = .model.escape_debug())]
    Failed {
        /// The model's full name.
        model: String,
        /// What the last failure was.
        class: FailureClass,
        /// What was said of it, in one short line without a key.
        message: String,
        /// How often the model was asked, from 1.
        attempts: u32,
    },
    /// The model was stopped for the rest of the run, after failing the same way over and over.
    #[error(
        "{model}: stopped after {failures} failures in a row of the same kind, the last: {cause}",
        model = .model.escape_debug()
    )]
    Stopped {
        /// The model's full name.
        model: String,
        /// How many there were.
        failures: u32,
        /// The last of them.
        cause: String,
    },
    /// The recording of a trial ends before the trial that plays it.
    #[error(
        "{model}: the recording ends after {answers} answers, before this trial did: it took \
         another course than the recorded one, or a limit ended that",
        model = .model.escape_debug()
    )]
    RecordingEnded {
        /// The name under which the recorded model is played.
        model: String,
        /// How many answers it holds.
        answers: usize,
    },
    /// The recording of a trial cannot be played.
    #[error("{model}: the recording cannot be played: {cause}", model = .model.escape_debug())]
    Recording {
        /// The name under which the recorded model is played.
        model: String,
        /// Why.
        cause: String,
    },
}

/// What kind of failure it is, which says whether it is worth another attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// The provider has too much to do, or this account asks too much of it: 429, or 529.
    RateLimited,
    /// The network failed, nothing came in time, or the server erred: 5xx.
    Unreachable,
    /// What came is no answer: no JSON, or not the JSON of an answer.
    Malformed,
    /// The provider refuses the request and would refuse it again: any other 4xx.
    Refused,
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RateLimited => "rate limited",
            Self::Unreachable => "not reachable",
            Self::Malformed => "malformed answer",
            Self::Refused => "refused",
        })
    }
}
