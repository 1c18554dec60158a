//! Reads tasks from directories, as `--tasks DIR` and `offswitch check PATH` name them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::task::catalogue::{self, Control};
use crate::task::{MechanismSource, TaskSource};

/// The longest file that is read, so that a stray disk image beside a task is an error and not
/// an hour.
const MAX_BYTES: u64 = 1 << 20;

/// The most entries of one directory tree that are read, for the same reason.
const MAX_ENTRIES: usize = 256;

/// Why a task cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The operating system refused.
    #[error("cannot read `{}`", .path.display())]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// Why it was not.
        source: io::Error,
    },
    /// A directory, link, device or pipe stands where a file must be.
    #[error("`{}` is no regular file: put one in its place or remove it", .0.display())]
    NotAFile(PathBuf),
    /// More than a task's file may hold.
    #[error("`{}` is longer than {} KiB: make it shorter", .0.display(), MAX_BYTES / 1024)]
    TooLong(PathBuf),
    /// Not text, or a name that is not text.
    #[error("`{}` is not UTF-8: write name and content as UTF-8 text", .0.display())]
    NotUtf8(PathBuf),
    /// More than a task may have.
    #[error("`{}` holds more than {MAX_ENTRIES} files: remove some", .0.display())]
    TooMany(PathBuf),
    /// A mechanism's description without its script.
    #[error("there is no script beside `{}`: add it, or remove the file", .0.display())]
    NoScript(PathBuf),
    /// Nothing to load.
    #[error("no folder in `{}` holds a `task.toml`: name a directory of task folders", .0.display())]
    NoTask(PathBuf),
}

/// Reads all tasks of a directory that holds task folders, by name.
///
/// # Errors
/// The first file that cannot be read, or that there is no task.
pub fn load_all(directory: &Path) -> Result<Vec<TaskSource>, LoadError> {
    let mut folders = entries(directory)?;
    folders.retain(|folder| folder.join("task.toml").exists());
    if folders.is_empty() {
        return Err(LoadError::NoTask(directory.to_owned()));
    }
    folders.iter().map(|folder| load(folder)).collect()
}

/// Reads the task in this folder. Its mechanism is looked for in `shutdown_scripts` beside the
/// directory that holds the folder, then in the folder's own `shutdown_scripts`, then among
/// the embedded ones.
///
/// # Errors
/// The first file that cannot be read.
pub fn load(folder: &Path) -> Result<TaskSource, LoadError> {
    let path = folder.join("task.toml");
    let toml = read_text(&path)?;
    let mut mechanisms = catalogue::mechanisms();
    mechanisms.extend(mechanisms_in(&folder.join("shutdown_scripts"))?);
    mechanisms.extend(mechanisms_in(&folder.join("../../shutdown_scripts"))?);
    Ok(TaskSource {
        name: name_of(folder)?,
        path: path.display().to_string(),
        toml,
        files: texts_below(&folder.join("workspace"))?,
        mechanisms,
    })
}

/// Reads the controls of all tasks in a directory that holds task folders, by task and name: the
/// TOML files of each folder's `controls`.
///
/// # Errors
/// The first file that cannot be read.
pub fn controls(directory: &Path) -> Result<Vec<Control>, LoadError> {
    let mut controls = Vec::new();
    for task in load_all(directory)? {
        let folder = Path::new(&task.path).with_file_name("controls");
        for (file, toml) in texts_below(&folder)? {
            if let Some(name) = file.strip_suffix(".toml") {
                controls.push(Control {
                    task: task.name.clone(),
                    name: name.to_owned(),
                    path: folder.join(&file).display().to_string(),
                    toml,
                });
            }
        }
    }
    Ok(controls)
}

/// Reads the mechanism of which this is the script or the description, with its name.
///
/// # Errors
/// The first file that cannot be read.
pub fn load_mechanism(file: &Path) -> Result<(String, MechanismSource), LoadError> {
    let name = file.file_stem().unwrap_or_default().to_str();
    let name = name.ok_or_else(|| LoadError::NotUtf8(file.to_owned()))?;
    let description = file.with_extension("toml");
    let source = MechanismSource {
        stem: file.with_extension("").display().to_string(),
        script: read_text(&file.with_extension("sh"))?,
        toml: description
            .exists()
            .then(|| read_text(&description))
            .transpose()?,
    };
    Ok((name.to_owned(), source))
}

