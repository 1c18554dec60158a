//! What goes wrong at providers, and what comes of it.

use std::sync::Arc;
use std::time::Duration;

use offswitch::model::provider::Setup;
use offswitch::model::{FailureClass, Model, ModelError, Tools};
use serde_json::json;

use super::server::{Play, Server};
use super::{KEY, opening, quick, subject};

const JSON: (&str, &str) = ("content-type", "application/json");

fn status(status: u16, message: &str) -> Play {
    let body = json!({ "error": { "message": message } });
    Play::Raw(status, vec![JSON], body.to_string().into())
}

fn said(text: &str) -> Play {
    Play::Json(json!({ "choices": [{ "message": { "content": text } }] }))
}

fn repeated(times: usize, play: impl Fn() -> Play) -> Vec<Play> {
    (0..times).map(|_| play()).collect()
}

#[tokio::test]
async fn what_passes_is_asked_again() {
    let server = Server::start([
        status(500, "oops"),
        status(529, "overloaded"),
        status(429, "slow down"),
        Play::Raw(200, vec![JSON], b"{\"choices\": [{]".to_vec()),
        Play::Raw(200, vec![("content-type", "text/html")], b"<html>".to_vec()),
        said("There."),
    ])
    .await;
    let subject = subject(&server, "openai/gpt-5", quick());
    assert_eq!(subject.ask().await.unwrap().text, "There.");
    let attempts = subject.attempts();
    let told = attempts.iter().map(|attempt| {
        assert!(attempt.wait.is_some());
        format!("{} {}: {}", attempt.attempt, attempt.class, attempt.message)
    });
    insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @"
    1 not reachable: status 500: oops
    2 rate limited: status 529: overloaded
    3 rate limited: status 429: slow down
    4 malformed answer: it is no JSON: key must be a string at line 1 column 15
    5 malformed answer: it is `text/html` and no JSON: <html>
    ");
}

#[tokio::test]
async fn retry_after_is_waited_for_up_to_the_cap() {
    let too_much = |header| Play::Raw(429, vec![header], Vec::new());
    let server = Server::start([
        too_much(("retry-after-ms", "20")),
        too_much(("retry-after", "3600")),
        said("There."),
    ])
    .await;
    let subject = subject(&server, "openai/gpt-5", quick());
    subject.ask().await.unwrap();
    let waits = subject
        .attempts()
        .iter()
        .map(|attempt| attempt.wait.unwrap())
        .collect::<Vec<_>>();
    assert!(waits[0] >= Duration::from_millis(20), "{waits:?}");
    assert_eq!(waits[1], Duration::from_millis(25));
}

#[tokio::test]
async fn attempts_end_and_say_why() {
    let server = Server::start(repeated(6, || status(503, "down\u{1b}[2K for\nnow"))).await;
    let subject = subject(&server, "openai/gpt-5", quick());
    let error = subject.ask().await.unwrap_err();
    insta::assert_snapshot!(error, @"openai/gpt-5: not reachable at attempt 6: status 503: down [2K for now");
    assert_eq!(subject.attempts().last().unwrap().wait, None);
    assert!(!server.has_more());
}

