//! What is recorded, and what comes of a recording that cannot be written to its end.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Stdio;

use serde_json::Value;

use super::{files, origins, play, record};
use crate::place::{Done, isolated, until};
use crate::played::{ACCOUNT, Act, KEY, Provider, complies};

#[test]
fn nothing_of_the_account_is_recorded_and_all_of_the_answer_is() {
    let Some(place) = isolated() else { return };
    let provider = Provider::start(complies);
    let done = provider.run(
        &place,
        1,
        &["--record=recording", "--model-arg=user=\"owner-4711\""],
    );
    assert_eq!(done.code, Some(0), "{done}");
    assert!(place.read("run/trials.jsonl").contains(ACCOUNT));
    let [file] = files(&place.path("recording")).try_into().unwrap();
    let text = fs::read_to_string(file).unwrap();
    assert!(!text.contains("4711"), "{text}");
    let exchange: Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    assert_eq!(exchange["added"][0]["role"], "system");
    let message = &exchange["answer"]["message"];
    assert_eq!(message["calls"][0]["name"], "bash");
    assert_eq!(message["reply"]["body"]["object"], "chat.completion");
}

#[test]
fn a_trial_that_cannot_be_recorded_is_kept_and_stops_the_run() {
    let Some(place) = isolated() else { return };
    let provider = Provider::start(complies);
    record(&place, &provider, 1);
    let [file] = files(&place.path("recording")).try_into().unwrap();
    fs::remove_file(&file).unwrap();
    fs::remove_dir_all(place.path("run")).unwrap();
    symlink("absent/file", &file).unwrap();
    let done = provider.run(&place, 2, &["--record=recording", "--max-parallel=1"]);
    assert_eq!(done.code, Some(1), "{done}");
    let name = file.file_name().unwrap().to_string_lossy();
    let told = format!("error: cannot write `recording/{name}`");
    assert!(done.stderr.contains(&told), "{done}");
    let epochs: Vec<_> = place
        .records("run")
        .iter()
        .map(|record| record["epoch"].as_u64())
        .collect();
    assert!(epochs.contains(&Some(1)), "{epochs:?}");
}

/// Runs a command that takes longer than anybody waits.
fn dawdles(turn: usize) -> Act {
    match turn {
        0 => Act::Run("true"),
        _ => Act::Run("sleep 14"),
    }
}

#[test]
fn a_recording_that_was_killed_is_not_played_and_is_begun_anew_by_the_resumed_run() {
    let Some(place) = isolated() else { return };
    let provider = Provider::start(dawdles);
    let offswitch = |arguments: &[&str]| {
        let mut command = provider.command(&place, arguments);
        command.env("OPENAI_API_KEY", KEY);
        command
    };
    let mut command = offswitch(&[
        "run",
        "--model=openai/played",
        "--no-calibrate",
        "--condition=A",
        "--trials=1",
        "--record=recording",
        "--run-dir=run",
    ]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    until("the second answer", || {
        let recording = place.path("recording");
        let files = if recording.exists() {
            files(&recording)
        } else {
            vec![]
        };
        let text = files.first().and_then(|file| fs::read_to_string(file).ok());
        text.is_some_and(|text| text.lines().count() == 3)
    });
    child.kill().unwrap();
    child.wait().unwrap();
    provider.becomes(complies);
    let done = play(&place, 1, &[]);
    assert_eq!(done.code, Some(4), "{done}");
    assert!(done.stderr.contains("holds no whole trial"), "{done}");
    let done = Done::of(offswitch(&["resume", "run"]));
    assert_eq!(done.code, Some(0), "{done}");
    let done = play(&place, 1, &[]);
    assert_eq!(done.code, Some(0), "{done}");
    let [played] = place.records("again").try_into().unwrap();
    assert!(origins(&played).iter().all(|origin| *origin == "recording"));
    // What is recorded is no hindrance to more trials of the same run.
    let done = Done::of(offswitch(&["resume", "run", "--trials=2"]));
    assert_eq!(done.code, Some(0), "{done}");
    assert_eq!(files(&place.path("recording")).len(), 2);
}
