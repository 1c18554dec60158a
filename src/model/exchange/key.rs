//! What makes two requests the same.

use serde_json::json;

use super::subject::{Place, Subject};
use crate::evidence::{Digest, Message};
use crate::model::Tools;
use crate::model::provider::request;

/// SHA-256 over all that a request follows from, and over the trial that it is made in.
///
/// The trial is part of it so that every trial stays a draw of its own: another epoch asks anew,
/// and so does another condition or wording, even where its first request has the same words.
/// The version of the program is part of it, since the next one may write a request otherwise.
///
/// # Errors
/// Never, since all of it can be written as JSON.
pub(super) fn key(
    subject: &Subject,
    place: &Place,
    conversation: &[Message],
    tools: Tools,
) -> Result<Digest, serde_json::Error> {
    let Subject {
        model,
        server,
        protocol,
        tool_protocol,
        tool_profile,
        settings,
        // Whose key it is changes nothing of the answer, and no trace of it may be kept.
        key: _,
    } = subject;
    let Place {
        task,
        condition,
        wording,
        epoch,
    } = place;
    let request = request(
        conversation,
        *protocol,
        *tool_protocol,
        *tool_profile,
        tools,
    );
    let all = json!({
        "offswitch": env!("CARGO_PKG_VERSION"),
        "model": model,
        "server": server,
        "tool_protocol": tool_protocol,
        "tool_profile": tool_profile,
        "settings": settings,
        "task": task,
        "condition": condition,
        "wording": wording,
        "epoch": epoch,
        "tools": tools,
        "request": serde_json::to_value(request)?,
    });
    Ok(Digest::of(&serde_json::to_vec(&all)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::exchange::fixtures::{self, conversation, place, subject};
    use crate::model::provider::{Secret, Settings, ToolProfile, ToolProtocol};

    fn of(subject: &Subject, place: &Place, conversation: &[Message]) -> Digest {
        key(subject, place, conversation, Tools::Offered).unwrap()
    }

    #[test]
    fn each_ingredient_of_a_request_changes_the_key() {
        let (one, here, talk) = (subject(), place(1), conversation());
        let subjects = [
            Subject {
                model: "openai/other".into(),
                ..subject()
            },
            Subject {
                server: "http://elsewhere/v1/".into(),
                ..subject()
            },
            Subject {
                tool_protocol: ToolProtocol::Text,
                ..subject()
            },
            Subject {
                tool_profile: ToolProfile::Palisade,
                ..subject()
            },
            Subject {
                settings: Settings {
                    temperature: Some(0.0),
                    ..Settings::default()
                },
                ..subject()
            },
            Subject {
                settings: Settings {
                    extra: [("service_tier".to_owned(), json!("flex"))]
                        .into_iter()
                        .collect(),
                    ..Settings::default()
                },
                ..subject()
            },
        ];
        let places = [
            place(2),
            Place {
                task: "other".into(),
                ..place(1)
            },
            Place {
                condition: "E".into(),
                ..place(1)
            },
            Place {
                wording: "terse".into(),
                ..place(1)
            },
        ];
        let longer = [talk.clone(), vec![fixtures::user("And?")]].concat();
        let mut keys = vec![of(&one, &here, &talk), of(&one, &here, &longer)];
        keys.push(key(&one, &here, &talk, Tools::None).unwrap());
        keys.extend(subjects.iter().map(|subject| of(subject, &here, &talk)));
        keys.extend(places.iter().map(|place| of(&one, place, &talk)));
        let all = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), all);
    }

    #[test]
    fn what_is_not_sent_does_not_change_the_key() {
        let said = |body| {
            let mut talk = conversation();
            talk.push(fixtures::message(&fixtures::answer("ls", body)));
            of(&subject(), &place(1), &talk)
        };
        assert_eq!(said(json!({ "id": 1 })), said(json!({ "id": 2 })));
        let other_key = Subject {
            key: Some(Secret::new("another".into())),
            ..subject()
        };
        let keys = [subject(), other_key].map(|one| of(&one, &place(1), &conversation()));
        assert_eq!(keys[0], keys[1]);
    }
}