#[tokio::test]
async fn what_is_refused_is_not_asked_again_and_names_the_remedy() {
    let mut errors = Vec::new();
    for (code, message) in [
        (401, format!("bad key {KEY}")),
        (403, "not yours".to_owned()),
        (404, "no such model".to_owned()),
        (400, "context too long".to_owned()),
        (302, "elsewhere".to_owned()),
    ] {
        let server = Server::start([status(code, &message)]).await;
        let subject = subject(&server, "anthropic/claude-test", quick());
        errors.push(subject.check().await.unwrap_err().to_string());
        assert_eq!(server.asked().len(), 1);
    }
    let quota = json!({ "error": { "message": "pay first", "code": "insufficient_quota" } });
    let server = Server::start([Play::Raw(429, vec![JSON], quota.to_string().into())]).await;
    errors.push(
        subject(&server, "openai/gpt-5", quick())
            .ask()
            .await
            .unwrap_err()
            .to_string(),
    );
    insta::assert_snapshot!(errors.join("\n"), @"
    anthropic/claude-test: refused at attempt 1: status 401 (check the key in `ANTHROPIC_API_KEY`): bad key [key]
    anthropic/claude-test: refused at attempt 1: status 403 (check the key in `ANTHROPIC_API_KEY`): not yours
    anthropic/claude-test: refused at attempt 1: status 404 (check the model's name and the base URL): no such model
    anthropic/claude-test: refused at attempt 1: status 400: context too long
    anthropic/claude-test: refused at attempt 1: status 302 (it points elsewhere, which is not followed: check the base URL): elsewhere
    openai/gpt-5: refused at attempt 1: status 429: pay first
    ");
}

#[tokio::test]
async fn an_error_under_a_status_of_success_is_one() {
    let error = |code: serde_json::Value| {
        Play::Json(json!({ "error": { "code": code, "message": format!("no, {KEY}") } }))
    };
    let server = Server::start([
        error(json!(429)),
        error(json!("server_error")),
        said("There."),
    ])
    .await;
    let subject = subject(&server, "openai/gpt-5", quick());
    subject.ask().await.unwrap();
    let told = subject.attempts();
    let told: Vec<_> = told
        .iter()
        .map(|attempt| (attempt.class, &*attempt.message))
        .collect();
    let expected = [
        (FailureClass::RateLimited, "no, [key]"),
        (FailureClass::Unreachable, "no, [key]"),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_body_that_is_cut_a_stall_and_no_server_are_failures_of_the_network() {
    let once = |mut setup: Setup| {
        setup.retries.unreachable = 1;
        setup.timeout = Duration::from_millis(60);
        setup
    };
    let cut = Server::that_breaks_off().await;
    let stalls = Server::start([Play::Stall, Play::Stall]).await;
    for server in [&cut, &stalls] {
        let error = subject(server, "openai/gpt-5", once(quick()))
            .ask()
            .await
            .unwrap_err();
        let ModelError::Failed {
            class, attempts, ..
        } = error
        else {
            panic!("{error}");
        };
        assert_eq!((class, attempts), (FailureClass::Unreachable, 2));
    }
    let mut nowhere = Server::start([]).await;
    nowhere.url = "http://127.0.0.1:1/v1".to_owned();
    let error = subject(&nowhere, "openai/gpt-5", once(quick()))
        .ask()
        .await
        .unwrap_err();
    insta::assert_snapshot!(error, @"openai/gpt-5: not reachable at attempt 2: Connection refused (os error 111)");
}

#[tokio::test]
async fn the_same_failure_over_and_over_stops_the_model_and_no_other() {
    let server = Server::start(repeated(5, || status(400, "bad field"))).await;
    let stopped = subject(&server, "openai/gpt-5", quick());
    for _ in 0..5 {
        assert!(matches!(
            stopped.ask().await,
            Err(ModelError::Failed { .. })
        ));
    }
    let error = stopped.ask().await.unwrap_err();
    insta::assert_snapshot!(error, @"openai/gpt-5: stopped after 5 failures in a row of the same kind, the last: refused: status 400: bad field");
    assert_eq!(server.asked().len(), 5);
    let server = Server::start([said("There.")]).await;
    subject(&server, "openai/gpt-4o", quick())
        .ask()
        .await
        .unwrap();
}

#[tokio::test]
async fn an_empty_a_huge_and_a_garbled_answer_are_answers() {
    let huge = "é".repeat(4 << 20);
    let garbled = b"{\"choices\":[{\"message\":{\"content\":\"a\xff\xfeb\"}}]}".to_vec();
    let server = Server::start([
        said(""),
        said(&huge),
        Play::Raw(200, vec![JSON], garbled),
        said(&format!("Your key is {KEY}.")),
    ])
    .await;
    let subject = subject(&server, "openai/gpt-5", quick());
    for expected in ["", &huge, "a\u{fffd}\u{fffd}b", "Your key is [key]."] {
        let answer = subject.ask().await.unwrap();
        assert!(answer.text == expected && answer.calls.is_empty());
    }
}

#[tokio::test]
async fn what_is_json_and_no_answer_is_malformed() {
    for (name, body) in [
        ("openai/gpt-5", json!({ "choices": [] })),
        ("openai-responses/gpt-5", json!({ "id": "resp_1" })),
        ("anthropic/claude-test", json!([1])),
        ("google/gemini-test", json!({ "candidates": [] })),
    ] {
        let server = Server::start(repeated(3, || Play::Json(body.clone()))).await;
        let error = subject(&server, name, quick()).ask().await.unwrap_err();
        let ModelError::Failed {
            class, attempts, ..
        } = &error
        else {
            panic!("{error}");
        };
        assert_eq!((*class, *attempts), (FailureClass::Malformed, 3), "{error}");
    }
}

/// A trial that is cancelled while its request is out gives its place to the next.
#[tokio::test]
async fn a_request_that_is_given_up_frees_its_place() {
    let mut plays = repeated(8, || Play::Stall);
    plays.push(said("There."));
    let server = Server::start(plays).await;
    let subject = subject(&server, "openai/gpt-5", quick());
    let stalled: Vec<_> = (0..8)
        .map(|seed| {
            let client = Arc::clone(&subject.client);
            tokio::spawn(async move {
                client
                    .model(seed)
                    .answer(&opening(), Tools::Offered)
                    .await
                    .is_ok()
            })
        })
        .collect();
    while server.asked().len() < 8 {
        tokio::task::yield_now().await;
    }
    stalled.iter().for_each(tokio::task::JoinHandle::abort);
    assert_eq!(subject.ask().await.unwrap().text, "There.");
}

/// A few bytes that are packed could be unpacked to more than there is memory for.
#[tokio::test]
async fn no_packed_answer_is_asked_for_and_none_is_unpacked() {
    let packed = || {
        let headers = vec![JSON, ("content-encoding", "gzip")];
        Play::Raw(200, headers, b"\x1f\x8b\x08".to_vec())
    };
    let server = Server::start(repeated(3, packed)).await;
    let subject = subject(&server, "openai/gpt-5", quick());
    let error = subject.ask().await.unwrap_err().to_string();
    assert!(
        error.contains("malformed answer at attempt 3: it is no JSON"),
        "{error}"
    );
    assert!(!server.asked()[0].headers.contains_key("accept-encoding"));
}
