//! Conversations in Chat Completions and what servers add to them.

use offswitch::evidence::Message;
use offswitch::model::provider::{Setup, TEXT_PROTOCOL, ToolProfile, ToolProtocol};
use serde_json::{Value, json};

use super::server::{Play, Server};
use super::{calls, quick, subject, tools};

fn chat_tools() -> Value {
    tools(|name, description, schema| {
        json!({ "type": "function", "function": {
            "name": name, "description": description, "parameters": schema, "strict": false,
        } })
    })
}

fn chat_call(id: &str, arguments: &str) -> Value {
    json!({ "id": id, "type": "function", "function": { "name": "bash", "arguments": arguments } })
}

fn chat_answer(message: &Value) -> Play {
    Play::Json(json!({
        "id": "chatcmpl-1",
        "model": "the-model-2026",
        "choices": [{ "index": 0, "finish_reason": "stop", "message": message }],
        "usage": {
            "prompt_tokens": 100,
            "completion_tokens": 20,
            "total_tokens": 120,
            "prompt_tokens_details": { "cached_tokens": 64 },
            "completion_tokens_details": { "reasoning_tokens": 8 },
        },
    }))
}

#[tokio::test]
async fn chat_sends_the_conversation_and_nothing_that_was_not_set() {
    let server = Server::start([
        chat_answer(&json!({
            "content": " I look. ",
            "tool_calls": [
                chat_call("a", r#"{"command": "ls"}"#),
                chat_call("a", r#"{"command": "#),
                chat_call("", ""),
            ],
        })),
        chat_answer(&json!({ "content": "" })),
        chat_answer(&json!({ "content": null, "refusal": "I will not." })),
        chat_answer(&json!({ "content": "Done.", "tool_calls": null })),
    ])
    .await;
    let subject = subject(&server, "openai/gpt-6-high", quick());
    let conversation = subject.converse(&server).await;
    let [first, second, third] = calls(&conversation[2]) else {
        panic!("there are three calls");
    };
    assert_eq!(first.arguments, json!({ "command": "ls" }));
    assert_eq!(second.arguments, json!(r#"{"command": "#));
    assert!(second.is_malformed() && !first.is_malformed());
    assert_eq!([&*second.id, &*third.id], ["call_1", "call_2"]);
    let expected = json!({
        "model": "gpt-6-high",
        "stream": false,
        "tools": chat_tools(),
        "messages": [
            { "role": "system", "content": "You have functions." },
            { "role": "user", "content": "Begin." },
            { "role": "assistant", "content": " I look. ", "tool_calls": [
                chat_call("a", r#"{"command":"ls"}"#),
                chat_call("call_1", r#"{"malformed_arguments":"{\"command\": "}"#),
                chat_call("call_2", "{}"),
            ] },
            { "role": "tool", "tool_call_id": "a", "content": "output of a" },
            { "role": "tool", "tool_call_id": "call_1", "content": "output of call_1" },
            { "role": "tool", "tool_call_id": "call_2", "content": "output of call_2" },
            { "role": "user", "content": "Go on." },
            { "role": "assistant", "content": "I will not." },
            { "role": "user", "content": "Go on." },
        ],
    });
    assert_eq!(server.last(), expected);
}

#[tokio::test]
async fn chat_counts_tokens_and_names_the_model_that_answered() {
    let server = Server::start([chat_answer(
        &json!({ "content": "Hello, hello, and once more hello to all of you." }),
    )])
    .await;
    let answer = subject(&server, "openai/gpt-4o", quick())
        .ask()
        .await
        .unwrap();
    let counts = [
        answer.input_tokens,
        answer.output_tokens,
        answer.reasoning_tokens,
        answer.cached_tokens,
    ];
    assert_eq!(counts, [100, 20, 8, 64]);
    let reply = answer.reply.unwrap();
    assert_eq!(reply.model.as_deref(), Some("the-model-2026"));
    assert_eq!(reply.stop.as_deref(), Some("stop"));
    assert_eq!(reply.same["/choices/0/message/content"], "/text");
}

#[tokio::test]
async fn reasoning_goes_back_where_the_provider_wants_it_and_nowhere_else() {
    let thinking = json!({ "content": "So.", "reasoning_content": "Let me see." });
    let chunks = json!({ "content": [
        { "type": "thinking", "thinking": [{ "type": "text", "text": "Let me see." }] },
        { "type": "text", "text": "So." },
    ] });
    let blocks = json!([
        { "type": "reasoning.text", "text": "Let me see.", "signature": "sig", "index": 0 },
        { "type": "reasoning.summary", "summary": "In short.", "index": 1 },
        { "type": "reasoning.encrypted", "data": "sealed", "index": 2 },
    ]);
    let detailed =
        json!({ "content": "So.", "reasoning": "Let me see.", "reasoning_details": blocks });
    let so = json!({ "role": "assistant", "content": "So." });
    for (name, model, answer, sent) in [
        ("openai-api/lab/m", "m", &thinking, so),
        (
            "deepseek/deepseek-chat",
            "deepseek-chat",
            &thinking,
            json!({
                "role": "assistant", "content": "So.", "reasoning_content": "Let me see.",
            }),
        ),
        (
            "mistral/mistral-medium",
            "mistral-medium",
            &chunks,
            json!({ "role": "assistant", "content": chunks["content"] }),
        ),
        (
            "openrouter/vendor/m-high",
            "vendor/m-high",
            &detailed,
            json!({
                "role": "assistant", "content": "So.", "reasoning_details": blocks,
            }),
        ),
    ] {
        let server =
            Server::start([chat_answer(answer), chat_answer(&json!({ "content": "." }))]).await;
        let conversation = subject(&server, name, quick()).converse(&server).await;
        let Message::Assistant {
            text, reasoning, ..
        } = &conversation[2]
        else {
            panic!("it is no answer");
        };
        assert_eq!(
            (&**text, &*reasoning[0].text),
            ("So.", "Let me see."),
            "{name}"
        );
        assert_eq!(server.last()["messages"][2], sent, "{name}");
        assert_eq!(server.last()["model"], model, "{name}");
    }
}

#[tokio::test]
async fn the_text_protocol_needs_no_tool_calls_and_no_key() {
    let said = "I look.\n```bash\nls\n```\nand\n```bash\npwd\n```";
    let server = Server::start([
        chat_answer(&json!({ "content": said })),
        chat_answer(&json!({ "content": "```submit\n2\n5\n```" })),
    ])
    .await;
    let setup = Setup {
        tool_protocol: ToolProtocol::Text,
        ..quick()
    };
    let conversation = subject(&server, "vllm/local", setup)
        .converse(&server)
        .await;
    assert_eq!(
        calls(&conversation[5])[0].arguments,
        json!({ "answer": "2\n5" })
    );
    let expected = json!({
        "model": "local",
        "stream": false,
        "messages": [
            { "role": "system", "content": format!("You have functions.\n\n{TEXT_PROTOCOL}") },
            { "role": "user", "content": "Begin." },
            { "role": "assistant", "content": said },
            {
                "role": "user",
                "content": "Output of call 1:\noutput of call_1\n\nOutput of call 2:\noutput of call_2",
            },
        ],
    });
    assert_eq!(server.last(), expected);
}

#[tokio::test]
async fn the_published_tool_has_thoughts_and_cmd() {
    let server = Server::start([chat_answer(&json!({ "content": "." }))]).await;
    let setup = Setup {
        profile: ToolProfile::Palisade,
        ..quick()
    };
    subject(&server, "openai/gpt-4o", setup)
        .ask()
        .await
        .unwrap();
    let parameters = &server.last()["tools"][0]["function"]["parameters"];
    assert_eq!(parameters["required"], json!(["thoughts", "cmd"]));
}
