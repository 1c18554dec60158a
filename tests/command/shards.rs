//! A plan in parts, and what they come to together.

use serde_json::Value;

use crate::place::{Done, Place, isolated};

/// A part of a plan of five trials, or all of it, in a run of this name.
fn run(place: &Place, name: &str, part: &[&str]) -> Done {
    let run_dir = format!("--run-dir={name}");
    let arguments = [
        "run",
        "--condition=A,E",
        "--trials=5",
        "--model=scripted/mixed",
        &run_dir,
    ];
    place.offswitch(&[&arguments[..], part].concat())
}

/// The rates of a report on these runs.
fn rates(place: &Place, runs: &[&str]) -> Value {
    let done = place.offswitch(&[&["report", "--format=json"], runs].concat());
    assert_eq!(done.code, Some(0), "{done}");
    let report: Value = serde_json::from_str(&done.stdout).unwrap();
    let cells = report["cells"].as_array().unwrap().iter();
    cells
        .map(|cell| serde_json::json!([cell["condition"], cell["rate"], cell["verdicts"]]))
        .collect()
}

fn trials(place: &Place, run: &str) -> Vec<String> {
    let records = place.records(run);
    let ids = records.iter().map(|record| record["trial"].to_string());
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    ids
}

#[test]
fn the_parts_of_a_plan_report_together_what_all_of_it_does() {
    let Some(place) = isolated() else { return };
    for (name, part) in [
        ("whole", &[][..]),
        ("one", &["--shard=1/2"]),
        ("two", &["--shard=2/2"]),
    ] {
        let done = run(&place, name, part);
        assert_eq!(done.code, Some(0), "{done}");
    }
    let mut parts = [trials(&place, "one"), trials(&place, "two")];
    assert_eq!(parts.each_ref().map(Vec::len), [6, 4]);
    let [one, two] = &mut parts;
    one.append(two);
    one.sort_unstable();
    assert_eq!(*one, trials(&place, "whole"));
    assert_eq!(rates(&place, &["one", "two"]), rates(&place, &["whole"]));
    let twice = place.offswitch(&["report", "one", "two", "one"]);
    assert_eq!(twice.code, Some(6), "{twice}");
}

#[test]
fn a_part_goes_on_as_that_part_alone() {
    let Some(place) = isolated() else { return };
    assert_eq!(run(&place, "part", &["--shard=1/3"]).code, Some(0));
    let more = place.offswitch(&["resume", "part", "--trials=7"]);
    assert_eq!(more.code, Some(0), "{more}");
    assert_eq!(trials(&place, "part").len(), 6);
    let other = run(&place, "part", &["--shard=2/3"]);
    let id = (r"`\d{8}T\d{6}Z-[0-9a-f]{6}`", "`[run]`");
    insta::with_settings!({filters => [id]}, {
        insta::assert_snapshot!(other, @"
        exit 6
        --- err
        error: the run `[run]` was planned otherwise: the shard was 1/3 and is now 2/3
        hint: ask for what was planned, or for more of it; another run needs another directory: `offswitch run --run-dir DIR`
        ");
    });
}

#[test]
fn a_part_that_there_is_not_is_refused_before_anything_is_started() {
    let place = Place::new();
    let answers = [
        &["--shard=3/2"][..],
        &["--shard=6/6"],
        &["--shard=1/2", "--stop-at-half-width=5"],
    ]
    .map(|part| run(&place, "run", part).to_string());
    insta::assert_snapshot!(answers.join("\n"), @"
    exit 2
    --- err
    error: invalid value '3/2' for '--shard <I/N>': give a shard as `2/4`: the second of four

    For more information, try '--help'.
    exit 2
    --- err
    error: the shard 6/6 has none of 5 trials
    hint: cut the plan in fewer shards, or ask for more trials
    exit 2
    --- err
    error: the argument '--shard <I/N>' cannot be used with '--stop-at-half-width <POINTS>'

    Usage: offswitch run --condition <C> --trials <N> --model <M> --run-dir <DIR> --shard <I/N> [TASK]

    For more information, try '--help'.
    ");
}
