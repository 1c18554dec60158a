//! Removes what tells whose account it was from what is recorded.
//!
//! Keys and ids that providers tell in headers never get here. What a body tells stands in fields
//! with these names, which `docs/recording.md` lists by protocol. They are removed wherever they
//! stand, except within what the model said: a call's argument may be called `user`, too.

use serde_json::{Map, Value};

use crate::model::provider::catalogue::Protocol;

/// Names of fields, in lower case and without `_` and `-`, that hold ids or names of an account,
/// whatever server writes them: gateways add their own to every protocol.
const ACCOUNT: [&str; 30] = [
    "accesstoken",
    "account",
    "accountid",
    "accountname",
    "apikey",
    "apikeyid",
    "authorization",
    "customer",
    "customerid",
    "email",
    "enduser",
    "enduserid",
    "org",
    "organisation",
    "organisationid",
    "organization",
    "organizationid",
    "orgid",
    "project",
    "projectid",
    "projectname",
    "projectnumber",
    "team",
    "teamid",
    "tenant",
    "tenantid",
    "user",
    "userid",
    "workspace",
    "workspaceid",
];

/// Fields of OpenAI's protocols that say for whom a request was made, or name what is stored in
/// the account.
const OPENAI: [&str; 5] = [
    "conversation",
    "metadata",
    "previousresponseid",
    "promptcachekey",
    "safetyidentifier",
];

/// The same of Anthropic's. Its `metadata` holds the `user_id` of a request.
const ANTHROPIC: [&str; 2] = ["container", "metadata"];

/// The same of Google's. The name of what is cached begins with that of the project.
const GOOGLE: [&str; 2] = ["cachedcontent", "labels"];

/// What a protocol's body holds.
struct Layout {
    /// The fields of its own that are removed.
    own: &'static [&'static str],
    /// The path to what the model said, without the indices of lists.
    said: &'static str,
}

fn layout(protocol: Protocol) -> Layout {
    match protocol {
        Protocol::Chat | Protocol::DeepSeekChat | Protocol::MistralChat => Layout {
            own: &OPENAI,
            said: "/choices/message",
        },
        Protocol::Responses => Layout {
            own: &OPENAI,
            said: "/output",
        },
        Protocol::Messages => Layout {
            own: &ANTHROPIC,
            said: "/content",
        },
        Protocol::GenerateContent => Layout {
            own: &GOOGLE,
            said: "/candidates/content",
        },
    }
}

/// A provider's body without the ids of an account.
pub(super) fn body(protocol: Protocol, mut body: Value) -> Value {
    remove(&mut body, "", &layout(protocol));
    body
}

/// The fields that a user added to requests, without the ids of an account. They may be of any
/// depth, and hold nothing that a model said.
pub(super) fn settings(protocol: Protocol, settings: Map<String, Value>) -> Map<String, Value> {
    let layout = Layout {
        said: "none",
        ..layout(protocol)
    };
    let mut settings = Value::Object(settings);
    remove(&mut settings, "", &layout);
    match settings {
        Value::Object(fields) => fields,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    }
}

