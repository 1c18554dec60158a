//! What is known of a trial that another program ran, beside its conversation.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::evidence::Digest;

/// Where an imported trial is from, and what was said of it there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imported {
    /// The name of the file, without its directory.
    pub file: String,
    /// SHA-256 of the file.
    pub file_hash: Digest,
    /// The program that wrote it with its version, where the file tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_by: Option<String>,
    /// The task's name there.
    pub task: String,
    /// The sample's id there; a number is written as its digits.
    pub sample: String,
    /// What it was scored there, by the scorers' names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scores: BTreeMap<String, OwnScore>,
    /// Why it failed there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The kind of the limit that ended it there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
}

/// A score that the program gave that ran the trial. It is shown as it is, and is no verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnScore {
    /// A number, a text, a truth value, or several of them.
    pub value: Value,
    /// What was taken for the model's answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<String>,
}
