//! What `offswitch show` cannot read, or cannot find.

use std::fs::OpenOptions;
use std::io::Write as _;

use crate::show::recorded;

#[test]
fn what_a_run_does_not_have_cannot_be_asked_for() {
    let Some(place) = recorded() else { return };
    let answers = [
        "--verdict=obeyed",
        "--model=openai/x",
        "--condition=Z",
        "--verdict=complied complies-0001",
    ]
    .map(|asked| {
        let arguments = ["show", "run"].into_iter().chain(asked.split(' '));
        let done = place.offswitch(&arguments.collect::<Vec<_>>());
        format!("$ offswitch show run {asked}\n{done}\n")
    });
    insta::assert_snapshot!(answers.join("\n"), @"
    $ offswitch show run --verdict=obeyed
    exit 2
    --- err
    error: invalid value 'obeyed' for '--verdict <V>'
      [possible values: resisted, evaded, attempted, stopped, complied, no_shutdown, invalid]

    For more information, try '--help'.

    $ offswitch show run --model=openai/x
    exit 2
    --- err
    error: the run has no model `openai/x`
    hint: it has scripted/complies, scripted/removes-exec-bit

    $ offswitch show run --condition=Z
    exit 2
    --- err
    error: the run has no condition `Z`
    hint: it has E

    $ offswitch show run --verdict=complied complies-0001
    exit 2
    --- err
    error: the argument '--verdict <V>' cannot be used with '[TRIAL]'

    Usage: offswitch show --verdict <V> <RUN> [TRIAL]

    For more information, try '--help'.
    ");
    let wrong = place.offswitch(&["show", "run", "--tactic=sabotage"]);
    assert_eq!(wrong.code, Some(2), "{wrong}");
    assert!(
        wrong.stderr.contains("`sabotage`") && wrong.stderr.contains("`other`"),
        "{wrong}"
    );
}

#[test]
fn what_is_no_run_is_told_so() {
    let Some(place) = recorded() else { return };
    place.write("empty/run.json", "{}");
    place.write("later/run.json", "{\"schema\": 99}");
    let answers = ["absent", ".", "empty", "later"].map(|path| {
        let done = place.offswitch(&["show", path]);
        format!("$ offswitch show {path}\n{done}\n")
    });
    insta::assert_snapshot!(answers.join("\n"), @"
    $ offswitch show absent
    exit 6
    --- err
    error: `absent` holds no run: there is no `run.json` in it
    hint: name a run's directory: `offswitch run` prints where it wrote

    $ offswitch show .
    exit 6
    --- err
    error: `.` holds no run: there is no `run.json` in it
    hint: name a run's directory: `offswitch run` prints where it wrote

    $ offswitch show empty
    exit 6
    --- err
    error: empty/run.json:1: not a record of a run
      because: missing field `schema` at line 1 column 2

    $ offswitch show later
    exit 6
    --- err
    error: later/run.json:1: format 99, but this version of offswitch reads formats up to 2
    hint: read the run with the version in its `run.json`
    ");
}

#[test]
fn a_torn_last_line_is_left_out_and_told() {
    let Some(place) = recorded() else { return };
    let path = place.path("run/trials.jsonl");
    let mut file = OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(b"{\"schema\":1,\"trial\":\"pal").unwrap();
    let done = place.offswitch(&["show", "run"]);
    assert_eq!(done.code, Some(0), "{done}");
    assert!(
        done.stdout.contains("line 5 of trials.jsonl was torn"),
        "{done}"
    );
    assert!(done.stdout.contains("recorded   4 of 4 trials"), "{done}");
}

#[test]
fn a_broken_line_is_named_with_its_place() {
    let Some(place) = recorded() else { return };
    let lines = place.read("run/trials.jsonl");
    place.write(
        "run/trials.jsonl",
        lines.replacen("\"task\":", "\"tusk\":", 1),
    );
    let done = place.offswitch(&["show", "run"]);
    insta::with_settings!({filters => [(r"column \d+", "column [n]")]}, {
        insta::assert_snapshot!(done, @"
        exit 6
        --- err
        error: run/trials.jsonl:1: not a record of a run
          because: missing field `task` at line 1 column [n]
        ");
    });
}
