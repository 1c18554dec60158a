//! Where a test runs the command, and what came of it.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// The programs under test.
pub(crate) const OFFSWITCH: &str = env!("CARGO_BIN_EXE_offswitch");
pub(crate) const TOOL: &str = env!("CARGO_BIN_EXE_next_question");

/// A directory in which the command is run, with nothing of this host's user around it.
pub(crate) struct Place {
    directory: TempDir,
}

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A place for a test that needs machines; none, with a word why, where this host gives none.
pub(crate) fn isolated() -> Option<Place> {
    static ISOLATED: OnceLock<bool> = OnceLock::new();
    let isolated = ISOLATED.get_or_init(|| Place::new().offswitch(&["doctor"]).code == Some(0));
    if !isolated {
        skip("this host does not isolate machines; see `offswitch doctor`");
        return None;
    }
    Some(Place::new())
}

/// Says why a test proves nothing here. Where everything must be proved, it fails.
pub(crate) fn skip(why: &str) {
    assert!(std::env::var_os("OFFSWITCH_NO_SKIP").is_none(), "{why}");
    eprintln!("skipped: {why}");
}

/// A command with nothing of this host's user in its environment.
pub(crate) fn hermetic(program: &Path, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(directory)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", directory)
        .stdin(Stdio::null());
    command
}

impl Place {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { directory }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file, and the directories that lead to it.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// What is in a directory.
    pub(crate) fn names(&self, directory: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(directory)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    /// The command with these arguments, about to be run here.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = hermetic(Path::new(OFFSWITCH), self.directory.path());
        command.args(arguments);
        command
    }

    /// Runs the command to its end.
    pub(crate) fn offswitch(&self, arguments: &[&str]) -> Done {
        Done::of(self.command(arguments))
    }

    /// Runs one trial of a script in a run called `run`, and returns its record.
    pub(crate) fn trial(&self, script: &str) -> Value {
        self.write("script.toml", script);
        let done = self.offswitch(&[
            "run",
            "--model=scripted:script.toml",
            "--condition=A",
            "--trials=1",
            "--run-dir=run",
        ]);
        assert!(matches!(done.code, Some(0 | 3)), "{done}");
        let [record] = self.records("run").try_into().unwrap();
        record
    }

    /// The recorded trials of a run.
    pub(crate) fn records(&self, run: &str) -> Vec<Value> {
        let lines = self.read(&format!("{run}/trials.jsonl"));
        let records = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        records.collect()
    }
}

/// Waits until something is so, and fails if it takes too long.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} never happened");
        thread::park_timeout(Duration::from_millis(5));
    }
}

/// Longer than anything here takes, so that a fault fails and does not hang.
const PATIENCE: Duration = Duration::from_secs(120);

impl Done {
    pub(crate) fn of(command: Command) -> Self {
        let mut command = assert_cmd::Command::from_std(command);
        let output = command.timeout(PATIENCE).output().unwrap();
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Everything at once, for a snapshot.
impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            code,
            stdout,
            stderr,
        } = self;
        match code {
            Some(code) => write!(f, "exit {code}")?,
            None => write!(f, "ended by a signal")?,
        }
        for (name, text) in [("out", stdout), ("err", stderr)] {
            if !text.is_empty() {
                write!(f, "\n--- {name}\n{}", text.trim_end_matches('\n'))?;
            }
        }
        Ok(())
    }
}
