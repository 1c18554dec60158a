//! Keys, and a provider that gives them back in everything that it says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::place::{Done, Place, isolated};

/// The key in the shell, and the one in `.env`, with what is written otherwise in a URL.
const SHELL: &str = "sk-canary-of-the-shell-4711";
const FILE: &str = "sk/canary+of+the.file=4712";

/// What the provider does with the keys that it gets.
#[derive(Debug, Clone, Copy)]
enum Manner {
    /// It answers with them.
    Answers,
    /// It answers the question before the trials, and refuses everything else with them.
    Refuses,
    /// It refuses everything with them.
    RefusesAtOnce,
}

/// A server that speaks Chat Completions and knows no secret.
struct Echo {
    url: String,
    _runtime: Runtime,
}

impl Echo {
    fn start(manner: Manner) -> Self {
        let runtime = Runtime::new().unwrap();
        let router = Router::new().fallback(answer).with_state(manner);
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self {
            url,
            _runtime: runtime,
        }
    }

    /// A run of two providers, whose keys are in the shell and in `.env`.
    fn run(&self, place: &Place) -> Done {
        let dotenv = format!("LAB_API_KEY='{FILE}'\nLAB_BASE_URL={}\n", self.url);
        place.write(".env", dotenv);
        let mut command = place.command(&[
            "run",
            "--model=openai/played",
            "--model=openai-api/lab/played",
            "--no-calibrate",
            "--condition=A",
            "--trials=2",
            "--run-dir=run",
        ]);
        command.env("OPENAI_API_KEY", SHELL);
        command.env("OPENAI_BASE_URL", &self.url);
        Done::of(command)
    }
}

/// The key in the writings in which servers quote one.
fn quotes(key: &str) -> String {
    let percent: Vec<_> = key.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let url = key
        .replace('/', "%2F")
        .replace('+', "%2B")
        .replace('=', "%3D");
    let hex = percent.concat().replace('%', "");
    let mut quotes = vec![key.to_owned(), url, hex];
    for text in [
        key.to_owned(),
        format!("me:{key}"),
        format!("Bearer {key}."),
    ] {
        quotes.extend([STANDARD.encode(&text), URL_SAFE.encode(&text)]);
    }
    quotes.join(" or ")
}

async fn answer(
    State(manner): State<Manner>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> (StatusCode, Json<Value>) {
    let key = headers["authorization"].to_str().unwrap();
    let key = key.strip_prefix("Bearer ").unwrap();
    let messages = body["messages"].as_array().unwrap();
    let is_check = messages.len() == 1;
    let refuses = match manner {
        Manner::Answers => false,
        Manner::Refuses => !is_check,
        Manner::RefusesAtOnce => true,
    };
    if refuses {
        let hint = format!("{}****{}", &key[..9], &key[key.len() - 4..]);
        let message = format!("bad key {hint}, that is {}", quotes(key));
        let error = json!({ "error": { "message": message, "code": key } });
        return (StatusCode::UNAUTHORIZED, Json(error));
    }
    let turn = messages.iter().filter(|one| one["role"] == "assistant");
    let quotes = quotes(key);
    let (name, arguments) = match turn.count() {
        0 => (
            "bash",
            json!({ "command": command(&quotes), "why": quotes }),
        ),
        _ => ("submit", json!({ "answer": quotes })),
    };
    let body = json!({
        "id": quotes,
        "model": format!("played {quotes}"),
        "choices": [{ "finish_reason": quotes, "message": {
            "role": "assistant",
            "content": quotes,
            "reasoning_content": quotes,
            "tool_calls": [{
                "id": format!("call {quotes}"),
                "type": "function",
                "function": { "name": name, "arguments": arguments.to_string() },
            }],
        } }],
        key: quotes,
    });
    (StatusCode::OK, Json(body))
}

/// Keeps what it was told, and looks for keys wherever a machine could hold one.
fn command(quotes: &str) -> String {
    format!(
        "echo '{quotes}' > 'told {quotes}'; env; cat /proc/*/environ /proc/*/cmdline | tr '\\0' '\\n'; \
         grep -rl API_KEY / --include='.*' 2>/dev/null; echo looked"
    )
}

/// What is found of a key wherever it stands, in all its writings, as few bytes as suffice.
fn traces() -> BTreeSet<String> {
    let word = "canary";
    let hex = word
        .bytes()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let mut traces = BTreeSet::from([word.to_owned(), hex.to_uppercase(), hex]);
    for before in ["", "-", "--"] {
        // The outermost digits depend on what is around the word.
        let digits = STANDARD_NO_PAD.encode(format!("{before}{word}"));
        traces.insert(digits[before.len() + 1..digits.len() - 1].to_owned());
    }
    traces
}

fn assert_clean(what: &str, text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    for trace in traces() {
        assert!(!text.contains(&trace), "{what} holds `{trace}`: {text}");
    }
    for end in ["4711", "4712"] {
        assert!(
            !text.contains(&format!("*{end}")),
            "{what} holds *{end}: {text}"
        );
    }
}

fn assert_files_clean(directory: &Path) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        assert!(path.is_file(), "{}", path.display());
        assert_clean(&path.display().to_string(), &fs::read(&path).unwrap());
    }
}

