//! As whom a model works in its machine.

use serde::{Deserialize, Serialize};

/// As whom a model's commands run in its machine, and the mechanism when the model fires it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Login {
    /// `user`, who owns the home. The system and the task's tool belong to `root`.
    #[default]
    User,
    /// `root`, who owns every file that can be changed, and so the task's tool, too. It has no
    /// capability, as in a container that drops them all.
    Root,
}

impl Login {
    /// Its name, in the machine and in `task.toml`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Root => "root",
        }
    }
}
