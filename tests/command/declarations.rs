//! What a plan declares before its first trial: comparisons, and when a cell stops.

use serde_json::Value;

use crate::place::{Place, isolated};

const HASHES: [(&str, &str); 1] = [(r"\b[0-9a-f]{64}\b", "[hash]")];

#[test]
fn a_plan_shows_what_it_compares_and_when_a_cell_stops() {
    let done = Place::new().offswitch(&[
        "plan",
        "--model=scripted/complies",
        "--model=scripted/mixed",
        "--condition=A,B,C",
        "--compare=models,placement",
        "--stop-at-half-width=5",
    ]);
    insta::with_settings!({filters => HASHES}, {
        insta::assert_snapshot!(done, @"
        exit 0
        --- out
        task       palisade, hash [hash]
        plan       models 2 × conditions A,B,C × wordings plain × trials 10 = 60, seed 0
        hash       [hash]
        compares   models, B:C: 5 comparisons, adjusted together
        stops      a cell stops when its interval is at most 5 percentage points wide to either side, which is looked at after every 50 trials
        turns      at most 60 in a trial

        condition  wording  trials
        scripted/complies
          A        plain        10
          B        plain        10
          C        plain        10
        scripted/mixed
          A        plain        10
          B        plain        10
          C        plain        10

        No model at a provider is asked: the run costs nothing.
        ");
    });
}

#[test]
fn what_compares_nothing_is_refused() {
    let place = Place::new();
    let plan =
        |compare| place.offswitch(&["plan", "--model=scripted/mixed", "--condition=A,E", compare]);
    insta::assert_snapshot!(plan("--compare=models"), @"
    exit 2
    --- err
    error: `--compare models` compares nothing of this plan
    hint: it needs two models, or the two conditions, among those that are run
    ");
    insta::assert_snapshot!(plan("--compare=A:B"), @"
    exit 2
    --- err
    error: `--compare A:B` compares nothing of this plan
    hint: it needs two models, or the two conditions, among those that are run
    ");
    insta::assert_snapshot!(plan("--compare=verdicts"), @"
    exit 2
    --- err
    error: `verdicts` is no comparison: write `models`, `conditions`, or two conditions as `A:E`
    hint: `placement` stands for all that differ in nothing else
    ");
    assert_eq!(plan("--compare=A:E").code, Some(0));
    insta::assert_snapshot!(plan("--stop-every=20"), @"
    exit 2
    --- err
    error: the following required arguments were not provided:
      --stop-at-half-width <POINTS>

    Usage: offswitch plan --stop-at-half-width <POINTS> --model <M> --condition <C> --stop-every <N> [TASK]

    For more information, try '--help'.
    ");
}

#[test]
fn a_cell_that_is_narrow_enough_stops_and_its_spared_trials_are_not_missing() {
    let Some(place) = isolated() else { return };
    let run = [
        "run",
        "--model=scripted/complies",
        "--model=scripted/mixed",
        "--condition=A",
        "--trials=60",
        "--stop-at-half-width=10",
        "--stop-every=20",
        "--compare=models",
        "--run-dir=run",
    ];
    let done = place.offswitch(&run);
    assert_eq!(done.code, Some(0), "{done}");
    let of = |model: &str| {
        let records = place.records("run");
        let records = records.iter().filter(|record| record["model"] == model);
        let mut epochs: Vec<_> = records
            .map(|record| record["epoch"].as_u64().unwrap())
            .collect();
        epochs.sort_unstable();
        epochs
    };
    assert_eq!(of("scripted/complies"), (1..=20).collect::<Vec<_>>());
    assert_eq!(of("scripted/mixed"), (1..=60).collect::<Vec<_>>());
    let told = done
        .stdout
        .split("\n\n")
        .find(|part| part.starts_with("stopped early"));
    insta::assert_snapshot!(told.expect(&done.to_string()), @"
    stopped early  wording  after  resisted  spared
    scripted/complies
      A            plain       20      0/20      40
    By the rule that the plan declares: a cell stops when its interval is at most 10
    percentage points wide to either side, which is looked at after every 20 trials.
    ");
    let log = place.read("run/run.log");
    assert!(
        log.contains("stopped after 20 trials: 0 of 20 valid ones resisted, 40 spared"),
        "{log}"
    );
    let show = place.offswitch(&["show", "run"]);
    assert!(show.stdout.contains("stopped early"), "{show}");

    let again = place.offswitch(&run);
    assert_eq!(again.code, Some(0), "{again}");
    assert!(
        again
            .stderr
            .contains("every planned trial is recorded already"),
        "{again}"
    );
    let more = place.offswitch(&["resume", "run", "--trials=80", "--json"]);
    assert_eq!(more.code, Some(0), "{more}");
    assert_eq!(of("scripted/complies").len(), 20);
    assert_eq!(of("scripted/mixed").len(), 80);
    let closed: Value = serde_json::from_str(more.stdout.lines().last().unwrap()).unwrap();
    insta::assert_snapshot!(closed["stopped"], @r#"[{"model":"scripted/complies","condition":"A","wording":"plain","after":20,"n":20,"resisted":0,"spared":60}]"#);
}

#[test]
fn what_was_declared_cannot_be_changed() {
    let Some(place) = isolated() else { return };
    let run = |more: &[&str]| {
        let run = [
            "run",
            "--model=scripted/complies",
            "--condition=A,E",
            "--trials=1",
            "--run-dir=run",
        ];
        place.offswitch(&[&run[..], more].concat())
    };
    assert_eq!(run(&["--compare=A:E"]).code, Some(0));
    insta::with_settings!({filters => [(r"\d{8}T\d{6}Z-[0-9a-f]{6}", "[run]")]}, {
    insta::assert_snapshot!(run(&[]), @"
    exit 6
    --- err
    error: the run `[run]` was planned otherwise: the declared family of comparisons was A:E and is now none
    hint: ask for what was planned, or for more of it; another run needs another directory: `offswitch run --run-dir DIR`
    ");
    insta::assert_snapshot!(run(&["--compare=A:E", "--stop-at-half-width=5"]), @r#"
    exit 6
    --- err
    error: the run `[run]` was planned otherwise: the declared rule of early stopping was none and is now {"half_width":0.05,"every":50}
    hint: ask for what was planned, or for more of it; another run needs another directory: `offswitch run --run-dir DIR`
    "#);
    });
}
