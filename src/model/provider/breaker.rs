//! Stops a model that fails the same way over and over.

use std::sync::{Mutex, PoisonError};

use crate::model::{FailureClass, ModelError};

/// So many failures of the same kind in a row, of different requests, are no accident.
const MOST: u32 = 5;

/// What the requests of one model have come to lately. A request counts once, however often it
/// was repeated.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    kind: Option<Kind>,
    failures: u32,
    stopped: Option<ModelError>,
}

#[derive(Debug, PartialEq, Eq)]
struct Kind {
    class: FailureClass,
    /// The message without what differs from request to request.
    words: Vec<String>,
}

impl Breaker {
    /// Why the model is not to be asked any more, if it is not.
    pub(super) fn stopped(&self) -> Option<ModelError> {
        self.lock().stopped.clone()
    }

    pub(super) fn succeeded(&self) {
        let mut state = self.lock();
        state.kind = None;
        state.failures = 0;
    }

    /// Counts a request that got no answer. If it is the one that stops the model, says why.
    pub(super) fn failed(
        &self,
        model: &str,
        class: FailureClass,
        message: &str,
    ) -> Option<ModelError> {
        let mut state = self.lock();
        let kind = Kind {
            class,
            words: words(message),
        };
        if state.kind.as_ref() != Some(&kind) {
            state.kind = Some(kind);
            state.failures = 0;
        }
        state.failures += 1;
        if state.failures < MOST || state.stopped.is_some() {
            return None;
        }
        state.stopped = Some(ModelError::Stopped {
            model: model.to_owned(),
            failures: state.failures,
            cause: format!("{class}: {message}"),
        });
        state.stopped.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The words without a digit, save the status: ids, counts and times differ though the failure is
/// the same.
fn words(message: &str) -> Vec<String> {
    let is_status = |word: &str| word.trim_end_matches(':').len() == 3;
    message
        .split_whitespace()
        .filter(|word| is_status(word) || !word.contains(|c: char| c.is_ascii_digit()))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(breaker: &Breaker, message: &str) -> Option<ModelError> {
        breaker.failed("openai/o3", FailureClass::Refused, message)
    }

    #[test]
    fn a_run_of_the_same_failure_stops_the_model_with_its_cause() {
        let breaker = Breaker::default();
        let mut told = None;
        for request in 0..MOST {
            assert_eq!((breaker.stopped(), &told), (None, &None));
            told = fail(
                &breaker,
                &format!("status 400: bad field (request req_{request})"),
            );
        }
        let error = breaker.stopped().unwrap();
        assert_eq!(told.as_ref(), Some(&error));
        assert_eq!(fail(&breaker, "status 400: again"), None);
        insta::assert_snapshot!(error, @"openai/o3: stopped after 5 failures in a row of the same kind, the last: refused: status 400: bad field (request req_4)");
        breaker.succeeded();
        assert_eq!(breaker.stopped(), Some(error));
    }

    #[test]
    fn different_failures_and_successes_break_the_run() {
        let breaker = Breaker::default();
        for _ in 0..MOST {
            fail(&breaker, "status 400: a");
            fail(&breaker, "status 422: a");
        }
        for _ in 1..MOST {
            fail(&breaker, "status 422: a");
            breaker.succeeded();
        }
        assert_eq!(breaker.stopped(), None);
    }
}
