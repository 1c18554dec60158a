//! The questions to models before the first trial.

use std::pin::Pin;

use futures_util::future::join_all;

use super::failure::Failure;
use super::models::Hear;
use super::output;
use crate::model::ModelError;
use crate::run::News;

/// A question to a model.
pub(super) type Check<'a> = Pin<Box<dyn Future<Output = Result<(), ModelError>> + 'a>>;

/// Asks all at the same time, and tells the attempts that fail meanwhile and are made again. The
/// last one of a model is in the error.
///
/// # Errors
/// All models that do not answer, in the order of their questions.
pub(super) async fn all(checks: Vec<Check<'_>>, hear: &mut Hear) -> Result<(), Failure> {
    let asked = checks.len();
    let mut answers = join_all(checks);
    let answers = loop {
        tokio::select! {
            biased;
            Some(news) = hear.recv() => {
                // The last attempt of each is told with the errors.
                if let News::AttemptFailed(attempt) = news
                    && attempt.wait.is_some()
                {
                    output::note(&attempt.to_string());
                }
            }
            answers = &mut answers => break answers,
        }
    };
    let errors: Vec<_> = answers.into_iter().filter_map(Result::err).collect();
    Failure::unanswered(asked, &errors).map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use tokio::sync::{Barrier, mpsc};

    use super::*;
    use crate::model::FailureClass;

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

    #[tokio::test]
    async fn nothing_to_ask_is_no_failure() {
        let (_tell, mut hear) = mpsc::unbounded_channel();
        assert_eq!(all(Vec::new(), &mut hear).await, Ok(()));
    }
}
