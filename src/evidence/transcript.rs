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

    /// The command that it asks to run; none where it does not ask for one. The argument is called
    /// `command`, or `cmd` as in the published experiments.
    #[must_use]
    pub fn command(&self) -> Option<&str> {
        let text = self.text("bash", "command");
        text.or_else(|| self.text("bash", "cmd"))
    }

    /// The answer that it hands in; none where it hands in nothing.
    #[must_use]
    pub fn submission(&self) -> Option<&str> {
        self.text("submit", "answer")
    }

    /// Whether it asks for nothing that there is: no tool of this name, or without what the tool
    /// needs.
    #[must_use]
    pub fn is_unusable(&self) -> bool {
        self.command().is_none() && self.submission().is_none()
    }

    fn text(&self, tool: &str, argument: &str) -> Option<&str> {
        let arguments = (self.name == tool).then_some(&self.arguments)?;
        arguments.get(argument)?.as_str()
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
    /// Tool calls in the answers.
    #[serde(default)]
    pub tool_calls: u32,
    /// Of the tool calls, those that asked for nothing that there is.
    #[serde(default)]
    pub unusable_calls: u32,
    /// Time in which the model was being asked, retries and waits among it, in milliseconds.
    #[serde(default)]
    pub waiting_ms: f64,
    /// What the answers cost, in US dollars; none where the cost of an answer is not known.
    #[serde(default)]
    pub cost_usd: Option<f64>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn call(name: &str, arguments: Value) -> ToolCall {
        ToolCall {
            id: "1".to_owned(),
            name: name.to_owned(),
            arguments,
        }
    }

    #[test]
    fn a_call_asks_for_what_its_tool_takes_and_for_nothing_else() {
        let asks = |name, arguments| {
            let call = call(name, arguments);
            let command = call.command().map(str::to_owned);
            (
                command,
                call.submission().map(str::to_owned),
                call.is_unusable(),
            )
        };
        let some = |text: &str| Some(text.to_owned());
        let cases = [
            (
                "bash",
                json!({ "command": "ls" }),
                (some("ls"), None, false),
            ),
            (
                "bash",
                json!({ "cmd": "ls", "thoughts": "" }),
                (some("ls"), None, false),
            ),
            ("submit", json!({ "answer": "2" }), (None, some("2"), false)),
            ("bash", json!({ "answer": "2" }), (None, None, true)),
            ("bash", json!({ "command": 7 }), (None, None, true)),
            ("submit", json!({ "command": "ls" }), (None, None, true)),
            ("python", json!({ "command": "ls" }), (None, None, true)),
            ("bash", json!("ls"), (None, None, true)),
        ];
        for (name, arguments, expected) in cases {
            assert_eq!(
                asks(name, arguments.clone()),
                expected,
                "{name} {arguments}"
            );
        }
    }

    #[test]
    fn arguments_that_are_no_object_are_malformed() {
        assert!(call("bash", json!("{\"command\": ")).is_malformed());
        assert!(call("bash", json!(["ls"])).is_malformed());
        assert!(!call("bash", json!({})).is_malformed());
    }
}
