//! Reads a provider's answer.
//!
//! The client can read answers too, but it drops what a measurement needs: it gives up on the
//! whole answer where a call's arguments are no JSON, trims texts, and loses refusals. So it sends
//! and receives, and the body is read here.

mod chat;
mod generate_content;
mod messages;
mod responses;

use std::collections::HashSet;

use serde_json::Value;

use super::catalogue::Protocol;
use super::text;
use super::tools::ToolProtocol;
use crate::evidence::{Message, Reasoning, Reply, ToolCall};
use crate::model::price::{Price, Tokens};
use crate::model::{Answer, Tools};

/// What a body says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Read {
    text: String,
    calls: Vec<ToolCall>,
    reasoning: Vec<Reasoning>,
    model: Option<String>,
    stop: Option<String>,
    input_tokens: u64,
    output_tokens: u64,
    reasoning_tokens: u64,
    cached_tokens: u64,
    /// Of the tokens sent, those that the provider put into its cache.
    written_tokens: u64,
}

/// Reads the answer to this conversation from a body. The error says what the body lacks.
pub(super) fn read(
    body: Value,
    protocol: Protocol,
    (tool_protocol, tools): (ToolProtocol, Tools),
    conversation: &[Message],
    price: Option<&Price>,
) -> Result<Answer, &'static str> {
    let mut ids = Ids::of(conversation);
    let mut read = match protocol {
        Protocol::Chat | Protocol::DeepSeekChat | Protocol::MistralChat => {
            chat::read(&body, &mut ids)
        }
        Protocol::Responses => responses::read(&body, &mut ids),
        Protocol::Messages => messages::read(&body, &mut ids),
        Protocol::GenerateContent => generate_content::read(&body, &mut ids),
    }?;
    if (tool_protocol, tools) == (ToolProtocol::Text, Tools::Offered) {
        read.calls = text::calls(&read.text, ids.next);
        for call in &mut read.calls {
            call.id = ids.claim(Some(&call.id), numbered);
        }
    }
    let cost_usd = price.and_then(|price| read.cost_usd(price));
    let kept = (&*read.text, &*read.calls, &*read.reasoning);
    let reply = Reply::new(read.model, read.stop, body, kept);
    Ok(Answer {
        text: read.text,
        calls: read.calls,
        reasoning: read.reasoning,
        reply: Some(reply),
        input_tokens: read.input_tokens,
        output_tokens: read.output_tokens,
        reasoning_tokens: read.reasoning_tokens,
        cached_tokens: read.cached_tokens,
        cost_usd,
    })
}

impl Read {
    /// What the answer cost; none where nobody counted, since no request is without tokens, and
    /// nothing is said without any.
    fn cost_usd(&self, price: &Price) -> Option<f64> {
        let tokens = Tokens {
            input: self.input_tokens,
            cached: self.cached_tokens,
            written: self.written_tokens,
            output: self.output_tokens,
        };
        let says_nothing =
            self.text.is_empty() && self.calls.is_empty() && self.reasoning.is_empty();
        let is_counted = tokens.input > 0 && (tokens.output > 0 || says_nothing);
        (is_counted || price.terms.are_free()).then(|| price.terms.cost_usd(tokens))
    }
}

/// The ids of a conversation's calls. Each call needs its own, or its answer could not be told
/// from another's; servers have been seen to leave ids empty and to repeat them.
struct Ids {
    taken: HashSet<String>,
    next: usize,
}

impl Ids {
    fn of(conversation: &[Message]) -> Self {
        let mut taken = HashSet::new();
        for message in conversation {
            if let Message::Assistant { calls, .. } = message {
                taken.extend(calls.iter().map(|call| call.id.clone()));
            }
        }
        Self {
            next: taken.len() + 1,
            taken,
        }
    }

    /// The provider's id, if it is one, else one of this form with a number.
    fn claim(&mut self, given: Option<&str>, form: impl Fn(usize) -> String) -> String {
        let mut id = given.unwrap_or_default().to_owned();
        while id.is_empty() || self.taken.contains(&id) {
            id = form(self.next);
            self.next += 1;
        }
        self.taken.insert(id.clone());
        id
    }
}

