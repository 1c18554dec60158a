//! The questions to models before the first trial.

use std::pin::Pin;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{sleep, timeout};

use super::cast::Hear;
use super::failure::Failure;
use super::output;
use crate::model::{Answer, FailureClass, ModelError};
use crate::report::count;
use crate::run::News;

/// A question to a model.
pub(super) type Check<'a> = Pin<Box<dyn Future<Output = Result<(), ModelError>> + 'a>>;

/// How long the answers may take before it is said what is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a model may take to answer, with all attempts. It is a short question, and nobody
/// wants to wait for an hour to learn that a server hangs.
const LONGEST: Duration = Duration::from_secs(300);

/// A model's answer to its question, if it comes in time.
///
/// # Errors
/// It did not come.
pub(super) async fn in_time(
    model: &str,
    answer: impl Future<Output = Result<Option<Answer>, ModelError>>,
) -> Result<(), ModelError> {
    let answered = timeout(LONGEST, answer).await;
    let late = |_| {
        Err(ModelError::Failed {
            model: model.to_owned(),
            class: FailureClass::Unreachable,
            message: format!("no answer within {} s", LONGEST.as_secs()),
            attempts: 1,
        })
    };
    answered.unwrap_or_else(late).map(drop)
}

/// Asks all at the same time, and tells the attempts that fail meanwhile and are made again. The
/// last one of a model is in the error.
///
/// # Errors
/// All models that do not answer, in the order of their questions.
pub(super) async fn all(checks: Vec<Check<'_>>, hear: &mut Hear) -> Result<(), Failure> {
    all_telling(checks, hear, output::note).await
}

async fn all_telling(
    checks: Vec<Check<'_>>,
    hear: &mut Hear,
    mut tell: impl FnMut(&str),
) -> Result<(), Failure> {
    let asked = checks.len();
    let mut answers = join_all(checks);
    let patience = sleep(PATIENCE);
    tokio::pin!(patience);
    let mut is_patient = true;
    let answers = loop {
        tokio::select! {
            biased;
            Some(news) = hear.recv() => {
                // The last attempt of each is told with the errors.
                if let News::AttemptFailed(attempt) = news
                    && attempt.wait.is_some()
                {
                    tell(&attempt.to_string());
                }
            }
            answers = &mut answers => break answers,
            () = &mut patience, if is_patient => {
                is_patient = false;
                let models = count(asked, "model");
                tell(&format!("waiting for the first answers of {models}, before the first trial"));
            }
        }
    };
    let errors: Vec<_> = answers.into_iter().filter_map(Result::err).collect();
    Failure::unanswered(asked, &errors).map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use tokio::sync::{Barrier, mpsc};

    use super::*;

    fn refused(model: &str) -> ModelError {
        ModelError::Failed {
            model: model.to_owned(),
            class: FailureClass::Refused,
            message: "status 401".to_owned(),
            attempts: 1,
        }
    }

    /// Each question is answered once all have been asked, so that one after the other would wait
    /// for ever.
    #[tokio::test]
    async fn all_are_asked_at_the_same_time_and_all_refusals_are_told_in_order() {
        let together = Barrier::new(3);
        let (_tell, mut hear) = mpsc::unbounded_channel();
        let questions = [Err(refused("b/1")), Ok(()), Err(refused("a/1"))];
        let checks: Vec<Check> = questions
            .into_iter()
            .map(|answer| -> Check {
                Box::pin(async {
                    together.wait().await;
                    answer
                })
            })
            .collect();
        let failure = all(checks, &mut hear).await.unwrap_err();
        insta::assert_snapshot!(failure, @"
        error: 2 of 3 models cannot be asked
          because: b/1: refused at attempt 1: status 401
          because: a/1: refused at attempt 1: status 401
        ");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_waited_for_is_said_once_and_only_where_it_takes_long() {
        let (_tell, mut hear) = mpsc::unbounded_channel();
        let mut told = Vec::new();
        for seconds in [1, 600] {
            let slow: Check = Box::pin(async move {
                sleep(Duration::from_secs(seconds)).await;
                Ok(())
            });
            let done = all_telling(vec![slow], &mut hear, |note| told.push(note.to_owned())).await;
            assert_eq!(done, Ok(()));
        }
        assert_eq!(
            told,
            ["waiting for the first answers of 1 model, before the first trial"]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_model_that_hangs_is_not_waited_for_without_end() {
        let error = in_time("a/1", std::future::pending()).await.unwrap_err();
        insta::assert_snapshot!(error, @"a/1: not reachable at attempt 1: no answer within 300 s");
        assert_eq!(in_time("a/1", async { Ok(None) }).await, Ok(()));
    }

    #[tokio::test]
    async fn nothing_to_ask_is_no_failure() {
        let (_tell, mut hear) = mpsc::unbounded_channel();
        assert_eq!(all(Vec::new(), &mut hear).await, Ok(()));
    }
}
