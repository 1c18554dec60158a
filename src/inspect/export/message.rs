//! Messages of a transcript as Inspect's.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::conversation::{Done, Turn};
use super::json::{present, recorded};
use crate::evidence::{Exit, Message, Origin, Reasoning, Reply, Step, ToolCall};
use crate::trial::TrialRecord;

/// All messages of a trial, in order. Each has an id, by which events refer to it.
pub(super) fn messages(record: &TrialRecord, turns: &[Turn<'_>], sample: &str) -> Vec<Value> {
    let done = turns.iter().flat_map(|turn| &turn.calls);
    let answered: BTreeMap<_, _> = done.filter_map(|done| Some((done.answer?, done))).collect();
    let messages = record.transcript.iter().enumerate();
    messages
        .map(|(index, message)| {
            let mut json = match message {
                Message::System { text } => json!({ "role": "system", "content": text }),
                Message::User { text } => json!({ "role": "user", "content": text }),
                Message::Assistant {
                    text,
                    calls,
                    reasoning,
                    reply,
                } => assistant(record, text, calls, reasoning, reply.as_ref()),
                Message::Tool { call_id, text } => {
                    let done = answered.get(&index);
                    tool(call_id, text, done.copied(), &record.steps)
                }
            };
            json["id"] = id(sample, index).into();
            if index < PROMPTS {
                json["source"] = "input".into();
            }
            json
        })
        .collect()
}

/// The messages with which every conversation begins: the system's and the user's prompt.
const PROMPTS: usize = 2;

/// The id of a sample's message.
pub(super) fn id(sample: &str, index: usize) -> String {
    format!("{sample}-m{index}")
}

fn assistant(
    record: &TrialRecord,
    text: &str,
    calls: &[ToolCall],
    reasoning: &[Reasoning],
    reply: Option<&Reply>,
) -> Value {
    let content = if reasoning.is_empty() {
        json!(text)
    } else {
        let text = (!text.is_empty()).then(|| json!({ "type": "text", "text": text }));
        reasoning.iter().map(thought).chain(text).collect()
    };
    let model = reply.and_then(|reply| reply.model.as_ref());
    let calls: Vec<_> = calls.iter().map(call).collect();
    present(json!({
        "role": "assistant",
        "content": content,
        "source": "generate",
        "tool_calls": (!calls.is_empty()).then_some(calls),
        "model": model.unwrap_or(&record.model),
        "metadata": origin(reply).map(|origin| json!({ "origin": origin })),
    }))
}

/// Where an answer came from, unless that is the provider.
pub(super) fn origin(reply: Option<&Reply>) -> Option<Origin> {
    let origin = reply.map(|reply| reply.origin);
    origin.filter(|origin| !origin.is_provider())
}

/// A piece of reasoning. What the provider sealed stands where Inspect keeps it for that provider.
fn thought(piece: &Reasoning) -> Value {
    let seal = |field: &str| piece.signature.as_ref()?.get(field)?.as_str();
    let sealed = |content: &str, id: Option<&str>| {
        present(json!({
            "type": "reasoning",
            "reasoning": content,
            "summary": (!piece.text.is_empty()).then_some(&piece.text),
            "signature": id,
            "redacted": true,
        }))
    };
    if let Some(content) = seal("encrypted_content") {
        return sealed(content, seal("id"));
    }
    if let Some(content) = seal("data").or_else(|| seal("thoughtSignature")) {
        return sealed(content, None);
    }
    present(json!({
        "type": "reasoning",
        "reasoning": piece.text,
        "signature": seal("signature"),
        "redacted": false,
    }))
}

fn call(call: &ToolCall) -> Value {
    let malformed = call.is_malformed();
    // A text is shown as it was written rather than as JSON of it.
    let written = call.arguments.as_str();
    let written = written.map_or_else(|| call.arguments.to_string(), str::to_owned);
    present(json!({
        "id": call.id,
        "function": call.name,
        "arguments": arguments(call),
        "type": "function",
        "parse_error": malformed.then(|| format!("not a JSON object: {written}")),
    }))
}

/// The arguments; none where they are no object, as Inspect must have one.
pub(super) fn arguments(call: &ToolCall) -> Value {
    if call.is_malformed() {
        json!({})
    } else {
        call.arguments.clone()
    }
}

fn tool(call_id: &str, text: &str, done: Option<&Done<'_>>, steps: &[Step]) -> Value {
    present(json!({
        "role": "tool",
        "content": text,
        "tool_call_id": call_id,
        "function": done.map(|done| &done.call.name),
        "error": done.and_then(|done| error(done, steps, text)),
    }))
}

/// What went wrong with a call, in the words that Inspect has for it. A command that ended with
/// another status than 0 is none.
pub(super) fn error(done: &Done<'_>, steps: &[Step], text: &str) -> Option<Value> {
    if done.call.is_unusable() {
        return Some(json!({ "type": "parsing", "message": text }));
    }
    let exit = &steps[done.step?].exit;
    let kind = match exit {
        Exit::Exited { .. } | Exit::Signaled { .. } => return None,
        Exit::TimedOut => "timeout",
        Exit::Flooded => "limit",
        Exit::MachineDown | Exit::NotStarted { .. } => "unknown",
    };
    // The viewer shows it in place of the output.
    let message = if text.is_empty() {
        crate::report::exit(exit)
    } else {
        text.to_owned()
    };
    Some(json!({ "type": kind, "message": message }))
}

/// The model's last answer, as Inspect keeps it beside the messages.
pub(super) fn output(record: &TrialRecord, messages: &[Value], at: usize) -> Value {
    let Message::Assistant {
        text, calls, reply, ..
    } = &record.transcript[at]
    else {
        return json!({});
    };
    let reply = reply.as_ref();
    let model = reply.and_then(|reply| reply.model.as_ref());
    let stop = reply.and_then(|reply| reply.stop.as_deref());
    json!({
        "model": model.unwrap_or(&record.model),
        "choices": [{
            "message": messages[at],
            "stop_reason": stop_reason(stop, calls),
        }],
        "completion": text,
        "metadata": present(json!({ "stop": stop, "origin": origin(reply).map(|origin| recorded(&origin)) })),
    })
}

/// The provider's word for why an answer ended, as one of Inspect's.
fn stop_reason(stop: Option<&str>, calls: &[ToolCall]) -> &'static str {
    match stop.map(str::to_ascii_lowercase).as_deref() {
        Some("length" | "max_tokens" | "max_output_tokens" | "incomplete") => "max_tokens",
        Some("content_filter" | "refusal" | "safety") => "content_filter",
        Some(_) | None if !calls.is_empty() => "tool_calls",
        Some("stop" | "end_turn" | "completed" | "stop_sequence") | None => "stop",
        Some(_) => "unknown",
    }
}
