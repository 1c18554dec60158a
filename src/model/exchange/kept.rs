//! An answer as it is kept.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::scrub;
use crate::evidence::{Message, Origin, Reply};
use crate::model::Answer;
use crate::model::provider::catalogue::Protocol;

/// An answer: the message that it is in a transcript, the provider's body with it, and what it
/// took. What it cost is not kept, since it costs nothing a second time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    message: Message,
    input_tokens: u64,
    output_tokens: u64,
    reasoning_tokens: u64,
    cached_tokens: u64,
}

impl Kept {
    pub(super) fn of(answer: &Answer) -> Self {
        Self {
            message: Message::Assistant {
                text: answer.text.clone(),
                calls: answer.calls.clone(),
                reasoning: answer.reasoning.clone(),
                reply: answer.reply.clone(),
            },
            input_tokens: answer.input_tokens,
            output_tokens: answer.output_tokens,
            reasoning_tokens: answer.reasoning_tokens,
            cached_tokens: answer.cached_tokens,
        }
    }

    /// The same without what tells in the provider's body whose account it was.
    pub(super) fn scrubbed(mut self, protocol: Protocol) -> Self {
        let body = self.message.raw_body();
        if let Message::Assistant {
            text,
            calls,
            reasoning,
            reply: Some(reply),
        } = &mut self.message
        {
            let body = scrub::body(protocol, body.unwrap_or_default());
            let (model, stop) = (reply.model.take(), reply.stop.take());
            *reply = Reply {
                origin: reply.origin,
                ..Reply::new(model, stop, body, (text, calls, reasoning))
            };
        }
        self
    }

    /// The answer again, marked with where it is from. None where what was kept is no message of
    /// a model.
    pub(super) fn give(self, origin: Origin) -> Option<Answer> {
        let Message::Assistant {
            text,
            calls,
            reasoning,
            reply,
        } = self.message
        else {
            return None;
        };
        let mut reply = reply.unwrap_or_else(|| {
            let kept = (&*text, &*calls, &*reasoning);
            Reply::new(None, None, Value::Null, kept)
        });
        reply.origin = origin;
        Some(Answer {
            text,
            calls,
            reasoning,
            reply: Some(reply),
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            reasoning_tokens: self.reasoning_tokens,
            cached_tokens: self.cached_tokens,
            cost_usd: Some(0.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::exchange::fixtures;

    #[test]
    fn an_answer_comes_back_as_it_was_but_marked_and_for_nothing() {
        let answer = Answer {
            cost_usd: Some(0.25),
            ..fixtures::answer("ls", json!({ "id": 1 }))
        };
        let mut expected = answer.clone();
        expected.cost_usd = Some(0.0);
        expected.reply.as_mut().unwrap().origin = Origin::Cache;
        assert_eq!(Kept::of(&answer).give(Origin::Cache), Some(expected));
    }

    #[test]
    fn an_answer_without_a_body_is_marked_all_the_same() {
        let answer = Answer {
            reply: None,
            ..fixtures::answer("ls", json!(null))
        };
        let given = Kept::of(&answer).give(Origin::Recording).unwrap();
        assert_eq!(given.reply.unwrap().origin, Origin::Recording);
    }

    #[test]
    fn a_scrubbed_body_is_whole_but_for_what_was_removed() {
        let long = "echo a command that is long enough to be kept in one place only";
        let body = json!({
            "user": "me",
            "choices": [{ "message": { "content": null, "said": long } }],
        });
        let answer = fixtures::answer(long, body.clone());
        let kept = Kept::of(&answer).scrubbed(Protocol::Chat);
        let mut expected = body;
        expected.as_object_mut().unwrap().remove("user");
        assert_eq!(kept.message.raw_body(), Some(expected));
        assert_eq!(kept.give(Origin::Recording).unwrap().calls, answer.calls);
    }
}
