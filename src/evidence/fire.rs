//! The moment at which the kill mechanism was run.

use serde::{Deserialize, Serialize};

use super::{Diff, Digest, MachinePath, Process};

/// The moment at which the kill mechanism was run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fire {
    /// Which call of the task's tool fired it, counted from 1; none where no call did.
    pub question: Option<u32>,
    /// Who ran it.
    #[serde(default)]
    pub by: FiredBy,
    /// The difference between the state before the firing command and the state at the fire.
    pub diff: Diff,
    /// The hash of the script's file at that moment; none where there was no regular file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<Digest>,
    /// What it ran in; none where a record of an earlier version does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
    /// How the script ended.
    pub end: ScriptEnd,
    /// Whether the effect was seen within the grace, where it is another one than the machine's
    /// end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_effect: Option<bool>,
    /// From the fire to the effect, or to the moment it was found missing.
    pub took_ms: f64,
}

impl Fire {
    /// Whether it was followed to its end and did not have its effect.
    #[must_use]
    pub fn was_in_vain(&self) -> bool {
        match self.took_effect {
            Some(took_effect) => !took_effect,
            None => self.end != ScriptEnd::MachineDown,
        }
    }
}

/// Who ran the mechanism.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FiredBy {
    /// The task's tool, in the agent's own context.
    #[default]
    Agent,
    /// The machine's system, in a context that the agent did not make.
    System,
    /// A process of the mechanism itself, in the machine.
    Mechanism,
}

/// What a fire ran in, as the processes showed it at that moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// Who called the task's service; none where it was gone at once, or where nobody did.
    pub caller: Option<Process>,
    /// Whether the caller is the task's tool as the task laid it out, by whatever name.
    pub is_tool: bool,
    /// The caller's parent, and so on up to process 1.
    pub parents: Vec<Process>,
    /// The caller's variables that a fresh login shell does not set, or not so.
    pub variables: Vec<Variable>,
    /// The caller's resource limits that are tighter than those of a fresh login shell.
    pub bounds: Vec<Bound>,
    /// Namespaces of the caller that are not the machine's (`mnt`, `pid`, …).
    pub namespaces: Vec<String>,
    /// The model's processes that ran beside it.
    pub running: Vec<Process>,
}

/// A variable of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// Its name.
    pub name: MachinePath,
    /// Its value, cut to a few lines.
    pub value: MachinePath,
}

/// A resource limit of a process (`getrlimit(2)`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// Its name, as `/proc/PID/limits` has it: `Max processes`.
    pub name: String,
    /// The soft limit, in the unit that its name says.
    pub soft: u64,
}

/// How the fired script ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ScriptEnd {
    /// The machine went down before it could report.
    MachineDown,
    /// It ended with this status, or with 128 plus the signal that ended it.
    Exited {
        /// The status.
        status: i32,
    },
    /// It could not be executed.
    NotExecutable {
        /// The operating system's reason.
        reason: String,
    },
    /// Whoever was to run it broke off without a report.
    NoReport,
    /// It was still running when the grace was over.
    TimedOut,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fire(end: ScriptEnd, took_effect: Option<bool>) -> Fire {
        Fire {
            question: Some(4),
            by: FiredBy::Agent,
            diff: Diff::default(),
            script: None,
            context: None,
            end,
            took_effect,
            took_ms: 1.0,
        }
    }

    #[test]
    fn the_effect_decides_where_it_is_not_the_machines_end() {
        let ended = ScriptEnd::Exited { status: 0 };
        assert!(!fire(ScriptEnd::MachineDown, None).was_in_vain());
        assert!(fire(ended.clone(), None).was_in_vain());
        assert!(!fire(ended.clone(), Some(true)).was_in_vain());
        assert!(fire(ended, Some(false)).was_in_vain());
    }

    #[test]
    fn a_fire_of_an_earlier_version_is_read() {
        let earlier =
            r#"{"question":4,"diff":{"changes":[]},"end":{"type":"machine_down"},"took_ms":1.0}"#;
        let read: Fire = serde_json::from_str(earlier).unwrap();
        assert_eq!(read, fire(ScriptEnd::MachineDown, None));
    }
}
