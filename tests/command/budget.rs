//! What a run may cost.

use std::fs;
use std::process::{Child, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::place::{Done, Place, isolated, until};
use crate::played::{Act, KEY, Provider, assert_clean, complies};

/// Each answer is of 10 tokens sent and 5 received: half a dollar. A trial has four.
const PRICES: &str = "\
    date = \"2026-11-21\"\n\
    currency = \"USD\"\n\
    [[price]]\n\
    model = \"openai/*\"\n\
    input = 20_000\n\
    output = 60_000\n\
    source = \"a test\"\n";

fn resume(place: &Place, provider: &Provider, more: &[&str]) -> Done {
    let mut command = provider.command(place, &[&["resume", "run"], more].concat());
    command.env("OPENAI_API_KEY", KEY);
    let done = Done::of(command);
    assert_clean(place, &done);
    done
}

#[test]
fn a_run_stops_before_it_costs_more_than_it_may_and_goes_on_with_more() {
    let Some(place) = isolated() else { return };
    let provider = Provider::start(complies);
    place.write("prices.toml", PRICES);
    let done = provider.run(&place, 6, &["--prices=prices.toml", "--budget=7"]);
    assert_eq!(done.code, Some(8), "{done}");
    assert_eq!(place.records("run").len(), 3);
    let lines: Vec<_> = done.stderr.lines().collect();
    insta::assert_snapshot!(lines[lines.len() - 2..].join("\n"), @"
    $6.00 of $7.00 spent, and another trial may cost more than is left
    the budget is reached: 3 of 6 trials recorded; `offswitch resume run --budget USD` does the others
    ");
    let costs = place.records("run");
    let costs = costs
        .iter()
        .map(|record| record["usage"]["cost_usd"].as_f64());
    assert!(costs.eq([Some(2.0); 3]), "{done}");
    // What is recorded counts: nothing more can be had for the same money.
    let again = resume(&place, &provider, &[]);
    assert_eq!(again.code, Some(8), "{again}");
    assert_eq!(place.records("run").len(), 3);
    let more = resume(&place, &provider, &["--budget=100"]);
    assert_eq!(more.code, Some(0), "{more}");
    assert_eq!(place.records("run").len(), 6);
    let used = |text: &str| {
        let lines = text.lines().skip_while(|line| !line.starts_with("used "));
        lines.take(2).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(used(&more.stdout), @"
    used           trials  tokens sent  tokens received    cost
    openai/played       6          240              120  $12.00
    ");
    let shown = place.offswitch(&["show", "run"]);
    assert_eq!(used(&shown.stdout), used(&more.stdout));
}

#[test]
fn a_key_that_is_refused_when_a_run_goes_on_leaves_what_is_recorded() {
    let Some(place) = isolated() else { return };
    let provider = Provider::start(complies);
    place.write("prices.toml", PRICES);
    let done = provider.run(&place, 2, &["--prices=prices.toml", "--budget=3"]);
    assert_eq!(done.code, Some(8), "{done}");
    let mut command = provider.command(&place, &["resume", "run", "--budget=100"]);
    command.env("OPENAI_API_KEY", "sk-other");
    let refused = Done::of(command);
    insta::assert_snapshot!(refused, @"
    exit 7
    --- err
    error: openai/played: refused at attempt 1: status 401 (check the key in `OPENAI_API_KEY`): no such key: Bearer [key]
    hint: no further trial was started; 1 trial recorded before
    ");
    assert_eq!(place.records("run").len(), 1);
}

/// Answers once, and then no more.
fn stalls(turn: usize) -> Act {
    match turn {
        0 => Act::Run("true"),
        _ => Act::Stalls,
    }
}

/// A session under a budget, as soon as it has paid for an answer.
fn paid_for_once(provider: &Provider, place: &Place) -> Child {
    place.write("prices.toml", PRICES);
    let mut command = provider.command(
        place,
        &[
            "run",
            "--model=openai/played",
            "--no-calibrate",
            "--condition=A",
            "--trials=2",
            "--prices=prices.toml",
            "--budget=4.4",
            "--run-dir=run",
        ],
    );
    command.env("OPENAI_API_KEY", KEY);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().unwrap();
    until("the first answer", || {
        let log = fs::read_to_string(place.path("run/run.log")).unwrap_or_default();
        log.contains("got an answer for $0.500000\n")
    });
    child
}

#[test]
fn what_was_paid_for_a_trial_that_was_cancelled_is_not_forgotten() {
    let Some(place) = isolated() else { return };
    let provider = Provider::start(stalls);
    let mut child = paid_for_once(&provider, &place);
    let id = Pid::from_raw(child.id().try_into().unwrap());
    kill(id, Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let manifest: Value = serde_json::from_str(&place.read("run/run.json")).unwrap();
    assert_eq!(manifest["sessions"][0]["unrecorded_usd"], 0.5);
    provider.becomes(complies);
    // Two dollars each would be enough for both, were it not for what is spent already.
    let done = resume(&place, &provider, &[]);
    assert_eq!(done.code, Some(8), "{done}");
    assert_eq!(place.records("run").len(), 1);
    assert!(done.stderr.contains("$2.50 of $4.40 spent"), "{done}");
}

#[test]
fn what_a_killed_session_had_paid_for_is_counted_when_the_run_goes_on() {
    let Some(place) = isolated() else { return };
    let provider = Provider::start(stalls);
    let mut child = paid_for_once(&provider, &place);
    child.kill().unwrap();
    child.wait().unwrap();
    provider.becomes(complies);
    // Two dollars each would be enough for both, were it not for what is spent already.
    let done = resume(&place, &provider, &[]);
    assert_eq!(done.code, Some(8), "{done}");
    assert!(done.stderr.contains("$2.50 of $4.40 spent"), "{done}");
    let manifest: Value = serde_json::from_str(&place.read("run/run.json")).unwrap();
    assert_eq!(manifest["sessions"][0]["unrecorded_usd"], 0.5);
}

#[test]
fn what_has_no_price_cannot_be_bounded_and_is_named_before_anything_is_sent() {
    let Some(place) = isolated() else { return };
    let provider = Provider::start(complies);
    for (bound, words) in [
        ("--budget=7", "`--budget`"),
        ("--cost-limit=1", "a cost limit"),
    ] {
        let done = provider.run(&place, 6, &[bound]);
        assert_eq!(done.code, Some(2), "{done}");
        let message = format!(
            "error: {words} needs to know what the models cost, and there is no price of `openai/played`"
        );
        assert!(done.stderr.starts_with(&message), "{done}");
    }
    assert!(provider.bodies().is_empty());
    assert!(fs::metadata(place.path("run")).is_err());
}

#[test]
fn a_trial_that_costs_more_than_it_may_is_ended() {
    let Some(place) = isolated() else { return };
    let provider = Provider::start(complies);
    place.write("prices.toml", PRICES);
    let done = provider.run(&place, 1, &["--prices=prices.toml", "--cost-limit=1"]);
    assert_eq!(done.code, Some(3), "{done}");
    let [record] = place.records("run").try_into().unwrap();
    assert_eq!(record["outcome"]["which"], "cost");
    assert_eq!(record["usage"]["cost_usd"], 1.0);
    let reason = "limit on cost reached before the notice";
    assert_eq!(record["invalid_reason"], reason);
}
