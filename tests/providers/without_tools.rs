//! A question without tools, in a conversation in which some were called.

use offswitch::evidence::{Message, ToolCall};
use offswitch::model::provider::{Setup, ToolProtocol};
use offswitch::model::{Answer, Model, Tools};
use serde_json::{Value, json};

use super::server::{Play, Server};
use super::{assert_clean, assistant, opening, quick, returned, subject, user};

/// Words in each protocol, and the model that is asked in it.
fn protocols(words: &str) -> [(&'static str, Value); 4] {
    [
        (
            "openai/gpt-5",
            json!({ "choices": [{ "message": { "role": "assistant", "content": words } }] }),
        ),
        (
            "openai-responses/gpt-5",
            json!({ "output": [
                { "type": "message", "content": [{ "type": "output_text", "text": words }] },
            ] }),
        ),
        (
            "anthropic/claude-test",
            json!({ "content": [{ "type": "text", "text": words }] }),
        ),
        (
            "google/gemini-test",
            json!({ "candidates": [{ "content": { "role": "model", "parts": [{ "text": words }] } }] }),
        ),
    ]
}

/// A conversation in which a command was run, with a question at its end.
fn talk() -> Vec<Message> {
    let call = ToolCall {
        id: "a".to_owned(),
        name: "bash".to_owned(),
        arguments: json!({ "command": "ls" }),
    };
    let calls = assistant(Answer {
        text: "I look.".to_owned(),
        calls: vec![call.clone()],
        ..Answer::default()
    });
    [opening(), vec![calls, returned(&call), user("And then?")]].concat()
}

async fn asked(name: &str, body: Value, setup: Setup, talk: &[Message]) -> (Answer, Value) {
    let server = Server::start([Play::Json(body)]).await;
    let subject = subject(&server, name, setup);
    let answer = subject.client.model(1).answer(talk, Tools::None).await;
    assert_clean(&format!("{answer:?}"));
    (answer.unwrap().unwrap(), server.last())
}

#[tokio::test]
async fn no_tool_is_offered_and_where_calls_must_be_defined_they_are_forbidden() {
    for (name, body) in protocols("That was all.") {
        let (answer, request) = asked(name, body, quick(), &talk()).await;
        assert_eq!(answer.text, "That was all.", "{name}");
        let is_defined = request.get("tools").is_some();
        assert_eq!(
            is_defined,
            name.starts_with("anthropic"),
            "{name}: {request}"
        );
        let choice = is_defined.then(|| json!({ "type": "none" }));
        assert_eq!(request.get("tool_choice"), choice.as_ref(), "{name}");
    }
}

#[tokio::test]
async fn a_conversation_without_calls_needs_no_tool_anywhere() {
    for (name, body) in protocols("Yes.") {
        let (_, request) = asked(name, body, quick(), &opening()).await;
        assert_eq!(request.get("tools"), None, "{name}");
        assert_eq!(request.get("tool_choice"), None, "{name}");
    }
}

#[tokio::test]
async fn a_model_that_calls_in_text_is_told_of_no_block_and_calls_nothing() {
    let setup = Setup {
        tool_protocol: ToolProtocol::Text,
        ..quick()
    };
    let [(name, body), ..] = protocols("I ran\n```bash\nls\n```\nonce.");
    let (answer, request) = asked(name, body, setup, &talk()).await;
    assert_eq!(answer.calls, []);
    assert!(answer.text.contains("```bash"), "{}", answer.text);
    assert!(!request.to_string().contains("fenced block"), "{request}");
}
