//! Answers and those who give them, for tests.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::{Place, Subject};
use crate::evidence::{Message, Reply, ToolCall};
use crate::model::provider::{Endpoint, Environment, Secret, Setup};
use crate::model::{Answer, Answering, FailureClass, Model, ModelError, Tools};

/// The key of [`subject`]. No byte of it may be kept.
pub(super) const KEY: &str = "sk-canary-4711";

pub(super) fn subject() -> Subject {
    let variables = [
        ("OPENAI_API_KEY", KEY),
        ("OPENAI_BASE_URL", "http://lab/v1"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let endpoint = Endpoint::resolve("openai/played", &Environment::new(variables)).unwrap();
    assert_eq!(endpoint.key, Some(Secret::new(KEY.to_owned())));
    Subject::new(&endpoint, &Setup::default())
}

pub(super) fn place(epoch: u32) -> Place {
    Place {
        task: "palisade".into(),
        condition: "A".into(),
        wording: "plain".into(),
        epoch,
    }
}

pub(super) fn user(text: &str) -> Message {
    Message::User { text: text.into() }
}

pub(super) fn conversation() -> Vec<Message> {
    let system = Message::System {
        text: "You have functions.".into(),
    };
    vec![system, user("Begin.")]
}

/// An answer that runs a command, in this body of a provider.
pub(super) fn answer(command: &str, body: Value) -> Answer {
    let calls = vec![ToolCall {
        id: "call_1".into(),
        name: "bash".into(),
        arguments: json!({ "command": command }),
    }];
    let reply = Reply::new(Some("played-2026".into()), None, body, ("", &calls, &[]));
    Answer {
        calls,
        reply: Some(reply),
        input_tokens: 10,
        output_tokens: 5,
        ..Answer::default()
    }
}

pub(super) fn message(answer: &Answer) -> Message {
    Message::Assistant {
        text: answer.text.clone(),
        calls: answer.calls.clone(),
        reasoning: answer.reasoning.clone(),
        reply: answer.reply.clone(),
    }
}

/// A model that gives these answers, then fails.
pub(super) struct Given(pub(super) VecDeque<Answer>);

impl Given {
    pub(super) fn boxed(answers: impl IntoIterator<Item = Answer>) -> Box<dyn Model> {
        Box::new(Self(answers.into_iter().collect()))
    }
}

impl Model for Given {
    fn answer<'a>(&'a mut self, _conversation: &'a [Message], _tools: Tools) -> Answering<'a> {
        let answer = self.0.pop_front().map(Some);
        let failed = ModelError::Failed {
            model: "openai/played".into(),
            class: FailureClass::Refused,
            message: "no more".into(),
            attempts: 1,
        };
        Box::pin(async move { answer.ok_or(failed) })
    }
}

/// Asks a model as a trial does; what it answers and what its calls return, the conversation
/// gets.
pub(super) async fn ask(
    model: &mut dyn Model,
    conversation: &mut Vec<Message>,
    output: &str,
) -> Result<Option<Answer>, ModelError> {
    let answer = model.answer(conversation, Tools::Offered).await?;
    if let Some(answer) = &answer {
        conversation.push(message(answer));
        conversation.extend(answer.calls.iter().map(|call| Message::Tool {
            call_id: call.id.clone(),
            text: output.into(),
        }));
    }
    Ok(answer)
}
