//! A run that is gone on with.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::place::{Done, OFFSWITCH, Place, hermetic, isolated, skip, until};
use crate::processes::{all_gone, descendants};

/// Runs a few trials of two scripts in the directory `run`.
fn run(place: &Place, more: &[&str]) -> Done {
    let arguments = [
        "run",
        "--model=scripted/complies",
        "--model=scripted/overwrites",
        "--condition=A",
        "--run-dir=run",
    ];
    place.offswitch(&[&arguments[..], more].concat())
}

/// The ids of the planned trials, and of the recorded ones in the order of their lines.
fn trials(place: &Place) -> (BTreeSet<String>, Vec<String>) {
    let manifest: Value = serde_json::from_str(&place.read("run/run.json")).unwrap();
    let id = |trial: &Value| trial["trial"].as_str().unwrap().to_owned();
    let orders = manifest["plan"]["orders"].as_array().unwrap();
    let recorded = place.records("run");
    (
        orders.iter().map(id).collect(),
        recorded.iter().map(id).collect(),
    )
}

/// Each planned trial is recorded exactly once, with the verdict that its script declares.
fn assert_complete(place: &Place) {
    let (planned, mut recorded) = trials(place);
    recorded.sort();
    assert_eq!(recorded, planned.into_iter().collect::<Vec<_>>());
    for record in place.records("run") {
        if !record["expect"].is_null() {
            assert_eq!(record["verdict"], record["expect"], "{}", record["trial"]);
        }
    }
}

#[test]
fn a_run_that_is_killed_twenty_times_has_each_trial_once_and_leaves_no_machine() {
    let Some(place) = isolated() else { return };
    let start = [
        "run",
        "palisade",
        "--condition=A,E",
        "--trials=30",
        "--max-parallel=4",
        "--run-dir=run",
    ];
    let mut chance = 7_u64;
    let mut kills = 0;
    for session in 0.. {
        let arguments = if session == 0 {
            &start[..]
        } else {
            &["resume", "run"]
        };
        let mut command = place.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        // Any moment: after so many more bytes of the log, from the first ones on.
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let so_far = log_length(&place);
        let further = so_far + chance % 3000;
        let mut family = BTreeSet::new();
        let mut ended = None;
        until("the moment or the end", || {
            family = descendants(child.id());
            ended = child.try_wait().unwrap();
            ended.is_some() || log_length(&place) > further
        });
        if ended.is_none() {
            family.extend(descendants(child.id()));
            child.kill().unwrap();
            ended = Some(child.wait().unwrap());
            kills += 1;
        }
        until("the end of all processes", || all_gone(&family));
        let launchers = family.iter().filter(|one| one.parent == child.id());
        let launchers: Vec<_> = launchers.map(|one| one.id).collect();
        until("the end of all control groups", || no_groups(&launchers));
        let ended = ended.unwrap();
        assert!(ended.success() || ended.signal() == Some(9), "{ended}");
        if kills == 20 || ended.success() {
            break;
        }
    }
    assert_eq!(kills, 20, "the run was over too soon");
    let done = place.offswitch(&["resume", "run"]);
    assert_eq!(done.code, Some(0), "{done}");
    assert_complete(&place);
    let again = place.offswitch(&["resume", "run"]);
    assert_eq!(again.code, Some(0), "{again}");
    assert!(again.stderr.contains("recorded already"), "{again}");
    assert_eq!(again.stdout, done.stdout);
}

fn log_length(place: &Place) -> u64 {
    fs::metadata(place.path("run/run.log")).map_or(0, |log| log.len())
}

/// Whether no control group of these launchers is left in any hierarchy.
fn no_groups(launchers: &[u32]) -> bool {
    let names = launchers.iter().map(|id| format!("offswitch-{id}-"));
    let names: Vec<_> = names.collect();
    let is_ours = |entry: &Path| {
        let last = entry.file_name().unwrap_or_default().to_string_lossy();
        names.iter().any(|name| last.starts_with(name)) && !last.ends_with("-harness")
    };
    let mut groups = vec![Path::new("/sys/fs/cgroup").to_owned()];
    while let Some(group) = groups.pop() {
        let entries = fs::read_dir(&group).into_iter().flatten().flatten();
        let below: Vec<_> = entries
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .map(|entry| entry.path())
            .collect();
        if below.iter().any(|entry| is_ours(entry)) {
            return false;
        }
        groups.extend(below);
    }
    true
}

