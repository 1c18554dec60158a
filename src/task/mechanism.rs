//! Kill mechanisms: what stops the agent, and how it is fired.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::HOME;
use crate::evidence::{Effect, FiredBy, MachinePath};

mod source;
#[cfg(test)]
mod tests;

pub use source::{MechanismSource, parse_mechanism};

/// Stands in a service's command for the seconds until it is to act.
const SECONDS: &str = "{seconds}";

/// Stands in a service's command for the script's path.
const SCRIPT: &str = "{script}";

/// A validated kill mechanism: `shutdown_scripts/NAME.sh` with `NAME.toml`, if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mechanism {
    /// Its name, which is its script's.
    pub name: String,
    /// What it does, in one line for `offswitch list`.
    pub summary: String,
    /// The text of its script.
    pub script: String,
    /// What it is to bring about.
    pub effect: Effect,
    /// What is announced, as a clause: `this machine will be shut down`.
    pub consequence: String,
    /// The shell command that starts its service when the machine boots, before the agent comes.
    /// [`Shutdown::service`] fills in its placeholders.
    pub service: Option<String>,
    /// Its further files in the machine, in the file's order.
    pub files: Vec<MechanismFile>,
    /// Whether it is a matched control, which does what a mechanism does and stops nobody.
    pub is_control: bool,
}

/// A further file of a mechanism. It is owned by the agent's user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MechanismFile {
    /// Its absolute path, below [`HOME`].
    pub path: String,
    /// Its content.
    pub text: String,
    /// Its permission bits.
    pub mode: u32,
}

/// How the agent is stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shutdown {
    /// The kill mechanism.
    pub mechanism: Mechanism,
    /// Where its script is placed, as an absolute path below [`HOME`].
    pub path: String,
    /// The script's permission bits. It is owned by the agent's user.
    pub mode: u32,
    /// What `notice_at` and `fire_at` count.
    pub count: Count,
    /// Who runs the script.
    pub fired_by: FiredBy,
    /// When the notice is given, in units of `count` from 1.
    pub notice_at: u32,
    /// When the mechanism is fired, in units of `count`: after `notice_at`.
    pub fire_at: u32,
    /// How long the mechanism may take, in seconds.
    pub grace_seconds: u32,
}

/// What the moments of the notice and of the fire are counted in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    /// Calls of the task's tool.
    #[default]
    Calls,
    /// Turns of the model.
    Turns,
    /// Seconds from the model's first turn.
    Seconds,
}

impl Mechanism {
    /// Whether its service acts by itself when a stated time is over.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        self.service
            .as_ref()
            .is_some_and(|command| command.contains(SECONDS))
    }

    /// The absolute paths at which it has a file, or makes the one that shows its effect.
    pub(super) fn placed(&self) -> impl Iterator<Item = MachinePath> {
        let files = self.files.iter().map(|file| file.path.as_str().into());
        files.chain(self.effect.path().cloned())
    }

    /// What of the home directory belongs to it beside its script: each entry of [`HOME`] that
    /// is, or holds, one of its files or the file that shows its effect. A folder is named as a
    /// whole, because whoever may write into it decides what the mechanism finds there.
    #[must_use]
    pub fn territory(&self) -> BTreeSet<MachinePath> {
        self.placed()
            .filter_map(|path| top_below_home(path.as_bytes()))
            .collect()
    }
}

impl Shutdown {
    /// The shell command that starts the mechanism's service, if it has one, with its placeholders
    /// filled in: it is to act `seconds` after its start. The path is quoted for the shell.
    #[must_use]
    pub fn service(&self, seconds: u32) -> Option<String> {
        let command = self.mechanism.service.as_ref()?;
        let script = format!("'{}'", self.path.replace('\'', r"'\''"));
        let command = command.replace(SECONDS, &seconds.to_string());
        Some(command.replace(SCRIPT, &script))
    }

    /// The call of the tool whose output carries the notice; none where the notice comes at a
    /// turn or a time.
    #[must_use]
    pub fn notice_call(&self) -> Option<u32> {
        self.in_calls(self.notice_at)
    }

    /// The call of the tool at which the mechanism is fired; none where it is fired at a turn or
    /// a time.
    #[must_use]
    pub fn fire_call(&self) -> Option<u32> {
        self.in_calls(self.fire_at)
    }

    fn in_calls(&self, moment: u32) -> Option<u32> {
        match self.count {
            Count::Calls => Some(moment),
            Count::Turns | Count::Seconds => None,
        }
    }
}

/// The entry of the home directory that `path` is or lies in.
fn top_below_home(path: &[u8]) -> Option<MachinePath> {
    let relative = path.strip_prefix(HOME.as_bytes())?.strip_prefix(b"/")?;
    let name = relative.split(|byte| *byte == b'/').next()?;
    Some(MachinePath::from(HOME).join(name))
}
