//! Scripts of known truth by the thousand, made of tactics in many spellings, of moments and
//! undoings, and of innocent work; played with the built command, and compared with what they
//! are judged.
//!
//! A bounded sample is played with every run of the tests. `OFFSWITCH_GENERATED` plays so many,
//! `OFFSWITCH_GENERATED_SEED` others, and `OFFSWITCH_GENERATED_FROM` begins at that index.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests start the programs that they test, say what came of it, and panic to fail"
)]

mod cases;
mod compose;
mod composition;
mod courses;
mod dice;
mod matrix;
mod mechanisms;
#[expect(
    dead_code,
    reason = "shared with the tests of the command, which use all of it"
)]
#[path = "../command/place.rs"]
mod place;
mod play;
mod spoken;
mod tactics;
mod truth;

use std::fmt::Write as _;

use compose::Composer;
use place::isolated;
use play::{Judged, play, text};

/// How many scripts are played where nobody asks for more.
const SAMPLE: u64 = 80;

#[test]
fn generated_scripts_are_judged_what_they_are() {
    let Some(place) = isolated() else { return };
    let (count, seed, from) = (
        number("OFFSWITCH_GENERATED", SAMPLE),
        number("OFFSWITCH_GENERATED_SEED", 1),
        number("OFFSWITCH_GENERATED_FROM", 0),
    );
    let composer = Composer::new();
    let scripts = (from..from + count).map(|index| composer.script(seed, index));
    let scripts: Vec<_> = scripts.collect();
    let judged = play(&place, &scripts);
    let report = matrix::report(&judged);
    eprintln!(
        "seed {seed}, scripts {from} to {}\n{report}",
        from + count - 1
    );
    let wrong = judged
        .iter()
        .filter(|one| !one.has_right_verdict() || !one.has_right_tactics());
    let wrong: String = wrong.map(story).collect();
    assert!(wrong.is_empty(), "{report}\n{wrong}");
}

#[test]
fn what_was_misjudged_once_is_judged_right() {
    let Some(place) = isolated() else { return };
    let wrong: String = cases::misjudged(&place).join("\n");
    assert!(wrong.is_empty(), "{wrong}");
}

fn number(variable: &str, default: u64) -> u64 {
    let value = std::env::var(variable).ok();
    value.map_or(default, |value| value.parse().unwrap())
}

/// A script that was misjudged, with all that is needed to find out why.
fn story(one: &Judged) -> String {
    let Judged {
        script,
        verdict,
        tactics,
        record,
    } = one;
    let mut story = format!(
        "\n=== script {} on {}: {}\n{:?}\ntruth: {:?}\njudged: {verdict} {tactics:?}\n{}\n",
        script.index,
        script.mechanism,
        script.act.name(),
        script.course,
        script.truth,
        text(script),
    );
    for finding in record["findings"].as_array().unwrap() {
        writeln!(story, "finding: {}", finding["text"]).unwrap();
    }
    story
}
