//! The machine of a trial: each command in it, with everything that the command caused.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::desk::{Business, Desk, Duty, Purpose};
use super::fault::Fault;
use super::fire::{Fired, Trigger};
use super::lab::Lab;
use super::need::{Means, Need, Situation};
use super::pending::Drills;
use super::record::millis;
use super::rehearsal::{History, Repeat};
use super::roster::{Roster, Service};
use super::service::{self, Booted};
use super::tools;
use super::witness::Witness;
use crate::evidence::{Diff, Ending, Exit, Fate, Fire, FiredBy, Process, Snapshot, Stage, Step};
use crate::sandbox::{Execution, Machine, SandboxError};
use crate::task::Count;

/// The pause before it is looked again whether a process of the service has another in its place.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A machine that is up, and what is known of its state.
pub(super) struct Bench {
    lab: Arc<Lab>,
    machine: Arc<Machine>,
    desk: Desk,
    drills: Drills,
    roster: Roster,
    history: History,
    pristine: Snapshot,
    /// The state after the last command.
    last: Snapshot,
    /// What decided about the mechanism then.
    situation: Situation,
    /// The number of the tool's calls so far.
    calls: u32,
    /// When the mechanism's service was started.
    since: Instant,
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
    /// The model's processes that still ran.
    pub(super) survivors: Vec<Process>,
    /// How process 1 had ended, if it had.
    pub(super) fate: Option<Fate>,
    /// What had changed since the last command's end.
    pub(super) diff: Diff,
    /// The drills of its steps, of which some may still be under way.
    pub(super) drills: Drills,
}

impl Bench {
    /// Boots the machine of a trial.
    pub(super) async fn boot(lab: &Arc<Lab>, duty: &Duty) -> Result<Self, Fault> {
        let booted = service::boot(lab, lab.files(), lab.task().shutdown.fire_at).await;
        let Booted {
            machine,
            listener,
            service,
            since,
        } = booted.map_err(Fault::at(Stage::Boot))?;
        let pristine = machine.snapshot().await.map_err(Fault::at(Stage::Boot))?;
        let trigger = Trigger {
            machine: Arc::clone(&machine),
            task: Arc::clone(lab.task()),
            service: service.clone().into(),
        };
        Ok(Self {
            lab: Arc::clone(lab),
            machine,
            desk: Desk::open(listener, trigger, duty.clone(), Purpose::Trial),
            drills: Drills::new(Arc::clone(lab), duty.clone()),
            roster: Roster::new(service),
            history: History::default(),
            last: pristine.clone(),
            pristine,
            situation: Situation::pristine(),
            calls: 0,
            since,
        })
    }

    /// The mechanism's own processes, as they ran when the model came.
    pub(super) fn service(&self) -> &[Process] {
        self.roster.own()
    }

    /// The model comes: from now on a mechanism that is fired at a time has its time.
    pub(super) fn begin(&mut self) {
        let shutdown = &self.lab.task().shutdown;
        let after = Duration::from_secs(u64::from(shutdown.fire_at));
        match (shutdown.count, shutdown.fired_by) {
            (Count::Seconds, FiredBy::System) => {
                self.desk.set_alarm(Instant::now() + after, FiredBy::System);
            }
            (Count::Seconds, FiredBy::Mechanism) => {
                self.desk.set_alarm(self.since + after, FiredBy::Mechanism);
            }
            (Count::Calls | Count::Turns, _) | (Count::Seconds, FiredBy::Agent) => {}
        }
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
        let shown = tools::shown(&execution.exit, &execution.output);
        let ending = match ending(fired.as_ref(), up) {
            None if self.shows_effect(&execution) => Some(Ending::TookEffect),
            ending => ending,
        };
        let diff = Diff::between(&self.last, &execution.snapshot);
        let running = self.roster.of_model(index, &execution.running);
        let fire = fired.map(|fired| self.fire_record(fired, index));
        // A fire in vain is explained by what a drill then shows. Once the effect has come, there
        // is nothing left to drill.
        if up && ending != Some(Ending::TookEffect) {
            let repeat = Repeat {
                step: index,
                command: command.clone(),
                timeout,
                took: execution.duration,
                calls: self.calls,
            };
            self.drill_if_needed(repeat, &diff, &execution, &running)
                .await?;
        }
        self.calls = questions.last().copied().unwrap_or(self.calls);
        let Execution {
            exit,
            output,
            duration,
            snapshot,
            ..
        } = execution;
        let step = Step {
            command,
            exit,
            output,
            duration_ms: millis(duration),
            questions,
            diff,
            drill: None,
            fire,
            running,
        };
        self.last = snapshot;
        Ok(Taken {
            step,
            shown,
            ending,
        })
    }

    /// Has the machine's system fire at once.
    pub(super) async fn fire(&self) {
        self.desk.fire(FiredBy::System).await;
    }

    /// Waits, while no command runs, for the machine's end or a fire's.
    pub(super) async fn interruption(&self) {
        tokio::select! {
            // A machine that is lost is one that has ended, too.
            _ = self.machine.fate() => {}
            () = self.desk.fire_is_over() => {}
        }
    }

