//! What the providers' references say that a request must be. A request that breaks a rule is
//! refused, as they would.

use std::collections::BTreeSet;

use serde_json::Value;

use super::KEY;
use super::server::Asked;

type Checked = Result<(), String>;

/// Holds a request against the rules of the protocol that its path belongs to.
pub(crate) fn check(asked: &Asked) -> Checked {
    let Asked { path, body, .. } = asked;
    match path.as_str() {
        "/v1/chat/completions" => {
            authorised(asked, "authorization", &format!("Bearer {KEY}"))?;
            chat(array(body, "messages")?)
        }
        "/v1/responses" => {
            authorised(asked, "authorization", &format!("Bearer {KEY}"))?;
            responses(array(body, "input")?)
        }
        "/v1/messages" => {
            authorised(asked, "x-api-key", KEY)?;
            ensure(
                asked.headers.contains_key("anthropic-version"),
                "no anthropic-version",
            )?;
            ensure(body["max_tokens"].is_u64(), "max_tokens is required")?;
            let calls = body["messages"].to_string().contains("\"tool_use\"");
            ensure(!calls || body["tools"].is_array(), "calls without tools")?;
            messages(array(body, "messages")?)
        }
        path if path.starts_with("/v1/models/") && path.ends_with(":generateContent") => {
            authorised(asked, "x-goog-api-key", KEY)?;
            generate_content(array(body, "contents")?)
        }
        path => Err(format!("there is nothing at {path}")),
    }
}

/// Whether a request begins a conversation: the model has said nothing in it.
pub(crate) fn is_opening(request: &Value) -> bool {
    let mut is_opening = true;
    strings(request, "", &mut |field, text| {
        is_opening &= !matches!(
            (field, text),
            ("role", "assistant" | "model") | ("type", "function_call")
        );
    });
    is_opening
}

/// Holds a request against what was answered before in its conversation: whatever was signed or
/// sealed comes back, or the provider would refuse the answer that it belongs to.
pub(crate) fn gives_back(request: &Value, answered: &[Value]) -> Checked {
    let mut sent = BTreeSet::new();
    strings(request, "", &mut |_, text| {
        sent.insert(text.to_owned());
    });
    let mut lost = None;
    for answer in answered {
        strings(answer, "", &mut |field, text| {
            if SEALS.contains(&field) && !sent.contains(text) {
                lost = Some(text.to_owned());
            }
        });
    }
    lost.map_or(Ok(()), |text| Err(format!("rule: `{text}` is missing")))
}

/// The fields of answers that must come back.
const SEALS: [&str; 4] = ["data", "encrypted_content", "signature", "thoughtSignature"];

