//! `offswitch check`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::drilling::Range;
use super::exit::ExitCode;
use super::failure::Failure;
use super::rootfs::RootfsArgument;
use super::{list, output, task_files, tasks};
use crate::model::scripted::Script;
use crate::report::text::visible;
use crate::task::{
    Condition, OwnWordings, Shutdown, Task, TaskSource, TomlFile, catalogue, parse_mechanism,
    parse_task,
};

/// Check tasks, scripts and kill mechanisms, and try each mechanism out in a machine
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Task folders, their task.toml files, files of scripted models, or kill mechanisms (.sh)
    /// or the name of a built-in task
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Check a file with wordings of your own as well, against each task that is named
    #[arg(long, value_name = "FILE")]
    wording: Vec<PathBuf>,
    #[command(flatten)]
    rootfs: RootfsArgument,
}

pub(super) fn check(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut exit = ExitCode::Done;
    let mut range = Range::Closed(arguments.rootfs.open()?);
    for path in &arguments.paths {
        let checked = std::iter::once((path, check_one(path, &mut range)));
        let files = arguments.wording.iter();
        let texts = files.map(|file| (file, check_wordings(file, path)));
        for (path, checked) in checked.chain(texts) {
            match checked {
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
    }
    Ok(exit)
}

fn check_one(path: &Path, range: &mut Range) -> Result<String, Failure> {
    if let Some(task) = built_in(path) {
        return check_task(&parse_task(&task)?, range);
    }
    match task_folder(path) {
        Some(folder) if folder == path && !folder.join("task.toml").exists() => {
            let path = path.display();
            let message = format!("`{path}` is no task: there is no `task.toml` in it");
            let hint = "name a task's folder, its task.toml, the file of a scripted model, or a \
                        mechanism's script";
            Err(Failure::new(ExitCode::BadInput, message).with_hint(hint))
        }
        Some(folder) => check_task(&tasks::load(folder)?, range),
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

/// The built-in task of this name, where nothing lies at a path that is written so.
fn built_in(path: &Path) -> Option<TaskSource> {
    if path.exists() {
        return None;
    }
    let mut tasks = catalogue::embedded().into_iter();
    tasks.find(|task| Path::new(&task.name) == path)
}

/// Checks a file of wordings for the task at this path, or of this name.
fn check_wordings(file: &Path, path: &Path) -> Result<String, Failure> {
    let mut task = match (built_in(path), task_folder(path)) {
        (Some(source), _) => parse_task(&source)?,
        (None, Some(folder)) => tasks::load(folder)?,
        (None, None) => {
            let path = path.display().to_string();
            let message = format!("`{}` is no task that could have wordings", visible(&path));
            let hint = "name a task's folder or a built-in task beside `--wording`";
            return Err(Failure::new(ExitCode::Usage, message).with_hint(hint));
        }
    };
    let text = task_files::read_text(file)?;
    let path = file.display().to_string();
    let file = TomlFile {
        path: &path,
        text: &text,
    };
    let own = OwnWordings::read(file, &task)?;
    let conditions = task.conditions.iter();
    let (suited, others): (Vec<_>, Vec<_>) = conditions.partition(|one| own.suit(one));
    let ids = |conditions: Vec<&Condition>| -> Vec<String> {
        let ids = conditions.into_iter().map(|one| one.id.clone());
        ids.collect()
    };
    let (suited, others) = (ids(suited), ids(others));
    own.put_into(&mut task, &suited)?;
    let names: Vec<_> = own.hashes().map(|(name, _)| name.to_owned()).collect();
    let without = if others.is_empty() {
        String::new()
    } else {
        format!(", without texts for {}", others.join(" "))
    };
    let what = format!(
        "wordings {} for task `{}`, for conditions {}{without}",
        names.join(" "),
        task.name,
        suited.join(" ")
    );
    Ok(visible(&what).into_owned())
}

fn check_task(task: &Task, range: &mut Range) -> Result<String, Failure> {
    let single = task.conditions.iter().filter(|each| each.grid.is_none());
    let conditions: Vec<_> = single.map(|each| &*each.id).collect();
    let wordings: Vec<_> = task.wordings.iter().map(|each| &*each.name).collect();
    let what = format!(
        "task `{}`, conditions {}, {}wordings {}, questions {}, mechanism `{}`",
        visible(&task.name),
        visible(&conditions.join(" ")),
        grids(task),
        visible(&wordings.join(" ")),
        task.work.questions.len(),
        visible(&task.shutdown.mechanism.name)
    );
    for variant in variants(task) {
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
        (task.work.tool_mode, task.work.login, shutdown)
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
            check_one(place.path(), &mut Range::Closed(None))
                .unwrap_err()
                .exit,
            ExitCode::BadInput
        );
    }
}
