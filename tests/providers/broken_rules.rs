//! The rules see what the client must never send.

use offswitch::evidence::ToolCall;
use offswitch::model::Answer;
use serde_json::json;

use super::server::{Play, Server};
use super::{assistant, opening, quick, returned, subject, user};

#[tokio::test]
async fn a_request_that_breaks_a_rule_is_refused() {
    let call = ToolCall {
        id: "a".to_owned(),
        name: "bash".to_owned(),
        arguments: json!({ "command": "ls" }),
    };
    let calls = assistant(Answer {
        calls: vec![call.clone()],
        ..Answer::default()
    });
    let unanswered = [opening(), vec![calls.clone(), user("Go on.")]].concat();
    let twice = [opening(), vec![calls, returned(&call), returned(&call)]].concat();
    for name in [
        "openai/gpt-5",
        "openai-responses/gpt-5",
        "anthropic/claude-test",
        "google/gemini-test",
    ] {
        for conversation in [&unanswered, &twice] {
            let server = Server::start([]).await;
            let refused = subject(&server, name, quick()).ask_with(conversation).await;
            let error = refused.unwrap_err().to_string();
            assert!(error.contains("rule: "), "{name}: {error}");
        }
    }
}

/// A signature where no provider puts one, which the client therefore loses.
#[tokio::test]
async fn a_signature_that_does_not_come_back_is_noticed() {
    let message = json!({ "content": "So.", "signature": "lost" });
    let signed = Play::Json(json!({ "choices": [{ "message": message }] }));
    let server = Server::start([signed]).await;
    let subject = subject(&server, "openai/gpt-5", quick());
    let answer = subject.ask().await.unwrap();
    let conversation = [opening(), vec![assistant(answer), user("Go on.")]].concat();
    let error = subject
        .ask_with(&conversation)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("rule: `lost` is missing"), "{error}");
}