/// Every string of some JSON, with the name of its field.
fn strings(value: &Value, field: &str, take: &mut impl FnMut(&str, &str)) {
    match value {
        Value::String(text) => take(field, text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, field, take)),
        Value::Object(fields) => {
            for (name, value) in fields {
                strings(value, name, take);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A server of one's own is asked without a key.
fn authorised(asked: &Asked, header: &str, value: &str) -> Checked {
    let given = asked
        .headers
        .get(header)
        .map(|value| value.to_str().unwrap());
    let is_local = asked.body["model"] == "local";
    ensure(given == (!is_local).then_some(value), "wrong key")
}

/// The answers to a message's calls follow it at once, in their order.
fn chat(messages: &[Value]) -> Checked {
    let mut seen = BTreeSet::new();
    let mut open = Vec::new();
    for message in messages {
        let role = text(message, "role")?;
        if role == "tool" {
            ensure(!open.is_empty(), "an answer without a call")?;
            ensure(
                message["tool_call_id"] == open.remove(0),
                "an answer out of order",
            )?;
            text(message, "content")?;
            continue;
        }
        ensure(open.is_empty(), "a call without an answer")?;
        ensure(
            ["system", "user", "assistant"].contains(&role),
            "an unknown role",
        )?;
        let calls = message["tool_calls"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        ensure(
            !calls.is_empty() || message["content"] != "",
            "an empty message",
        )?;
        for call in calls {
            ensure(call["type"] == "function", "a call of an unknown type")?;
            let arguments = text(&call["function"], "arguments")?;
            let arguments: Value = serde_json::from_str(arguments).unwrap_or_default();
            ensure(arguments.is_object(), "arguments that are no object")?;
            ensure(
                seen.insert(text(&call, "id")?.to_owned()),
                "an id that is used twice",
            )?;
            open.push(call["id"].clone());
        }
    }
    ensure(open.is_empty(), "a call without an answer")
}

/// Every call has its output before the next thing that a user says, and reasoning comes back
/// sealed, since nothing is stored.
fn responses(items: &[Value]) -> Checked {
    let mut open: Vec<Value> = Vec::new();
    for item in items {
        match item["type"].as_str() {
            Some("reasoning") => {
                text(item, "encrypted_content")?;
                array(item, "summary")?;
            }
            Some("function_call") => {
                let arguments =
                    serde_json::from_str(text(item, "arguments")?).unwrap_or(Value::Null);
                ensure(arguments.is_object(), "arguments that are no object")?;
                open.push(item["call_id"].clone());
            }
            Some("function_call_output") => {
                text(item, "output")?;
                let call = open.iter().position(|id| *id == item["call_id"]);
                open.remove(call.ok_or("rule: an output without a call")?);
            }
            Some("message") | None => {
                ensure(
                    item["role"] == "assistant" || open.is_empty(),
                    "a call without an output",
                )?;
            }
            Some(other) => return Err(format!("an unknown item {other}")),
        }
    }
    ensure(open.is_empty(), "a call without an output")
}

/// The results of a message's calls are in the very next message, and thinking comes first, with
/// its signature.
fn messages(messages: &[Value]) -> Checked {
    let mut open: BTreeSet<String> = BTreeSet::new();
    for message in messages {
        let role = text(message, "role")?;
        let blocks = match &message["content"] {
            Value::String(text) => {
                ensure(!text.is_empty(), "an empty message")?;
                &Vec::new()
            }
            Value::Array(blocks) => blocks,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
                return Err("a message without content".to_owned());
            }
        };
        let results = blocks.iter().filter(|block| block["type"] == "tool_result");
        let results: Vec<_> = results
            .map(|block| block["tool_use_id"].as_str().unwrap_or("").to_owned())
            .collect();
        ensure(
            results.len() == open.len() && results.into_iter().collect::<BTreeSet<_>>() == open,
            "calls and results that do not belong together",
        )?;
        open.clear();
        let mut is_thinking_over = false;
        for block in blocks {
            match text(block, "type")? {
                "thinking" => {
                    ensure(!is_thinking_over, "thinking after an answer")?;
                    text(block, "thinking")?;
                    text(block, "signature")?;
                }
                "redacted_thinking" => drop(text(block, "data")?),
                "text" => ensure(!text(block, "text")?.is_empty(), "an empty text")?,
                "tool_use" => {
                    ensure(
                        role == "assistant" && block["input"].is_object(),
                        "a bad call",
                    )?;
                    ensure(
                        open.insert(text(block, "id")?.to_owned()),
                        "an id that is used twice",
                    )?;
                }
                "tool_result" => ensure(role == "user", "a result by the model")?,
                other => return Err(format!("an unknown block {other}")),
            }
            is_thinking_over |= !text(block, "type")?.ends_with("thinking");
        }
    }
    ensure(open.is_empty(), "a call without a result")
}

/// A turn's calls are answered by the next turn, by their names and in their order.
fn generate_content(contents: &[Value]) -> Checked {
    let mut open: Vec<Value> = Vec::new();
    for content in contents {
        let role = text(content, "role")?;
        ensure(["user", "model"].contains(&role), "an unknown role")?;
        let parts = array(content, "parts")?;
        ensure(!parts.is_empty(), "a turn without parts")?;
        let names = |field: &str| -> Vec<Value> {
            parts
                .iter()
                .filter_map(|part| Some(part.get(field)?["name"].clone()))
                .collect()
        };
        ensure(
            names("functionResponse") == open,
            "calls and responses that do not belong together",
        )?;
        open = names("functionCall");
        let is_object = |part: &&Value| {
            !part["functionCall"].is_null() && !part["functionCall"]["args"].is_object()
        };
        ensure(
            !parts.iter().any(|part| is_object(&part)),
            "arguments that are no object",
        )?;
    }
    ensure(open.is_empty(), "a call without a response")
}

fn ensure(holds: bool, rule: &str) -> Checked {
    if holds {
        Ok(())
    } else {
        Err(format!("rule: {rule}"))
    }
}

fn array<'a>(value: &'a Value, field: &str) -> Result<&'a Vec<Value>, String> {
    value[field]
        .as_array()
        .ok_or(format!("rule: `{field}` must be an array"))
}

fn text<'a>(value: &'a Value, field: &str) -> Result<&'a str, String> {
    value[field]
        .as_str()
        .ok_or(format!("rule: `{field}` must be a string"))
}
