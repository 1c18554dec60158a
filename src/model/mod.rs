//! Who answers: providers and scripted models, behind one trait.

mod error;
pub mod exchange;
pub mod price;
pub mod provider;
pub mod scripted;

use std::future::Future;
use std::pin::Pin;

pub use error::{FailureClass, ModelError};

use serde::{Deserialize, Serialize};

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

/// Whether a model can call tools in its next answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tools {
    /// The two tools of a trial are offered.
    #[default]
    Offered,
    /// There are none: the answer is words.
    None,
}

impl Tools {
    /// Whether it goes without saying, so that it is left out where it is written down.
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes fields by reference"
    )]
    pub(crate) fn are_offered(&self) -> bool {
        *self == Self::Offered
    }
}

/// A future of a model's answer.
pub type Answering<'a> =
    Pin<Box<dyn Future<Output = Result<Option<Answer>, ModelError>> + Send + 'a>>;

/// A model in one trial.
pub trait Model: Send + Sync {
    /// Answers the conversation so far, with these tools; `None` when it has nothing more to say
    /// and the trial ends.
    fn answer<'a>(&'a mut self, conversation: &'a [Message], tools: Tools) -> Answering<'a>;
}
