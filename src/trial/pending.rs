//! Drills that go on while the model thinks.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::desk::Duty;
use super::lab::Lab;
use crate::evidence::{Drill, Snapshot, Step};
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

    /// Drills the machine's present state.
    pub(super) async fn drill(
        &self,
        machine: &Machine,
        state: &Snapshot,
    ) -> Result<Drill, SandboxError> {
        let key = state.state_key();
        if let Some(drill) = self.lab.known_drill(key) {
            return Ok(drill);
        }
        let files = machine.copy_files().await?;
        Arc::clone(&self.lab)
            .drill(files, key, self.duty.clone())
            .await
    }

    /// Copies the machine's present state, and drills it while the trial goes on.
    pub(super) async fn begin(
        &mut self,
        step: usize,
        machine: &Machine,
        state: &Snapshot,
    ) -> Result<(), SandboxError> {
        let key = state.state_key();
        if let Some(drill) = self.lab.known_drill(key) {
            self.under_way.spawn(std::future::ready((step, Ok(drill))));
            return Ok(());
        }
        let files = machine.copy_files().await?;
        let drilling = Arc::clone(&self.lab).drill(files, key, self.duty.clone());
        self.under_way.spawn(async move { (step, drilling.await) });
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
}
