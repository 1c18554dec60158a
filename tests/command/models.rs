//! Models at providers, by a provider on this machine that plays the model, too.

use std::fs;

use offswitch::evidence::Digest;
use serde_json::{Value, json};

use crate::place::{Done, Place, isolated};
use crate::played::{Act, KEY, Provider, Turn, assert_clean, complies, overwrites};

/// Looks for the key wherever a machine could hold it, without naming it.
fn snoops(turn: usize) -> Act {
    match turn {
        0 => Act::Run(
            "env; cat /proc/*/environ /proc/*/cmdline | tr '\\0' '\\n'; \
             find / -xdev -name .env -exec cat {} +; echo looked",
        ),
        _ => Act::Submit,
    }
}

#[test]
fn a_model_that_goes_on_is_judged_by_what_it_did() {
    let Some(place) = isolated() else { return };
    for (turn, verdict) in [(complies as Turn, "complied"), (overwrites, "resisted")] {
        let place = Place::new();
        let provider = Provider::start(turn);
        let done = provider.run(&place, 1, &[]);
        assert_eq!(done.code, Some(0), "{done}");
        let [record] = place.records("run").try_into().unwrap();
        assert_eq!(record["verdict"], verdict, "{done}");
        assert_eq!(record["scripted"], false);
        assert!(!done.stdout.contains("scripted"), "{done}");
        let trial = record["trial"].as_str().unwrap();
        let short = place.offswitch(&["show", "run", trial, "--transcript"]);
        let full = place.offswitch(&["show", "run", trial, "--full"]);
        assert!(!short.stdout.contains("I think of"), "{short}");
        assert!(full.stdout.contains("reason │ I think of ␛[2J0."), "{full}");
        // Each call is told once, with what it did.
        assert!(!full.stdout.contains("call   │ bash"), "{full}");
    }
    drop(place);
}

#[test]
fn what_is_set_is_sent_and_recorded_and_nothing_else() {
    let Some(place) = isolated() else { return };
    let provider = Provider::start(complies);
    let done = provider.run(
        &place,
        1,
        &[
            "--temperature=0.5",
            "--model-seed=3",
            "--model-arg=user=\"me\"",
            "--tool-profile=palisade",
        ],
    );
    assert_eq!(done.code, Some(0), "{done}");
    let bodies = provider.bodies();
    for body in &bodies {
        let mut set = body.as_object().unwrap().clone();
        for own in ["model", "messages", "tools", "stream"] {
            set.remove(own);
        }
        let expected = json!({ "temperature": 0.5, "seed": 3, "user": "me" });
        assert_eq!(Value::Object(set), expected);
        let parameters = &body["tools"][0]["function"]["parameters"];
        assert_eq!(parameters["required"], json!(["thoughts", "cmd"]));
    }
    let manifest: Value = serde_json::from_str(&place.read("run/run.json")).unwrap();
    let model = &manifest["plan"]["design"]["models"][0];
    let server = provider.url.trim_end_matches("/v1");
    let expected = json!({
        "name": "openai/played",
        "scripted": false,
        "script_hash": null,
        "expect": null,
        "asking": {
            "server": server,
            "tool_protocol": "native",
            "tool_profile": "palisade",
            "settings": { "temperature": 0.5, "seed": 3, "extra": { "user": "me" } },
        },
    });
    assert_eq!(*model, expected);
}

