//! What an answer costs, by what each provider says of its tokens. They count differently: what
//! was cached is among the tokens sent or apart from them, and so is what was reasoned.

use std::sync::Arc;

use offswitch::model::price::PriceList;
use offswitch::model::provider::{Client, Endpoint, Limiters};
use offswitch::model::{Answer, Model, Tools};
use serde_json::{Value, json};

use super::server::{Play, Server};
use super::{environment, opening, quick};

/// Every model costs the same, and every kind of token something else.
fn list() -> PriceList {
    let names = [
        "openai/*",
        "anthropic/*",
        "google/*",
        "deepseek/*",
        "mistral/*",
        "openai-api/*",
    ];
    let price = |name: &str| {
        format!(
            "[[price]]\nmodel = \"{name}\"\ninput = 1\ncached_input = 0.1\ncache_write = 1.25\n\
             output = 10\nlong = {{ above = 200_000, input = 2, output = 15 }}\nsource = \"a test\"\n"
        )
    };
    let prices = names.map(price).concat();
    let text = format!("date = \"2026-11-21\"\ncurrency = \"USD\"\n{prices}");
    PriceList::parse("p.toml", &text).unwrap()
}

async fn answer(model: &str, body: Value, list: &PriceList) -> Answer {
    let server = Server::start([Play::Json(body)]).await;
    let endpoint = Endpoint::resolve(model, &environment(&server)).unwrap();
    let limiter = Limiters::default().of(&endpoint.provider, 1);
    let client = Client::new(endpoint, quick(), limiter, Arc::new(|_| {})).unwrap();
    let client = Arc::new(client.priced(list.price(model)));
    let asked = client.model(1).answer(&opening(), Tools::Offered).await;
    asked.unwrap().expect("a provider's model always answers")
}

fn chat(usage: &Value) -> Value {
    json!({
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "the-model",
        "choices": [{
            "index": 0,
            "finish_reason": "stop",
            "message": { "role": "assistant", "content": "Ready." },
        }],
        "usage": usage,
    })
}

fn responses(usage: &Value) -> Value {
    let content = json!([{ "type": "output_text", "text": "Ready.", "annotations": [] }]);
    json!({
        "id": "resp_1",
        "object": "response",
        "model": "the-model",
        "status": "completed",
        "error": null,
        "output": [{ "type": "message", "id": "msg_1", "role": "assistant", "content": content }],
        "usage": usage,
    })
}

fn messages(usage: &Value) -> Value {
    json!({
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "the-model",
        "content": [{ "type": "text", "text": "Ready." }],
        "stop_reason": "end_turn",
        "usage": usage,
    })
}

fn generated(usage: &Value) -> Value {
    let content = json!({ "role": "model", "parts": [{ "text": "Ready." }] });
    json!({
        "candidates": [{ "index": 0, "finishReason": "STOP", "content": content }],
        "modelVersion": "the-model",
        "usageMetadata": usage,
    })
}

#[tokio::test]
async fn every_provider_says_how_many_tokens_were_sent_in_all_and_what_they_cost() {
    let openai = chat(&json!({
        "prompt_tokens": 1_300,
        "completion_tokens": 300,
        "total_tokens": 1_600,
        "prompt_tokens_details": { "cached_tokens": 1_024, "audio_tokens": 0 },
        "completion_tokens_details": { "reasoning_tokens": 256, "audio_tokens": 0 },
    }));
    let openai_responses = responses(&json!({
        "input_tokens": 2_000,
        "input_tokens_details": { "cached_tokens": 1_024, "cache_write_tokens": 900 },
        "output_tokens": 120,
        "output_tokens_details": { "reasoning_tokens": 64 },
        "total_tokens": 2_120,
    }));
    let anthropic = messages(&json!({
        "input_tokens": 12,
        "cache_creation_input_tokens": 1_800,
        "cache_read_input_tokens": 5_000,
        "output_tokens": 200,
        "service_tier": "standard",
    }));
    let google = generated(&json!({
        "promptTokenCount": 5_000,
        "cachedContentTokenCount": 4_096,
        "candidatesTokenCount": 40,
        "thoughtsTokenCount": 900,
        "totalTokenCount": 5_940,
    }));
    let deepseek = chat(&json!({
        "prompt_tokens": 1_000,
        "completion_tokens": 50,
        "total_tokens": 1_050,
        "prompt_cache_hit_tokens": 640,
        "prompt_cache_miss_tokens": 360,
    }));
    let mistral = chat(&json!({
        "prompt_tokens": 1_000, "completion_tokens": 50, "total_tokens": 1_050,
    }));
    // As xAI counts: the tokens of reasoning are in the total alone.
    let reasoning_apart = chat(&json!({
        "prompt_tokens": 125,
        "completion_tokens": 48,
        "total_tokens": 373,
        "prompt_tokens_details": { "text_tokens": 125, "cached_tokens": 98 },
        "completion_tokens_details": { "reasoning_tokens": 200 },
    }));
    // Tokens sent, of them cached, received; then the cost in millionths of a dollar.
    for (model, body, tokens, millionths) in [
        (
            "openai/m",
            openai,
            [1_300, 1_024, 300],
            276.0 + 102.4 + 3_000.0,
        ),
        (
            "openai-responses/m",
            openai_responses,
            [2_000, 1_024, 120],
            76.0 + 102.4 + 1_125.0 + 1_200.0,
        ),
        (
            "anthropic/m",
            anthropic,
            [6_812, 5_000, 200],
            12.0 + 500.0 + 2_250.0 + 2_000.0,
        ),
        (
            "google/m",
            google,
            [5_000, 4_096, 940],
            904.0 + 409.6 + 9_400.0,
        ),
        (
            "deepseek/m",
            deepseek,
            [1_000, 640, 50],
            360.0 + 64.0 + 500.0,
        ),
        ("mistral/m", mistral, [1_000, 0, 50], 1_000.0 + 500.0),
        (
            "openai-api/lab/m",
            reasoning_apart,
            [125, 98, 248],
            27.0 + 9.8 + 2_480.0,
        ),
    ] {
        let answer = answer(model, body, &list()).await;
        let counted = [
            answer.input_tokens,
            answer.cached_tokens,
            answer.output_tokens,
        ];
        assert_eq!(counted, tokens, "{model}");
        let cost = answer.cost_usd.unwrap() * 1e6;
        assert!(
            (cost - millionths).abs() < 1e-6,
            "{model}: {cost}, not {millionths}"
        );
    }
}

#[tokio::test]
async fn a_long_request_has_the_price_of_long_requests() {
    let body = generated(&json!({ "promptTokenCount": 300_000, "candidatesTokenCount": 100 }));
    let answer = answer("google/m", body, &list()).await;
    assert!((answer.cost_usd.unwrap() - 0.6015).abs() < 1e-9);
}

#[tokio::test]
async fn without_a_price_or_without_a_count_no_cost_is_claimed() {
    let counted = chat(&json!({ "prompt_tokens": 10, "completion_tokens": 5 }));
    let halves = [
        json!({ "prompt_tokens": 10 }),
        json!({ "prompt_tokens": 10, "completion_tokens": -5 }),
        json!({ "completion_tokens": 5 }),
        json!(null),
    ];
    let uncounted = halves.map(|usage| ("openai/m", chat(&usage)));
    for (model, body) in uncounted.into_iter().chain([("fireworks/m", counted)]) {
        assert_eq!(answer(model, body, &list()).await.cost_usd, None, "{model}");
    }
}
