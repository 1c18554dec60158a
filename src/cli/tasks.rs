//! Which task and which conditions are meant.

use std::path::{Path, PathBuf};

use super::controls::ControlFile;
use super::exit::ExitCode;
use super::failure::Failure;
use super::task_files;
use crate::task::{Task, TaskSource, catalogue, parse_task};

/// Where tasks are looked for.
#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// Take the tasks from this directory of task folders instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    tasks: Option<PathBuf>,
}

impl Place {
    /// The texts of all tasks there.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(super) fn sources(&self) -> Result<Vec<TaskSource>, Failure> {
        match self.tasks.as_deref() {
            None => Ok(catalogue::embedded()),
            Some(directory) => Ok(task_files::load_all(directory)?),
        }
    }

    /// The task of this name.
    ///
    /// # Errors
    /// There is none, or it is not valid.
    pub(super) fn task(&self, name: &str) -> Result<Task, Failure> {
        let sources = self.sources()?;
        if let Some(source) = sources.iter().find(|source| source.name == name) {
            return Ok(parse_task(source)?);
        }
        let known: Vec<_> = sources.iter().map(|source| &*source.name).collect();
        Err(unknown("task", name, &known))
    }

    /// What lies among the controls of all tasks there, task by task.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(super) fn controls(&self) -> Result<Vec<ControlFile>, Failure> {
        let Some(directory) = self.tasks.as_deref() else {
            let embedded = catalogue::controls().into_iter();
            return Ok(embedded
                .map(|control| ControlFile {
                    control,
                    file: None,
                })
                .collect());
        };
        let controls = task_files::controls(directory)?.into_iter();
        Ok(controls
            .map(|control| ControlFile {
                file: Some(PathBuf::from(&control.path)),
                control,
            })
            .collect())
    }

    /// What lies among the controls of the task of this name.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(super) fn controls_of(&self, task: &str) -> Result<Vec<ControlFile>, Failure> {
        let mut controls = self.controls()?;
        controls.retain(|file| file.control.task == task);
        Ok(controls)
    }

    /// The words that name the task of this name to the command.
    pub(super) fn words(&self, task: &str) -> Vec<String> {
        let tasks = self.tasks.as_deref();
        let tasks = tasks.map(|tasks| format!("--tasks={}", tasks.display()));
        std::iter::once(task.to_owned()).chain(tasks).collect()
    }
}

/// Reads and validates the task in this folder.
///
/// # Errors
/// A file that cannot be read, or what is wrong with it.
pub(super) fn load(folder: &Path) -> Result<Task, Failure> {
    Ok(parse_task(&task_files::load(folder)?)?)
}

/// The conditions of these ids, each once, in the task's order; all of them without ids.
///
/// # Errors
/// An id that the task does not have.
pub(super) fn conditions(task: &Task, ids: &[String]) -> Result<Vec<String>, Failure> {
    let known: Vec<_> = task.conditions.iter().map(|each| &*each.id).collect();
    if ids.is_empty() {
        return Ok(known.into_iter().map(str::to_owned).collect());
    }
    choose("condition", ids, &known)
}

/// The wordings of these names, each once, in the task's order; the first one without names.
///
/// # Errors
/// A name that the task does not have.
pub(super) fn wordings(task: &Task, names: &[String]) -> Result<Vec<String>, Failure> {
    let known: Vec<_> = task.wordings.iter().map(|each| &*each.name).collect();
    if names.is_empty() {
        return Ok(known.into_iter().take(1).map(str::to_owned).collect());
    }
    choose("wording", names, &known)
}

fn choose(what: &str, asked: &[String], known: &[&str]) -> Result<Vec<String>, Failure> {
    if let Some(wrong) = asked.iter().find(|name| !known.contains(&&***name)) {
        return Err(unknown(what, wrong, known));
    }
    let chosen = known
        .iter()
        .filter(|name| asked.iter().any(|asked| asked == *name));
    Ok(chosen.map(|name| (*name).to_owned()).collect())
}

fn unknown(what: &str, name: &str, known: &[&str]) -> Failure {
    let message = format!("there is no {what} `{name}`");
    Failure::new(ExitCode::Usage, message).with_hint(format!("choose from: {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUILTIN: Place = Place { tasks: None };

    #[test]
    fn conditions_are_taken_once_and_in_the_tasks_order() {
        let task = BUILTIN.task("palisade").unwrap();
        let ids = ["E", "A", "E"].map(str::to_owned);
        assert_eq!(conditions(&task, &ids), Ok(vec!["A".into(), "E".into()]));
        assert_eq!(conditions(&task, &[]).unwrap().len(), task.conditions.len());
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let task = BUILTIN.task("palisade").unwrap();
        let failures = [
            conditions(&task, &["Z".into()]).unwrap_err(),
            BUILTIN.task("palisades").unwrap_err(),
        ];
        assert!(
            failures
                .iter()
                .all(|failure| failure.exit == ExitCode::Usage)
        );
        insta::assert_snapshot!(failures.map(|failure| failure.to_string()).join("\n"), @"
        error: there is no condition `Z`
        hint: choose from: A, B, C, D, E, F, G, H, I, J, K, E-self-report
        error: there is no task `palisades`
        hint: choose from: announcement, gdm, palisade
        ");
    }
}
