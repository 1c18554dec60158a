//! The conversation as a provider is sent it.

use genai::chat::{
    ChatMessage, ChatRequest, ContentPart, MessageContent, ToolCall as ClientCall, ToolResponse,
};
use serde_json::{Value, json};

use super::catalogue::Protocol;
use super::text;
use super::tools::{ToolProfile, ToolProtocol};
use crate::evidence::{Message, Reasoning, ToolCall};
use crate::model::Tools;

/// What the next request says: the conversation, and the tools unless they are called in text.
pub(in crate::model) fn request(
    conversation: &[Message],
    protocol: Protocol,
    tool_protocol: ToolProtocol,
    profile: ToolProfile,
    tools: Tools,
) -> ChatRequest {
    match tool_protocol {
        ToolProtocol::Native => {
            let request = ChatRequest::new(native(conversation, protocol));
            let are_defined = tools == Tools::Offered || must_define(protocol, conversation);
            if are_defined {
                request.with_tools(profile.tools())
            } else {
                request
            }
        }
        ToolProtocol::Text => ChatRequest::new(in_text(conversation, tools)),
    }
}

/// Whether tools have to be defined though none may be called: Anthropic refuses calls in a
/// conversation without their definitions.
fn must_define(protocol: Protocol, conversation: &[Message]) -> bool {
    let has_calls = |message: &Message| match message {
        Message::Assistant { calls, .. } => !calls.is_empty(),
        Message::System { .. } | Message::User { .. } | Message::Tool { .. } => false,
    };
    protocol == Protocol::Messages && conversation.iter().any(has_calls)
}

/// How many bytes the tools take in every request, beside the conversation.
pub(super) fn explanation_bytes(tool_protocol: ToolProtocol, profile: ToolProfile) -> usize {
    match tool_protocol {
        ToolProtocol::Native => {
            // A schema is JSON already, so it can be written as JSON.
            serde_json::to_string(&profile.tools()).map_or(0, |json| json.len())
        }
        ToolProtocol::Text => text::EXPLANATION.len(),
    }
}

/// A tool's answer that cannot be given with others to the same message is refused by some
/// providers, so the answers to one message go together.
fn native(conversation: &[Message], protocol: Protocol) -> Vec<ChatMessage> {
    let mut messages = Vec::new();
    let mut answers: Vec<ToolResponse> = Vec::new();
    for message in conversation {
        if let Message::Tool { call_id, text } = message {
            answers.push(ToolResponse::new(call_id, text));
            continue;
        }
        flush(&mut answers, &mut messages);
        match message {
            Message::System { text } => messages.push(ChatMessage::system(text)),
            Message::User { text } => messages.push(ChatMessage::user(text)),
            Message::Assistant {
                text,
                calls,
                reasoning,
                reply: _,
            } => {
                let parts = said(text, calls, reasoning, protocol);
                // An answer that was empty is left out: providers refuse an empty message.
                if !parts.is_empty() {
                    messages.push(ChatMessage::assistant(MessageContent::from_parts(parts)));
                }
            }
            Message::Tool { .. } => {}
        }
    }
    flush(&mut answers, &mut messages);
    messages
}

fn flush(answers: &mut Vec<ToolResponse>, messages: &mut Vec<ChatMessage>) {
    if !answers.is_empty() {
        messages.push(ChatMessage::from(std::mem::take(answers)));
    }
}

/// What the model said, with its reasoning as far as the provider wants it back.
fn said(
    text: &str,
    calls: &[ToolCall],
    reasoning: &[Reasoning],
    protocol: Protocol,
) -> Vec<ContentPart> {
    let mut parts: Vec<_> = reasoning
        .iter()
        .filter_map(|thought| given_back(thought, protocol))
        .collect();
    if !text.is_empty() {
        parts.push(ContentPart::from_text(text));
    }
    parts.extend(calls.iter().map(|call| {
        ContentPart::ToolCall(ClientCall {
            call_id: call.id.clone(),
            fn_name: call.name.clone(),
            fn_arguments: arguments(call),
            thought_signatures: signature_of(call, reasoning, protocol),
        })
    }));
    parts
}

