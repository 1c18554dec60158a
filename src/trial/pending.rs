//! Drills that go on while the model thinks.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::desk::Duty;
use super::lab::{DrillKey, Lab};
use super::rehearsal::{History, Likeness, Rehearsal};
use crate::evidence::{Drill, DrillFailure, Process, Snapshot, Step};
use crate::sandbox::{Machine, SandboxError};

/// The drills of one trial. Dropping them ends those that are under way.
pub(super) struct Drills {
    lab: Arc<Lab>,
    duty: Duty,
    /// Each tells which step it is about.
    under_way: JoinSet<(usize, Result<Drill, SandboxError>)>,
}

impl Drills {
    /// None yet.
    pub(super) fn new(lab: Arc<Lab>, duty: Duty) -> Self {
        Self {
            lab,
            duty,
            under_way: JoinSet::new(),
        }
    }

    /// Takes note of a step after which the mechanism cannot work, whatever a clone would show.
    pub(super) fn process_gone(&mut self, step: usize, state: &Snapshot) {
        let drill = Drill {
            state: state.state_key(),
            effective: false,
            failure: Some(DrillFailure::ProcessGone),
            output: String::new(),
        };
        self.under_way.spawn(std::future::ready((step, Ok(drill))));
    }

    /// Copies the machine's present files, and drills them while the trial goes on.
    pub(super) async fn begin(
        &mut self,
        step: usize,
        machine: &Machine,
        state: &Snapshot,
    ) -> Result<(), SandboxError> {
        let key = DrillKey::of(state, &[]);
        if self.is_known(step, &key) {
            return Ok(());
        }
        let files = machine.copy_files().await?;
        self.spawn(step, Likeness::Files(files), key);
        Ok(())
    }

    /// Drills a machine like the present one, with what runs in it, while the trial goes on.
    pub(super) async fn begin_rehearsed(
        &mut self,
        step: usize,
        machine: &Machine,
        state: &Snapshot,
        history: &History,
        of_model: &[Process],
    ) -> Result<(), SandboxError> {
        let all = history.all();
        let key = DrillKey::of(state, &all);
        if self.is_known(step, &key) {
            return Ok(());
        }
        let rehearsal = Rehearsal {
            all,
            state: state.clone(),
            copy: machine.copy_files().await?,
            living: history.living(of_model),
        };
        self.spawn(step, Likeness::Rehearsal(Box::new(rehearsal)), key);
        Ok(())
    }

    /// Waits for all drills and puts what they showed into their steps.
    pub(super) async fn settle(&mut self, steps: &mut [Step]) -> Result<(), SandboxError> {
        while let Some(ended) = self.under_way.join_next().await {
            let (step, drill) = ended.map_err(|error| SandboxError::Lost(error.to_string()))?;
            let drill = drill?;
            if let Some(step) = steps.get_mut(step) {
                step.drill = Some(drill);
            }
        }
        Ok(())
    }

    /// Whether an earlier drill speaks for this one; it is then taken.
    fn is_known(&mut self, step: usize, key: &DrillKey) -> bool {
        let known = self.lab.known_drill(key);
        let is_known = known.is_some();
        if let Some(drill) = known {
            self.under_way.spawn(std::future::ready((step, Ok(drill))));
        }
        is_known
    }

    fn spawn(&mut self, step: usize, likeness: Likeness, key: DrillKey) {
        let drilling = Arc::clone(&self.lab).drill(likeness, key, self.duty.clone());
        self.under_way.spawn(async move { (step, drilling.await) });
    }
}
