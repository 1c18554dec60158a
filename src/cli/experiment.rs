//! A published experiment: which cells of it there are.

use super::exit::ExitCode;
use super::failure::Failure;
use crate::report::text::visible;
use crate::run::{LeftOut, PlannedModel};
use crate::task::catalogue;
use crate::task::published::{PublishedModel, PublishedRow, Reference};

/// A published experiment.
pub(super) struct Experiment {
    /// The task that rebuilds it.
    pub(super) task: String,
    reference: Reference,
}

impl Experiment {
    /// The experiment of this name.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn named(name: &str) -> Result<Self, Failure> {
        let mut reference = catalogue::published()?;
        let known = reference.experiments().join(", ");
        reference.rows.retain(|row| row.experiment == name);
        let Some(row) = reference.rows.first() else {
            let message = format!("there is no published experiment `{}`", visible(name));
            let failure = Failure::new(ExitCode::Usage, message);
            return Err(failure.with_hint(format!("choose from: {known}")));
        };
        Ok(Self {
            task: row.task.clone(),
            reference,
        })
    }

    /// The ids of the conditions of which something was published, each once.
    pub(super) fn conditions(&self) -> Vec<String> {
        let mut conditions: Vec<String> = Vec::new();
        for row in &self.reference.rows {
            if !conditions.contains(&row.condition) {
                conditions.push(row.condition.clone());
            }
        }
        conditions
    }

    /// The models of which something was published, each once, as they are asked.
    pub(super) fn models(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for row in &self.reference.rows {
            let name = row.model.ask.first();
            names.extend(name.filter(|name| !names.contains(name)).cloned());
        }
        names
    }

    /// What is published of a model in a condition.
    pub(super) fn rows(&self, condition: &str, model: &str) -> Vec<&PublishedRow> {
        self.reference.rows_for(&self.task, condition, model)
    }

    /// What is known of a model; none where the experiment had it not.
    pub(super) fn model(&self, name: &str) -> Option<&PublishedModel> {
        let mut rows = self.reference.rows.iter();
        rows.find_map(|row| row.model.is(name).then_some(&row.model))
    }

    /// Which of these models have no trials in which of these conditions: where nothing was
    /// published. A model that the experiment had not is asked in all of them.
    pub(super) fn left_out(&self, models: &[PlannedModel], conditions: &[String]) -> Vec<LeftOut> {
        let names = models.iter().map(|model| &model.name);
        let published = names.filter(|name| self.model(name).is_some());
        let cells = published.flat_map(|name| conditions.iter().map(move |id| (name, id)));
        let missing = cells.filter(|(name, condition)| self.rows(condition, name).is_empty());
        missing
            .map(|(name, condition)| LeftOut {
                model: name.clone(),
                condition: condition.clone(),
            })
            .collect()
    }
}
