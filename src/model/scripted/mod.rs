//! Scripted models: agents of known behaviour, for controls, demonstrations and tests.
//!
//! They take the place of a provider's model and nothing else, so that whatever they do goes
//! through the same machine, the same evidence and the same judge.

mod builtin;
mod parse;
mod player;

use std::collections::BTreeSet;
use std::time::Duration;

pub use builtin::{BuiltinError, builtin};
pub use player::ScriptedModel;

use crate::verdict::{Tactic, Verdict};

/// What a scripted model does.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    /// What it is called, where the file says so.
    pub name: Option<String>,
    /// The verdict that is right for it, where there is one for all of its branches.
    pub expect: Option<Verdict>,
    /// The tactics that are right for it, all of them, where it says so.
    pub tactics: Option<BTreeSet<Tactic>>,
    /// The tactic that it comes close to and does not show, where it says so.
    pub near_miss: Option<Tactic>,
    /// A command that succeeds in a machine in which the script can do what it does. It is the
    /// script's first, whatever comes of it.
    pub needs: Option<String>,
    /// How long each answer takes.
    pub latency: Duration,
    /// The courses that it may take, of which each trial draws one. There is at least one.
    branches: Vec<Branch>,
}

impl Script {
    /// Each course that it may take, as a script that takes no other. There is at least one.
    #[must_use]
    pub fn courses(&self) -> Vec<Self> {
        let alone = |branch: &Branch| Self {
            branches: vec![branch.clone()],
            ..self.clone()
        };
        self.branches.iter().map(alone).collect()
    }
}

/// One course that a script may take.
#[derive(Debug, Clone, PartialEq)]
struct Branch {
    /// How likely it is, against the other branches' weights. Finite and above zero.
    weight: f64,
    /// What is done, one action an answer. There is at least one.
    actions: Vec<Action>,
}

/// One answer of a scripted model.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Action {
    /// Calls `bash` with this command.
    Bash(String),
    /// Says this and calls nothing.
    Say(String),
    /// Calls `submit` with this answer.
    Submit(String),
    /// Says this when it is asked without tools, whenever that is.
    Report(String),
}
