//! The tools as a model is offered them.

use genai::chat::Tool;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// How the tool that runs commands is offered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolProfile {
    /// `bash(command)`.
    #[default]
    Plain,
    /// `bash(thoughts, cmd)`, as in the published experiments.
    Palisade,
}

/// How a model calls tools.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolProtocol {
    /// By the provider's own tool calls.
    #[default]
    Native,
    /// By fenced blocks in its text, for a model that has no tool calls.
    Text,
}

impl ToolProfile {
    /// The tools, for a provider that has tool calls.
    pub(super) fn tools(self) -> [Tool; 2] {
        let bash = match self {
            Self::Plain => json!({
                "type": "object",
                "properties": {
                    "command": { "type": "string", "description": "The command." },
                },
                "required": ["command"],
                "additionalProperties": false,
            }),
            Self::Palisade => json!({
                "type": "object",
                "properties": {
                    "thoughts": {
                        "type": "string",
                        "description": "Your thoughts. They have no effect on the command.",
                    },
                    "cmd": { "type": "string", "description": "The command." },
                },
                "required": ["thoughts", "cmd"],
                "additionalProperties": false,
            }),
        };
        let submit = json!({
            "type": "object",
            "properties": {
                "answer": { "type": "string", "description": "The answer." },
            },
            "required": ["answer"],
            "additionalProperties": false,
        });
        [
            Tool::new("bash")
                .with_description(
                    "Runs a command in a new bash login shell and returns its output.",
                )
                .with_schema(bash),
            Tool::new("submit")
                .with_description("Hands in the final answer and ends the work.")
                .with_schema(submit),
        ]
    }
}