/// Runs, and looks at the run in every way.
fn assert_run_clean(place: &Place, echo: &Echo) -> Done {
    let done = echo.run(place);
    let mut shown = vec![format!("{done:?}")];
    for arguments in [&["show", "run"][..], &["score", "run"], &["models"]] {
        shown.push(format!("{:?}", place.offswitch(arguments)));
    }
    for record in place.records("run") {
        let trial = record["trial"].as_str().unwrap();
        shown.push(format!(
            "{:?}",
            place.offswitch(&["show", "run", trial, "--full"])
        ));
    }
    for text in shown {
        assert_clean("what is shown", text.as_bytes());
    }
    assert_files_clean(&place.path("run"));
    done
}

#[test]
fn a_key_that_is_in_all_answers_is_in_no_record_and_no_machine() {
    let Some(place) = isolated() else { return };
    let done = assert_run_clean(&place, &Echo::start(Manner::Answers));
    assert_eq!(done.code, Some(0), "{done}");
    let records = place.records("run");
    assert_eq!(records.len(), 4);
    for record in records {
        let step = &record["steps"][0];
        assert!(
            step["command"]
                .as_str()
                .unwrap()
                .contains("echo '[key] or ")
        );
        let output = step["output"]["stdout"].as_str().unwrap();
        assert!(
            output.contains("HOME=") && output.ends_with("looked\n"),
            "{output}"
        );
    }
}

#[test]
fn a_key_that_is_in_all_refusals_is_in_no_error_and_no_log() {
    let Some(place) = isolated() else { return };
    let done = assert_run_clean(&place, &Echo::start(Manner::Refuses));
    assert_eq!(done.code, Some(3), "{done}");
    let log = place.read("run/run.log");
    assert!(log.contains("status 401"), "{log}");
    let place = Place::new();
    let done = Echo::start(Manner::RefusesAtOnce).run(&place);
    assert_clean("what is shown", format!("{done:?}").as_bytes());
    assert_eq!(place.names("."), [".env"]);
    insta::assert_snapshot!(done, @"
    exit 7
    --- err
    error: 2 of 2 models cannot be asked
      because: openai-api/lab/played: refused at attempt 1: status 401 (check the key in `LAB_API_KEY`): bad key [key], that is [key] or [key] or [key] or [key]I= or [key]I= or bWU6[key]I= or bWU6[key]I= or QmVhcmVyIH[key]Lg== or QmVhcmVyIH[key]Lg==
      because: openai/played: refused at attempt 1: status 401 (check the key in `OPENAI_API_KEY`): bad key [key], that is [key] or [key] or [key] or [key] or [key] or bWU6[key] or bWU6[key] or QmVhcmVyIH[key]S4= or QmVhcmVyIH[key]S4=
    hint: no trial was started
    ");
}

/// An account belongs into no base URL, and none that is there is shown.
#[test]
fn a_password_in_a_base_url_is_refused_and_not_shown() {
    let place = Place::new();
    place.write(".env", "LAB_BASE_URL=http://me:canary@127.0.0.1:1/v1\n");
    let mut command = place.command(&["run", "--model=openai-api/lab/m", "--run-dir=run"]);
    command.env("LAB_API_KEY", SHELL);
    let done = Done::of(command);
    assert!(place.names(".") == [".env"]);
    insta::assert_snapshot!(done, @"
    exit 7
    --- err
    error: `LAB_BASE_URL` holds a user name or a password: write it like `https://host/v1`
    hint: `offswitch models` lists the providers and the variables that they read, `offswitch list` the scripted models
    ");
}

#[test]
fn a_key_among_the_arguments_is_refused_before_anything_is_written() {
    let place = Place::new();
    place.write(".env", format!("LAB_API_KEY='{FILE}'\n"));
    for (variable, key) in [("OPENAI_API_KEY", SHELL), ("LAB_API_KEY", FILE)] {
        let setting = format!("--model-arg=api_key={key}");
        let mut command = place.command(&["run", "--model=openai/m", "--run-dir=run", &setting]);
        command.env("OPENAI_API_KEY", SHELL);
        let done = Done::of(command);
        assert_eq!(done.code, Some(2), "{done}");
        let message = format!("error: an argument holds the key in `{variable}`");
        assert!(done.stderr.starts_with(&message), "{done}");
        assert!(!done.stderr.contains("canary"), "{done}");
        assert!(!place.path("run").exists());
    }
}
