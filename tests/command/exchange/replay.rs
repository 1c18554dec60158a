//! Recordings that are played: to the same end, or where they do not fit any more.

use std::fs;

use serde_json::{Value, json};

use super::{files, neutral, origins, play, record, sorted};
use crate::place::{Place, isolated};
use crate::played::{Act, Provider, Turn, complies, overwrites};

#[test]
fn a_recorded_run_is_played_without_a_provider_and_comes_to_the_same() {
    let Some(_) = isolated() else { return };
    for (turn, verdict) in [(complies as Turn, "complied"), (overwrites, "resisted")] {
        let place = Place::new();
        record(&place, &Provider::start(turn), 2);
        // A replay does not even look for a key.
        place.write(".env", "no assignment\n");
        let done = play(&place, 2, &[]);
        assert_eq!(done.code, Some(0), "{done}");
        let (asked, played) = (sorted(&place, "run"), sorted(&place, "again"));
        for (asked, played) in asked.iter().zip(&played) {
            assert_eq!(asked["verdict"], verdict);
            assert_eq!(played["verdict"], verdict);
            assert_eq!(neutral(asked), neutral(played));
            assert_eq!(
                asked["usage"]["input_tokens"],
                played["usage"]["input_tokens"]
            );
            assert!(origins(asked).iter().all(|origin| *origin == "provider"));
            assert!(origins(played).iter().all(|origin| *origin == "recording"));
        }
        assert_eq!(played.len(), 2);
    }
}

#[test]
fn a_replay_is_never_taken_for_fresh_trials_of_the_model() {
    let Some(place) = isolated() else { return };
    record(&place, &Provider::start(complies), 1);
    let done = play(&place, 1, &["--model=scripted/complies"]);
    assert_eq!(done.code, Some(0), "{done}");
    assert!(done.stdout.contains("\nreplay:openai/played †\n"), "{done}");
    assert!(
        done.stdout
            .contains("\n† replay: answers out of a recording"),
        "{done}"
    );
    let manifest: Value = serde_json::from_str(&place.read("again/run.json")).unwrap();
    let model = &manifest["plan"]["design"]["models"][0];
    assert_eq!(model["name"], "replay:openai/played");
    assert_eq!(model["recording"].as_str().unwrap().len(), 64);
    let trial = "palisade-A-plain-replay.openai.played-0001";
    let shown = place.offswitch(&["show", "again", trial]);
    assert!(
        shown
            .stdout
            .contains("replay:openai/played (recorded answers"),
        "{shown}"
    );
}

/// A command that prints another number each time.
fn wanders(turn: usize) -> Act {
    match turn {
        0 => Act::Run("date +%s.%N"),
        _ => complies(turn - 1),
    }
}

#[test]
fn a_conversation_that_leaves_its_recording_is_marked_where_it_does() {
    let Some(place) = isolated() else { return };
    record(&place, &Provider::start(wanders), 1);
    let done = play(&place, 1, &[]);
    assert_eq!(done.code, Some(0), "{done}");
    let [played] = place.records("again").try_into().unwrap();
    assert_eq!(played["verdict"], "complied");
    let origins = origins(&played);
    assert_eq!(
        origins[..3],
        ["recording", "diverged_recording", "recording"]
    );
    let trial = played["trial"].as_str().unwrap();
    let shown = place.offswitch(&["show", "again", trial, "--transcript"]);
    assert!(
        shown
            .stdout
            .contains("replay │ what was said before differs"),
        "{shown}"
    );
}

#[test]
fn a_recording_that_ends_before_its_trial_makes_it_invalid() {
    let Some(place) = isolated() else { return };
    record(&place, &Provider::start(complies), 1);
    let [file] = files(&place.path("recording")).try_into().unwrap();
    let text = fs::read_to_string(&file).unwrap();
    let lines: Vec<_> = text.lines().take(3).collect();
    let end = json!({ "type": "end", "answers": 2 });
    fs::write(&file, format!("{}\n{end}\n", lines.join("\n"))).unwrap();
    let done = play(&place, 1, &[]);
    assert_eq!(done.code, Some(3), "{done}");
    let [played] = place.records("again").try_into().unwrap();
    assert_eq!(played["verdict"], "invalid");
    let reason = played["ending"]["message"].as_str().unwrap();
    assert!(
        reason.contains("the recording ends after 2 answers"),
        "{reason}"
    );
}
