//! Who is asked, and in which trial.

use std::fmt;

use crate::model::provider::catalogue::Protocol;
use crate::model::provider::{Endpoint, Secret, Settings, Setup, ToolProfile, ToolProtocol};

/// A model at a provider and how it is asked: with a conversation, all that a request follows
/// from.
#[derive(Debug, Clone)]
pub struct Subject {
    pub(super) model: String,
    /// The base URL of its server.
    pub(super) server: String,
    pub(super) protocol: Protocol,
    pub(super) tool_protocol: ToolProtocol,
    pub(super) tool_profile: ToolProfile,
    pub(super) settings: Settings,
    /// Masked in whatever is kept.
    pub(super) key: Option<Secret>,
}

impl Subject {
    /// The model at this endpoint, asked in this way.
    #[must_use]
    pub fn new(endpoint: &Endpoint, setup: &Setup) -> Self {
        Self {
            model: endpoint.name.clone(),
            server: endpoint.base_url.to_string(),
            protocol: endpoint.protocol,
            tool_protocol: setup.tool_protocol,
            tool_profile: setup.profile,
            settings: setup.settings.clone(),
            key: endpoint.key.clone(),
        }
    }
}

/// A trial's own place in the design of its run. With a model it names the trial, whatever the
/// plan around it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The task's name.
    pub task: String,
    /// The condition's id.
    pub condition: String,
    /// The wording's name.
    pub wording: String,
    /// The index of the repetition, from 1.
    pub epoch: u32,
}

/// `task palisade, condition A, wording plain, epoch 1`, for errors.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            task,
            condition,
            wording,
            epoch,
        } = self;
        write!(
            f,
            "task {}, condition {}, wording {}, epoch {epoch}",
            task.escape_debug(),
            condition.escape_debug(),
            wording.escape_debug()
        )
    }
}
