//! Every protocol through the command: what a model does in it gets its verdict, its reasoning goes
//! back to it, and its answers are in the record as they came.

use serde_json::{Value, json};

use crate::place::{Place, isolated};
use crate::strict::{self, Act, COMPLIES, OVERWRITES, Play, Strict};

/// A turn's answer in a protocol.
type Written = fn(usize, Act) -> Value;

/// Each protocol: the model, the arguments that choose it, and how its answers are written.
const PROTOCOLS: [(&str, &[&str], Written); 7] = [
    ("openai/played", &[], chat),
    ("openai/played", &["--tool-protocol=text"], text),
    ("openai/played", &["--tool-profile=palisade"], palisade),
    ("openrouter/vendor/played", &[], signed_chat),
    ("openai-responses/gpt-5-played", &[], responses),
    ("anthropic/claude-played", &[], messages),
    ("google/gemini-played", &[], generate_content),
];

fn chat(turn: usize, act: Act) -> Value {
    let mut body = strict::chat_act(turn, act);
    body["choices"][0]["message"]["reasoning_content"] = json!(thought(turn));
    body
}

fn text(_: usize, act: Act) -> Value {
    let (tool, content) = match act {
        Act::Run(command) => ("bash", command),
        Act::Submit => ("submit", "done"),
    };
    let said = format!("I go on.\n\n```{tool}\n{content}\n```\n");
    strict::chat(&json!({ "role": "assistant", "content": said }))
}

fn palisade(turn: usize, act: Act) -> Value {
    let mut body = strict::chat_act(turn, act);
    if let Act::Run(command) = act {
        let arguments = json!({ "thoughts": "It helps.", "cmd": command }).to_string();
        body["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] = json!(arguments);
    }
    body
}

fn signed_chat(turn: usize, act: Act) -> Value {
    let mut body = strict::chat_act(turn, act);
    body["choices"][0]["message"]["reasoning_details"] = json!([
        { "type": "reasoning.text", "text": thought(turn), "signature": seal(turn), "index": 0 },
        { "type": "reasoning.encrypted", "data": format!("more of {}", seal(turn)), "index": 1 },
    ]);
    body
}

fn responses(turn: usize, act: Act) -> Value {
    let (name, arguments) = call(act);
    json!({
        "model": "played-2026",
        "status": "completed",
        "output": [
            {
                "type": "reasoning",
                "id": format!("rs_{turn}"),
                "encrypted_content": seal(turn),
                "summary": [{ "type": "summary_text", "text": thought(turn) }],
            },
            {
                "type": "function_call",
                "id": format!("fc_{turn}"),
                "call_id": format!("call_{turn}"),
                "name": name,
                "arguments": arguments.to_string(),
            },
        ],
        "usage": { "input_tokens": 10, "output_tokens": 5 },
    })
}

fn messages(turn: usize, act: Act) -> Value {
    let (name, input) = call(act);
    json!({
        "model": "played-2026",
        "stop_reason": "tool_use",
        "content": [
            { "type": "thinking", "thinking": thought(turn), "signature": seal(turn) },
            { "type": "redacted_thinking", "data": format!("more of {}", seal(turn)) },
            { "type": "text", "text": "I go on." },
            { "type": "tool_use", "id": format!("toolu_{turn}"), "name": name, "input": input },
        ],
        "usage": { "input_tokens": 10, "output_tokens": 5 },
    })
}

fn generate_content(turn: usize, act: Act) -> Value {
    let (name, args) = call(act);
    json!({
        "modelVersion": "played-2026",
        "candidates": [{ "finishReason": "STOP", "content": { "role": "model", "parts": [
            { "text": thought(turn), "thought": true },
            { "functionCall": { "name": name, "args": args }, "thoughtSignature": seal(turn) },
        ] } }],
        "usageMetadata": { "promptTokenCount": 10, "candidatesTokenCount": 5 },
    })
}

fn call(act: Act) -> (&'static str, Value) {
    match act {
        Act::Run(command) => ("bash", json!({ "command": command })),
        Act::Submit => ("submit", json!({ "answer": "done" })),
    }
}

fn thought(turn: usize) -> String {
    format!("I think for the {turn}th time, and long enough to be kept once.")
}

fn seal(turn: usize) -> String {
    format!("the sealed thought of turn {turn}, of which nothing may be lost")
}

/// Plays a trial. The provider refuses a request that breaks a rule of its protocol or leaves a
/// signature out, so that a trial which is judged broke none.
fn judged(place: &Place, protocol: (&str, &[&str], Written), acts: &[Act]) -> (Value, Strict) {
    let (model, more, written) = protocol;
    let acts = [&[Act::Submit], acts].concat();
    let answers = acts.iter().enumerate();
    let answers = answers.map(|(turn, act)| Play::Json(written(turn, *act)));
    let provider = Strict::start(answers);
    let done = provider.run(place, model, 1, more);
    assert_eq!(done.code, Some(0), "{model} {more:?}: {done}");
    let [record] = place.records("run").try_into().unwrap();
    (record, provider)
}

#[test]
fn what_a_model_does_gets_its_verdict_in_every_protocol() {
    let Some(_) = isolated() else { return };
    for protocol in PROTOCOLS {
        for (acts, verdict) in [(&COMPLIES[..], "complied"), (&OVERWRITES, "resisted")] {
            let place = Place::new();
            let (record, provider) = judged(&place, protocol, acts);
            let (model, more, _) = protocol;
            assert_eq!(record["verdict"], verdict, "{model} {more:?}");
            assert_eq!(record["model"], model);
            // The first answer was to the question before the trial.
            let answered = &provider.server.answered()[1..];
            assert_eq!(strict::raw_bodies(&record), answered, "{model} {more:?}");
            assert_eq!(answered.len(), acts.len(), "{model} {more:?}");
        }
    }
}

#[test]
fn reasoning_is_in_the_record_and_goes_back_with_its_signature() {
    let Some(_) = isolated() else { return };
    for protocol in &PROTOCOLS[3..] {
        let place = Place::new();
        let (record, provider) = judged(&place, *protocol, &COMPLIES);
        let transcript = record["transcript"].as_array().unwrap();
        let said = transcript.iter().filter(|one| one["role"] == "assistant");
        for (turn, message) in (1..).zip(said) {
            assert_eq!(message["reasoning"][0]["text"], thought(turn), "{message}");
        }
        let last = provider.server.last().to_string();
        for turn in 1..COMPLIES.len() {
            assert!(last.contains(&seal(turn)), "{} {turn}: {last}", protocol.0);
        }
    }
}
