//! OpenAI's Chat Completions, and what servers that speak it add.

use serde_json::Value;

use super::{Ids, Read, arguments, count, list, numbered, reasoning, str_at, string};
use crate::evidence::{Reasoning, ToolCall};

pub(super) fn read(body: &Value, ids: &mut Ids) -> Result<Read, &'static str> {
    let message = body
        .pointer("/choices/0/message")
        .filter(|message| message.is_object());
    let message = message.ok_or("it has no `choices[0].message`")?;
    let (text, thinking) = content(message);
    let counted = count(body, "/usage/completion_tokens");
    let input_tokens = count(body, "/usage/prompt_tokens");
    Ok(Read {
        text,
        calls: list(message, "/tool_calls")
            .map(|call| tool_call(call, ids))
            .collect(),
        reasoning: thoughts(message, &thinking),
        model: string(body, "/model"),
        stop: string(body, "/choices/0/finish_reason"),
        input_tokens,
        // xAI leaves the tokens of reasoning out of those received, but not out of the total.
        output_tokens: counted.max(count(body, "/usage/total_tokens").saturating_sub(input_tokens)),
        reasoning_tokens: count(body, "/usage/completion_tokens_details/reasoning_tokens"),
        cached_tokens: count(body, "/usage/prompt_tokens_details/cached_tokens")
            .max(count(body, "/usage/prompt_cache_hit_tokens")),
        written_tokens: count(body, "/usage/prompt_tokens_details/cache_write_tokens"),
    })
}

/// The text, and the reasoning that stands among it: Mistral writes both as typed chunks.
fn content(message: &Value) -> (String, String) {
    let (mut text, mut thinking) = (String::new(), String::new());
    match message.get("content") {
        Some(Value::String(whole)) => text.push_str(whole),
        Some(Value::Array(chunks)) => {
            for chunk in chunks {
                text.push_str(str_at(chunk, "text"));
                thinking.push_str(str_at(chunk, "thinking"));
                list(chunk, "/thinking").for_each(|part| thinking.push_str(str_at(part, "text")));
            }
        }
        _ => {}
    }
    if text.is_empty() {
        text.push_str(str_at(message, "refusal"));
    }
    (text, thinking)
}

fn tool_call(call: &Value, ids: &mut Ids) -> ToolCall {
    let function = call.get("function").unwrap_or(&Value::Null);
    ToolCall {
        id: ids.claim(call.get("id").and_then(Value::as_str), numbered),
        name: str_at(function, "name").to_owned(),
        arguments: match function.get("arguments") {
            Some(Value::String(text)) => arguments(text),
            Some(other) => other.clone(),
            None => arguments(""),
        },
    }
}

/// OpenRouter gives the vendor's own blocks, which it wants back; others give text.
fn thoughts(message: &Value, thinking: &str) -> Vec<Reasoning> {
    let blocks: Vec<_> = list(message, "/reasoning_details")
        .map(|block| reasoning(block, &["text", "summary"]))
        .collect();
    if !blocks.is_empty() {
        return blocks;
    }
    let fields = ["reasoning_content", "reasoning"].map(|field| str_at(message, field));
    let mut texts = fields.into_iter().chain([thinking]);
    let text = texts.find(|text| !text.is_empty());
    let plain = text.map(|text| Reasoning {
        text: text.to_owned(),
        signature: None,
    });
    plain.into_iter().collect()
}
