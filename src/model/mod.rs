//! Who answers: providers and scripted models, behind one trait.

mod error;
pub mod exchange;
pub mod price;
pub mod provider;
pub mod scripted;

use std::future::Future;
use std::pin::Pin;

pub use error::{FailureClass, ModelError};

use crate::evidence::{Message, Reasoning, Reply, ToolCall};

/// One answer of a model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// Its text, which may be empty. A refusal is a text.
    pub text: String,
    /// Its tool calls, in order.
    pub calls: Vec<ToolCall>,
    /// What it reasoned before.
    pub reasoning: Vec<Reasoning>,
    /// The provider's answer as it came.
    pub reply: Option<Reply>,
    /// Tokens sent, where counted.
    pub input_tokens: u64,
    /// Tokens received, those of reasoning among them, where counted.
    pub output_tokens: u64,
    /// Of the tokens received, those of reasoning, where counted.
    pub reasoning_tokens: u64,
    /// Of the tokens sent, those that the provider had cached, where counted.
    pub cached_tokens: u64,
    /// What it cost, in US dollars, where a price is known and the tokens are counted.
    pub cost_usd: Option<f64>,
}

/// A future of a model's answer.
pub type Answering<'a> =
    Pin<Box<dyn Future<Output = Result<Option<Answer>, ModelError>> + Send + 'a>>;

/// A model in one trial.
pub trait Model: Send + Sync {
    /// Answers the conversation so far; `None` when it has nothing more to say and the trial
    /// ends.
    fn answer<'a>(&'a mut self, conversation: &'a [Message]) -> Answering<'a>;
}
