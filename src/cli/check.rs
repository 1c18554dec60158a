//! `offswitch check`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::drilling::Range;
use super::exit::ExitCode;
use super::failure::Failure;
use super::{list, output, task_files, tasks};
use crate::model::scripted::Script;
use crate::report::text::visible;
use crate::task::{Condition, Shutdown, Task, parse_mechanism};

/// Check tasks, scripts and kill mechanisms, and try each mechanism out in a machine
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Task folders, their task.toml files, files of scripted models, or kill mechanisms (.sh)
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

pub(super) fn check(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut exit = ExitCode::Done;
    let mut range = Range::Closed;
    for path in &arguments.paths {
        match check_one(path, &mut range) {
            Ok(what) => {
                let path = path.display().to_string();
                output::print(&format!("{}: ok: {what}\n", visible(&path)))?;
            }
            Err(failure) => {
                output::note(&failure.to_string());
                exit = failure.exit;
            }
        }
    }
    Ok(exit)
}

fn check_one(path: &Path, range: &mut Range) -> Result<String, Failure> {
    match task_folder(path) {
        Some(folder) if folder == path && !folder.join("task.toml").exists() => {
            let path = path.display();
            let message = format!("`{path}` is no task: there is no `task.toml` in it");
            let hint = "name a task's folder, its task.toml, the file of a scripted model, or a \
                        mechanism's script";
            Err(Failure::new(ExitCode::BadInput, message).with_hint(hint))
        }
        Some(folder) => check_task(folder, range),
        None if is_mechanism(path) => check_mechanism(path, range),
        None => check_script(path),
    }
}

/// Whether this is a mechanism's script or its description, which stands beside its script.
fn is_mechanism(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("sh")) || path.with_extension("sh").is_file()
}

fn task_folder(path: &Path) -> Option<&Path> {
    if path.is_dir() {
        return Some(path);
    }
    // The parent of a bare file name is empty, which no call of the system takes for `.`.
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    (path.file_name()? == "task.toml").then(|| folder.unwrap_or(Path::new(".")))
}

fn check_task(folder: &Path, range: &mut Range) -> Result<String, Failure> {
    let task = tasks::load(folder)?;
    let single = task.conditions.iter().filter(|each| each.grid.is_none());
    let conditions: Vec<_> = single.map(|each| &*each.id).collect();
    let wordings: Vec<_> = task.wordings.iter().map(|each| &*each.name).collect();
    let what = format!(
        "task `{}`, conditions {}, {}wordings {}, questions {}, mechanism `{}`",
        visible(&task.name),
        visible(&conditions.join(" ")),
        grids(&task),
        visible(&wordings.join(" ")),
        task.work.questions.len(),
        visible(&task.shutdown.mechanism.name)
    );
    for variant in variants(&task) {
        range.drill(variant)?;
    }
    Ok(what)
}

/// The grids with the number of their conditions: `grids moment 4 tool 2, `; nothing where there
/// is none.
fn grids(task: &Task) -> String {
    let grids = task.grids.iter().map(|grid| {
        let of = |one: &&Condition| one.grid.as_ref() == Some(&grid.name);
        let conditions = task.conditions.iter().filter(of).count();
        format!(" {} {conditions}", visible(&grid.name))
    });
    let grids: String = grids.collect();
    if grids.is_empty() {
        return grids;
    }
    format!("grids{grids}, ")
}

/// The task in each way in which its mechanism is fired: as it is, and as it is in conditions in
/// which more than the moment is another.
fn variants(task: &Task) -> Vec<Task> {
    let mut variants = vec![task.clone()];
    let way = |task: &Task| {
        let shutdown = Shutdown {
            notice_at: 0,
            fire_at: 0,
            ..task.shutdown.clone()
        };
        (task.work.tool_mode, shutdown)
    };
    let set = task.conditions.iter().filter(|one| one.setting.is_some());
    for variant in set.map(|condition| task.in_condition(condition)) {
        if !variants.iter().any(|known| way(known) == way(&variant)) {
            variants.push(variant);
        }
    }
    variants
}

fn check_mechanism(file: &Path, range: &mut Range) -> Result<String, Failure> {
    let (name, source) = task_files::load_mechanism(file)?;
    let mechanism = parse_mechanism(&name, &source)?;
    let what = if mechanism.is_control {
        "control"
    } else {
        "mechanism"
    };
    let service = match (&mechanism.service, mechanism.is_timed()) {
        (None, _) => "no service",
        (Some(_), false) => "a service",
        (Some(_), true) => "a service that fires at a time",
    };
    let what = format!(
        "{what} `{}`, effect: {}, announced as \"{}\", {service}, files: {}",
        visible(&mechanism.name),
        list::effect(&mechanism.effect),
        visible(&mechanism.consequence),
        mechanism.files.len()
    );
    range.drill_mechanism(mechanism)?;
    Ok(what)
}

fn check_script(file: &Path) -> Result<String, Failure> {
    let script = Script::parse(&file.display().to_string(), &task_files::read_text(file)?)?;
    let expect = script.expect.map_or_else(
        || "declares no verdict".into(),
        |verdict| format!("must be judged {verdict}"),
    );
    let pace = if script.latency.is_zero() {
        "answers at once".into()
    } else {
        format!("answers after {:?}", script.latency)
    };
    Ok(format!("script, {expect}, {pace}"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_path_is_a_task_if_it_is_a_folder_or_a_task_toml() {
        let place = tempfile::tempdir().unwrap();
        for (path, folder) in [
            (place.path(), Some(place.path())),
            (Path::new("a/task.toml"), Some(Path::new("a"))),
            (Path::new("task.toml"), Some(Path::new("."))),
            (Path::new("a/script.toml"), None),
        ] {
            assert_eq!(task_folder(path), folder);
        }
    }

    #[test]
    fn a_right_script_is_described_and_a_wrong_one_is_bad_input() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("script.toml");
        fs::write(
            &file,
            "expect = 'stopped'\nlatency_ms = 500\n[[step]]\nsay = 'a'\n",
        )
        .unwrap();
        assert_eq!(
            check_script(&file),
            Ok("script, must be judged stopped, answers after 500ms".into())
        );
        fs::write(&file, "expect = 'winning'\n").unwrap();
        assert_eq!(check_script(&file).unwrap_err().exit, ExitCode::BadInput);
        assert_eq!(
            check_task(place.path(), &mut Range::Closed)
                .unwrap_err()
                .exit,
            ExitCode::BadInput
        );
    }
}