fn numbered(number: usize) -> String {
    format!("call_{number}")
}

/// Arguments that come as text: an object, or the text as it is where it is none. No text at all
/// is how some servers write that there are none.
fn arguments(text: &str) -> Value {
    if text.trim().is_empty() {
        return Value::Object(serde_json::Map::new());
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Value::Object(fields),
        Ok(_) | Err(_) => Value::String(text.to_owned()),
    }
}

fn string(value: &Value, pointer: &str) -> Option<String> {
    Some(value.pointer(pointer)?.as_str()?.to_owned())
}

fn str_at<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn count(value: &Value, pointer: &str) -> u64 {
    let counted = value.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    // No sum of such counts overflows, whatever a server writes.
    counted.min(u64::from(u32::MAX))
}

/// A block of reasoning: its text, and the rest of it as what the provider wants back.
fn reasoning(block: &Value, text_fields: &[&str]) -> Reasoning {
    let mut signature = block.clone();
    let mut text = String::new();
    if let Some(fields) = signature.as_object_mut() {
        for name in text_fields {
            if let Some(Value::String(found)) = fields.remove(*name) {
                text = found;
            }
        }
    }
    Reasoning {
        text,
        signature: Some(signature),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The fields that are looked for, so that any JSON of them reaches deep.
    const FIELDS: [&str; 24] = [
        "choices",
        "message",
        "content",
        "tool_calls",
        "function",
        "name",
        "arguments",
        "id",
        "output",
        "type",
        "call_id",
        "summary",
        "encrypted_content",
        "text",
        "thinking",
        "input",
        "candidates",
        "parts",
        "functionCall",
        "args",
        "thoughtSignature",
        "thought",
        "usage",
        "prompt_tokens",
    ];

    fn any_body() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<u64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            prop::sample::select(vec![
                "",
                "a",
                "message",
                "function_call",
                "reasoning",
                "tool_use",
                "thinking",
                "{}",
                "{\"command\":1}",
                "{",
                "```bash\nls",
            ])
            .prop_map(Value::from),
        ];
        let fields = prop::sample::select(FIELDS.to_vec());
        leaf.prop_recursive(6, 48, 3, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map(fields.clone(), inner, 0..5).prop_map(|fields| {
                    fields
                        .into_iter()
                        .map(|(name, value)| (name.to_owned(), value))
                        .collect()
                }),
            ]
        })
    }

    /// A body in which the answer of each protocol is at its place, whatever it is.
    fn around(inside: &Value) -> Value {
        serde_json::json!({
            "choices": [{ "message": inside }],
            "output": [inside],
            "content": [inside],
            "candidates": [{ "content": { "parts": [inside] } }],
            "usage": inside,
        })
    }

    proptest! {
        #[test]
        fn reading_any_body_never_panics_and_gives_every_call_an_id_of_its_own(
            inside in any_body(),
            earlier in prop::sample::select(vec!["", "a", "call_1", "call_2"]),
        ) {
            let conversation = [Message::Assistant {
                text: String::new(),
                calls: vec![ToolCall {
                    id: earlier.to_owned(),
                    name: String::new(),
                    arguments: Value::Null,
                }],
                reasoning: Vec::new(),
                reply: None,
            }];
            for protocol in [
                Protocol::Chat,
                Protocol::Responses,
                Protocol::Messages,
                Protocol::GenerateContent,
            ] {
                for tools in [ToolProtocol::Native, ToolProtocol::Text] {
                    for body in [inside.clone(), around(&inside)] {
                        let Ok(answer) = read(body, protocol, (tools, Tools::Offered), &conversation, None) else {
                            continue;
                        };
                        let mut ids = HashSet::from([earlier]);
                        for call in &answer.calls {
                            prop_assert!(!call.id.is_empty() && ids.insert(&call.id));
                        }
                    }
                }
            }
        }
    }
}
