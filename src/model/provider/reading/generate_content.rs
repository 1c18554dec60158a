//! Google's `generateContent`.

use serde_json::{Map, Value, json};

use super::{Ids, Read, count, list, str_at, string};
use crate::evidence::{Reasoning, ToolCall};

pub(super) fn read(body: &Value, ids: &mut Ids) -> Result<Read, &'static str> {
    let blocked = string(body, "/promptFeedback/blockReason");
    if body.pointer("/candidates/0").is_none() && blocked.is_none() {
        return Err("it has no `candidates[0]`");
    }
    let thought_tokens = count(body, "/usageMetadata/thoughtsTokenCount");
    let mut read = Read {
        model: string(body, "/modelVersion"),
        stop: string(body, "/candidates/0/finishReason").or(blocked),
        input_tokens: count(body, "/usageMetadata/promptTokenCount")
            + count(body, "/usageMetadata/toolUsePromptTokenCount"),
        // Unlike others, it leaves the tokens of reasoning out of those received.
        output_tokens: count(body, "/usageMetadata/candidatesTokenCount") + thought_tokens,
        reasoning_tokens: thought_tokens,
        cached_tokens: count(body, "/usageMetadata/cachedContentTokenCount"),
        ..Read::default()
    };
    for part in list(body, "/candidates/0/content/parts") {
        read_part(part, ids, &mut read);
    }
    Ok(read)
}

fn read_part(part: &Value, ids: &mut Ids, read: &mut Read) {
    let text = str_at(part, "text");
    if part.get("thought") == Some(&json!(true)) {
        read.reasoning.push(Reasoning {
            text: text.to_owned(),
            signature: None,
        });
        return;
    }
    let call = part.get("functionCall").map(|call| tool_call(call, ids));
    if let Some(signature) = part.get("thoughtSignature") {
        let call = call.as_ref().map(|call| &call.id);
        read.reasoning.push(Reasoning {
            text: String::new(),
            signature: Some(json!({ "call": call, "thoughtSignature": signature })),
        });
    }
    read.text.push_str(text);
    read.calls.extend(call);
}

/// The API leaves the ids of calls out and tells them by their order. The client knows an id of
/// this form for none of the API's and leaves it out again.
fn tool_call(call: &Value, ids: &mut Ids) -> ToolCall {
    let name = str_at(call, "name");
    let form = |number| format!("call#{name}#{number}");
    ToolCall {
        id: ids.claim(call.get("id").and_then(Value::as_str), form),
        name: name.to_owned(),
        arguments: call
            .get("args")
            .cloned()
            .unwrap_or(Value::Object(Map::new())),
    }
}
