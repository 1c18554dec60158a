//! A provider that answers as it is told, and keeps what it was asked.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Request, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::rules;

/// What the server answers with.
pub(crate) enum Play {
    /// This JSON, with status 200.
    Json(Value),
    /// This status, with these headers and this body.
    Raw(u16, Vec<(&'static str, &'static str)>, Vec<u8>),
    /// Nothing, for ever.
    Stall,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

#[derive(Default)]
struct Script {
    plays: Mutex<VecDeque<Play>>,
    asked: Mutex<Vec<Asked>>,
    answered: Mutex<Vec<Value>>,
    /// How many answers were given before the conversation that is going on.
    begun: AtomicUsize,
}

/// A server on a port of its own, for as long as its test.
pub(crate) struct Server {
    pub(crate) url: String,
    script: Arc<Script>,
}

impl Server {
    pub(crate) async fn start(plays: impl IntoIterator<Item = Play>) -> Self {
        let script = Arc::new(Script {
            plays: Mutex::new(plays.into_iter().collect()),
            ..Script::default()
        });
        let router = Router::new().fallback(play).with_state(Arc::clone(&script));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, script }
    }

    /// A server that says how long its answer is and closes the connection within it.
    pub(crate) async fn that_breaks_off() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 16384]).await;
                let cut = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                    content-length: 900\r\n\r\n{\"choices\": [{\"mess";
                let _ = stream.write_all(cut).await;
            }
        });
        Self {
            url,
            script: Arc::default(),
        }
    }

    /// A server that is not ours.
    pub(crate) fn elsewhere(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            script: Arc::default(),
        }
    }

    /// Whether there is another answer to give.
    pub(crate) fn has_more(&self) -> bool {
        !self.script.plays.lock().unwrap().is_empty()
    }

    /// All requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.script.asked.lock().unwrap().clone()
    }

    /// The bodies of all answers so far that were JSON.
    pub(crate) fn answered(&self) -> Vec<Value> {
        self.script.answered.lock().unwrap().clone()
    }

    /// The body of the last request.
    pub(crate) fn last(&self) -> Value {
        self.asked().pop().unwrap().body
    }
}

async fn play(State(script): State<Arc<Script>>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let asked = Asked {
        path: parts.uri.path().to_owned(),
        headers: parts.headers,
        body: serde_json::from_slice(&body).unwrap(),
    };
    let broken = rules::check(&asked).and_then(|()| {
        let answered = script.answered.lock().unwrap();
        if rules::is_opening(&asked.body) {
            script.begun.store(answered.len(), Ordering::Relaxed);
        }
        let begun = script.begun.load(Ordering::Relaxed);
        rules::gives_back(&asked.body, &answered[begun..])
    });
    script.asked.lock().unwrap().push(asked);
    if let Err(rule) = broken {
        let error = json!({ "error": { "message": rule } });
        return response(
            400,
            &[("content-type", "application/json")],
            error.to_string().into(),
        );
    }
    let next = script.plays.lock().unwrap().pop_front();
    // The test says how each request is answered.
    match next.unwrap() {
        Play::Json(body) => {
            script.answered.lock().unwrap().push(body.clone());
            response(
                200,
                &[("content-type", "application/json")],
                body.to_string().into(),
            )
        }
        Play::Raw(status, headers, body) => response(status, &headers, body),
        Play::Stall => std::future::pending().await,
    }
}

fn response(status: u16, headers: &[(&str, &str)], body: Vec<u8>) -> Response<Body> {
    let response = Response::builder().status(status);
    let response = headers.iter().fold(response, |response, (name, value)| {
        response.header(*name, *value)
    });
    response.body(Body::from(body)).unwrap()
}
