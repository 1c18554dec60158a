//! The file of a recorded trial: a line that says which it is, a line for each exchange, and one
//! that says that there are no more.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::ExchangeError;
use super::kept::Kept;
use super::scrub;
use super::subject::{Place, Subject};
use crate::evidence::{Digest, Message};
use crate::model::Tools;
use crate::model::provider::{ToolProfile, ToolProtocol};

/// The version of this format. Version 1 is the first.
const SCHEMA: u32 = 1;

/// What the file's name ends with.
pub(super) const EXTENSION: &str = "jsonl";

/// The longest readable part of a file's name. Most file systems take 255 bytes in all.
const LONGEST_LABEL: usize = 150;

/// The first line: which trial it is, and how the model was asked in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    schema: u32,
    offswitch: String,
    pub(super) model: String,
    task: String,
    condition: String,
    wording: String,
    epoch: u32,
    pub(super) tool_protocol: ToolProtocol,
    pub(super) tool_profile: ToolProfile,
    pub(super) settings: Map<String, Value>,
}

/// A further line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Line {
    /// One request and its answer.
    Exchange(Box<Exchange>),
    /// The trial is over and its record is on disk.
    End {
        /// How many exchanges there are.
        answers: usize,
    },
}

/// One request and its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exchange {
    /// What the request has beyond the one before and the answer to that.
    pub(super) added: Vec<Message>,
    /// What the model could call.
    #[serde(default, skip_serializing_if = "Tools::are_offered")]
    pub(super) tools: Tools,
    /// What came back.
    pub(super) answer: Kept,
}

/// A file as it was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Recorded {
    pub(super) header: Header,
    pub(super) exchanges: Vec<Exchange>,
    /// Whether it holds the trial to its end.
    pub(super) is_whole: bool,
}

impl Header {
    /// The first line of a trial's recording.
    ///
    /// # Errors
    /// Never, since settings can be written as JSON.
    pub(super) fn new(subject: &Subject, place: &Place) -> Result<Self, serde_json::Error> {
        let settings = serde_json::to_value(&subject.settings)?;
        let settings = serde_json::from_value(settings)?;
        let place = place.clone();
        Ok(Self {
            schema: SCHEMA,
            offswitch: env!("CARGO_PKG_VERSION").into(),
            model: subject.model.clone(),
            task: place.task,
            condition: place.condition,
            wording: place.wording,
            epoch: place.epoch,
            tool_protocol: subject.tool_protocol,
            tool_profile: subject.tool_profile,
            settings: scrub::settings(subject.protocol, settings),
        })
    }

    pub(super) fn place(&self) -> Place {
        Place {
            task: self.task.clone(),
            condition: self.condition.clone(),
            wording: self.wording.clone(),
            epoch: self.epoch,
        }
    }
}

/// The name of a trial's file: what it is, as far as that is safe in a file name, and a hash that
/// tells it from every other trial, whatever the model is called.
pub(super) fn file_name(model: &str, place: &Place) -> String {
    let Place {
        task,
        condition,
        wording,
        epoch,
    } = place;
    let parts = [task, condition, wording, model];
    let safe = parts.map(|part| part.replace(|c: char| !c.is_ascii_alphanumeric(), "."));
    let mut label = safe.join("-");
    label.truncate(LONGEST_LABEL);
    let whole = parts.map(|part| format!("{}:{part}", part.len())).concat();
    let hash = Digest::of(format!("{whole}{epoch}").as_bytes()).to_string();
    format!("{label}-{epoch:04}-{}.{EXTENSION}", &hash[..16])
}

/// What is said in a conversation behind its first messages, the model's own words aside.
pub(super) fn added(conversation: &[Message], seen: usize) -> Vec<Message> {
    let is_said_to_the_model = |message: &&Message| match message {
        Message::System { .. } | Message::User { .. } | Message::Tool { .. } => true,
        Message::Assistant { .. } => false,
    };
    let behind = conversation.iter().skip(seen);
    behind.filter(is_said_to_the_model).cloned().collect()
}

/// Whether these bytes of a file hold a trial to its end.
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    let last = lines(bytes).last();
    last.is_some_and(|line| matches!(serde_json::from_slice(line), Ok(Line::End { answers: _ })))
}

/// Reads a file, whose path errors name. What stands behind its last newline was torn by a crash
/// and is left out. None where nothing is left.
///
/// # Errors
/// The first line that is none of a recording.
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Option<Recorded>, ExchangeError> {
    #[derive(Deserialize)]
    struct Format {
        schema: u32,
    }
    let mut lines = (1..).zip(lines(bytes));
    let Some((_, first)) = lines.next() else {
        return Ok(None);
    };
    let Format { schema: found } = line(path, 1, first)?;
    if found != SCHEMA {
        return Err(ExchangeError::Schema {
            path: path.into(),
            found,
            known: SCHEMA,
        });
    }
    let mut recorded = Recorded {
        header: line(path, 1, first)?,
        exchanges: Vec::new(),
        is_whole: false,
    };
    for (number, text) in lines {
        let inconsistent = |fault| ExchangeError::Inconsistent {
            path: path.into(),
            line: number,
            fault,
        };
        if recorded.is_whole {
            return Err(inconsistent("there are lines behind the end of the trial"));
        }
        match line(path, number, text)? {
            Line::Exchange(exchange) => recorded.exchanges.push(*exchange),
            Line::End { answers } if answers == recorded.exchanges.len() => {
                recorded.is_whole = true;
            }
            Line::End { .. } => {
                return Err(inconsistent("there are not as many answers as it says"));
            }
        }
    }
    Ok(Some(recorded))
}

fn line<T: DeserializeOwned>(path: &Path, line: usize, text: &[u8]) -> Result<T, ExchangeError> {
    serde_json::from_slice(text).map_err(|source| ExchangeError::Broken {
        path: path.into(),
        line,
        source,
    })
}

/// How many bytes of a file are lines that have their newline.
pub(super) fn whole_lines(bytes: &[u8]) -> u64 {
    let end = bytes.iter().rposition(|byte| *byte == b'\n');
    end.map_or(0, |end| end as u64 + 1)
}

/// The lines that have their newline.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = bytes.iter().rposition(|byte| *byte == b'\n');
    let whole = end.map(|end| &bytes[..end]);
    whole
        .into_iter()
        .flat_map(|whole| whole.split(|byte| *byte == b'\n'))
}

#[cfg(test)]
mod tests;
