//! A sample of a log, as far as it is imported.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::attachment::Attachments;

/// One sample in one epoch. Fields that are not imported are passed over.
#[derive(Debug, Deserialize)]
pub(super) struct Sample {
    pub(super) id: Id,
    pub(super) epoch: u32,
    #[serde(default)]
    pub(super) messages: Vec<Value>,
    #[serde(default, rename = "events", deserialize_with = "last_asked")]
    last_asked: Option<Asked>,
    #[serde(default)]
    events_data: Option<EventsData>,
    #[serde(default)]
    attachments: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) scores: Option<Value>,
    #[serde(default)]
    pub(super) metadata: Value,
    #[serde(default)]
    pub(super) model_usage: BTreeMap<String, ModelUsage>,
    pub(super) started_at: Option<String>,
    pub(super) completed_at: Option<String>,
    pub(super) total_time: Option<f64>,
    pub(super) working_time: Option<f64>,
    pub(super) error: Option<Failed>,
    pub(super) limit: Option<Reached>,
}

/// A sample's id: a text, or a number.
#[derive(Debug, Deserialize)]
#[serde(from = "Value")]
pub(super) struct Id(pub(super) String);

impl From<Value> for Id {
    fn from(id: Value) -> Self {
        Self(match id {
            Value::String(text) => text,
            other @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_)) => other.to_string(),
        })
    }
}

/// Tokens of a model. `input_tokens` is without those that were cached.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ModelUsage {
    pub(super) input_tokens: u64,
    pub(super) output_tokens: u64,
    pub(super) input_tokens_cache_read: Option<u64>,
    pub(super) input_tokens_cache_write: Option<u64>,
    pub(super) reasoning_tokens: Option<u64>,
    pub(super) total_cost: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Failed {
    pub(super) message: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Reached {
    #[serde(rename = "type")]
    pub(super) kind: String,
}

/// Messages that events refer to by their places.
#[derive(Debug, Deserialize)]
struct EventsData {
    #[serde(default)]
    messages: Vec<Value>,
}

/// What a model was asked, and what it answered.
#[derive(Debug, Deserialize)]
struct Asked {
    event: String,
    #[serde(default)]
    input: Value,
    #[serde(default)]
    input_refs: Option<Vec<(usize, usize)>>,
    #[serde(default)]
    output: Value,
}

impl Sample {
    /// Puts texts in the places of references, and where the conversation is not there, the last
    /// one that the model was asked to go on with.
    ///
    /// # Errors
    /// References that lead nowhere, or to more than can be kept.
    pub(super) fn resolve(&mut self) -> Result<(), String> {
        if self.messages.is_empty()
            && let Some(asked) = self.last_asked.take()
        {
            let pool = self.events_data.take();
            let pool = pool.map(|data| data.messages).unwrap_or_default();
            self.messages = asked.conversation(&pool)?;
        }
        let mut attachments = Attachments::new(std::mem::take(&mut self.attachments));
        for message in &mut self.messages {
            attachments.resolve(message)?;
        }
        self.scores
            .as_mut()
            .map_or(Ok(()), |scores| attachments.resolve(scores))
    }
}

impl Asked {
    fn conversation(self, pool: &[Value]) -> Result<Vec<Value>, String> {
        let mut messages = self.input.as_array().cloned().unwrap_or_default();
        for (from, to) in self.input_refs.unwrap_or_default() {
            let range = pool.get(from..to).ok_or_else(|| {
                format!("an event refers to the messages {from} to {to}, which are not there")
            })?;
            messages.extend_from_slice(range);
        }
        messages.extend(self.output.pointer("/choices/0/message").cloned());
        Ok(messages)
    }
}

/// Of the events the last in which a model was asked. The others are not kept: together they are
/// many times as large as the conversation.
fn last_asked<'a, D: Deserializer<'a>>(events: D) -> Result<Option<Asked>, D::Error> {
    struct Last;

    impl<'a> Visitor<'a> for Last {
        type Value = Option<Asked>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of events")
        }

        fn visit_seq<A: SeqAccess<'a>>(self, mut events: A) -> Result<Self::Value, A::Error> {
            let mut last = None;
            while let Some(event) = events.next_element::<Asked>()? {
                if event.event == "model" {
                    last = Some(event);
                }
            }
            Ok(last)
        }
    }

    events.deserialize_seq(Last)
}
