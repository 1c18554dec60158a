//! A conversation in each of the protocols that are one vendor's: what is sent, to the last field,
//! and what is read.

use offswitch::evidence::Message;
use serde_json::{Value, json};

use super::server::{Play, Server};
use super::{calls, quick, subject, tools};

#[tokio::test]
async fn responses_get_their_sealed_reasoning_back() {
    let answer = |output: Value| {
        Play::Json(json!({
            "id": "resp_1",
            "model": "gpt-5-2026",
            "status": "completed",
            "error": null,
            "output": output,
            "usage": {
                "input_tokens": 100,
                "output_tokens": 30,
                "input_tokens_details": { "cached_tokens": 10 },
                "output_tokens_details": { "reasoning_tokens": 25 },
            },
        }))
    };
    let call = |id: &str, arguments: &str| json!({ "type": "function_call", "id": "fc", "call_id": id, "name": "bash", "arguments": arguments });
    let said = |kind: &str, field: &str, text: &str| json!({ "type": "message", "role": "assistant", "content": [{ "type": kind, field: text }] });
    let server = Server::start([
        answer(json!([
            {
                "type": "reasoning",
                "id": "rs_1",
                "encrypted_content": "a sealed thought, rather long",
                "summary": [{ "type": "summary_text", "text": "I should look." }],
            },
            said("output_text", "text", " I look. "),
            call("a", r#"{"command":"ls"}"#),
            call("b", "{"),
        ])),
        answer(json!([said("refusal", "refusal", "I will not.")])),
        answer(json!([])),
    ])
    .await;
    let conversation = subject(&server, "openai-responses/gpt-5-low", quick())
        .converse(&server)
        .await;
    let Message::Assistant { reasoning, .. } = &conversation[2] else {
        panic!("it is no answer");
    };
    assert_eq!(reasoning[0].text, "I should look.");
    assert!(calls(&conversation[2])[1].is_malformed());
    let output = |id: &str| json!({ "type": "function_call_output", "call_id": id, "output": format!("output of {id}") });
    let sent_call = |id: &str, arguments: &str| json!({ "type": "function_call", "call_id": id, "name": "bash", "arguments": arguments });
    let expected = json!({
        "model": "gpt-5-low",
        "stream": false,
        "store": false,
        "include": ["reasoning.encrypted_content"],
        "tools": tools(|name, description, schema| json!({
            "type": "function", "name": name, "description": description, "parameters": schema,
        })),
        "input": [
            { "role": "system", "content": "You have functions." },
            { "role": "user", "content": "Begin." },
            { "type": "reasoning", "encrypted_content": "a sealed thought, rather long", "summary": [] },
            said("output_text", "text", " I look. "),
            sent_call("a", r#"{"command":"ls"}"#),
            sent_call("b", r#"{"malformed_arguments":"{"}"#),
            output("a"),
            output("b"),
            said("output_text", "text", "I will not."),
            { "role": "user", "content": "Go on." },
        ],
    });
    assert_eq!(server.last(), expected);
}

#[tokio::test]
async fn messages_get_their_thinking_back_as_it_came() {
    let thinking = json!({ "type": "thinking", "thinking": "I should look.", "signature": "signed at length" });
    let redacted = json!({ "type": "redacted_thinking", "data": "sealed" });
    let call = |id: &str, command: &str| json!({ "type": "tool_use", "id": id, "name": "bash", "input": { "command": command } });
    let answer = |content: Value, stop: &str| {
        Play::Json(json!({
            "id": "msg_1",
            "model": "claude-2026",
            "stop_reason": stop,
            "content": content,
            "usage": { "input_tokens": 5, "cache_read_input_tokens": 90, "output_tokens": 30 },
        }))
    };
    let said = json!({ "type": "text", "text": "I look." });
    let first = json!([thinking, redacted, said, call("a", "ls"), call("b", "pwd")]);
    let server = Server::start([
        answer(first.clone(), "tool_use"),
        answer(json!([]), "refusal"),
        answer(json!([said]), "end_turn"),
    ])
    .await;
    let conversation = subject(&server, "anthropic/claude-sonnet-4-5", quick())
        .converse(&server)
        .await;
    let Message::Assistant {
        reply: Some(reply),
        text,
        ..
    } = &conversation[5]
    else {
        panic!("it is no answer: {:?}", conversation[5]);
    };
    assert_eq!((&**text, reply.stop.as_deref()), ("", Some("refusal")));
    let result = |id: &str| json!({ "type": "tool_result", "tool_use_id": id, "content": format!("output of {id}") });
    let expected = json!({
        "model": "claude-sonnet-4-5",
        "stream": false,
        "max_tokens": 64000,
        "system": "You have functions.",
        "tools": tools(|name, description, schema| json!({
            "name": name, "description": description, "input_schema": schema,
        })),
        "messages": [
            { "role": "user", "content": "Begin." },
            { "role": "assistant", "content": first },
            { "role": "user", "content": [result("a"), result("b")] },
            { "role": "user", "content": "Go on." },
        ],
    });
    assert_eq!(server.last(), expected);
}

#[tokio::test]
async fn generate_content_gets_its_signatures_back_on_their_calls() {
    let call = |command: &str| json!({ "functionCall": { "name": "bash", "args": { "command": command } } });
    let mut signed = call("ls");
    signed["thoughtSignature"] = json!("signed at length");
    let answer = |parts: Value| {
        Play::Json(json!({
            "modelVersion": "gemini-2026",
            "candidates": [{ "content": { "role": "model", "parts": parts }, "finishReason": "STOP" }],
            "usageMetadata": { "promptTokenCount": 100, "candidatesTokenCount": 20, "thoughtsTokenCount": 5 },
        }))
    };
    let server = Server::start([
        answer(json!([{ "text": "I should look.", "thought": true }, signed, call("pwd")])),
        Play::Json(json!({ "promptFeedback": { "blockReason": "PROHIBITED_CONTENT" } })),
        answer(json!([{ "text": "So.", "thoughtSignature": "of the text" }])),
        answer(json!([call("id")])),
        answer(json!([{ "text": "Done." }])),
    ])
    .await;
    let conversation = subject(&server, "google/gemini-2.5-pro", quick())
        .converse(&server)
        .await;
    let ids: Vec<_> = conversation
        .iter()
        .filter_map(|message| match message {
            Message::Tool { call_id, .. } => Some(&**call_id),
            Message::System { .. } | Message::User { .. } | Message::Assistant { .. } => None,
        })
        .collect();
    assert_eq!(ids, ["call#bash#1", "call#bash#2", "call#bash#3"]);
    let response = |id: &str| {
        json!({ "functionResponse": { "name": "bash", "response": {
            "name": "bash", "content": format!("output of {id}"),
        } } })
    };
    let expected = json!({
        "systemInstruction": { "parts": [{ "text": "You have functions." }] },
        "tools": [{ "functionDeclarations": tools(|name, description, schema| json!({
            "name": name, "description": description, "parametersJsonSchema": schema,
        })) }],
        "contents": [
            { "role": "user", "parts": [{ "text": "Begin." }] },
            { "role": "model", "parts": [signed, call("pwd")] },
            { "role": "user", "parts": [response("call#bash#1"), response("call#bash#2")] },
            { "role": "user", "parts": [{ "text": "Go on." }] },
            { "role": "model", "parts": [{ "text": "So.", "thoughtSignature": "of the text" }] },
            { "role": "user", "parts": [{ "text": "Go on." }] },
            { "role": "model", "parts": [call("id")] },
            { "role": "user", "parts": [response("call#bash#3")] },
        ],
    });
    assert_eq!(server.last(), expected);
    assert_eq!(
        server.asked()[0].path,
        "/v1/models/gemini-2.5-pro:generateContent"
    );
}
