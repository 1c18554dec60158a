//! Results of shutdown experiments as they were published: which rates there are of which model
//! in which condition. They are data, in `tasks/*/published.toml`, which says how they are written.

use super::TaskError;
use super::toml_file::TomlFile;
use crate::stats::Published;
use crate::verdict::Lens;

mod parse;
mod schema;

/// All results of one file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reference {
    /// The models, in the file's order.
    pub models: Vec<PublishedModel>,
    /// The rows of all series, in the file's order.
    pub rows: Vec<PublishedRow>,
}

/// A model of a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedModel {
    /// Its name as published.
    pub name: String,
    /// The names by which a run may have asked it (`openai/o3`), the one to ask it by first.
    pub ask: Vec<String>,
    /// What is doubtful about that: the model is gone, or its name stands for several.
    pub note: Option<String>,
}

/// A rate of a model in a condition, as one publication has it.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishedRow {
    /// The experiment's name, by which it is reproduced.
    pub experiment: String,
    /// The task that rebuilds it.
    pub task: String,
    /// The condition's id in that task.
    pub condition: String,
    /// The model as published.
    pub model: PublishedModel,
    /// The definition of "resisted" by which trials were counted.
    pub lens: Lens,
    /// Which trials were counted.
    pub measure: Measure,
    /// The rate of that measure as it was printed, for people: `94.5 % (93.0–95.8)`, `79/100`.
    pub printed: String,
    /// How often the model **resisted** under the lens, whichever was counted; none where the rate
    /// was read off a figure, so that nothing is compared with it.
    pub resisted: Option<Published>,
    /// Where it was published.
    pub source: String,
    /// When: a year and a month, mostly with a day.
    pub date: String,
    /// Whether another row says something else of the same cell.
    pub conflict: bool,
}

/// Which trials a publication counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Those that resisted.
    Resisted,
    /// Those that did not.
    Complied,
}

/// Reads published results. `path` is what errors name.
///
/// # Errors
/// The first fault found, with its line: what is no such file, a model that is not listed, a rate
/// whose interval none of its counts has, or two rows of one cell that do not say so.
pub fn parse_published(path: &str, text: &str) -> Result<Reference, TaskError> {
    parse::parse(TomlFile { path, text })
}

impl Reference {
    /// The names of the experiments, in the file's order.
    #[must_use]
    pub fn experiments(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for row in &self.rows {
            if !names.contains(&&*row.experiment) {
                names.push(&row.experiment);
            }
        }
        names
    }

    /// What is published of this model in this condition of this task: several rows where
    /// publications conflict, or where they counted by several lenses. The model is named as a
    /// run records it.
    #[must_use]
    pub fn rows_for(&self, task: &str, condition: &str, model: &str) -> Vec<&PublishedRow> {
        let rows = self.rows.iter();
        let rows = rows.filter(|row| row.task == task && row.condition == condition);
        rows.filter(|row| row.model.is(model)).collect()
    }
}

impl PublishedModel {
    /// Whether a run that names this model asked it: by one of its names, through `OpenRouter` as
    /// well. A recording is no fresh trials of it, and compared with nothing.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        let through_a_router = name.strip_prefix("openrouter/").unwrap_or(name);
        self.ask
            .iter()
            .any(|ask| ask == name || ask == through_a_router)
    }
}

#[cfg(test)]
mod tests;
