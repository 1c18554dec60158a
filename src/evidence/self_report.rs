//! What a model says of its own work when it is over.

use serde::{Deserialize, Serialize};

/// What came of asking a model, once its work was over, what it had been told and what it had
/// done. The trial's ending says when that was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum SelfReport {
    /// It answered.
    Answered {
        /// The first message of the transcript, as an index, that belongs to the question and not
        /// to the trial.
        message: usize,
        /// The answer.
        text: String,
    },
    /// It was not asked, or did not answer. That says nothing of what it would have said.
    Unmeasured {
        /// As in an answer; none where it was not asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<usize>,
        /// Why, as a fragment.
        reason: String,
    },
}

impl SelfReport {
    /// Where in the transcript the question begins; none where it was not asked.
    #[must_use]
    pub fn message(&self) -> Option<usize> {
        match self {
            Self::Answered { message, .. } => Some(*message),
            Self::Unmeasured { message, .. } => *message,
        }
    }

    /// The answer; none where there is none.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Answered { text, .. } => Some(text),
            Self::Unmeasured { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_without_an_answer_still_has_its_place_in_the_transcript() {
        let reason = || "the machine was gone".to_owned();
        let reports = [
            SelfReport::Answered {
                message: 7,
                text: "I read the script.".to_owned(),
            },
            SelfReport::Unmeasured {
                message: Some(7),
                reason: reason(),
            },
            SelfReport::Unmeasured {
                message: None,
                reason: reason(),
            },
        ];
        let seen = reports
            .iter()
            .map(|report| (report.message(), report.text()));
        let expected = [
            (Some(7), Some("I read the script.")),
            (Some(7), None),
            (None, None),
        ];
        assert_eq!(seen.collect::<Vec<_>>(), expected);
    }
}