#[test]
fn the_same_command_does_what_is_missing_and_then_nothing() {
    let Some(place) = isolated() else { return };
    let first = run(&place, &["--trials=2"]);
    assert_eq!(first.code, Some(0), "{first}");
    let lines = place.read("run/trials.jsonl");
    let (kept, _) = lines.split_at(lines.find('\n').unwrap() + 1);
    // A crash tore the second line, and the others were never written.
    place.write("run/trials.jsonl", format!("{kept}{{\"schema\":1,\"tri"));
    let second = run(&place, &["--trials=2"]);
    assert_eq!(second.code, Some(0), "{second}");
    assert!(
        second.stderr.starts_with(
            "line 2 of trials.jsonl was torn while it was written; its trial is run again\n"
        ),
        "{second}"
    );
    assert!(
        second.stderr.contains("1 of them recorded already"),
        "{second}"
    );
    assert!(place.read("run/trials.jsonl").starts_with(kept));
    assert_complete(&place);
    let before = place.read("run/run.json");
    let third = run(&place, &["--trials=2"]);
    assert_eq!(third.code, Some(0), "{third}");
    assert_eq!(third.stdout, second.stdout);
    assert_eq!(place.read("run/run.json"), before);
}

#[test]
fn trials_and_models_are_added_to_a_run_that_is_over() {
    let Some(place) = isolated() else { return };
    assert_eq!(run(&place, &["--trials=1"]).code, Some(0));
    let first = place.read("run/trials.jsonl");
    let done = place.offswitch(&["resume", "run", "--trials=2", "--max-parallel=1"]);
    assert_eq!(done.code, Some(0), "{done}");
    assert!(done.stdout.contains("  A             0/2 "), "{done}");
    assert!(place.read("run/trials.jsonl").starts_with(&first));
    let done = run(&place, &["--trials=2", "--model=scripted/deletes"]);
    assert_eq!(done.code, Some(0), "{done}");
    assert_complete(&place);
    assert_eq!(place.records("run").len(), 6);
    let shown = place.offswitch(&["show", "run"]).stdout;
    assert!(shown.contains("6 of 6 trials in 3 sessions"), "{shown}");
}

#[test]
fn a_task_that_was_named_behind_the_options_does_not_keep_options_from_being_changed() {
    let Some(place) = isolated() else { return };
    let done = run(&place, &["--trials=1", "--", "palisade"]);
    assert_eq!(done.code, Some(0), "{done}");
    for trials in ["--trials=2", "--trials=3"] {
        let done = place.offswitch(&["resume", "run", trials]);
        assert_eq!(done.code, Some(0), "{done}");
        assert_complete(&place);
    }
    assert_eq!(place.records("run").len(), 6);
}

#[test]
fn a_recorded_trial_that_is_not_planned_is_named() {
    let Some(place) = isolated() else { return };
    assert_eq!(run(&place, &["--trials=1"]).code, Some(0));
    let trials = place.read("run/trials.jsonl").replace("-0001\"", "-0009\"");
    place.write("run/trials.jsonl", &trials);
    let done = place.offswitch(&["resume", "run"]);
    assert_eq!(done.code, Some(6), "{done}");
    let complaint = "which the run's plan does not have";
    assert!(done.stderr.contains(complaint), "{done}");
    assert_eq!(place.read("run/trials.jsonl"), trials);
}

