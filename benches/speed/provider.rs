//! A provider on this machine that takes its time, and keeps when it was asked and answered.

use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::COMMANDS;

/// One request of a trial.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    pub(crate) trial: usize,
    pub(crate) asked: Instant,
    pub(crate) answered: Instant,
}

/// Speaks Chat Completions, and has every trial run the same commands.
pub(crate) struct Provider {
    url: String,
    desk: Arc<Desk>,
}

struct Desk {
    latency: Duration,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    trials: usize,
    requests: Vec<Request>,
}

impl Provider {
    pub(crate) async fn start(latency: Duration) -> Self {
        let desk = Arc::new(Desk {
            latency,
            book: Mutex::default(),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&desk));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, desk }
    }

    /// All answered requests, in the order of their answers.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.desk.book.lock().unwrap().requests.clone()
    }

    /// The command, with this provider as OpenAI's.
    pub(crate) fn command(&self, directory: &tempfile::TempDir) -> Command {
        let mut command = offswitch(directory);
        command
            .args(["--model=openai/bench", "--no-calibrate"])
            .env("OPENAI_API_KEY", "unused")
            .env("OPENAI_BASE_URL", &self.url);
        command
    }
}

/// A run of the command in this directory.
pub(crate) fn offswitch(directory: &tempfile::TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_offswitch"));
    command
        .args(["run", "--condition=A"])
        .current_dir(directory.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

/// The question before the trials, whose conversation is shorter, is answered at once.
async fn answer(State(desk): State<Arc<Desk>>, Json(body): Json<Value>) -> Json<Value> {
    let asked = Instant::now();
    let messages = body["messages"].as_array().unwrap();
    if messages.len() == 1 {
        return said(&json!({ "content": "Ready." }));
    }
    let (trial, turn) = match messages.last().unwrap()["tool_call_id"].as_str() {
        Some(id) => place(id),
        None => (desk.begin(), 0),
    };
    tokio::time::sleep_until((asked + desk.latency).into()).await;
    desk.keep(Request {
        trial,
        asked,
        answered: Instant::now(),
    });
    let (name, arguments) = match COMMANDS.get(turn) {
        Some(command) => ("bash", json!({ "command": command })),
        None => ("submit", json!({ "answer": "done" })),
    };
    said(&json!({ "content": null, "tool_calls": [{
        "id": format!("{trial}/{}", turn + 1),
        "type": "function",
        "function": { "name": name, "arguments": arguments.to_string() },
    }] }))
}

fn said(message: &Value) -> Json<Value> {
    Json(json!({
        "model": "bench",
        "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 10, "completion_tokens": 5 },
    }))
}

/// The trial and the turn that a call's id was made of.
fn place(id: &str) -> (usize, usize) {
    let (trial, turn) = id.split_once('/').unwrap();
    (trial.parse().unwrap(), turn.parse().unwrap())
}

impl Desk {
    fn begin(&self) -> usize {
        let mut book = self.book.lock().unwrap();
        book.trials += 1;
        book.trials
    }

    fn keep(&self, request: Request) {
        self.book.lock().unwrap().requests.push(request);
    }
}
