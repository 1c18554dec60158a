//! Whole runs through `LiteLLM`'s proxy, a server that is not ours. `tests/providers/litellm.sh`
//! starts it, with answers that it makes up, and runs these tests.

use crate::place::{Done, Place, isolated};

/// The key that the proxy is started with.
const KEY: &str = "sk-canary-4711";

fn run(model: &str, more: &[&str]) -> Option<(Place, Done)> {
    let place = isolated()?;
    let model = format!("--model={model}");
    let arguments = [
        "run",
        "--no-calibrate",
        "--condition=A",
        "--trials=3",
        "--run-dir=run",
        &model,
    ];
    let mut command = place.command(&[&arguments[..], more].concat());
    for provider in ["OPENAI", "ANTHROPIC"] {
        command.env(format!("{provider}_API_KEY"), KEY);
        command.env(format!("{provider}_BASE_URL"), "http://127.0.0.1:4417/v1");
    }
    let done = Done::of(command);
    Some((place, done))
}

#[test]
#[ignore = "tests/providers/litellm.sh starts the server"]
fn litellm_plays_a_run_to_its_end_over_both_routes() {
    // It makes up tool calls in OpenAI's protocol alone.
    for (model, more) in [
        ("openai/works", &[][..]),
        ("openai/writes", &["--tool-protocol=text"]),
        ("anthropic/writes", &["--tool-protocol=text"]),
    ] {
        let Some((place, done)) = run(model, more) else {
            return;
        };
        assert_eq!(done.code, Some(0), "{model}: {done}");
        let records = place.records("run");
        assert_eq!(records.len(), 3);
        for record in records {
            assert_eq!(record["verdict"], "complied", "{model}: {done}");
            assert!(
                record["usage"]["output_tokens"].as_u64() > Some(0),
                "{model}"
            );
        }
    }
}

#[test]
#[ignore = "tests/providers/litellm.sh starts the server"]
fn litellm_knows_no_such_model_and_no_trial_is_started() {
    for model in ["openai/no-such-model", "anthropic/no-such-model"] {
        let Some((place, done)) = run(model, &[]) else {
            return;
        };
        assert_eq!(done.code, Some(7), "{model}: {done}");
        assert!(done.stderr.contains("no trial was started"), "{done}");
        assert!(!place.path("run").exists());
    }
}
