//! What the models of a run tell while they are asked.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::Attempt;
use crate::evidence::Message;
use crate::model::{Answering, Model, Tools};
use crate::trial::Order;

/// One thing that happened while a model was asked.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// It gave no answer.
    AttemptFailed(Attempt),
    /// It failed so often that it is not asked any more.
    ModelStopped {
        /// Its name.
        model: String,
        /// Why, in one line without a key.
        cause: String,
    },
    /// It answered.
    Answered {
        /// In which trial.
        order: Arc<Order>,
        /// What the answer cost, in US dollars, where a price is known.
        cost_usd: Option<f64>,
    },
}

/// A model that tells of each of its answers.
pub struct Telling {
    model: Box<dyn Model>,
    order: Arc<Order>,
    tell: mpsc::UnboundedSender<News>,
}

impl Telling {
    /// The model of this order.
    #[must_use]
    pub fn new(
        model: Box<dyn Model>,
        order: Arc<Order>,
        tell: mpsc::UnboundedSender<News>,
    ) -> Self {
        Self { model, order, tell }
    }
}

impl Model for Telling {
    fn answer<'a>(&'a mut self, conversation: &'a [Message], tools: Tools) -> Answering<'a> {
        Box::pin(async move {
            let answer = self.model.answer(conversation, tools).await?;
            if let Some(answer) = &answer {
                // Where nobody listens any more, the run is over.
                let _ = self.tell.send(News::Answered {
                    order: Arc::clone(&self.order),
                    cost_usd: answer.cost_usd,
                });
            }
            Ok(answer)
        })
    }
}
