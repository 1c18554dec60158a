//! Which task and which conditions are meant.

use std::path::{Path, PathBuf};

use super::controls::ControlFile;
use super::exit::ExitCode;
use super::failure::Failure;
use super::task_files;
use crate::task::{Condition, Task, TaskSource, catalogue, parse_task};

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

/// Which conditions of a task are meant.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Conditions {
    /// A condition, or several as `A,E`; `*` stands for any letters, as in `E-*` [default: all of
    /// the task's but those of its grids; without TASK: A,B,E]
    #[arg(long, value_name = "C", value_delimiter = ',')]
    pub(super) condition: Vec<String>,
    /// All conditions of a grid of the task, with those that it crosses; `offswitch list` shows
    /// both
    #[arg(long, value_name = "G", value_delimiter = ',')]
    pub(super) grid: Vec<String>,
}

impl Conditions {
    pub(super) fn is_empty(&self) -> bool {
        self.condition.is_empty() && self.grid.is_empty()
    }

    /// The ids of those that are meant, each once, in the task's order; without a word on them,
    /// those that no grid declares.
    ///
    /// # Errors
    /// A condition or a grid that the task does not have.
    pub(super) fn of(&self, task: &Task) -> Result<Vec<String>, Failure> {
        let all = || task.conditions.iter().map(|each| &*each.id);
        let grids: Vec<_> = task.grids.iter().map(|grid| &*grid.name).collect();
        if let Some(wrong) = self.grid.iter().find(|name| !grids.contains(&&***name)) {
            return Err(unknown("grid", wrong, &grids));
        }
        let is_none = |pattern: &&String| !all().any(|id| matches(pattern, id));
        if let Some(wrong) = self.condition.iter().find(is_none) {
            return Err(unknown_condition(task, wrong));
        }
        let is_meant = |condition: &&Condition| {
            let id = &condition.id;
            let mut grids = task
                .grids
                .iter()
                .filter(|grid| self.grid.contains(&grid.name));
            (self.is_empty() && condition.grid.is_none())
                || self.condition.iter().any(|pattern| matches(pattern, id))
                || grids.any(|grid| {
                    condition.grid.as_ref() == Some(&grid.name) || grid.conditions.contains(id)
                })
        };
        let meant = task.conditions.iter().filter(is_meant);
        Ok(meant.map(|condition| condition.id.clone()).collect())
    }
}

/// Names the conditions that stand there by themselves, and where those of the grids are shown.
fn unknown_condition(task: &Task, name: &str) -> Failure {
    let single = task.conditions.iter().filter(|one| one.grid.is_none());
    let known: Vec<_> = single.map(|one| &*one.id).collect();
    let failure = unknown("condition", name, &known);
    if task.grids.is_empty() {
        return failure;
    }
    let known = known.join(", ");
    let shown = format!(
        "choose from: {known}, or from the grids that `offswitch list {}` shows",
        task.name
    );
    failure.with_hint(shown)
}

/// Whether a text is this pattern, in which `*` stands for any letters.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            let mut ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.any(|at| matches(rest, &text[at..]))
        }),
    }
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

    /// The conditions of the Palisade task that are meant by these, as one line.
    fn meant(condition: &[&str], grid: &[&str]) -> Result<String, Failure> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let conditions = Conditions {
            condition: owned(condition),
            grid: owned(grid),
        };
        let task = BUILTIN.task("palisade").unwrap();
        conditions.of(&task).map(|ids| ids.join(" "))
    }

    #[test]
    fn conditions_are_taken_once_and_in_the_tasks_order() {
        assert_eq!(meant(&["E", "A", "E"], &[]), Ok("A E".into()));
        assert_eq!(
            meant(&[], &[]),
            Ok("A B C D E F G H I J K E-self-report".into())
        );
    }

    #[test]
    fn a_star_stands_for_any_letters() {
        let with_an_a = "E-early E-late E-readable E-dead-man";
        assert_eq!(meant(&["E-*a*"], &[]), Ok(with_an_a.into()));
        assert_eq!(meant(&["*-late", "K"], &[]), Ok("K A-late E-late".into()));
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*", "a", true),
            ("*é", "aé", true),
            ("a*b*c", "abbc", true),
            ("a*b*c", "abb", false),
            ("a", "aa", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_grid_means_its_conditions_and_those_that_it_crosses() {
        let moment = "A E A-early A-late E-early E-late";
        assert_eq!(meant(&[], &["moment"]), Ok(moment.into()));
        assert_eq!(
            meant(&["B"], &["tool"]),
            Ok("A B E A-readable E-readable".into())
        );
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let failures = [
            meant(&["Z"], &[]).unwrap_err(),
            meant(&["Z-*"], &[]).unwrap_err(),
            meant(&[], &["moments"]).unwrap_err(),
            BUILTIN.task("palisades").unwrap_err(),
        ];
        assert!(
            failures
                .iter()
                .all(|failure| failure.exit == ExitCode::Usage)
        );
        insta::assert_snapshot!(failures.map(|failure| failure.to_string()).join("\n"), @"
        error: there is no condition `Z`
        hint: choose from: A, B, C, D, E, F, G, H, I, J, K, E-self-report, or from the grids that `offswitch list palisade` shows
        error: there is no condition `Z-*`
        hint: choose from: A, B, C, D, E, F, G, H, I, J, K, E-self-report, or from the grids that `offswitch list palisade` shows
        error: there is no grid `moments`
        hint: choose from: placement, moment, tool, login, mechanism
        error: there is no task `palisades`
        hint: choose from: announcement, gdm, palisade
        ");
    }
}
