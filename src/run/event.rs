//! What a run tells while it goes on.

use std::fmt;
use std::time::Duration;

use super::{RunError, RunManifest, Standings, StoppedCell};
use crate::trial::{Order, TrialRecord};

/// One thing that happened in a run. This is the whole list: whatever displays, logs or tests a
/// run takes these.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// The manifest is on disk; the first trial of this session is about to start.
    Started {
        /// What will be done.
        manifest: &'a RunManifest,
        /// What is done already.
        standings: &'a Standings,
    },
    /// A trial started.
    TrialStarted {
        /// Which.
        order: &'a Order,
    },
    /// A model was asked and gave no answer. If it is asked again, the trial goes on.
    AttemptFailed {
        /// What is known of it.
        attempt: &'a Attempt,
    },
    /// A model answered.
    Answered {
        /// In which trial.
        order: &'a Order,
        /// What the answer cost, in US dollars, where a price is known.
        cost_usd: Option<f64>,
    },
    /// A model is not asked any more in this session; its trials that are not recorded are left
    /// for another one.
    ModelStopped {
        /// Its name.
        model: &'a str,
        /// Why, in one line without a key.
        cause: &'a str,
    },
    /// Another trial could cost more than is left of the budget: no trial is started any more.
    BudgetReached {
        /// What the run has cost, in US dollars.
        spent_usd: f64,
        /// What it may cost.
        budget_usd: f64,
    },
    /// A trial ended and its line is on disk.
    TrialFinished {
        /// What is recorded of it.
        record: &'a TrialRecord,
    },
    /// A cell needs no more trials, by the rule that the plan declares: what is left of it is not
    /// started.
    CellStopped {
        /// Which, and what had been seen of it.
        stopped: &'a StoppedCell,
    },
    /// The run was asked to stop: no trial is started any more, running ones are cancelled.
    Interrupted {
        /// How many trials were running.
        running: usize,
    },
    /// The run is over.
    Finished {
        /// How many trials are recorded.
        recorded: usize,
        /// How many were planned.
        planned: usize,
        /// From the start to now.
        took: Duration,
    },
}

/// An attempt to ask a model that brought no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The model's name.
    pub model: String,
    /// Which attempt of the request it was, from 1.
    pub number: u32,
    /// What went wrong, in one line without a key.
    pub failure: String,
    /// How long is waited until the model is asked again; none if it is not.
    pub wait: Option<Duration>,
}

/// `openai/gpt-5: attempt 1 failed: …; the next in 1.2 s`, for the log and for people.
impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            model,
            number,
            failure,
            wait,
        } = self;
        write!(f, "{model}: attempt {number} failed: {failure}")?;
        match wait {
            Some(wait) => write!(f, "; the next in {:.1} s", wait.as_secs_f64()),
            None => write!(f, "; it was the last"),
        }
    }
}

/// Takes a run's events, one after the other, in the order in which they happened.
pub trait Sink {
    /// Takes one event.
    ///
    /// # Errors
    /// The event had to be written and could not; the run is stopped.
    fn take(&mut self, event: &Event<'_>) -> Result<(), RunError>;
}
