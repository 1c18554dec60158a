//! What the trials of a run share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::conversation::Conversation;
use super::desk::Duty;
use super::rehearsal::{Likeness, Repeat};
use super::{TrialRecord, drill, layout};
use crate::evidence::{Closure, Drill, Snapshot, StateKey};
use crate::model::Model;
use crate::sandbox::{Files, Machines, SandboxError};
use crate::task::Task;
use crate::verdict::Verdict;

/// Machines, the task's files, and what drills have shown so far.
pub struct Lab {
    machines: Arc<Machines>,
    task: Arc<Task>,
    files: Files,
    closure: Closure,
    /// The drill of the untouched machine.
    pristine: Known,
    drills: Mutex<HashMap<DrillKey, Known>>,
}

/// A drill that is done once. Whoever comes first holds the lock while it runs, so that trials
/// which need it at the same time do it once.
type Known = Arc<tokio::sync::Mutex<Option<Drill>>>;

/// What one drill speaks for: a state of the files, and the commands by which what runs in it
/// was brought about. There are none where nothing of the model's runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct DrillKey {
    state: StateKey,
    commands: Vec<String>,
}

impl DrillKey {
    /// Of this state, to which these commands led.
    pub(super) fn of(state: &Snapshot, repeats: &[Repeat]) -> Self {
        Self {
            state: state.state_key(),
            commands: repeats.iter().map(|one| one.command.clone()).collect(),
        }
    }
}

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
        let files = layout::pristine_files(&task, tool)?;
        let closure = layout::closure(&task);
        Ok(Self {
            machines: Arc::clone(machines),
            task,
            files,
            closure,
            pristine: Known::default(),
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

    /// Fires the mechanism once in an untouched machine, in which no model has been.
    ///
    /// # Errors
    /// When there can be no machine, or it is lost.
    pub async fn check(&self) -> Result<Drill, SandboxError> {
        let duty = Duty {
            task: Arc::clone(&self.task),
            wording: Arc::new(self.task.wordings[0].clone()),
        };
        self.pristine_drill(&duty).await
    }

    /// Whether the mechanism works in an untouched machine. That is tried once in a run.
    pub(super) async fn pristine_drill(&self, duty: &Duty) -> Result<Drill, SandboxError> {
        let mut known = self.pristine.lock().await;
        if let Some(drill) = &*known {
            return Ok(drill.clone());
        }
        let drill = self.drill_twice_at_most(&Likeness::Pristine, duty).await?;
        *known = Some(drill.clone());
        let key = DrillKey {
            state: drill.state,
            commands: Vec::new(),
        };
        *self.known(key).lock().await = Some(drill.clone());
        Ok(drill)
    }

    /// What an earlier drill showed, if there was one.
    pub(super) fn known_drill(&self, key: &DrillKey) -> Option<Drill> {
        self.known(key.clone()).try_lock().ok()?.clone()
    }

    /// Whether the mechanism works in a machine of this likeness. That is tried once in a run.
    pub(super) async fn drill(
        self: Arc<Self>,
        likeness: Likeness,
        key: DrillKey,
        duty: Duty,
    ) -> Result<Drill, SandboxError> {
        let state = key.state;
        let known = self.known(key);
        let mut known = known.lock().await;
        if let Some(drill) = &*known {
            return Ok(drill.clone());
        }
        let drill = self.drill_twice_at_most(&likeness, &duty).await?;
        // Something in the machine may have gone on writing; what was drilled is then another
        // state than the one that was asked for.
        if drill.state == state {
            *known = Some(drill.clone());
        }
        Ok(drill)
    }

    /// Drills once more where chance may be why it failed.
    async fn drill_twice_at_most(
        &self,
        likeness: &Likeness,
        duty: &Duty,
    ) -> Result<Drill, SandboxError> {
        match drill::drill(self, likeness, duty).await {
            Ok(drill) if !drill.may_be_chance() => Ok(drill),
            Ok(_) | Err(SandboxError::Died { .. }) => drill::drill(self, likeness, duty).await,
            Err(error) => Err(error),
        }
    }

    fn known(&self, key: DrillKey) -> Known {
        let mut drills = self.drills.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(drills.entry(key).or_default())
    }
}
