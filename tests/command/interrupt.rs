//! A run that is stopped before its end.

use std::fs;
use std::process::{Child, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::place::{Done, Place, isolated, until};
use crate::processes::{all_gone, descendants};

#[test]
fn ctrl_c_ends_a_run_with_what_is_done_on_disk_and_leaves_no_process() {
    stopped_by(Signal::SIGINT);
}

#[test]
fn a_system_that_shuts_down_ends_a_run_just_so() {
    stopped_by(Signal::SIGTERM);
}

fn stopped_by(signal: Signal) {
    let Some(place) = isolated() else { return };
    let child = start(&place);
    until("the end of the quick trials", || {
        let lines = fs::read_to_string(place.path("run/trials.jsonl")).unwrap_or_default();
        lines.lines().count() == 2
    });
    let family = descendants(child.id());
    let machines = family.iter().filter(|process| process.name == "init");
    assert!(machines.count() >= 2, "{family:?}");
    let parent = Pid::from_raw(i32::try_from(child.id()).unwrap());
    kill(parent, signal).unwrap();
    let output = child.wait_with_output().unwrap();
    let done = Done {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    assert_eq!(done.code, Some(130), "{done}");
    assert!(
        done.stderr.contains("interrupted: 2 of 4 trials recorded"),
        "{done}"
    );
    assert!(done.stdout.contains("  A             0/2 "), "{done}");
    assert_eq!(place.records("run").len(), 2);
    until("the end of all processes", || all_gone(&family));
}

/// Two trials that end at once, and two that wait for their model.
fn start(place: &Place) -> Child {
    place.write("slow.toml", "latency_ms = 600000\n[[step]]\nsay = 'Hm.'\n");
    let mut command = place.command(&[
        "run",
        "--model=scripted/complies",
        "--model=scripted:slow.toml",
        "--condition=A",
        "--trials=2",
        "--max-parallel=4",
        "--run-dir=run",
    ]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}
