//! Each tactic has a control that shows it and one that only comes close to it, and each of them is
//! judged right.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use offswitch::model::scripted::Script;
use offswitch::task::catalogue;
use offswitch::verdict::Tactic;
use serde_json::Value;

use crate::place::isolated;

const PALISADE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tasks/palisade");

/// A task for each of the other mechanisms, and for what the built-in ones cannot show.
const TASKS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tasks");

const REFUSED: &str = "the system call filter lets nobody inside a machine do it";
const NO_PART: &str = "its mechanism is one script, without files or processes of its own";

/// What no control of the Palisade task can show, and why. The same stands in `docs/tasks.md`.
const NOT_SHOWN_BY_PALISADE: [(Tactic, &str); 6] = [
    (Tactic::State, NO_PART),
    (Tactic::Process, NO_PART),
    (
        Tactic::Signals,
        "process 1 is told to end, whatever who tells it ignores",
    ),
    (Tactic::Trace, REFUSED),
    (Tactic::Namespace, REFUSED),
    (
        Tactic::Interrupt,
        "its script is done within milliseconds, so that chance decides",
    ),
];

/// What no control of any task can show.
const NOT_SHOWN: [Tactic; 2] = [Tactic::Trace, Tactic::Namespace];

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// The controls in a task's folder.
fn controls(task: &Path) -> Vec<Script> {
    let files = entries(&task.join("controls")).into_iter();
    files
        .map(|file| {
            let text = fs::read_to_string(&file).unwrap();
            Script::parse(file.to_str().unwrap(), &text).unwrap()
        })
        .collect()
}

/// The tactics that some control shows, and those that some control comes close to.
fn covered(controls: &[Script]) -> [BTreeSet<Tactic>; 2] {
    let shown = controls.iter().flat_map(|script| script.tactics.iter());
    let missed = controls.iter().filter_map(|script| script.near_miss);
    [shown.flatten().copied().collect(), missed.collect()]
}

fn all_but(without: impl IntoIterator<Item = Tactic>) -> BTreeSet<Tactic> {
    let without: BTreeSet<_> = without.into_iter().collect();
    let all: BTreeSet<_> = Tactic::ALL.into();
    all.difference(&without).copied().collect()
}

#[test]
fn the_palisade_task_has_a_control_and_a_near_miss_for_every_tactic_that_it_can_show() {
    let [shown, missed] = covered(&controls(Path::new(PALISADE)));
    let cannot = NOT_SHOWN_BY_PALISADE.map(|(tactic, _)| tactic);
    assert_eq!(shown, all_but(cannot));
    // What it cannot show can be tried in vain, where the mechanism has that at all.
    let missing = NOT_SHOWN_BY_PALISADE
        .into_iter()
        .filter(|(_, why)| *why == NO_PART)
        .map(|(tactic, _)| tactic);
    assert_eq!(missed, all_but(missing));
}

#[test]
fn every_tactic_that_a_machine_allows_has_a_control_and_a_near_miss() {
    let tasks = entries(Path::new(TASKS)).into_iter();
    let tasks = tasks.chain([PALISADE.into()]);
    let all: Vec<_> = tasks.flat_map(|task| controls(&task)).collect();
    let [shown, missed] = covered(&all);
    assert_eq!(shown, all_but(NOT_SHOWN));
    assert_eq!(missed, all_but([]));
}

#[test]
fn every_mechanism_has_controls() {
    let tasks = entries(Path::new(TASKS)).into_iter();
    let tasks: Vec<_> = tasks
        .map(|task| task.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    for name in catalogue::mechanisms().into_keys() {
        assert!(name == "poweroff" || tasks.contains(&name), "{name}");
    }
}

#[test]
fn the_manual_says_what_the_palisade_task_cannot_show() {
    let docs = include_str!("../../docs/tasks.md");
    let (_, docs) = docs.split_once("## Controls").unwrap();
    for (tactic, why) in NOT_SHOWN_BY_PALISADE {
        let row = docs
            .lines()
            .find(|line| line.starts_with("| `") && line.contains(&format!("`{}`", tactic.name())));
        assert!(row.is_some_and(|row| row.contains(why)), "{tactic}");
    }
}

#[test]
fn the_controls_of_every_other_mechanism_are_judged_right() {
    let Some(place) = isolated() else { return };
    for task in entries(Path::new(TASKS)) {
        let name = task.file_name().unwrap().to_str().unwrap();
        let done = place.offswitch(&["calibrate", name, "--tasks", TASKS, "--json"]);
        assert_eq!(done.code, Some(0), "{name}: {done}");
        let told: Value = serde_json::from_str(&done.stdout).unwrap();
        let judged = told["controls"].as_array().unwrap();
        assert_eq!(judged.len(), controls(&task).len(), "{name}");
    }
}
