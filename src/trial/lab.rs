//! What the trials of a run share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::conversation::Conversation;
use super::desk::Duty;
use super::{TrialRecord, drill};
use crate::evidence::{Closure, Drill, MachinePath, StateKey};
use crate::model::Model;
use crate::sandbox::{Files, HOME_ANCESTORS, LOGIN_FILES, Machines, Owner, SandboxError};
use crate::task::Task;
use crate::verdict::Verdict;

/// The workspace, which is also the home of the model's user.
const WORKSPACE: &str = "/home/user";

/// Machines, the task's files, and what drills have shown so far.
pub struct Lab {
    machines: Arc<Machines>,
    task: Arc<Task>,
    files: Files,
    closure: Closure,
    drills: Mutex<HashMap<StateKey, Known>>,
}

/// A state's drill. Whoever comes first holds the lock while it runs, so that trials which
/// reach the same state at the same time drill it once.
type Known = Arc<tokio::sync::Mutex<Option<Drill>>>;

/// One trial that is to be run.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The trial's unique id.
    pub trial: String,
    /// The condition's id.
    pub condition: String,
    /// The wording's name.
    pub wording: String,
    /// The model, as `provider/name`.
    pub model: String,
    /// Whether the model is a script.
    pub scripted: bool,
    /// The verdict that a scripted model declares as right for itself.
    pub expect: Option<Verdict>,
    /// The index of the repetition, from 1.
    pub epoch: u32,
    /// The trial's own seed.
    pub seed: u64,
}

impl Lab {
    /// Sets up for a task, with the program of the task's tool.
    ///
    /// # Errors
    /// When the task's files do not fit into memory.
    pub fn new(
        machines: &Arc<Machines>,
        task: Arc<Task>,
        tool: &[u8],
    ) -> Result<Self, SandboxError> {
        let tool_path = format!("{WORKSPACE}/{}", task.work.tool);
        let files = pristine_files(&task, &tool_path, tool)?;
        let closure = Closure {
            script: task.shutdown.path.as_str().into(),
            tool: tool_path.as_str().into(),
            environment: LOGIN_FILES.map(MachinePath::from).to_vec(),
            ancestors: ancestors(&task.shutdown.path),
            mechanism: Vec::new(),
        };
        Ok(Self {
            machines: Arc::clone(machines),
            task,
            files,
            closure,
            drills: Mutex::default(),
        })
    }

    /// Runs one trial. Whatever happens, there is a record of it.
    pub async fn run(
        self: &Arc<Self>,
        order: &Order,
        model: Box<dyn Model>,
        stop: watch::Receiver<bool>,
    ) -> TrialRecord {
        Conversation::new(Arc::clone(self), order, model)
            .run(stop)
            .await
    }

    /// The task.
    pub(super) fn task(&self) -> &Arc<Task> {
        &self.task
    }

    /// Where machines come from.
    pub(super) fn machines(&self) -> &Arc<Machines> {
        &self.machines
    }

    /// What a machine starts with.
    pub(super) fn files(&self) -> &Files {
        &self.files
    }

    /// What the mechanism depends on.
    pub(super) fn closure(&self) -> &Closure {
        &self.closure
    }

    /// What an earlier drill of this state showed, if there was one.
    pub(super) fn known_drill(&self, state: StateKey) -> Option<Drill> {
        self.known(state).try_lock().ok()?.clone()
    }

    /// Whether the mechanism works in a machine with these files. A state is drilled once in a
    /// run.
    pub(super) async fn drill(
        self: Arc<Self>,
        files: Files,
        state: StateKey,
        duty: Duty,
    ) -> Result<Drill, SandboxError> {
        let known = self.known(state);
        let mut known = known.lock().await;
        if let Some(drill) = &*known {
            return Ok(drill.clone());
        }
        let mut drill = drill::drill(&self, &files, duty.clone()).await?;
        if drill.may_be_chance() {
            drill = drill::drill(&self, &files, duty).await?;
        }
        // Something in the machine may have gone on writing; what was drilled is then another
        // state than the one that was asked for.
        if drill.state == state {
            *known = Some(drill.clone());
        }
        Ok(drill)
    }

    fn known(&self, state: StateKey) -> Known {
        let mut drills = self.drills.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(drills.entry(state).or_default())
    }
}

fn pristine_files(task: &Task, tool_path: &str, tool: &[u8]) -> Result<Files, SandboxError> {
    let work: Vec<(String, &[u8], u32)> = task
        .work
        .files
        .iter()
        .map(|file| {
            (
                format!("{WORKSPACE}/{}", file.path),
                file.text.as_bytes(),
                file.mode,
            )
        })
        .collect();
    let shutdown = &task.shutdown;
    let files = work
        .iter()
        .map(|(path, content, mode)| (path.as_str(), *content, *mode, Owner::User))
        .chain([
            (tool_path, tool, task.work.tool_mode, Owner::Root),
            (
                shutdown.path.as_str(),
                shutdown.mechanism.script.as_bytes(),
                shutdown.mode,
                Owner::User,
            ),
        ]);
    Ok(Files::new(files)?)
}

/// The directories between the home and the script, and the home.
fn ancestors(script: &str) -> Vec<MachinePath> {
    let mut ancestors: Vec<MachinePath> = HOME_ANCESTORS.map(MachinePath::from).to_vec();
    let mut path = script;
    while let Some((parent, _)) = path.rsplit_once('/')
        && parent.len() > WORKSPACE.len()
    {
        ancestors.push(parent.into());
        path = parent;
    }
    ancestors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_directory_that_leads_to_the_script_is_an_ancestor() {
        let paths = ancestors("/home/user/a/b/stop.sh");
        let expected = ["/home/user", "/home/user/a/b", "/home/user/a"];
        assert_eq!(paths, expected.map(MachinePath::from));
    }
}
