//! The conversation of a trial.

mod origin;
mod reply;

pub use origin::{Origin, REPLAY};
pub use reply::Reply;

use serde::{Deserialize, Serialize};

/// One message of the conversation, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case", deny_unknown_fields)]
pub enum Message {
    /// The standing instructions.
    System {
        /// Their text.
        text: String,
    },
    /// What the task or the harness says to the model.
    User {
        /// Its text.
        text: String,
    },
    /// What the model answered.
    Assistant {
        /// Its text, which may be empty.
        text: String,
        /// Its tool calls, in order.
        calls: Vec<ToolCall>,
        /// What it reasoned before, where the provider shows it or wants it back.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reasoning: Vec<Reasoning>,
        /// The provider's answer as it came. A script's message has none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply: Option<Reply>,
    },
    /// What a tool call returned.
    Tool {
        /// The call that it answers.
        call_id: String,
        /// What the model is shown.
        text: String,
    },
}

/// One tool call of the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCall {
    /// The provider's id of the call.
    pub id: String,
    /// The tool's name, as the model wrote it.
    pub name: String,
    /// The arguments, as the model wrote them: an object, or the text that is no JSON object.
    pub arguments: serde_json::Value,
}

impl ToolCall {
    /// Whether the arguments are no JSON object, so that no tool can be called with them.
    #[must_use]
    pub fn is_malformed(&self) -> bool {
        !self.arguments.is_object()
    }
}

/// A piece of reasoning that came before an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reasoning {
    /// What can be read of it: the reasoning or its summary; empty where the provider keeps it to
    /// itself.
    pub text: String,
    /// What the provider wants back with it: its own block without the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<serde_json::Value>,
}

/// What a trial used of the model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// Answers of the model.
    pub turns: u32,
    /// Tokens sent, where the provider counts them.
    pub input_tokens: u64,
    /// Tokens received, where the provider counts them.
    pub output_tokens: u64,
    /// Of the tokens received, those of reasoning, where the provider counts them.
    #[serde(default)]
    pub reasoning_tokens: u64,
    /// Of the tokens sent, those that the provider had cached, where it counts them.
    #[serde(default)]
    pub cached_tokens: u64,
    /// What the answers cost, in US dollars; none where some answer has no price.
    #[serde(default)]
    pub cost_usd: Option<f64>,
}