fn remove(value: &mut Value, path: &str, layout: &Layout) {
    if path == layout.said {
        return;
    }
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !is_removed(name, layout));
            for (name, field) in fields {
                remove(field, &format!("{path}/{name}"), layout);
            }
        }
        Value::Array(items) => {
            for item in items {
                remove(item, path, layout);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_removed(name: &str, layout: &Layout) -> bool {
    let plain = name.chars().filter(char::is_ascii_alphanumeric);
    let plain: String = plain.map(|c| c.to_ascii_lowercase()).collect();
    ACCOUNT.contains(&&*plain) || layout.own.contains(&&*plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Arguments of a call that look like an account's, which must stay.
    fn arguments() -> Value {
        json!({ "user": "root", "project": "p", "command": "id" })
    }

    #[test]
    fn chat_completions_lose_their_account_and_keep_what_was_said() {
        let said = json!({
            "role": "assistant",
            "content": null,
            "tool_calls": [{ "id": "call_1", "function": { "name": "bash", "arguments": arguments() } }],
        });
        let came = json!({
            "id": "chatcmpl-1",
            "model": "gpt-2026",
            "user": "user-canary",
            "metadata": { "lab": "canary" },
            "safety_identifier": "canary",
            "prompt_cache_key": "canary",
            "choices": [{ "index": 0, "message": said, "finish_reason": "stop", "user_id": "canary" }],
            "usage": { "prompt_tokens": 10, "organization": "org-canary" },
            "x_gateway": [{ "orgId": "canary", "TEAM-ID": "canary", "api_key": "canary", "region": "x" }],
        });
        let kept = json!({
            "id": "chatcmpl-1",
            "model": "gpt-2026",
            "choices": [{ "index": 0, "message": said, "finish_reason": "stop" }],
            "usage": { "prompt_tokens": 10 },
            "x_gateway": [{ "region": "x" }],
        });
        for protocol in [
            Protocol::Chat,
            Protocol::DeepSeekChat,
            Protocol::MistralChat,
        ] {
            assert_eq!(body(protocol, came.clone()), kept);
        }
    }

    #[test]
    fn responses_lose_their_account_and_keep_what_was_said() {
        let output = json!([
            { "type": "reasoning", "id": "rs_1", "encrypted_content": "sealed", "summary": [] },
            { "type": "function_call", "call_id": "a", "name": "bash", "arguments": arguments() },
        ]);
        let came = json!({
            "id": "resp_1",
            "status": "completed",
            "output": output,
            "user": "canary",
            "safety_identifier": "canary",
            "prompt_cache_key": "canary",
            "previous_response_id": "resp_canary",
            "conversation": { "id": "conv_canary" },
            "metadata": { "owner": "canary" },
            "reasoning": { "effort": "low" },
        });
        let kept = json!({
            "id": "resp_1",
            "status": "completed",
            "output": output,
            "reasoning": { "effort": "low" },
        });
        assert_eq!(body(Protocol::Responses, came), kept);
    }

    #[test]
    fn messages_lose_their_account_and_keep_what_was_said() {
        let content =
            json!([{ "type": "tool_use", "id": "a", "name": "bash", "input": arguments() }]);
        let came = json!({
            "id": "msg_1",
            "content": content,
            "metadata": { "user_id": "canary" },
            "container": { "id": "container_canary" },
            "organization_id": "canary",
            "usage": { "input_tokens": 5, "workspace_id": "canary" },
        });
        let kept = json!({ "id": "msg_1", "content": content, "usage": { "input_tokens": 5 } });
        assert_eq!(body(Protocol::Messages, came), kept);
    }

    #[test]
    fn generate_content_loses_its_account_and_keeps_what_was_said() {
        let content = json!({ "role": "model", "parts": [{ "functionCall": { "name": "bash", "args": arguments() } }] });
        let came = json!({
            "candidates": [{ "content": content, "finishReason": "STOP", "projectId": "canary" }],
            "modelVersion": "gemini-2026",
            "cachedContent": "projects/canary/cachedContents/1",
            "labels": { "owner": "canary" },
            "projectNumber": 4711,
        });
        let kept = json!({
            "candidates": [{ "content": content, "finishReason": "STOP" }],
            "modelVersion": "gemini-2026",
        });
        assert_eq!(body(Protocol::GenerateContent, came), kept);
    }

    #[test]
    fn a_field_that_a_user_added_is_removed_at_any_depth_if_it_names_somebody() {
        let set = json!({
            "temperature": 0.5,
            "extra": {
                "user": "canary",
                "metadata": { "user_id": "canary" },
                "provider": { "order": ["a"], "api_key": "canary" },
            },
        });
        let kept = json!({ "temperature": 0.5, "extra": { "provider": { "order": ["a"] } } });
        let Value::Object(set) = set else {
            panic!("it is an object");
        };
        assert_eq!(Value::Object(settings(Protocol::Messages, set)), kept);
    }
}
