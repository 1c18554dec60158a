//! A provider's answer as it came, beside the message that was read from it.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Message, Origin, Reasoning, ToolCall};

/// What naming a place costs in JSON beside the two names: quotes, a colon, a comma, and `null`
/// in place of the quotes of the string.
const NAMING: usize = 8;

/// A provider's answer as it came. Its strings that stand in the message too are not kept twice:
/// `same` says where they are, and [`Message::raw_body`] puts them back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// The model that answered, as the provider names it.
    pub model: Option<String>,
    /// Why the answer ended, in the provider's word.
    pub stop: Option<String>,
    /// Where the answer came from.
    #[serde(default, skip_serializing_if = "Origin::is_provider")]
    pub origin: Origin,
    /// The body, with `null` for each string that `same` names.
    pub body: Value,
    /// JSON pointer into the body → JSON pointer into the message. Where it points at no
    /// string, the body holds the compact JSON of what it points at.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub same: BTreeMap<String, String>,
}

impl Reply {
    /// Keeps a provider's body beside what was read from it.
    #[must_use]
    pub fn new(
        model: Option<String>,
        stop: Option<String>,
        mut body: Value,
        (text, calls, reasoning): (&str, &[ToolCall], &[Reasoning]),
    ) -> Self {
        let mut places = HashMap::new();
        note(&mut places, "/text".to_owned(), text.to_owned());
        for (index, thought) in reasoning.iter().enumerate() {
            note(
                &mut places,
                format!("/reasoning/{index}/text"),
                thought.text.clone(),
            );
            if let Some(signature) = &thought.signature {
                note_strings(
                    &mut places,
                    &format!("/reasoning/{index}/signature"),
                    signature,
                );
            }
        }
        for (index, call) in calls.iter().enumerate() {
            let place = format!("/calls/{index}/arguments");
            if !call.arguments.is_string() {
                note(&mut places, place.clone(), call.arguments.to_string());
            }
            note_strings(&mut places, &place, &call.arguments);
        }
        let mut same = BTreeMap::new();
        cut(&mut body, "", &places, &mut same);
        Self {
            model,
            stop,
            origin: Origin::Provider,
            body,
            same,
        }
    }
}

impl Message {
    /// The body of the provider's answer that this message was read from, as it came.
    ///
    /// `None` for a message that is no provider's answer, or whose record was changed so that
    /// the body cannot be put together again.
    #[must_use]
    pub fn raw_body(&self) -> Option<Value> {
        let Self::Assistant {
            reply: Some(reply), ..
        } = self
        else {
            return None;
        };
        let message = serde_json::to_value(self).ok()?;
        let mut body = reply.body.clone();
        for (at, from) in &reply.same {
            let place = message.pointer(from)?;
            let kept = place
                .as_str()
                .map_or_else(|| place.to_string(), str::to_owned);
            *body.pointer_mut(at)? = Value::String(kept);
        }
        Some(body)
    }
}

fn note(places: &mut HashMap<String, String>, place: String, text: String) {
    places.entry(text).or_insert(place);
}

fn note_strings(places: &mut HashMap<String, String>, place: &str, value: &Value) {
    match value {
        Value::String(text) => note(places, place.to_owned(), text.clone()),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                note_strings(places, &format!("{place}/{index}"), item);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                note_strings(places, &format!("{place}/{}", escape(name)), field);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn cut(
    value: &mut Value,
    at: &str,
    places: &HashMap<String, String>,
    same: &mut BTreeMap<String, String>,
) {
    match value {
        Value::String(text) => {
            // A string that is shorter than the names of its places is better kept twice.
            if let Some(place) = places.get(text)
                && text.len() > at.len() + place.len() + NAMING
            {
                same.insert(at.to_owned(), place.clone());
                *value = Value::Null;
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                cut(item, &format!("{at}/{index}"), places, same);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                cut(field, &format!("{at}/{}", escape(name)), places, same);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A name as JSON pointers write it (RFC 6901).
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn message(text: &str, arguments: Value, thought: &str, body: &Value) -> Message {
        let calls = vec![ToolCall {
            id: "call_1".to_owned(),
            name: "bash".to_owned(),
            arguments,
        }];
        let reasoning = vec![Reasoning {
            text: thought.to_owned(),
            signature: Some(
                json!({ "signature": "a signature that is long enough to be worth naming its place" }),
            ),
        }];
        let reply = Reply::new(None, None, body.clone(), (text, &calls, &reasoning));
        Message::Assistant {
            text: text.to_owned(),
            calls,
            reasoning,
            reply: Some(reply),
        }
    }

    #[test]
    fn a_string_that_the_message_holds_is_kept_once() {
        let body = json!({
            "content": "What I say, which is long enough.",
            "signature": "a signature that is long enough to be worth naming its place",
            "arguments": r#"{"command":"cat notes-that-have-a-long-name.txt"}"#,
            "short": "stop",
        });
        let arguments = json!({ "command": "cat notes-that-have-a-long-name.txt" });
        let message = message("What I say, which is long enough.", arguments, "", &body);
        let Message::Assistant {
            reply: Some(reply), ..
        } = &message
        else {
            panic!("it is an answer");
        };
        let cut = json!({ "content": null, "signature": null, "arguments": null, "short": "stop" });
        assert_eq!(reply.body, cut);
        assert_eq!(message.raw_body(), Some(body));
        let read: Message =
            serde_json::from_str(&serde_json::to_string(&message).unwrap()).unwrap();
        assert_eq!(read, message);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            "[a-c~/ ]{0,3}".prop_map(Value::from),
            Just(Value::from(
                "a string that is long enough to be worth naming its place"
            )),
            Just(Value::from(
                r#"{"~/":"a string that is long enough to be worth naming its place"}"#
            )),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a~/]{0,2}", inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_body_comes_back_as_it_was(
            body in any_json(),
            arguments in any_json(),
            thought in prop::sample::select(vec!["", "a string that is long enough to be worth naming its place"]),
        ) {
            let message = message("a string that is long enough to be worth naming its place", arguments, thought, &body);
            prop_assert_eq!(message.raw_body(), Some(body));
        }

        #[test]
        fn keeping_a_body_never_takes_more_room_than_the_body(
            body in any_json(),
            arguments in any_json(),
        ) {
            const AROUND: &str = r#"{"model":null,"stop":null,"body":,"same":{}}"#;
            let text = "a string that is long enough to be worth naming its place";
            let message = message(text, arguments, "", &body);
            let Message::Assistant { reply, .. } = message else {
                panic!("it is an answer");
            };
            let room = serde_json::to_string(&reply).unwrap().len();
            prop_assert!(room <= body.to_string().len() + AROUND.len());
        }
    }
}
