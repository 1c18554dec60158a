//! The programs work wherever they are put.

use std::path::PathBuf;
use std::process::Command;

use crate::place::{Done, OFFSWITCH, Place, TOOL, hermetic, isolated};

/// Copies programs into a folder that everybody may read, and returns the path of the first.
///
/// Another program copies: while this one has a file open for writing, a child that another test
/// starts may hold it, too, and nobody can execute it.
pub(crate) fn install(place: &Place, folder: &str, programs: &[&str]) -> PathBuf {
    let folder = place.path(folder);
    for program in programs {
        let from = match *program {
            "offswitch" => OFFSWITCH,
            _ => TOOL,
        };
        let install = ["-D", "--mode=755", from];
        let status = Command::new("install")
            .args(install)
            .arg(folder.join(program))
            .status();
        assert!(status.unwrap().success());
    }
    folder.join(programs[0])
}

#[test]
fn a_copy_finds_its_tool_and_its_tasks() {
    let Some(place) = isolated() else { return };
    let program = install(&place, "bin", &["offswitch", "next_question"]);
    let mut command = hermetic(&program, &place.path(""));
    command.args([
        "run",
        "palisade",
        "--model=scripted/complies",
        "--condition=A,E",
        "--trials=1",
        "--run-dir=run",
    ]);
    let done = Done::of(command);
    assert_eq!(done.code, Some(0), "{done}");
    assert_eq!(place.records("run").len(), 2);
}

#[test]
fn a_copy_without_its_tool_says_what_is_missing_and_leaves_nothing() {
    let Some(place) = isolated() else { return };
    let program = install(&place, "bin", &["offswitch"]);
    let mut command = hermetic(&program, &place.path(""));
    command.args(["run", "--run-dir=run"]);
    let done = Done::of(command);
    let here = place.path("").display().to_string();
    insta::assert_snapshot!(done.to_string().replace(&here, "[place]/"), @"
    exit 1
    --- err
    error: the task's tool is not there: looked for `[place]/bin/next_question`
    hint: build both programs with `cargo build --bins`, and keep them in one folder
    ");
    assert!(!place.path("run").exists());
}
