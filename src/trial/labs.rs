//! The labs of a run: one for all of its conditions that have the same machine.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::lab::{Lab, Order};
use crate::sandbox::{Machines, SandboxError};
use crate::task::Task;

/// A lab for each condition of a run.
pub struct Labs {
    /// That of conditions which have nothing otherwise than the task.
    own: Arc<Lab>,
    /// Those of the others, by the condition's id.
    others: BTreeMap<String, Arc<Lab>>,
}

impl Labs {
    /// Sets up for these conditions of a task, with the program of the task's tool.
    ///
    /// # Errors
    /// When the task's files do not fit into memory.
    pub fn new(
        machines: &Arc<Machines>,
        task: Task,
        conditions: &[String],
        tool: &[u8],
    ) -> Result<Self, SandboxError> {
        let task = Arc::new(task);
        let mut others: BTreeMap<String, Arc<Lab>> = BTreeMap::new();
        let mut made = Vec::new();
        let planned = task
            .conditions
            .iter()
            .filter(|one| conditions.contains(&one.id));
        for condition in planned {
            let Some(setting) = &condition.setting else {
                continue;
            };
            let known = made.iter().find(|(known, _)| *known == setting);
            let lab = if let Some((_, lab)) = known {
                Arc::clone(lab)
            } else {
                let task = Arc::new(task.in_condition(condition));
                let lab = Arc::new(Lab::new(machines, task, tool)?);
                made.push((setting, Arc::clone(&lab)));
                lab
            };
            others.insert(condition.id.clone(), lab);
        }
        Ok(Self {
            own: Arc::new(Lab::new(machines, Arc::clone(&task), tool)?),
            others,
        })
    }

    /// Where the machines come from.
    #[must_use]
    pub fn machines(&self) -> &Arc<Machines> {
        self.own.machines()
    }

    /// The lab of this trial's condition.
    #[must_use]
    pub fn of(&self, order: &Order) -> Arc<Lab> {
        Arc::clone(self.others.get(&order.condition).unwrap_or(&self.own))
    }
}
