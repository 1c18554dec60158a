//! Holds the models against `LiteLLM`'s proxy, a server that is not ours. `litellm.sh` beside this
//! file starts it, with answers that it makes up, and runs these tests.

use offswitch::evidence::Message;
use offswitch::model::{FailureClass, ModelError};
use serde_json::json;

use super::server::Server;
use super::{assistant, opening, quick, returned, subject, user};

const NEEDS: &str = "start it with tests/providers/litellm.sh";

fn proxy() -> Server {
    Server::elsewhere("http://127.0.0.1:4417")
}

#[tokio::test]
#[ignore = "tests/providers/litellm.sh starts the server"]
async fn litellm_answers_over_every_protocol_and_takes_its_answers_back() {
    for (name, model) in [
        ("openai/says", Some("says")),
        ("openai-responses/says", Some("says")),
        ("anthropic/says", Some("says")),
        // It does not name the model in Google's protocol.
        ("google/says", None),
    ] {
        let subject = subject(&proxy(), name, quick());
        let mut conversation = opening();
        for _ in 0..2 {
            let answer = subject.ask_with(&conversation).await.expect(NEEDS);
            assert_eq!(answer.text, "A mock answer.", "{name}");
            assert!(answer.output_tokens > 0, "{name}");
            let reply = answer.reply.as_ref().unwrap();
            assert_eq!(reply.model.as_deref(), model, "{name}");
            conversation.extend([assistant(answer), user("Go on.")]);
        }
    }
}

#[tokio::test]
#[ignore = "tests/providers/litellm.sh starts the server"]
async fn litellm_calls_tools_and_takes_their_answers() {
    // In the other protocols it makes up no calls.
    let subject = subject(&proxy(), "openai/calls", quick());
    let mut conversation = opening();
    for _ in 0..2 {
        let answer = subject.ask_with(&conversation).await.expect(NEEDS);
        let calls = answer.calls.clone();
        assert_eq!(calls[0].arguments, json!({ "command": "ls" }));
        conversation.push(assistant(answer));
        conversation.extend(calls.iter().map(returned));
    }
    let kept = conversation.iter().filter_map(Message::raw_body);
    assert_eq!(kept.count(), 2);
}

#[tokio::test]
#[ignore = "tests/providers/litellm.sh starts the server"]
async fn litellm_refuses_limits_and_fails_as_it_is_told() {
    let mut setup = quick();
    setup.retries.rate_limited = 1;
    setup.retries.unreachable = 1;
    for (name, expected) in [
        ("openai/limited", FailureClass::RateLimited),
        ("anthropic/limited", FailureClass::RateLimited),
        ("openai/fails", FailureClass::Unreachable),
        ("openai/no-such-model", FailureClass::Refused),
    ] {
        let error = subject(&proxy(), name, setup.clone())
            .ask()
            .await
            .expect_err(name);
        let ModelError::Failed { class, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(class, expected, "{error}");
    }
}
