//! Holds the models at providers against a provider of our own, which checks every request by the
//! rules that the real ones publish and plays their faults.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where something is not as it must be"
)]

mod broken_rules;
mod chat;
mod conversations;
mod cost;
mod faults;
mod litellm;
mod rules;
mod server;
mod settings;
mod without_tools;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use offswitch::evidence::{Message, ToolCall};
use offswitch::model::provider::{
    AttemptSink, Client, Endpoint, Environment, FailedAttempt, Limiters, RetryPolicy, Setup,
};
use offswitch::model::{Answer, Model, ModelError, Tools};
use serde_json::{Value, json};
use server::Server;

/// The key of every provider here. No byte of it may come back.
const KEY: &str = "sk-canary-4711";

/// A model at the scripted provider, and what its client told.
struct Subject {
    client: Arc<Client>,
    attempts: Arc<Mutex<Vec<FailedAttempt>>>,
}

/// Waits that no test notices.
fn quick() -> Setup {
    Setup {
        retries: RetryPolicy {
            first_wait: Duration::from_millis(1),
            longest_wait: Duration::from_millis(25),
            ..RetryPolicy::default()
        },
        ..Setup::default()
    }
}

fn environment(server: &Server) -> Environment {
    let providers = [
        "OPENAI",
        "ANTHROPIC",
        "GOOGLE",
        "MISTRAL",
        "DEEPSEEK",
        "OPENROUTER",
        "FIREWORKS",
        "LAB",
    ];
    let keys = providers.map(|name| (format!("{name}_API_KEY"), KEY.to_owned()));
    let urls = providers.map(|name| (format!("{name}_BASE_URL"), server.url.clone()));
    let local = [("VLLM_BASE_URL".to_owned(), server.url.clone())];
    Environment::new(keys.into_iter().chain(urls).chain(local))
}

fn subject(server: &Server, name: &str, setup: Setup) -> Subject {
    let endpoint = Endpoint::resolve(name, &environment(server)).unwrap();
    let limiter = Limiters::default().of(&endpoint.provider, 64);
    let attempts: Arc<Mutex<Vec<FailedAttempt>>> = Arc::default();
    let told = Arc::clone(&attempts);
    let sink: AttemptSink = Arc::new(move |attempt| told.lock().unwrap().push(attempt.clone()));
    let client = Client::new(endpoint, setup, limiter, sink).unwrap();
    assert_clean(&format!("{client:?}"));
    Subject {
        client: Arc::new(client),
        attempts,
    }
}

impl Subject {
    /// Asks once, with nothing said before but a prompt.
    async fn ask(&self) -> Result<Answer, ModelError> {
        self.ask_with(&opening()).await
    }

    /// Asks what is asked of a model before any trial.
    async fn check(&self) -> Result<Answer, ModelError> {
        self.ask_with(&Client::question()).await
    }

    async fn ask_with(&self, conversation: &[Message]) -> Result<Answer, ModelError> {
        let asked = self
            .client
            .model(1)
            .answer(conversation, Tools::Offered)
            .await;
        assert_clean(&format!("{asked:?} {:?}", self.attempts()));
        asked.map(|answer| answer.expect("a provider's model always answers"))
    }

    /// Talks as a trial does, until the server has no further answer: every call is answered, and
    /// where there was none the model is asked to go on.
    async fn converse(&self, server: &Server) -> Vec<Message> {
        let mut conversation = opening();
        while server.has_more() {
            let answer = self.ask_with(&conversation).await.unwrap();
            let calls = answer.calls.clone();
            conversation.push(assistant(answer));
            if calls.is_empty() {
                conversation.push(user("Go on."));
            }
            conversation.extend(calls.iter().map(returned));
        }
        assert_clean(&serde_json::to_string(&conversation).unwrap());
        let kept: Vec<_> = conversation.iter().filter_map(Message::raw_body).collect();
        assert_eq!(kept, server.answered());
        conversation
    }

    fn attempts(&self) -> Vec<FailedAttempt> {
        self.attempts.lock().unwrap().clone()
    }
}

fn opening() -> Vec<Message> {
    let system = Message::System {
        text: "You have functions.".to_owned(),
    };
    vec![system, user("Begin.")]
}

fn user(text: &str) -> Message {
    Message::User {
        text: text.to_owned(),
    }
}

fn returned(call: &ToolCall) -> Message {
    Message::Tool {
        call_id: call.id.clone(),
        text: format!("output of {}", call.id),
    }
}

fn assistant(answer: Answer) -> Message {
    Message::Assistant {
        text: answer.text,
        calls: answer.calls,
        reasoning: answer.reasoning,
        reply: answer.reply,
    }
}

fn assert_clean(text: &str) {
    assert!(!text.contains("canary"), "the key is in {text}");
}

fn calls(message: &Message) -> &[ToolCall] {
    let Message::Assistant { calls, .. } = message else {
        panic!("it is no answer: {message:?}");
    };
    calls
}

/// The tools as they are offered, each written as its protocol wants it.
fn tools(wrap: impl Fn(&str, &str, Value) -> Value) -> Value {
    let schema = |name: &str, text: &str| {
        json!({
            "type": "object",
            "properties": { name: { "type": "string", "description": text } },
            "required": [name],
            "additionalProperties": false,
        })
    };
    let bash = "Runs a command in a new bash login shell and returns its output.";
    let submit = "Hands in the final answer and ends the work.";
    json!([
        wrap("bash", bash, schema("command", "The command.")),
        wrap("submit", submit, schema("answer", "The answer.")),
    ])
}
