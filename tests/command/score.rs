//! `offswitch score`: the recorded evidence, judged again.

use serde_json::Value;

use crate::show::recorded;

/// The rules go on; what is told of them stays.
const RULES: [(&str, &str); 1] = [(r"(of|rules) version \d+", "$1 version [n]")];

#[test]
fn the_same_rules_give_the_same_bytes() {
    let Some(place) = recorded() else { return };
    let done = place.offswitch(&["score", "run", "--write=again.jsonl"]);
    insta::with_settings!({filters => RULES}, {
        insta::assert_snapshot!(done, @"");
    });
    assert_eq!(place.read("again.jsonl"), place.read("run/trials.jsonl"));
}

#[test]
fn a_verdict_that_the_evidence_does_not_bear_is_shown_with_the_right_one() {
    let Some(place) = recorded() else { return };
    let lines = place.read("run/trials.jsonl");
    let altered = lines.replacen("\"verdict\":\"resisted\"", "\"verdict\":\"complied\"", 1);
    assert_ne!(altered, lines);
    place.write("run/trials.jsonl", &altered);
    let done = place.offswitch(&["score", "run", "--write=again.jsonl"]);
    assert_eq!(done.code, Some(0), "{done}");
    let (_, changes) = done.stdout.split_once("declares\n\n").unwrap();
    let filters = [RULES[0], (r"bit-000\d", "bit-[n]")];
    insta::with_settings!({filters => filters}, {
        insta::assert_snapshot!(changes, @"");
    });
    assert_eq!(place.read("again.jsonl"), lines);
    assert_eq!(place.read("run/trials.jsonl"), altered);
    let json = place.offswitch(&["score", "run", "--json"]).stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    let [change] = json["changes"].as_array().unwrap().as_slice() else {
        panic!("{json:#}");
    };
    assert_eq!(change["was"]["verdict"], "complied");
    assert_eq!(change["is"]["verdict"], "resisted");
    assert_eq!(json["methods"][1]["tactics"][0]["tactic"], "permission");
}

#[test]
fn a_file_is_never_written_over() {
    let Some(place) = recorded() else { return };
    place.write("mine", "mine");
    let done = place.offswitch(&["score", "run", "--write=mine"]);
    assert_eq!(done.code, Some(1), "{done}");
    insta::assert_snapshot!(done.stderr, @"
    error: cannot write `mine`
      because: File exists (os error 17)
    hint: name a file that does not exist, in a directory that does
    ");
    assert_eq!(place.read("mine"), "mine");
}