#[test]
fn a_run_is_not_gone_on_with_as_another_experiment() {
    let Some(place) = isolated() else { return };
    let tasks = Path::new(env!("CARGO_MANIFEST_DIR")).join("tasks/palisade");
    let task = fs::read_to_string(tasks.join("task.toml")).unwrap();
    place.write("tasks/palisade/task.toml", &task);
    let start = ["--tasks=tasks", "--trials=2"];
    let first = run(&place, &start);
    assert_eq!(first.code, Some(0), "{first}");
    let fewer = run(&place, &["--tasks=tasks", "--trials=1"]);
    let seed = run(&place, &["--tasks=tasks", "--trials=2", "--seed=1"]);
    place.write("tasks/palisade/task.toml", format!("{task}\n# changed\n"));
    let resumed = place.offswitch(&["resume", "run", "--trials=3"]);
    insta::with_settings!({filters => [
        (r"[0-9a-f]{64}", "[hash]"), (r"`[0-9TZ]+-[0-9a-f]{6}`", "`[run]`"),
    ]}, {
        insta::assert_snapshot!(format!("{fewer}\n\n{seed}\n\n{resumed}"), @"
        exit 6
        --- err
        error: the run `[run]` was planned otherwise: it has 2 trials of each cell, and 1 are asked for
        hint: ask for what was planned, or for more of it; another run needs another directory: `offswitch run --run-dir DIR`

        exit 6
        --- err
        error: the run `[run]` was planned otherwise: the seed was 0 and is now 1
        hint: ask for what was planned, or for more of it; another run needs another directory: `offswitch run --run-dir DIR`

        exit 6
        --- err
        error: the run `[run]` was planned otherwise: the task has changed: its hash was [hash] and is now [hash]
        hint: ask for what was planned, or for more of it; another run needs another directory: `offswitch run --run-dir DIR`
        ");
    });
    assert_complete(&place);
}

#[test]
fn a_run_is_written_by_one_process_at_a_time() {
    let Some(place) = isolated() else { return };
    place.write("slow.toml", "latency_ms = 600000\n[[step]]\nsay = 'Hm.'\n");
    let arguments = [
        "run",
        "--model=scripted:slow.toml",
        "--trials=1",
        "--run-dir=run",
    ];
    let mut command = place.command(&arguments);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    until("the first trial", || log_length(&place) > 0);
    let done = place.offswitch(&["resume", "run"]);
    child.kill().unwrap();
    child.wait().unwrap();
    insta::assert_snapshot!(done, @"
    exit 6
    --- err
    error: another process is writing to the run in `run`
    hint: wait for it to end, or choose another `--run-dir`
    ");
}

#[test]
fn a_directory_without_a_run_cannot_be_gone_on_with() {
    let place = Place::new();
    place.write("empty/file", "");
    insta::assert_snapshot!(place.offswitch(&["resume", "empty"]), @"
    exit 6
    --- err
    error: `empty` holds no run: there is no `run.json` in it
    hint: name a run's directory: `offswitch run` prints where it wrote
    ");
}

#[test]
fn a_full_disk_stops_a_run_and_with_room_it_goes_on() {
    let Some(place) = isolated() else { return };
    let script = "\
        mkdir full && mount -t tmpfs -o size=200k none full || exit 99\n\
        \"$1\" run palisade --condition=A,E --trials=10 --run-dir=full/run >out 2>err\n\
        echo $?\n\
        mount -o remount,size=64m full || exit 99\n\
        \"$1\" resume full/run >>out 2>>err\n\
        echo $?\n\
        cp -r full/run run\n";
    let mut command = mounting(&place, script);
    command.arg(OFFSWITCH);
    let done = Done::of(command);
    if done.code == Some(99) {
        return skip("nothing can be mounted here");
    }
    let said = place.read("err");
    assert_eq!(done.stdout, "1\n0\n", "{done}\n{said}");
    assert!(said.contains("No space left on device"), "{said}");
    assert_complete(&place);
}

/// A shell of root in a mount namespace of its own.
fn mounting(place: &Place, script: &str) -> Command {
    let mut command = hermetic(Path::new("unshare"), &place.path(""));
    if !nix::unistd::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--mount", "sh", "-c", script, "sh"]);
    command
}

#[test]
fn a_run_that_may_not_be_written_to_is_named() {
    let Some(place) = isolated() else { return };
    assert_eq!(run(&place, &["--trials=1"]).code, Some(0));
    let script = "mount --bind run run && mount -o remount,bind,ro run || exit 99; \
                  \"$1\" resume run --trials=2";
    let mut command = mounting(&place, script);
    command.arg(OFFSWITCH);
    let done = Done::of(command);
    if done.code == Some(99) {
        return skip("nothing can be mounted here");
    }
    insta::assert_snapshot!(done, @"
    exit 1
    --- err
    error: cannot write `run/trials.jsonl`
      because: Read-only file system (os error 30)
    hint: look at the disk's free space and at permissions, or choose another `--run-dir`
    ");
    assert_complete(&place);
}

#[test]
fn a_line_that_is_broken_in_the_middle_stops_and_loses_nothing() {
    let Some(place) = isolated() else { return };
    assert_eq!(run(&place, &["--trials=1"]).code, Some(0));
    let lines = place.read("run/trials.jsonl");
    let broken = format!("{{}}\n{lines}");
    place.write("run/trials.jsonl", &broken);
    let done = place.offswitch(&["resume", "run"]);
    insta::assert_snapshot!(done, @"
    exit 6
    --- err
    error: run/trials.jsonl:1: not a record of a run
      because: missing field `schema` at line 1 column 2
    ");
    assert_eq!(place.read("run/trials.jsonl"), broken);
    let mut file = fs::OpenOptions::new()
        .append(true)
        .open(place.path("run/run.json"))
        .unwrap();
    file.write_all(b"}").unwrap();
    let done = place.offswitch(&["resume", "run"]);
    assert_eq!(done.code, Some(6), "{done}");
    let said =
        "error: run/run.json:1: not a record of a run\n  because: trailing characters at line";
    assert!(done.stderr.starts_with(said), "{done}");
}
