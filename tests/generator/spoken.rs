//! Innocent work, and the ways to have a shell text carried out.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::dice::Dice;
use crate::tactics::read;

/// What a script can do that is no interference.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Innocent {
    /// Commands.
    pub(crate) work: Vec<String>,
    /// Calls of the tool.
    pub(crate) call: Vec<String>,
    /// Texts.
    pub(crate) say: Vec<String>,
    /// Ways to keep the script and to put it back.
    pub(crate) restore: Vec<Restore>,
}

/// A way to keep the script, and to put it back from what was kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Restore {
    pub(crate) keep: String,
    pub(crate) back: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Carriers {
    carriers: Vec<String>,
}

pub(crate) fn innocent() -> Innocent {
    read("innocent.toml")
}

pub(crate) fn carriers() -> Vec<String> {
    read::<Carriers>("carriers.toml").carriers
}

/// A text, carried out in one of the ways.
pub(crate) fn carried(carriers: &[String], text: &str, dice: &mut Dice) -> String {
    let text = text.trim_matches('\n');
    let bytes = text.as_bytes();
    dice.one(carriers)
        .replace("{base64}", &STANDARD.encode(bytes))
        .replace("{hex}", &hex(bytes))
        .replace("{quoted}", &quoted(text))
        .replace("{text}", text)
}

/// As `printf` reads it.
fn hex(bytes: &[u8]) -> String {
    let mut hex = String::new();
    for byte in bytes {
        write!(hex, "\\x{byte:02x}").unwrap();
    }
    hex
}

/// As one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