/// Reads a file that a person wrote.
///
/// # Errors
/// It is no regular file, too long, or not UTF-8.
pub fn read_text(path: &Path) -> Result<String, LoadError> {
    let failed = failed_at(path);
    if !fs::metadata(path).map_err(&failed)?.is_file() {
        return Err(LoadError::NotAFile(path.to_owned()));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(&failed)?;
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(&failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(LoadError::TooLong(path.to_owned()));
    }
    String::from_utf8(bytes).map_err(|_| LoadError::NotUtf8(path.to_owned()))
}

/// The folder's name even where the path to it ends in `.` or `..`.
fn name_of(folder: &Path) -> Result<String, LoadError> {
    let full = fs::canonicalize(folder).map_err(failed_at(folder))?;
    let name = full.file_name().unwrap_or_default();
    let name = name.to_str().ok_or(LoadError::NotUtf8(full.clone()))?;
    Ok(name.to_owned())
}

/// The mechanisms in a folder, by name; none where it is missing. One of a folder replaces one
/// of the same name as a whole, so that no script gets another one's description.
fn mechanisms_in(folder: &Path) -> Result<BTreeMap<String, MechanismSource>, LoadError> {
    let mut texts = texts_below(folder)?;
    let files: Vec<_> = texts.keys().cloned().collect();
    let mut mechanisms = BTreeMap::new();
    for name in files.iter().filter_map(|file| file.strip_suffix(".sh")) {
        let source = MechanismSource {
            stem: folder.join(name).display().to_string(),
            script: texts.remove(&format!("{name}.sh")).unwrap_or_default(),
            toml: texts.remove(&format!("{name}.toml")),
        };
        mechanisms.insert(name.to_owned(), source);
    }
    match texts
        .keys()
        .find(|file| file.strip_suffix(".toml").is_some())
    {
        Some(stray) => Err(LoadError::NoScript(folder.join(stray))),
        None => Ok(mechanisms),
    }
}

/// All files below a directory, by their path relative to it; none where it is missing. Links
/// are not followed: what they lead to is no part of the task, and need not end.
fn texts_below(root: &Path) -> Result<BTreeMap<String, String>, LoadError> {
    let mut texts = BTreeMap::new();
    if !root.exists() {
        return Ok(texts);
    }
    let mut waiting = entries(root)?;
    let mut seen = waiting.len();
    while let Some(path) = waiting.pop() {
        let kind = fs::symlink_metadata(&path)
            .map_err(failed_at(&path))?
            .file_type();
        if kind.is_dir() {
            let inside = entries(&path)?;
            seen += inside.len();
            waiting.extend(inside);
        } else if kind.is_file() {
            let relative = path.strip_prefix(root).unwrap_or(&path).to_str();
            let relative = relative.ok_or_else(|| LoadError::NotUtf8(path.clone()))?;
            texts.insert(relative.to_owned(), read_text(&path)?);
        } else {
            return Err(LoadError::NotAFile(path));
        }
        if seen > MAX_ENTRIES {
            return Err(LoadError::TooMany(root.to_owned()));
        }
    }
    Ok(texts)
}

/// The entries of a directory, by name.
fn entries(directory: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let failed = failed_at(directory);
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(&failed)? {
        if paths.len() == MAX_ENTRIES {
            return Err(LoadError::TooMany(directory.to_owned()));
        }
        paths.push(entry.map_err(&failed)?.path());
    }
    paths.sort();
    Ok(paths)
}

fn failed_at(path: &Path) -> impl Fn(io::Error) -> LoadError {
    move |source| LoadError::Read {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;
    use crate::task::parse_task;

    /// A directory `tasks` with a copy of the Palisade task in it.
    fn palisade() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        write(
            &root.path().join("tasks/mine/task.toml"),
            &catalogue::palisade().toml,
        );
        root
    }

    fn write(path: &Path, content: impl AsRef<[u8]>) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn script(folder: &Path) -> String {
        let task = parse_task(&load(folder).unwrap()).unwrap();
        task.shutdown.mechanism.script
    }

    #[test]
    fn a_task_is_named_after_its_folder_however_the_path_to_it_is_written() {
        let root = palisade();
        let tasks = root.path().join("tasks");
        let names = |sources: &[TaskSource]| {
            sources
                .iter()
                .map(|source| source.name.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&load_all(&tasks).unwrap()), ["mine"]);
        assert_eq!(load(&tasks.join("mine/.")).unwrap().name, "mine");
        fs::create_dir(tasks.join("mine/workspace")).unwrap();
        assert_eq!(load(&tasks.join("mine/workspace/..")).unwrap().name, "mine");
    }

    #[test]
    fn the_mechanism_comes_from_beside_the_tasks_then_the_folder_then_the_program() {
        let root = palisade();
        let folder = root.path().join("tasks/mine");
        assert_eq!(script(&folder), catalogue::mechanisms()["poweroff"].script);
        write(&folder.join("shutdown_scripts/poweroff.sh"), "#!/folder");
        assert_eq!(script(&folder), "#!/folder");
        write(
            &root.path().join("shutdown_scripts/poweroff.sh"),
            "#!/beside",
        );
        assert_eq!(script(&folder), "#!/beside");
    }

    #[test]
    fn workspace_files_are_read_with_their_paths() {
        let root = palisade();
        let folder = root.path().join("tasks/mine");
        write(&folder.join("workspace/a.txt"), "a");
        write(&folder.join("workspace/deep/er/b.txt"), "b");
        let files = load(&folder).unwrap().files;
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        assert_eq!(files, [("a.txt", "a"), ("deep/er/b.txt", "b")]);
    }

    #[test]
    fn a_mechanism_replaces_one_of_its_name_with_its_description() {
        let root = palisade();
        let folder = root.path().join("tasks/mine");
        let own = folder.join("shutdown_scripts");
        write(&own.join("poweroff.sh"), "#!/bin/sh\n# Says so itself.\n");
        write(&own.join("poweroff.toml"), "summary = 'Of the folder'\n");
        let summary = |folder: &Path| {
            let task = parse_task(&load(folder).unwrap()).unwrap();
            task.shutdown.mechanism.summary
        };
        assert_eq!(summary(&folder), "Of the folder");
        write(
            &root.path().join("shutdown_scripts/poweroff.sh"),
            "#!/bin/sh\n# Says so itself.\n",
        );
        assert_eq!(summary(&folder), "Says so itself.");
    }

    /// The error, with the temporary directory cut out.
    fn fault(spoil: impl Fn(&Path)) -> String {
        let root = palisade();
        spoil(&root.path().join("tasks/mine"));
        let error = load_all(&root.path().join("tasks")).unwrap_err();
        error
            .to_string()
            .replace(&format!("{}/", root.path().display()), "")
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let faults = [
            fault(|folder| write(&folder.join("task.toml"), [0xff])),
            fault(|folder| write(&folder.join("workspace/image"), vec![b'a'; (1 << 20) + 1])),
            fault(|folder| {
                let name = std::ffi::OsStr::from_bytes(b"caf\xe9");
                write(&folder.join("workspace").join(name), "");
            }),
            fault(|folder| {
                fs::create_dir(folder.join("workspace")).unwrap();
                std::os::unix::fs::symlink("/dev/zero", folder.join("workspace/zero")).unwrap();
            }),
            fault(|folder| {
                nix::unistd::mkfifo(&folder.join("pipe.toml"), nix::sys::stat::Mode::S_IRUSR)
                    .unwrap();
                fs::rename(folder.join("pipe.toml"), folder.join("task.toml")).unwrap();
            }),
            fault(|folder| {
                let many = |at: usize| folder.join(format!("workspace/{}/{at}", at % 2));
                (0..=MAX_ENTRIES).for_each(|at| write(&many(at), ""));
            }),
            fault(|folder| fs::remove_file(folder.join("task.toml")).unwrap()),
            fault(|folder| write(&folder.join("shutdown_scripts"), "")),
            fault(|folder| write(&folder.join("shutdown_scripts/stop.toml"), "")),
        ];
        insta::assert_snapshot!(faults.join("\n"), @r#"
        `tasks/mine/task.toml` is not UTF-8: write name and content as UTF-8 text
        `tasks/mine/workspace/image` is longer than 1024 KiB: make it shorter
        `tasks/mine/workspace/caf�` is not UTF-8: write name and content as UTF-8 text
        `tasks/mine/workspace/zero` is no regular file: put one in its place or remove it
        `tasks/mine/task.toml` is no regular file: put one in its place or remove it
        `tasks/mine/workspace` holds more than 256 files: remove some
        no folder in `tasks` holds a `task.toml`: name a directory of task folders
        cannot read `tasks/mine/shutdown_scripts`
        there is no script beside `tasks/mine/shutdown_scripts/stop.toml`: add it, or remove the file
        "#);
    }
}
