//! A model that answers as it was recorded.

use std::collections::VecDeque;
use std::fs;
use std::sync::Arc;

use super::format::{self, Exchange, added};
use super::recording::RecordedModel;
use super::subject::Place;
use crate::evidence::{Digest, Message, Origin};
use crate::model::{Answer, Answering, Model, ModelError, Tools};

/// A recorded trial that is played, turn by turn.
pub(super) struct Replay {
    model: Arc<RecordedModel>,
    place: Place,
    /// What is left to play; none before the first turn.
    left: Option<VecDeque<Exchange>>,
    /// Messages of the conversation at the last turn.
    seen: usize,
    answers: usize,
}

impl Replay {
    pub(super) fn new(model: Arc<RecordedModel>, place: Place) -> Self {
        Self {
            model,
            place,
            left: None,
            seen: 0,
            answers: 0,
        }
    }

    /// The next answer, whatever was said before it. What was said decides how it is marked:
    /// commands may print other times and numbers without being other commands.
    ///
    /// An answer with tools is none to a question without them, nor the other way round: there the
    /// recording ends as far as this trial goes.
    fn next(&mut self, conversation: &[Message], tools: Tools) -> Result<Answer, ModelError> {
        if self.left.is_none() {
            self.left = Some(self.load()?);
        }
        let left = self.left.as_mut();
        let left = left.filter(|left| left.front().is_some_and(|next| next.tools == tools));
        let next = left.and_then(VecDeque::pop_front);
        let Some(Exchange {
            added: recorded,
            tools: _,
            answer,
        }) = next
        else {
            return Err(ModelError::RecordingEnded {
                model: self.model.name(),
                answers: self.answers,
            });
        };
        let origin = if added(conversation, self.seen) == recorded {
            Origin::Recording
        } else {
            Origin::DivergedRecording
        };
        self.seen = conversation.len();
        self.answers += 1;
        let answer = answer.give(origin);
        answer.ok_or_else(|| self.unusable("an answer in it is none of a model".into()))
    }

    /// Reads the trial. It was read before, when the run was planned, but the recordings of a
    /// whole run need not fit into memory.
    fn load(&self) -> Result<VecDeque<Exchange>, ModelError> {
        let Some(trial) = self.model.trial(&self.place) else {
            return Err(self.unusable(format!("it lacks {}", self.place)));
        };
        let bytes = fs::read(&trial.path).map_err(|error| self.unusable(error.to_string()))?;
        if Digest::of(&bytes) != trial.hash {
            return Err(self.unusable("it was changed since the run began".into()));
        }
        let recorded = format::parse(&trial.path, &bytes);
        let recorded = recorded.map_err(|error| self.unusable(error.to_string()))?;
        Ok(recorded.map_or_else(VecDeque::new, |recorded| recorded.exchanges.into()))
    }

    fn unusable(&self, cause: String) -> ModelError {
        ModelError::Recording {
            model: self.model.name(),
            cause,
        }
    }
}

impl Model for Replay {
    fn answer<'a>(&'a mut self, conversation: &'a [Message], tools: Tools) -> Answering<'a> {
        Box::pin(async move { self.next(conversation, tools).map(Some) })
    }
}