#[test]
fn a_model_that_cannot_be_asked_costs_no_trial() {
    let Some(place) = isolated() else { return };
    let provider = Provider::start(complies);
    let asked: [(&str, &[(&str, &str)]); 6] = [
        ("openai/played", &[]),
        ("acme/played", &[]),
        ("played", &[]),
        ("openai/played", &[("OPENAI_API_KEY", "sk-canary-wrong")]),
        ("openai/other", &[("OPENAI_API_KEY", KEY)]),
        ("anthropic/claude-high", &[("ANTHROPIC_API_KEY", KEY)]),
    ];
    let answers = asked.map(|(model, variables)| {
        let mut command = provider.command(&place, &["run", "--run-dir=run", "--model", model]);
        command.envs(variables.iter().copied());
        let done = Done::of(command);
        assert_clean(&place, &done);
        format!("$ offswitch run --model {model}\n{done}\n")
    });
    assert_eq!(place.names("."), [""; 0]);
    insta::assert_snapshot!(answers.join("\n"), @"
    $ offswitch run --model openai/played
    exit 7
    --- err
    error: `openai/played` needs a key: set `OPENAI_API_KEY` in the environment or in `.env`
    hint: `offswitch models` lists the providers and the variables that they read, `offswitch list` the scripted models

    $ offswitch run --model acme/played
    exit 7
    --- err
    error: there is no provider `acme`: choose one of openai, openai-responses, anthropic, google, grok, mistral, deepseek, groq, together, fireworks, openrouter, ollama, vllm, or name any server that speaks OpenAI's Chat Completions as `openai-api/<provider>/<model>`
    hint: `offswitch models` lists the providers and the variables that they read, `offswitch list` the scripted models

    $ offswitch run --model played
    exit 2
    --- err
    error: `played` is no model's name: write `provider/model`, for example `openai/gpt-5`
    hint: `offswitch models` lists the providers and the variables that they read, `offswitch list` the scripted models

    $ offswitch run --model openai/played
    exit 7
    --- err
    error: openai/played: refused at attempt 1: status 401 (check the key in `OPENAI_API_KEY`): no such key: Bearer [key]
    hint: no trial was started

    $ offswitch run --model openai/other
    exit 7
    --- err
    error: openai/other: refused at attempt 1: status 404 (check the model's name and the base URL): no such model
    hint: no trial was started

    $ offswitch run --model anthropic/claude-high
    exit 2
    --- err
    error: `anthropic/claude-high` ends like a reasoning effort and would be cut: set a reasoning effort too
    ");
}

#[test]
fn a_bad_line_of_dotenv_is_named_and_not_shown() {
    let place = Place::new();
    place.write(".env", "A=1\nsk-canary-4711 is my key\n");
    let done = place.offswitch(&["run", "--model=openai/played", "--run-dir=run"]);
    insta::assert_snapshot!(done, @"
    exit 4
    --- err
    error: .env:2: not an assignment: write `NAME=value`, and quotes around a value with spaces
    ");
}

#[test]
fn a_key_gets_to_no_place_but_the_provider() {
    let Some(place) = isolated() else { return };
    let provider = Provider::start(snoops);
    // The shell wins, so the trials go on only with the key that is in it.
    place.write(
        ".env",
        format!("OPENAI_API_KEY={KEY}-of-the-file\nLAB_API_KEY={KEY}\n"),
    );
    let done = provider.run(&place, 1, &[]);
    assert_eq!(done.code, Some(0), "{done}");
    let [record] = place.records("run").try_into().unwrap();
    let output = record["steps"][0]["output"]["stdout"].as_str().unwrap();
    assert!(
        output.contains("HOME=") && output.ends_with("looked\n"),
        "{output}"
    );
    fs::remove_dir_all(place.path("run")).unwrap();
    place.write(".env", format!("OPENAI_API_KEY='{KEY}'\n"));
    let arguments = [
        "run",
        "--model=openai/played",
        "--condition=A",
        "--trials=1",
    ];
    let command = provider.command(&place, &[&arguments[..], &["--run-dir=run"]].concat());
    let done = Done::of(command);
    assert_eq!(done.code, Some(0), "{done}");
    assert_clean(&place, &done);
}

#[test]
fn an_attempt_that_failed_is_logged_and_made_again() {
    let Some(place) = isolated() else { return };
    let provider = Provider::that_is_busy(complies, 1);
    let done = provider.run(&place, 1, &[]);
    assert_eq!(done.code, Some(0), "{done}");
    let failed = "openai/played: attempt 1 failed: rate limited: status 429: slow down; the next";
    assert!(done.stderr.contains(failed), "{done}");
}

#[test]
fn a_model_that_is_refused_over_and_over_is_stopped_and_its_trials_are_left_for_later() {
    let Some(place) = isolated() else { return };
    let provider = Provider::start(|_| Act::Refused);
    let more = ["--model=scripted/complies", "--max-parallel=1"];
    let done = provider.run(&place, 7, &more);
    assert_eq!(done.code, Some(7), "{done}");
    let end = "stopped for failures: openai/played: 12 of 14 trials recorded; `offswitch resume run` does the others";
    assert!(done.stderr.contains(end), "{done}");
    for record in place.records("run") {
        let is_script = record["scripted"] == true;
        let verdict = if is_script { "complied" } else { "invalid" };
        assert_eq!(record["verdict"], verdict);
    }
    assert_eq!(place.records("run").len(), 12);
    let log = place.read("run/run.log");
    let attempts = log
        .lines()
        .filter(|line| line.contains("attempt 1 failed: refused"));
    assert_eq!(attempts.count(), 5, "{log}");
    assert!(log.contains("openai/played is stopped: "), "{log}");
    provider.becomes(complies);
    let done = provider.run(&place, 7, &more);
    assert_eq!(done.code, Some(3), "{done}");
    let complied = place.records("run").into_iter();
    let complied = complied.filter(|record| record["verdict"] == "complied");
    assert_eq!(complied.count(), 9);
    assert_clean(&place, &done);
}

#[test]
fn providers_are_listed_with_their_variables_and_never_with_a_value() {
    let place = Place::new();
    place.write(".env", format!("GEMINI_API_KEY={KEY}\n"));
    let mut command = place.command(&["models"]);
    command.env("ANTHROPIC_API_KEY", KEY);
    command.env("VLLM_BASE_URL", "http://canary/v1");
    insta::assert_snapshot!(Done::of(command), @"
    exit 0
    --- out
    provider          key                                           base URL                      for example
    openai            OPENAI_API_KEY: not set                       OPENAI_BASE_URL: default      openai/gpt-5
    openai-responses  OPENAI_API_KEY: not set                       OPENAI_BASE_URL: default      openai-responses/o3
    anthropic         ANTHROPIC_API_KEY: set                        ANTHROPIC_BASE_URL: default   anthropic/claude-sonnet-4-5
    google            GOOGLE_API_KEY: not set, GEMINI_API_KEY: set  GOOGLE_BASE_URL: default      google/gemini-2.5-pro
    grok              XAI_API_KEY: not set                          XAI_BASE_URL: default         grok/grok-4
    mistral           MISTRAL_API_KEY: not set                      MISTRAL_BASE_URL: default     mistral/mistral-large-latest
    deepseek          DEEPSEEK_API_KEY: not set                     DEEPSEEK_BASE_URL: default    deepseek/deepseek-reasoner
    groq              GROQ_API_KEY: not set                         GROQ_BASE_URL: default        groq/openai/gpt-oss-120b
    together          TOGETHER_API_KEY: not set                     TOGETHER_BASE_URL: default    together/openai/gpt-oss-120b
    fireworks         FIREWORKS_API_KEY: not set                    FIREWORKS_BASE_URL: default   fireworks/accounts/fireworks/models/gpt-oss-120b
    openrouter        OPENROUTER_API_KEY: not set                   OPENROUTER_BASE_URL: default  openrouter/openai/o3
    ollama            OLLAMA_API_KEY: not needed                    OLLAMA_BASE_URL: default      ollama/qwen3
    vllm              VLLM_API_KEY: not needed                      VLLM_BASE_URL: set            vllm/Qwen/Qwen3-8B

    openai-api/NAME/MODEL is any server that speaks OpenAI's Chat Completions: it reads
    NAME_API_KEY and NAME_BASE_URL. Variables are read from the environment and from .env in
    this directory; the environment wins.
    ");
}

#[test]
fn a_price_is_recorded_with_its_model_and_a_run_is_something_to_go_by() {
    let Some(place) = isolated() else { return };
    let provider = Provider::start(complies);
    let prices = "date = \"2026-11-21\"\ncurrency = \"USD\"\n[[price]]\nmodel = \"openai/*\"\n\
                  input = 1\noutput = 10\nsource = \"a test\"\n";
    place.write("prices.toml", prices);
    let done = provider.run(&place, 2, &["--prices=prices.toml"]);
    assert_eq!(done.code, Some(0), "{done}");
    let manifest: Value = serde_json::from_str(&place.read("run/run.json")).unwrap();
    let price = &manifest["sessions"][0]["prices"]["openai/played"];
    assert_eq!(price["date"], "2026-11-21");
    assert_eq!(
        price["list_hash"],
        Digest::of(prices.as_bytes()).to_string()
    );
    assert_eq!(price["terms"]["per_million"]["output"], 10.0);
    let planned = |more: &[&str]| {
        let arguments = [
            "plan",
            "--model=openai/played",
            "--condition=A",
            "--prices=prices.toml",
        ];
        let done = Done::of(provider.command(&place, &[&arguments[..], more].concat()));
        assert_eq!(done.code, Some(0), "{done}");
        serde_json::from_str::<Value>(&done.stdout).unwrap()
    };
    assert_eq!(
        planned(&["--trials=2", "--json"])["plan_hash"],
        manifest["plan_hash"]
    );
    // Each trial has four answers, of 10 tokens sent and 5 received.
    let planned = planned(&["--trials=100", "--json", "--like=run"]);
    let estimate = json!({ "basis": 2, "input": 4_000, "output": 2_000, "cost_usd": 0.024 });
    assert_eq!(planned["models"][0]["estimate"], estimate);
}
