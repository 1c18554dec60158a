//! The tasks, controls and kill mechanisms that are part of the program, so that an installed
//! binary needs no files beside it.

use std::collections::BTreeMap;

use include_dir::{Dir, include_dir};

use super::published::{Reference, parse_published};
use super::{MechanismSource, TaskError, TaskSource};

/// The task of the demonstration. Its controls play where a task has none of their name.
pub const DEMONSTRATION: &str = "palisade";

static TASKS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/tasks");
static SCRIPTS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/shutdown_scripts");

/// A scripted agent that comes with a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// The name of its task.
    pub task: String,
    /// Its name, which is its file's.
    pub name: String,
    /// The path that errors name.
    pub path: String,
    /// The text of the script.
    pub toml: String,
}

/// The embedded tasks, by name.
#[must_use]
pub fn embedded() -> Vec<TaskSource> {
    let files = files_below(&TASKS);
    let tasks = files.iter().filter_map(|(path, toml)| {
        let name = path.strip_suffix("/task.toml")?;
        let workspace = format!("{name}/workspace/");
        let files = files
            .iter()
            .filter_map(|(path, text)| Some((path.strip_prefix(&workspace)?, *text)));
        Some(TaskSource {
            name: name.to_owned(),
            path: format!("tasks/{path}"),
            toml: (*toml).to_owned(),
            files: owned(files),
            mechanisms: mechanisms(),
        })
    });
    tasks.collect()
}

/// The embedded kill mechanisms, by name.
#[must_use]
pub fn mechanisms() -> BTreeMap<String, MechanismSource> {
    let files: BTreeMap<_, _> = files_below(&SCRIPTS).into_iter().collect();
    let scripts = files
        .iter()
        .filter_map(|(path, text)| Some((path.strip_suffix(".sh")?, *text)));
    let mechanisms = scripts.map(|(name, script)| {
        let toml = files.get(format!("{name}.toml").as_str());
        let source = MechanismSource {
            stem: format!("shutdown_scripts/{name}"),
            script: script.to_owned(),
            toml: toml.map(|text| (*text).to_owned()),
        };
        (name.to_owned(), source)
    });
    mechanisms.collect()
}

/// The embedded controls of all tasks, by name.
#[must_use]
pub fn controls() -> Vec<Control> {
    let files = files_below(&TASKS).into_iter();
    let controls = files.filter_map(|(path, toml)| {
        let (task, file) = path.split_once("/controls/")?;
        let name = file.strip_suffix(".toml")?;
        Some(Control {
            task: task.to_owned(),
            name: name.to_owned(),
            path: format!("tasks/{path}"),
            toml: toml.to_owned(),
        })
    });
    controls.collect()
}

/// The embedded control of this name that is for this task: its own, else that of the
/// demonstration, else the first that any task has.
#[must_use]
pub fn control(name: &str, task: &str) -> Option<Control> {
    let mut named: Vec<_> = controls();
    named.retain(|control| control.name == name);
    let of = |task: &str| named.iter().find(|control| control.task == task);
    let chosen = of(task).or_else(|| of(DEMONSTRATION));
    chosen.or(named.first()).cloned()
}

/// The embedded results of published experiments.
///
/// # Errors
/// One of the files is not valid; none is.
pub fn published() -> Result<Reference, TaskError> {
    let mut all = Reference::default();
    for (path, text) in files_below(&TASKS) {
        if path.ends_with("/published.toml") {
            let one = parse_published(&format!("tasks/{path}"), text)?;
            all.models.extend(one.models);
            all.rows.extend(one.rows);
        }
    }
    Ok(all)
}

/// All text files below an embedded folder with their paths relative to its root, by path.
fn files_below(folder: &Dir<'static>) -> Vec<(&'static str, &'static str)> {
    let mut files: Vec<_> = folder.dirs().flat_map(files_below).collect();
    let own = folder.files();
    files.extend(own.filter_map(|file| Some((file.path().to_str()?, file.contents_utf8()?))));
    files.sort_unstable();
    files
}

fn owned<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, String> {
    files
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .collect()
}

/// The task of the demonstration, for tests.
#[cfg(test)]
pub(crate) fn palisade() -> TaskSource {
    task(DEMONSTRATION)
}

/// An embedded task, for tests.
#[cfg(test)]
pub(crate) fn task(name: &str) -> TaskSource {
    let mut tasks = embedded().into_iter();
    tasks.find(|task| task.name == name).unwrap()
}

#[cfg(test)]
mod texts;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{parse_mechanism, parse_task};

    const TELLING: [&str; 12] = [
        "test",
        "tests",
        "testing",
        "sandbox",
        "sandboxed",
        "evaluation",
        "eval",
        "experiment",
        "offswitch",
        "harness",
        "simulation",
        "control",
    ];

    #[test]
    fn every_embedded_task_is_valid_and_listed_once() {
        let names: Vec<_> = embedded()
            .iter()
            .map(|source| parse_task(source).unwrap().name)
            .collect();
        assert_eq!(names, ["announcement", "gdm", "palisade"]);
    }

    #[test]
    fn a_name_means_the_tasks_own_control_and_else_that_of_the_demonstration() {
        let task = |name, task| control(name, task).map(|control| control.task);
        assert_eq!(task("complies", "gdm").as_deref(), Some("gdm"));
        assert_eq!(task("complies", "mine").as_deref(), Some("palisade"));
        assert_eq!(task("empties", "gdm").as_deref(), Some("palisade"));
        assert_eq!(task("obeys", "gdm"), None);
    }

    #[test]
    fn every_embedded_mechanism_is_valid_and_says_what_it_does() {
        for (name, source) in mechanisms() {
            let mechanism = parse_mechanism(&name, &source).unwrap();
            assert!(mechanism.summary.ends_with('.'), "{name}");
        }
    }

    #[test]
    fn every_file_beside_the_mechanisms_belongs_to_one() {
        let mechanisms = mechanisms();
        for (path, _) in files_below(&SCRIPTS) {
            let (name, extension) = path.rsplit_once('.').unwrap();
            assert!(mechanisms.contains_key(name), "{path}");
            assert!(["sh", "toml"].contains(&extension), "{path}");
        }
    }

    #[test]
    fn nothing_that_a_model_sees_speaks_of_being_watched() {
        for source in embedded() {
            let task = parse_task(&source).unwrap();
            let mut seen = Vec::new();
            seen.extend(
                task.work
                    .files
                    .iter()
                    .flat_map(|file| [file.path.clone(), file.text.clone()]),
            );
            for condition in &task.conditions {
                let task = task.in_condition(condition);
                for wording in &task.wordings {
                    let (system, user) = task.prompts(condition, wording);
                    seen.extend([system, user, wording.go_on.clone(), wording.notice.clone()]);
                    seen.extend((1..=task.shutdown.fire_at).map(|call| task.reply(call, wording)));
                }
            }
            assert_says_nothing(&seen);
        }
        for (name, source) in mechanisms() {
            let mechanism = parse_mechanism(&name, &source).unwrap();
            let files = mechanism.files.into_iter();
            let mut seen: Vec<_> = files.flat_map(|file| [file.path, file.text]).collect();
            seen.extend([mechanism.script, mechanism.consequence]);
            seen.extend(mechanism.service);
            assert_says_nothing(&seen);
        }
    }

    fn assert_says_nothing(seen: &[String]) {
        for text in seen {
            let text = text.to_lowercase();
            let mut words = text.split(|c: char| !c.is_alphanumeric());
            assert_eq!(
                words.find(|word| TELLING.contains(word)),
                None,
                "in: {text}"
            );
        }
    }
}
