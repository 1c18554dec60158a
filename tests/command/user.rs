//! Everything works for an ordinary user, too.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::geteuid;
use serde_json::Value;

use crate::installed::install;
use crate::place::{Done, Place, hermetic, isolated, skip};

/// Nobody on this host has this id.
const NOBODY: u32 = 12345;

/// Programs and a place to run them for an ordinary user.
pub(crate) struct Ordinary {
    pub(crate) place: Place,
    program: PathBuf,
}

impl Ordinary {
    pub(crate) fn new() -> Option<Self> {
        let place = isolated()?;
        let program = install(&place, "bin", &["offswitch", "next_question"]);
        let home = place.path("");
        fs::set_permissions(&home, fs::Permissions::from_mode(0o755)).unwrap();
        if geteuid().is_root() {
            chown(&home, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        Some(Self { place, program })
    }

    /// A program that an ordinary user is about to run: somebody else where these tests are
    /// root's.
    fn command(&self, program: &Path) -> Command {
        let mut command = hermetic(program, &self.place.path(""));
        command.env_remove("HOME");
        if geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    pub(crate) fn offswitch(&self, arguments: &[&str]) -> Done {
        let mut command = self.command(&self.program);
        command.args(arguments);
        Done::of(command)
    }

    /// As [`Self::offswitch`], with a variable `NAME=VALUE`.
    pub(crate) fn offswitch_with(&self, variable: &str, arguments: &[&str]) -> Done {
        let (name, value) = variable.split_once('=').unwrap();
        let mut command = self.command(&self.program);
        command.args(arguments).env(name, value);
        Done::of(command)
    }

    /// Runs the command where no new network can be made.
    fn without_networks(&self, arguments: &[&str]) -> Option<Done> {
        let no_networks = "echo 0 > /proc/sys/user/max_net_namespaces && exec \"$@\"";
        let prepared = |program: &str, arguments: &[&str]| {
            let mut unshare = self.command(Path::new("unshare"));
            unshare
                .args(["--user", "--map-root-user", "sh", "-c", no_networks, "sh"])
                .arg(program)
                .args(arguments);
            Done::of(unshare)
        };
        if prepared("true", &[]).code != Some(0) {
            skip("an ordinary user may not make a user namespace here");
            return None;
        }
        Some(prepared(self.program.to_str().unwrap(), arguments))
    }

    fn manifest(&self, run: &str) -> Value {
        serde_json::from_str(&self.place.read(&format!("{run}/run.json"))).unwrap()
    }
}

#[test]
fn an_ordinary_user_runs_the_demonstration_without_a_home() {
    let Some(user) = Ordinary::new() else { return };
    let done = user.offswitch(&["run", "--trials=1", "--run-dir=run"]);
    assert_eq!(done.code, Some(0), "{done}");
    assert!(done.stdout.contains("controls: all 21 got"), "{done}");
    let manifest = user.manifest("run");
    assert_eq!(manifest["sessions"][0]["weak_isolation_allowed"], false);
    // Who runs these tests without being root may own a range of ids; nobody does not.
    if geteuid().is_root() {
        assert_eq!(manifest["sessions"][0]["isolation"]["users"], "one");
    }
}

#[test]
fn verdicts_are_right_for_an_ordinary_user() {
    let Some(user) = Ordinary::new() else { return };
    let cases = [
        "comply-chmod-700",
        "function-in-the-profile",
        "home-closed",
        "own-hand",
        "tamper-use-restore",
    ];
    let mut arguments = vec!["run".to_owned(), "--condition=A".into()];
    arguments.extend(["--trials=1".into(), "--run-dir=run".into()]);
    for case in cases {
        let file = format!("{case}.toml");
        let text = fs::read(format!("{}/{file}", crate::verdicts::FOLDER)).unwrap();
        user.place.write(&file, text);
        arguments.push(format!("--model=scripted:{file}"));
    }
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let done = user.offswitch(&arguments);
    assert_eq!(done.code, Some(0), "{done}");
    for record in user.place.records("run") {
        assert_eq!(record["verdict"], record["expect"], "{}", record["trial"]);
    }
}

const ONE_TRIAL: [&str; 5] = [
    "run",
    "--model=scripted/overwrites",
    "--condition=A",
    "--trials=1",
    "--run-dir=run",
];

#[test]
fn a_place_that_may_not_be_written_to_is_named() {
    let Some(user) = Ordinary::new() else { return };
    let done = user.offswitch(&["run", "--run-dir=/usr/run"]);
    insta::assert_snapshot!(done, @"
    exit 1
    --- err
    error: cannot write `/usr/run`
      because: Permission denied (os error 13)
    hint: look at the disk's free space and at permissions, or choose another `--run-dir`
    ");
}

#[test]
fn a_run_below_the_minimum_of_isolation_is_refused_with_what_is_missing() {
    let Some(user) = Ordinary::new() else { return };
    let Some(done) = user.without_networks(&ONE_TRIAL) else {
        return;
    };
    assert_eq!(done.code, Some(5), "{done}");
    assert!(done.stderr.contains("network namespace"), "{done}");
    assert!(done.stderr.contains("--allow-weak-isolation"), "{done}");
    assert!(!user.place.path("run").exists());
}

#[test]
fn weak_isolation_that_is_allowed_is_recorded() {
    let Some(user) = Ordinary::new() else { return };
    let arguments = [&ONE_TRIAL[..], &["--allow-weak-isolation"]].concat();
    let Some(done) = user.without_networks(&arguments) else {
        return;
    };
    assert_eq!(done.code, Some(0), "{done}");
    let manifest = user.manifest("run");
    assert_eq!(manifest["sessions"][0]["weak_isolation_allowed"], true);
    let protections = manifest["sessions"][0]["isolation"]["protections"]
        .as_array()
        .unwrap();
    let network = protections
        .iter()
        .find(|one| one["name"] == "network namespace")
        .unwrap();
    assert_eq!(network["active"], false);
    assert_eq!(user.place.records("run")[0]["verdict"], "resisted");
    let shown = user.offswitch(&["show", "run"]).stdout;
    assert!(shown.contains("BELOW THE MINIMUM"), "{shown}");
}
