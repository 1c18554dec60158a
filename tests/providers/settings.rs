//! What is set is sent, under the name that the provider has for it.

use offswitch::model::provider::{ReasoningEffort, Settings, Setup};
use serde_json::{Map, Value, json};

use super::server::{Play, Server};
use super::{quick, subject};

/// The fields of a request beside those that are always sent.
async fn sent(name: &str, settings: Settings) -> Value {
    let answers = json!({
        "choices": [{ "message": { "content": "." } }],
        "output": [],
        "content": [],
        "candidates": [{}],
    });
    let server = Server::start([Play::Json(answers)]).await;
    let setup = Setup {
        settings,
        ..quick()
    };
    subject(&server, name, setup).check().await.unwrap();
    let mut body = server.last();
    for always in [
        "model", "stream", "store", "messages", "input", "contents", "tools", "include",
    ] {
        body.as_object_mut().unwrap().remove(always);
    }
    body
}

fn all() -> Settings {
    Settings {
        temperature: Some(0.5),
        top_p: Some(0.9),
        max_tokens: Some(1000),
        seed: Some(7),
        reasoning_effort: Some(ReasoningEffort::Medium),
        reasoning_budget: None,
        extra: Map::from_iter([("service_tier".to_owned(), json!("flex"))]),
    }
}

#[tokio::test]
async fn every_setting_has_its_name_at_every_provider() {
    let expected = [
        (
            "openai/gpt-5",
            json!({
                "temperature": 0.5, "top_p": 0.9, "max_completion_tokens": 1000, "seed": 7,
                "reasoning_effort": "medium", "service_tier": "flex",
            }),
        ),
        (
            "fireworks/m",
            json!({
                "temperature": 0.5, "top_p": 0.9, "max_tokens": 1000, "seed": 7,
                "reasoning_effort": "medium", "service_tier": "flex",
            }),
        ),
        (
            "mistral/m",
            json!({
                "temperature": 0.5, "top_p": 0.9, "max_tokens": 1000, "random_seed": 7,
                "reasoning_effort": "medium", "service_tier": "flex",
            }),
        ),
        (
            "openai-responses/gpt-5",
            json!({
                "temperature": 0.5, "top_p": 0.9, "max_output_tokens": 1000, "seed": 7,
                "reasoning": { "effort": "medium" }, "service_tier": "flex",
            }),
        ),
        (
            "anthropic/claude-sonnet-4-5",
            json!({
                "temperature": 0.5, "top_p": 0.9, "max_tokens": 1000,
                "thinking": { "type": "enabled", "budget_tokens": 8000 }, "service_tier": "flex",
            }),
        ),
        (
            "google/gemini-3-pro",
            json!({
                "generationConfig": {
                    "temperature": 0.5, "topP": 0.9, "maxOutputTokens": 1000, "seed": 7,
                    "thinkingConfig": { "thinkingLevel": "MEDIUM" },
                },
                "service_tier": "flex",
            }),
        ),
    ];
    for (name, expected) in expected {
        assert_eq!(sent(name, all()).await, expected, "{name}");
    }
}

#[tokio::test]
async fn nothing_set_is_nothing_sent() {
    for name in [
        "openai/gpt-5",
        "openai/gpt-6-low",
        "openai-responses/gpt-6",
        "mistral/mistral-medium",
        "deepseek/deepseek-chat",
        "fireworks/m",
        "openrouter/qwen/qwen-max",
        "google/gemini-3-pro",
    ] {
        assert_eq!(sent(name, Settings::default()).await, json!({}), "{name}");
    }
    // This one must be told a most of tokens.
    let least = json!({ "max_tokens": 64000 });
    assert_eq!(
        sent("anthropic/claude-sonnet-4-5", Settings::default()).await,
        least
    );
}

#[tokio::test]
async fn a_budget_of_reasoning_and_none_at_all_are_sent_where_there_are_fields_for_them() {
    let budget = || Settings {
        reasoning_budget: Some(2048),
        ..Settings::default()
    };
    let none = || Settings {
        reasoning_effort: Some(ReasoningEffort::None),
        ..Settings::default()
    };
    let thinking = |budget: u32| json!({ "generationConfig": { "thinkingConfig": { "thinkingBudget": budget } } });
    assert_eq!(
        sent("google/gemini-2.5-flash", budget()).await,
        thinking(2048)
    );
    assert_eq!(sent("google/gemini-2.5-flash", none()).await, thinking(0));
    let enabled = json!({ "type": "enabled", "budget_tokens": 2048 });
    assert_eq!(
        sent("anthropic/claude-sonnet-4-5", budget()).await["thinking"],
        enabled
    );
    assert_eq!(
        sent("openai/gpt-5.1", none()).await,
        json!({ "reasoning_effort": "none" })
    );
}

/// Nothing asks for a summary but the user.
#[tokio::test]
async fn a_summary_of_reasoning_is_asked_for_by_a_further_field() {
    let reasoning = json!({ "effort": "medium", "summary": "auto" });
    let asked = Settings {
        extra: Map::from_iter([("reasoning".to_owned(), reasoning.clone())]),
        ..Settings::default()
    };
    let sent = sent("openai-responses/gpt-5", asked).await;
    assert_eq!(sent, json!({ "reasoning": reasoning }));
}