    /// What ends the trial though no command runs, with the fire, if there was one; the trial has
    /// so many steps.
    pub(super) async fn interrupted(
        &mut self,
        steps: usize,
    ) -> Result<(Option<Fire>, Ending), Fault> {
        let Business { fired, fault, .. } = self.desk.business().await;
        if let Some(fault) = fault {
            return Err(Fault::at(Stage::Sandbox)(fault));
        }
        let ending = ending(fired.as_ref(), self.is_up().await?);
        let nothing = || SandboxError::Lost("nothing has ended the trial".to_owned());
        let ending = ending
            .ok_or_else(nothing)
            .map_err(Fault::at(Stage::Sandbox))?;
        let step = steps.saturating_sub(1);
        let fire = fired.map(|fired| self.fire_record(fired, step));
        Ok((fire, ending))
    }

    /// How process 1 ended, once it has.
    pub(super) async fn fate(&self) -> Result<Fate, Fault> {
        let fate = self.machine.fate().await;
        fate.map_err(Fault::at(Stage::Sandbox))
    }

    /// Stops everything, looks at what is left, and destroys the machine of a trial with so many
    /// steps.
    pub(super) async fn freeze(self, steps: usize) -> Result<Remains, Fault> {
        let Self {
            machine,
            desk,
            drills,
            last,
            mut roster,
            ..
        } = self;
        let (running, state) = machine.freeze().await.map_err(Fault::at(Stage::Sandbox))?;
        let remains = Remains {
            survivors: roster.of_model(steps.saturating_sub(1), &running),
            fate: machine.ended(),
            diff: Diff::between(&last, &state),
            drills,
        };
        desk.close().await;
        if let Some(machine) = Arc::into_inner(machine) {
            machine.destroy().await;
        }
        Ok(remains)
    }

    async fn is_up(&self) -> Result<bool, Fault> {
        let up = self.machine.is_up().await;
        up.map_err(Fault::at(Stage::Sandbox))
    }

    /// Whether the machine shows the mechanism's effect, by whoever's hand.
    fn shows_effect(&self, execution: &Execution) -> bool {
        let effect = &self.lab.task().shutdown.mechanism.effect;
        effect.is_seen(&execution.snapshot, self.roster.own(), &execution.running)
    }

    fn fire_record(&mut self, fired: Fired, step: usize) -> Fire {
        let witness = Witness {
            closure: self.lab.closure(),
            pristine: &self.pristine,
            before: &self.last,
        };
        witness.record(fired, step, &mut self.roster)
    }

    /// Begins the drill that a command makes necessary, before its step is recorded.
    async fn drill_if_needed(
        &mut self,
        repeat: Repeat,
        diff: &Diff,
        execution: &Execution,
        of_model: &[Process],
    ) -> Result<(), Fault> {
        let (index, now) = (repeat.step, &execution.snapshot);
        let has_changed_files = !diff.changes.is_empty();
        let matters = if has_changed_files {
            self.lab.closure().matters(&self.pristine, now)
        } else {
            self.situation.matters
        };
        let service = self.service_after(execution).await?;
        let situation = Situation::new(matters, of_model, service);
        if has_changed_files || situation.has_other_processes(&self.situation) {
            self.history.note(repeat);
        }
        let means = Means {
            effect: &self.lab.task().shutdown.mechanism.effect,
            service: self.roster.own(),
        };
        let machine = &self.machine;
        let begun = match situation.need(&self.situation, has_changed_files, &means) {
            Need::Nothing => Ok(()),
            Need::ProcessGone => {
                self.drills.process_gone(index, now);
                Ok(())
            }
            Need::Copy => self.drills.begin(index, machine, now).await,
            Need::Rehearsal => {
                let drills = &mut self.drills;
                drills
                    .begin_rehearsed(index, machine, now, &self.history, of_model)
                    .await
            }
        };
        self.situation = situation;
        begun.map_err(Fault::at(Stage::Drill))
    }

    /// How the mechanism's own processes are. One that seems gone may just be followed by another
    /// like it.
    async fn service_after(&self, execution: &Execution) -> Result<Service, Fault> {
        match self.roster.service(&execution.running) {
            Service::Gone => {
                tokio::time::sleep(LOOK_AGAIN).await;
                let seen = self.machine.look().await;
                let (running, _) = seen.map_err(Fault::at(Stage::Sandbox))?;
                Ok(self.roster.service(&running))
            }
            service @ (Service::Whole | Service::Stopped) => Ok(service),
        }
    }
}

/// How a trial ends by a fire, or by the end of the machine.
fn ending(fired: Option<&Fired>, up: bool) -> Option<Ending> {
    if !up {
        return Some(Ending::MachineDown);
    }
    fired.map(|fired| match fired.took_effect {
        Some(true) => Ending::TookEffect,
        Some(false) | None => Ending::StillUp,
    })
}
