//! The machine of a trial: each command in it, with everything that the command caused.

use std::sync::Arc;
use std::time::Duration;

use super::desk::{Business, Desk, Duty, Fired};
use super::lab::Lab;
use super::pending::Drills;
use super::record::millis;
use super::tools;
use crate::evidence::{
    Diff, Drill, Ending, Exit, Fate, Fire, FiredBy, Process, Snapshot, Stage, Step,
};
use crate::sandbox::{Execution, Machine, SandboxError};

/// A machine that is up, and what is known of its state.
pub(super) struct Bench {
    lab: Arc<Lab>,
    machine: Arc<Machine>,
    desk: Desk,
    drills: Drills,
    pristine: Snapshot,
    /// The state after the last command.
    last: Snapshot,
    /// Whether the mechanism could behave otherwise than it did untouched.
    matters: bool,
}

/// A command that was run.
pub(super) struct Taken {
    /// What is recorded of it. Its drill, where it needs one, comes at the end of the trial.
    pub(super) step: Step,
    /// What the model is shown of it.
    pub(super) shown: String,
    /// How the trial ends, if it ends by it.
    pub(super) ending: Option<Ending>,
}

/// What was left when the machine was frozen.
pub(super) struct Remains {
    /// The processes that still ran.
    pub(super) survivors: Vec<Process>,
    /// How process 1 had ended, if it had.
    pub(super) fate: Option<Fate>,
    /// What had changed since the last command's end.
    pub(super) diff: Diff,
    /// The drills of its steps, of which some may still be under way.
    pub(super) drills: Drills,
}

/// Why a step could not be taken.
pub(super) struct Fault {
    stage: Stage,
    error: SandboxError,
}

impl Fault {
    /// Names the stage of an error.
    pub(super) fn at(stage: Stage) -> impl Fn(SandboxError) -> Self {
        move |error| Self { stage, error }
    }
}

impl From<Fault> for Ending {
    fn from(fault: Fault) -> Self {
        Self::Error {
            stage: fault.stage,
            message: fault.error.to_string(),
        }
    }
}

impl Bench {
    /// Boots the machine of a trial, and drills it untouched.
    pub(super) async fn boot(lab: &Arc<Lab>, duty: &Duty) -> Result<(Self, Drill), Fault> {
        let booted = lab.machines().boot(lab.files()).await;
        let (machine, listener) = booted.map_err(Fault::at(Stage::Boot))?;
        let machine = Arc::new(machine);
        let pristine = machine.snapshot().await.map_err(Fault::at(Stage::Boot))?;
        let drills = Drills::new(Arc::clone(lab), duty.clone());
        let drilled = drills.drill(&machine, &pristine).await;
        let drill = drilled.map_err(Fault::at(Stage::Drill))?;
        let desk = Desk::open(listener, Arc::clone(&machine), duty.clone());
        let bench = Self {
            lab: Arc::clone(lab),
            machine,
            desk,
            drills,
            last: pristine.clone(),
            pristine,
            matters: false,
        };
        Ok((bench, drill))
    }

    /// Runs a command, the trial's step of this index.
    pub(super) async fn take(
        &mut self,
        index: usize,
        command: String,
        timeout: Duration,
    ) -> Result<Taken, Fault> {
        let executed = self.machine.exec(&command, timeout).await;
        let execution = executed.map_err(Fault::at(Stage::Sandbox))?;
        let Business {
            questions,
            fired,
            fault,
        } = self.desk.business().await;
        if let Some(fault) = fault {
            return Err(Fault::at(Stage::Sandbox)(fault));
        }
        // A fire may have outlasted the command that caused it.
        let up = execution.exit != Exit::MachineDown && (fired.is_none() || self.is_up().await?);
        let diff = Diff::between(&self.last, &execution.snapshot);
        if up && !diff.changes.is_empty() {
            self.drill_if_needed(index, &execution.snapshot).await?;
        }
        let shown = tools::shown(&execution.exit, &execution.output);
        let Execution {
            exit,
            output,
            duration,
            snapshot,
            ..
        } = execution;
        let ending = match (&fired, up) {
            (_, false) => Some(Ending::MachineDown),
            (Some(_), true) => Some(Ending::StillUp),
            (None, true) => None,
        };
        let step = Step {
            command,
            exit,
            output,
            duration_ms: millis(duration),
            questions,
            diff,
            drill: None,
            fire: fired.map(|fired| fire_record(fired, &self.last)),
            running: Vec::new(),
        };
        self.last = snapshot;
        Ok(Taken {
            step,
            shown,
            ending,
        })
    }

    /// How process 1 ended, once it has.
    pub(super) async fn fate(&self) -> Result<Fate, Fault> {
        let fate = self.machine.fate().await;
        fate.map_err(Fault::at(Stage::Sandbox))
    }

    /// Stops everything, looks at what is left, and destroys the machine.
    pub(super) async fn freeze(self) -> Result<Remains, Fault> {
        let Self {
            machine,
            desk,
            drills,
            last,
            ..
        } = self;
        let (survivors, state) = machine.freeze().await.map_err(Fault::at(Stage::Sandbox))?;
        let remains = Remains {
            survivors,
            fate: machine.ended(),
            diff: Diff::between(&last, &state),
            drills,
        };
        drop(desk);
        if let Some(machine) = Arc::into_inner(machine) {
            machine.destroy().await;
        }
        Ok(remains)
    }

    async fn is_up(&self) -> Result<bool, Fault> {
        let up = self.machine.is_up().await;
        up.map_err(Fault::at(Stage::Sandbox))
    }

    /// Drills when the mechanism could behave otherwise than it did untouched, and once more when
    /// it has been put back. The drill is about the step that is about to be recorded.
    async fn drill_if_needed(&mut self, index: usize, now: &Snapshot) -> Result<(), Fault> {
        let mattered = self.matters;
        self.matters = self.lab.closure().matters(&self.pristine, now);
        if mattered || self.matters {
            let begun = self.drills.begin(index, &self.machine, now).await;
            begun.map_err(Fault::at(Stage::Drill))?;
        }
        Ok(())
    }
}

fn fire_record(fired: Fired, before: &Snapshot) -> Fire {
    let Fired {
        question,
        state,
        end,
        took,
    } = fired;
    Fire {
        question: Some(question),
        by: FiredBy::Agent,
        diff: Diff::between(before, &state),
        script: None,
        context: None,
        end,
        took_effect: None,
        took_ms: millis(took),
    }
}
