//! Inspect's messages as those of a transcript.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::evidence::{Message, Reasoning, ToolCall};

#[derive(Debug, Deserialize)]
struct Said {
    role: Role,
    #[serde(default)]
    content: Content,
    #[serde(default)]
    tool_calls: Option<Vec<Called>>,
    #[serde(default)]
    tool_call_id: Option<String>,
    #[serde(default)]
    error: Option<Failed>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Role {
    System,
    User,
    Assistant,
    Tool,
}

#[derive(Debug, Deserialize)]
struct Called {
    id: String,
    function: String,
    #[serde(default)]
    arguments: Value,
    #[serde(default)]
    parse_error: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Failed {
    #[serde(default)]
    message: String,
}

/// A text, or parts of several kinds.
#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "Value")]
struct Content {
    text: String,
    reasoning: Vec<Reasoning>,
}

/// A message of a sample.
///
/// # Errors
/// It is none that Inspect writes; what is wrong, as a fragment.
pub(super) fn message(said: Value) -> Result<Message, String> {
    let said: Said = serde_json::from_value(said).map_err(|error| error.to_string())?;
    let Content { text, reasoning } = said.content;
    Ok(match said.role {
        Role::System => Message::System { text },
        Role::User => Message::User { text },
        Role::Assistant => Message::Assistant {
            text,
            calls: said
                .tool_calls
                .unwrap_or_default()
                .into_iter()
                .map(call)
                .collect(),
            reasoning,
            reply: None,
        },
        Role::Tool => Message::Tool {
            call_id: said.tool_call_id.unwrap_or_default(),
            text: shown(text, said.error),
        },
    })
}

/// What the model was shown of a call: of one that failed, why.
fn shown(text: String, error: Option<Failed>) -> String {
    match error {
        None => text,
        Some(error) if text.is_empty() || text == error.message => error.message,
        Some(error) => format!("{}\n{text}", error.message),
    }
}

fn call(called: Called) -> ToolCall {
    let is_empty = called.arguments.as_object().is_none_or(Map::is_empty);
    let arguments = match called.parse_error {
        // What the model wrote stands nowhere else.
        Some(error) if is_empty => Value::String(error),
        Some(_) | None => called.arguments,
    };
    ToolCall {
        id: called.id,
        name: called.function,
        arguments,
    }
}

impl TryFrom<Value> for Content {
    type Error = String;

    fn try_from(content: Value) -> Result<Self, String> {
        let parts = match content {
            Value::Null => return Ok(Self::default()),
            Value::String(text) => {
                return Ok(Self {
                    text,
                    reasoning: Vec::new(),
                });
            }
            Value::Array(parts) => parts,
            Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
                return Err("its content is neither a text nor a list".into());
            }
        };
        let mut content = Self::default();
        for part in &parts {
            content.add(part);
        }
        Ok(content)
    }
}

impl Content {
    fn add(&mut self, part: &Value) {
        let text_of = |field: &str| part.get(field).and_then(Value::as_str);
        match text_of("type") {
            Some("text") => self.say(text_of("text").unwrap_or_default()),
            Some("reasoning") => self.reasoning.push(reasoning(part)),
            Some(other) => self.say(&format!("[{other}]")),
            None => match part.as_str() {
                Some(text) => self.say(text),
                None => self.say("[content]"),
            },
        }
    }

    /// Adds a text on a line of its own.
    fn say(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text);
    }
}

fn reasoning(part: &Value) -> Reasoning {
    let text_of = |field: &str| part.get(field).and_then(Value::as_str);
    let sealed = part.get("redacted").and_then(Value::as_bool) == Some(true);
    let said = text_of("reasoning").unwrap_or_default();
    let (text, seal) = if sealed {
        (text_of("summary").unwrap_or_default(), Some(said))
    } else {
        (said, None)
    };
    let mut signature = Map::new();
    for (name, value) in [("sealed", seal), ("signature", text_of("signature"))] {
        if let Some(value) = value {
            signature.insert(name.into(), json!(value));
        }
    }
    Reasoning {
        text: text.into(),
        signature: (!signature.is_empty()).then(|| signature.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(said: Value) -> Message {
        message(said).unwrap()
    }

    #[test]
    fn old_and_new_calls_keep_their_arguments_and_their_failures() {
        let said = read(json!({ "role": "assistant", "content": "", "tool_calls": [
            { "id": "1", "function": "bash", "arguments": { "cmd": "ls" }, "type": "function" },
            { "id": "2", "function": "bash", "arguments": { "command": "ls" } },
            { "id": "3", "function": "bash", "arguments": {}, "parse_error": "bad: {" },
        ] }));
        let Message::Assistant { calls, .. } = said else {
            panic!("{said:?}");
        };
        let commands: Vec<_> = calls.iter().map(ToolCall::command).collect();
        assert_eq!(commands, [Some("ls"), Some("ls"), None]);
        assert_eq!(calls[2].arguments, "bad: {");
    }

    #[test]
    fn what_a_call_failed_by_is_what_the_model_was_shown() {
        let tool = |content: &str, error: Value| {
            let said = json!({
                "role": "tool", "content": content, "tool_call_id": "1", "error": error,
            });
            let read = read(said);
            let Message::Tool { text, .. } = read else {
                panic!("{read:?}");
            };
            text
        };
        let failed = json!({ "type": "timeout", "message": "too long" });
        assert_eq!(tool("out", Value::Null), "out");
        assert_eq!(tool("", failed.clone()), "too long");
        assert_eq!(tool("too long", failed.clone()), "too long");
        assert_eq!(tool("out", failed), "too long\nout");
    }

    #[test]
    fn reasoning_is_kept_with_what_was_sealed_and_other_parts_are_named() {
        let said = read(json!({ "role": "assistant", "content": [
            { "type": "reasoning", "reasoning": "I think.", "signature": "s" },
            { "type": "reasoning", "reasoning": "xyz", "summary": "short", "redacted": true },
            { "type": "text", "text": "one" },
            { "type": "image", "image": "data:" },
            { "type": "text", "text": "two" },
        ] }));
        let expected = Message::Assistant {
            text: "one\n[image]\ntwo".into(),
            calls: vec![],
            reasoning: vec![
                Reasoning {
                    text: "I think.".into(),
                    signature: Some(json!({ "signature": "s" })),
                },
                Reasoning {
                    text: "short".into(),
                    signature: Some(json!({ "sealed": "xyz" })),
                },
            ],
            reply: None,
        };
        assert_eq!(said, expected);
    }

    #[test]
    fn what_is_no_message_says_why() {
        let errors = [
            json!({ "content": "a" }),
            json!({ "role": "judge", "content": "a" }),
            json!({ "role": "user", "content": 7 }),
        ]
        .map(|said| message(said).unwrap_err());
        insta::assert_snapshot!(errors.join("\n"), @"
        missing field `role`
        unknown variant `judge`, expected one of `system`, `user`, `assistant`, `tool`
        its content is neither a text nor a list
        ");
    }
}
