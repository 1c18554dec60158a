//! OpenAI's Responses.

use serde_json::{Value, json};

use super::{Ids, Read, arguments, count, list, numbered, str_at, string};
use crate::evidence::{Reasoning, ToolCall};

pub(super) fn read(body: &Value, ids: &mut Ids) -> Result<Read, &'static str> {
    let items = body.get("output").and_then(Value::as_array);
    let items = items.ok_or("it has no `output`")?;
    let mut read = Read {
        model: string(body, "/model"),
        stop: string(body, "/incomplete_details/reason").or_else(|| string(body, "/status")),
        input_tokens: count(body, "/usage/input_tokens"),
        output_tokens: count(body, "/usage/output_tokens"),
        reasoning_tokens: count(body, "/usage/output_tokens_details/reasoning_tokens"),
        cached_tokens: count(body, "/usage/input_tokens_details/cached_tokens"),
        written_tokens: count(body, "/usage/input_tokens_details/cache_write_tokens"),
        ..Read::default()
    };
    for item in items {
        match str_at(item, "type") {
            "message" => {
                for part in list(item, "/content") {
                    read.text.push_str(str_at(part, "text"));
                    read.text.push_str(str_at(part, "refusal"));
                }
            }
            "function_call" => read.calls.push(ToolCall {
                id: ids.claim(item.get("call_id").and_then(Value::as_str), numbered),
                name: str_at(item, "name").to_owned(),
                arguments: arguments(str_at(item, "arguments")),
            }),
            "reasoning" => read.reasoning.push(thought(item)),
            // What else there may be is kept in the body.
            _ => {}
        }
    }
    Ok(read)
}

fn thought(item: &Value) -> Reasoning {
    let texts = list(item, "/summary").chain(list(item, "/content"));
    let texts: Vec<_> = texts.map(|part| str_at(part, "text")).collect();
    let sealed = item
        .get("encrypted_content")
        .filter(|content| content.is_string());
    Reasoning {
        text: texts.join("\n\n"),
        signature: sealed.map(|content| {
            json!({ "type": "reasoning", "id": item.get("id"), "encrypted_content": content })
        }),
    }
}
