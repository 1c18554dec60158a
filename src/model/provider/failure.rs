//! What went wrong with one request.

use std::error::Error as _;
use std::time::Duration;

use genai::webc;
use jiff::fmt::rfc2822;
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use serde_json::Value;

use super::endpoint::Endpoint;
use crate::model::FailureClass;

/// The longest message that is kept, in chars: servers answer with whole pages.
const LONGEST_MESSAGE: usize = 300;

/// So much of a message is looked at, in bytes. It is more than is kept, so that no key is cut in
/// two before it is masked.
const LOOKED_AT: usize = 4096;

/// What went wrong with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) class: FailureClass,
    /// One short line without control characters and without the key.
    pub(super) message: String,
    /// How long the provider asks to wait.
    pub(super) retry_after: Option<Duration>,
}

impl Failure {
    pub(super) fn new(endpoint: &Endpoint, class: FailureClass, message: &str) -> Self {
        Self {
            class,
            message: cut(&endpoint.mask_message(&line(message))),
            retry_after: None,
        }
    }

    pub(super) fn timed_out(endpoint: &Endpoint, after: Duration) -> Self {
        let message = format!("nothing came within {} s", after.as_secs_f64());
        Self::new(endpoint, FailureClass::Unreachable, &message)
    }

    pub(super) fn malformed(endpoint: &Endpoint, fault: &str) -> Self {
        Self::new(endpoint, FailureClass::Malformed, fault)
    }

    /// An error that stands in a body where the answer should be, as gateways write it under a
    /// status of success. None where the body holds none.
    pub(super) fn in_body(endpoint: &Endpoint, body: &Value) -> Option<Self> {
        let error = body.get("error").filter(|error| !error.is_null())?;
        let code = error.get("code").and_then(Value::as_u64);
        let status = code.and_then(|code| StatusCode::from_u16(u16::try_from(code).ok()?).ok());
        let class = match status {
            Some(status) => class_of(status, ""),
            None => FailureClass::Unreachable,
        };
        Some(Self::new(endpoint, class, &said(&body.to_string())))
    }

    /// From the client's error. What it says of the request is left out, since it may be long.
    pub(super) fn of(endpoint: &Endpoint, error: &genai::Error) -> Self {
        let genai::Error::WebModelCall { webc_error, .. } = error else {
            return Self::new(endpoint, FailureClass::Refused, &error.to_string());
        };
        match webc_error {
            webc::Error::ResponseFailedStatus {
                status,
                body,
                headers,
            } => Self {
                retry_after: retry_after(headers),
                ..Self::of_status(endpoint, *status, body)
            },
            webc::Error::ResponseFailedNotJson { content_type, body } => {
                let message = format!("it is `{content_type}` and no JSON: {body}");
                Self::malformed(endpoint, &message)
            }
            webc::Error::ResponseFailedInvalidJson { cause, .. } => {
                Self::malformed(endpoint, &format!("it is no JSON: {cause}"))
            }
            webc::Error::JsonValueExt(error) => Self::malformed(endpoint, &error.to_string()),
            webc::Error::Reqwest(error) => {
                // By itself it says little more than the URL, which may hold an account.
                let message = error.source().map(innermost);
                let message = message.unwrap_or_else(|| "the request failed".to_owned());
                Self::new(endpoint, FailureClass::Unreachable, &message)
            }
        }
    }

    fn of_status(endpoint: &Endpoint, status: StatusCode, body: &str) -> Self {
        let remedy = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                format!(" (check the key in `{}`)", endpoint.key_variable)
            }
            StatusCode::NOT_FOUND => " (check the model's name and the base URL)".to_owned(),
            status if status.is_redirection() => {
                " (it points elsewhere, which is not followed: check the base URL)".to_owned()
            }
            _ => String::new(),
        };
        let message = format!("status {}{remedy}: {}", status.as_u16(), said(body));
        Self::new(endpoint, class_of(status, body), &message)
    }
}

fn class_of(status: StatusCode, body: &str) -> FailureClass {
    match status.as_u16() {
        // OpenAI answers so when there is nothing left to pay with. Waiting does not help.
        429 if body.contains("insufficient_quota") => FailureClass::Refused,
        // 529 is Anthropic's for "overloaded".
        429 | 529 => FailureClass::RateLimited,
        408 | 425 | 500.. => FailureClass::Unreachable,
        _ => FailureClass::Refused,
    }
}

/// What a server says, which most put at one of these places.
fn said(body: &str) -> String {
    let json: Option<Value> = serde_json::from_str(body).ok();
    let places = [
        "/error/message",
        "/0/error/message",
        "/message",
        "/detail",
        "/error",
    ];
    let text = json.as_ref().and_then(|json| {
        let mut texts = places
            .iter()
            .filter_map(|place| json.pointer(place)?.as_str());
        texts.next()
    });
    text.unwrap_or(body).to_owned()
}

/// The beginning of a text as one line of printable text.
fn line(text: &str) -> String {
    let mut end = text.len().min(LOOKED_AT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let printable = text[..end].split(|c: char| c.is_whitespace() || c.is_control());
    let words: Vec<_> = printable.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// How long the provider asks to wait: in milliseconds as some write it, in seconds, or as a date,
/// which is read against the date of the answer itself and not against this machine's clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok();
    let number = |name| text(name)?.trim().parse::<f64>().ok();
    let millis = number(HeaderName::from_static("retry-after-ms")).map(|millis| millis / 1e3);
    if let Some(seconds) = millis.or_else(|| number(RETRY_AFTER)) {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = |name| Some(rfc2822::parse(text(name)?).ok()?.timestamp());
    let wait = date(RETRY_AFTER)?.duration_since(date(DATE)?);
    Duration::try_from(wait).ok()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn wait(headers: &[(&'static str, &'static str)]) -> Option<Duration> {
        let pairs = headers.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        retry_after(&pairs.collect())
    }

    #[test]
    fn the_time_to_wait_is_read_in_all_its_forms() {
        let date = ("date", "Sat, 21 Nov 2026 04:00:00 GMT");
        let then = ("retry-after", "Sat, 21 Nov 2026 04:01:30 GMT");
        assert_eq!(wait(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(
            wait(&[("retry-after-ms", "250")]),
            Some(Duration::from_millis(250))
        );
        assert_eq!(wait(&[date, then]), Some(Duration::from_secs(90)));
        for none in ["-1", "NaN", "inf", "soon", ""] {
            assert_eq!(wait(&[("retry-after", none)]), None, "{none}");
        }
        assert_eq!(wait(&[then]), None);
    }

    #[test]
    fn a_message_is_one_short_printable_line() {
        assert_eq!(line("a\n\u{1b}[2Kb\t\u{7}c "), "a [2Kb c");
        assert_eq!(
            line(&format!("a{}", "é".repeat(LOOKED_AT))).len(),
            LOOKED_AT - 1
        );
        assert_eq!(cut(&"é".repeat(1000)).chars().count(), LONGEST_MESSAGE + 1);
    }

    #[test]
    fn what_a_server_says_is_found() {
        assert_eq!(said(r#"{"error":{"message":"no"}}"#), "no");
        assert_eq!(said(r#"{"detail":"no"}"#), "no");
        assert_eq!(said("<html>"), "<html>");
    }
}