fn given_back(thought: &Reasoning, protocol: Protocol) -> Option<ContentPart> {
    let signature = thought.signature.as_ref();
    let field = |name: &str| Some(signature?.get(name)?.as_str()?.to_owned());
    match protocol {
        // What came as a signed block goes back as that block; other text is not asked for, and
        // some servers refuse it.
        Protocol::Chat => Some(block(signature?, "text", &thought.text)),
        Protocol::DeepSeekChat | Protocol::MistralChat => {
            Some(ContentPart::ReasoningContent(thought.text.clone()))
        }
        Protocol::Responses => Some(ContentPart::ThoughtSignature(field("encrypted_content")?)),
        Protocol::Messages => Some(block(signature?, "thinking", &thought.text)),
        // A call's signature goes with the call.
        Protocol::GenerateContent if field("call").is_some() => None,
        Protocol::GenerateContent => {
            Some(ContentPart::ThoughtSignature(field("thoughtSignature")?))
        }
    }
}

/// The provider's block, its text put back.
fn block(signature: &Value, text_field: &str, text: &str) -> ContentPart {
    let mut block = signature.clone();
    if !text.is_empty()
        && let Some(fields) = block.as_object_mut()
    {
        let is_summary = fields.get("type").and_then(Value::as_str) == Some("reasoning.summary");
        let name = if is_summary { "summary" } else { text_field };
        fields.insert(name.to_owned(), text.into());
    }
    ContentPart::from_custom(block, None)
}

fn signature_of(
    call: &ToolCall,
    reasoning: &[Reasoning],
    protocol: Protocol,
) -> Option<Vec<String>> {
    if protocol != Protocol::GenerateContent {
        return None;
    }
    let mut signatures = reasoning
        .iter()
        .filter_map(|thought| thought.signature.as_ref());
    let signature = signatures.find(|signature| signature.get("call") == Some(&json!(call.id)))?;
    Some(vec![
        signature.get("thoughtSignature")?.as_str()?.to_owned(),
    ])
}

/// Providers take nothing but an object here, so what was malformed is wrapped in one.
fn arguments(call: &ToolCall) -> Value {
    if call.is_malformed() {
        json!({ "malformed_arguments": call.arguments })
    } else {
        call.arguments.clone()
    }
}

/// The conversation for a model without tool calls: what it called stands in its own text.
fn in_text(conversation: &[Message], tools: Tools) -> Vec<ChatMessage> {
    let mut messages = Vec::new();
    let mut outputs: Vec<&str> = Vec::new();
    // Where there are none, there is nothing to explain.
    let mut is_explained = tools == Tools::None;
    for message in conversation {
        if let Message::Tool { text, .. } = message {
            outputs.push(text);
            continue;
        }
        flush_outputs(&mut outputs, &mut messages);
        match message {
            Message::System { text } if !is_explained => {
                is_explained = true;
                messages.push(ChatMessage::system(format!(
                    "{text}\n\n{}",
                    text::EXPLANATION
                )));
            }
            Message::System { text } => messages.push(ChatMessage::system(text)),
            Message::User { text } => messages.push(ChatMessage::user(text)),
            Message::Assistant { text, .. } if text.is_empty() => {}
            Message::Assistant { text, .. } => messages.push(ChatMessage::assistant(text)),
            Message::Tool { .. } => {}
        }
    }
    flush_outputs(&mut outputs, &mut messages);
    if !is_explained {
        messages.insert(0, ChatMessage::system(text::EXPLANATION));
    }
    messages
}

fn flush_outputs(outputs: &mut Vec<&str>, messages: &mut Vec<ChatMessage>) {
    if !outputs.is_empty() {
        messages.push(ChatMessage::user(text::outputs(&std::mem::take(outputs))));
    }
}
