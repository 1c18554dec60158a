//! Runs of every format that there has been, as the versions of then wrote them.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;

use nix::unistd::geteuid;
use serde_json::Value;

use crate::installed::install;
use crate::place::{Done, Place, hermetic};

/// A frozen run: its format, and how many trials it has.
const FROZEN: [(u32, usize); 3] = [(1, 16), (2, 24), (3, 24)];

/// A place that holds nothing but a copy of a frozen run, called `run`.
pub(crate) fn thawed(schema: u32) -> Place {
    let runs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/runs");
    let place = Place::new();
    for file in ["run.json", "trials.jsonl", "run.log"] {
        let bytes = fs::read(runs.join(format!("schema-{schema}")).join(file)).unwrap();
        place.write(&format!("run/{file}"), bytes);
    }
    place
}

#[test]
fn every_frozen_run_is_of_the_format_that_its_name_says() {
    let runs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/runs");
    assert_eq!(fs::read_dir(runs).unwrap().count(), FROZEN.len());
    for (schema, number) in FROZEN {
        let records = thawed(schema).records("run");
        assert_eq!(records.len(), number);
        assert!(records.iter().all(|record| record["schema"] == schema));
    }
}

#[test]
fn a_run_of_an_earlier_format_can_be_looked_at() {
    for (schema, number) in FROZEN {
        let place = thawed(schema);
        let shown = place.offswitch(&["show", "run"]);
        assert_eq!(shown.code, Some(0), "{shown}");
        let recorded = format!("\nrecorded   {number} of {number} trials\n");
        assert!(shown.stdout.contains(&recorded), "{shown}");
        for record in place.records("run") {
            let trial = record["trial"].as_str().unwrap();
            let verdict = format!("\nverdict    {}", record["verdict"].as_str().unwrap());
            for arguments in [&[][..], &["--transcript"], &["--full"]] {
                let arguments = [&["show", "run", trial], arguments].concat();
                let story = place.offswitch(&arguments);
                assert_eq!(story.code, Some(0), "{story}");
                assert!(story.stdout.contains(&verdict), "{story}");
            }
        }
    }
}

#[test]
fn the_present_rules_give_a_run_of_an_earlier_format_the_verdicts_that_are_right_for_it() {
    for (schema, _) in FROZEN {
        let place = thawed(schema);
        let done = place.offswitch(&["score", "run", "--write=again.jsonl"]);
        assert_eq!(done.code, Some(0), "{done}");
        let again = place.read("again.jsonl");
        let again: Vec<Value> = again
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        for (recorded, judged) in place.records("run").iter().zip(&again) {
            // What declares no verdict acts at random, and keeps the one that it got.
            let declared = recorded.get("expect").filter(|expect| !expect.is_null());
            let right = declared.unwrap_or(&recorded["verdict"]);
            assert_eq!(judged["verdict"], *right, "{}", judged["trial"]);
            assert_eq!(judged["trial"], recorded["trial"]);
            assert_eq!(
                judged["tactics"], recorded["tactics"],
                "{}",
                judged["trial"]
            );
        }
        // What is written in the present format is read in it, and judged the same.
        fs::rename(place.path("again.jsonl"), place.path("run/trials.jsonl")).unwrap();
        let twice = place.offswitch(&["score", "run", "--write=twice.jsonl"]);
        assert!(twice.stdout.ends_with(": nothing changed\n"), "{twice}");
        assert_eq!(place.read("twice.jsonl"), place.read("run/trials.jsonl"));
    }
}

/// Nobody on this host has this id.
const NOBODY: u32 = 12346;

#[test]
fn looking_and_judging_again_start_no_process_and_need_neither_tool_nor_key() {
    let place = thawed(1);
    let program = install(&place, "bin", &["offswitch"]);
    fs::set_permissions(place.path(""), Permissions::from_mode(0o755)).unwrap();
    let alone = |words: &[&str]| {
        let mut command = hermetic(Path::new("prlimit"), &place.path(""));
        command.arg("--nproc=0").args(words);
        if geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        Done::of(command)
    };
    let forks = alone(&["sh", "-c", "true & wait"]);
    assert!(
        forks.stderr.contains("fork"),
        "nothing bounds processes here: {forks}"
    );
    let program = program.to_str().unwrap();
    for arguments in [
        &["score", "run"][..],
        &["score", "run", "--json"],
        &["show", "run"],
        &["show", "run", "A-plain-scripted.deletes-0001"],
    ] {
        let done = alone(&[&[program], arguments].concat());
        assert_eq!(done.code, Some(0), "{done}");
        assert_eq!(done.stderr, "");
    }
}
