//! Anthropic's Messages.

use serde_json::{Map, Value};

use super::{Ids, Read, count, numbered, reasoning, str_at, string};
use crate::evidence::ToolCall;

pub(super) fn read(body: &Value, ids: &mut Ids) -> Result<Read, &'static str> {
    let blocks = body.get("content").and_then(Value::as_array);
    let blocks = blocks.ok_or("it has no `content`")?;
    let cached_tokens = count(body, "/usage/cache_read_input_tokens");
    let written_tokens = count(body, "/usage/cache_creation_input_tokens");
    let mut read = Read {
        model: string(body, "/model"),
        stop: string(body, "/stop_reason"),
        // Unlike others, it counts what it had cached, and what it caches now, apart from the
        // tokens sent.
        input_tokens: count(body, "/usage/input_tokens") + written_tokens + cached_tokens,
        output_tokens: count(body, "/usage/output_tokens"),
        reasoning_tokens: count(body, "/usage/output_tokens_details/thinking_tokens"),
        cached_tokens,
        written_tokens,
        ..Read::default()
    };
    for block in blocks {
        match str_at(block, "type") {
            "text" => read.text.push_str(str_at(block, "text")),
            "thinking" | "redacted_thinking" => {
                read.reasoning.push(reasoning(block, &["thinking"]));
            }
            "tool_use" => read.calls.push(ToolCall {
                id: ids.claim(block.get("id").and_then(Value::as_str), numbered),
                name: str_at(block, "name").to_owned(),
                arguments: block
                    .get("input")
                    .cloned()
                    .unwrap_or(Value::Object(Map::new())),
            }),
            // What else there may be is kept in the body.
            _ => {}
        }
    }
    Ok(read)
}
