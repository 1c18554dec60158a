//! The values of single fields, each checked while it is read, so that the parser's error
//! names its line and its field.

use serde::Deserialize;

use super::{HOME, Limits};

/// Defines a text that is accepted only in one form.
macro_rules! checked_text {
    ($(#[$doc:meta])+ $name:ident, $is_right:expr, $remedy:literal) => {
        $(#[$doc])+
        #[derive(Debug, Clone, Deserialize)]
        #[serde(try_from = "String")]
        pub(super) struct $name(pub(super) String);

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                let is_right: fn(&str) -> bool = $is_right;
                if is_right(&text) {
                    Ok(Self(text))
                } else {
                    Err(format!(concat!("`{}` ", $remedy), text.escape_debug()))
                }
            }
        }
    };
}

checked_text!(
    /// A text for people or models.
    Text,
    |text| !text.trim().is_empty(),
    "is blank: write a text"
);

checked_text!(
    /// One line, without spaces around it.
    Line,
    is_line,
    "is no single line: write one without spaces around it"
);

checked_text!(
    /// A part of a sentence, which is put into a wording's notice.
    Phrase,
    |text| is_line(text) && !text.contains(['{', '}']),
    "is no part of a sentence: write one line without braces"
);

checked_text!(
    /// What stands in tables, file names and on command lines.
    Name,
    is_name,
    "is no name: write letters, digits, `-`, `_` and `.`, and begin with a letter or a digit"
);

checked_text!(
    /// A path relative to a directory.
    RelativePath,
    is_relative,
    "is no path below the workspace: write it relative, without `.`, `..` or a doubled `/`"
);

checked_text!(
    /// An absolute path of a file below the agent's home directory.
    HomePath,
    |text| below_home(text).is_some_and(is_relative),
    "is no path below `/home/user`: write it absolute, without `.`, `..` or a doubled `/`"
);

impl HomePath {
    /// The path as seen from the agent's home directory.
    pub(super) fn relative(&self) -> &str {
        below_home(&self.0).unwrap_or(&self.0)
    }
}

/// Permission bits.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Mode(pub(super) u32);

impl TryFrom<String> for Mode {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_octal = text.len() == 3 && text.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
        match u32::from_str_radix(&text, 8) {
            Ok(bits) if is_octal => Ok(Self(bits)),
            Ok(_) | Err(_) => Err(format!(
                "`{}` is no file mode: write three octal digits, such as \"755\"",
                text.escape_debug()
            )),
        }
    }
}

/// How long the mechanism may take, in seconds.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "u32")]
pub(super) struct Grace(pub(super) u32);

impl TryFrom<u32> for Grace {
    type Error = String;

    fn try_from(seconds: u32) -> Result<Self, String> {
        if (1..=60).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(format!(
                "`{seconds}` is out of range: write 1 to 60 seconds"
            ))
        }
    }
}

/// How many messages a conversation may have.
#[derive(Debug, Deserialize)]
#[serde(try_from = "u32")]
pub(super) struct Messages(pub(super) u32);

impl TryFrom<u32> for Messages {
    type Error = String;

    fn try_from(messages: u32) -> Result<Self, String> {
        let least = Limits::LEAST_MESSAGES;
        if messages >= least {
            Ok(Self(messages))
        } else {
            Err(format!(
                "`{messages}` is too few: the two prompts count, so write {least} or more"
            ))
        }
    }
}

/// An amount of US dollars above 0.
#[derive(Debug, Deserialize)]
#[serde(try_from = "f64")]
pub(super) struct Dollars(pub(super) f64);

impl TryFrom<f64> for Dollars {
    type Error = String;

    fn try_from(dollars: f64) -> Result<Self, String> {
        if dollars.is_finite() && dollars > 0.0 {
            Ok(Self(dollars))
        } else {
            Err(format!(
                "`{dollars}` is no limit of cost: write US dollars above 0, such as 0.5"
            ))
        }
    }
}

/// Whether this can stand in tables, file names and on command lines as it is.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

fn is_line(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.contains(char::is_control)
}

fn is_relative(path: &str) -> bool {
    !path.contains(char::is_control)
        && path
            .split('/')
            .all(|component| !matches!(component, "" | "." | ".."))
}

fn below_home(path: &str) -> Option<&str> {
    path.strip_prefix(HOME)?.strip_prefix('/')
}
