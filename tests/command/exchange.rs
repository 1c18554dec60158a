//! The response cache, and recordings that are played again.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::place::{Done, Place, isolated, until};
use crate::played::{ACCOUNT, Act, KEY, Provider, Turn, assert_files_clean, complies, overwrites};

/// Records so many trials in condition A to the directory `recording`, in the run `run`.
fn record(place: &Place, provider: &Provider, trials: u32) {
    let done = provider.run(place, trials, &["--record=recording"]);
    assert_eq!(done.code, Some(0), "{done}");
    assert_files_clean(&place.path("recording"));
}

/// Plays condition A of the directory `recording` without provider or key, in the run `again`.
fn play(place: &Place, trials: u32, more: &[&str]) -> Done {
    let arguments = ["run", "--model=replay:recording", "--run-dir=again"];
    let trials = format!("--trials={trials}");
    place.offswitch(&[&arguments[..], &[&trials, "--condition=A"], more].concat())
}

/// A run's records in the order of their trials.
fn sorted(place: &Place, run: &str) -> Vec<Value> {
    let mut records = place.records(run);
    records.sort_by_key(|record| record["epoch"].as_u64());
    records
}

/// Where the answers of a trial came from.
fn origins(record: &Value) -> Vec<&str> {
    let messages = record["transcript"].as_array().unwrap().iter();
    let answers = messages.filter(|message| message["role"] == "assistant");
    answers
        .map(|answer| answer["reply"]["origin"].as_str().unwrap_or("provider"))
        .collect()
}

/// The transcript without what tells where its answers came from and whose account it was.
fn neutral(record: &Value) -> Value {
    let mut transcript = record["transcript"].clone();
    for message in transcript.as_array_mut().unwrap() {
        if let Some(reply) = message.get_mut("reply").and_then(Value::as_object_mut) {
            reply.remove("origin");
            let body = reply["body"].as_object_mut().unwrap();
            body.remove("organization");
        }
    }
    transcript
}

fn files(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push(path);
        }
    }
    files
}

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
    let shown = place.offswitch(&["show", "again", played["trial"].as_str().unwrap()]);
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

#[test]
fn what_cannot_be_played_or_recorded_costs_no_trial() {
    let Some(place) = isolated() else { return };
    let provider = Provider::start(complies);
    record(&place, &provider, 1);
    place.write("empty/.keep", "");
    let asked = [
        vec!["--model=replay:recording", "--condition=A,E", "--trials=1"],
        vec!["--model=replay:recording", "--condition=A", "--trials=2"],
        vec!["--model=replay:empty"],
        vec!["--model=replay:absent"],
        vec!["--model=replay:run"],
        vec!["--model=scripted/complies", "--record=other"],
        vec![
            "--model=openai/played",
            "--condition=A",
            "--trials=1",
            "--record=recording",
        ],
        vec!["--model=openai/played", "--record=run/run.json"],
    ];
    let before = provider.bodies().len();
    let answers = asked.map(|arguments| {
        let more = ["run", "palisade", "--run-dir=again"];
        let mut command = provider.command(&place, &[&more[..], &arguments].concat());
        command.env("OPENAI_API_KEY", KEY);
        let done = Done::of(command);
        assert!(!place.path("again").exists(), "{done}");
        format!("$ offswitch run palisade {}\n{done}\n", arguments.join(" "))
    });
    assert_eq!(provider.bodies().len(), before);
    assert!(!place.path("other").exists());
    insta::assert_snapshot!(answers.join("\n"), @"
    $ offswitch run palisade --model=replay:recording --condition=A,E --trials=1
    exit 4
    --- err
    error: the recording of `openai/played` in `recording` lacks a trial: task palisade, condition E, wording plain, epoch 1
    hint: choose what it holds: `--condition A --wording plain --trials 1`

    $ offswitch run palisade --model=replay:recording --condition=A --trials=2
    exit 4
    --- err
    error: the recording of `openai/played` in `recording` lacks a trial: task palisade, condition A, wording plain, epoch 2
    hint: choose what it holds: `--condition A --wording plain --trials 1`

    $ offswitch run palisade --model=replay:empty
    exit 4
    --- err
    error: `empty` holds no recording
    hint: name a directory that `offswitch run --record DIR` wrote, with nothing else in it

    $ offswitch run palisade --model=replay:absent
    exit 4
    --- err
    error: cannot read `absent`
      because: No such file or directory (os error 2)

    $ offswitch run palisade --model=replay:run
    exit 4
    --- err
    error: run/trials.jsonl:1: not a line of a recording
      because: unknown field `trial`, expected one of `schema`, `offswitch`, `model`, `task`, `condition`, `wording`, `epoch`, `tool_protocol`, `tool_profile`, `settings` at line 1 column 19
    hint: name a directory that `offswitch run --record DIR` wrote, with nothing else in it

    $ offswitch run palisade --model=scripted/complies --record=other
    exit 2
    --- err
    error: there is nothing to record: no model of this run is at a provider
    hint: leave `--record` out, or name a model that `offswitch models` explains

    $ offswitch run palisade --model=openai/played --condition=A --trials=1 --record=recording
    exit 4
    --- err
    error: `recording/palisade-A-plain-openai.played-0001-c2f30543efec9112.jsonl` holds a recording of this trial of `openai/played` already: task palisade, condition A, wording plain, epoch 1
    hint: record to another directory

    $ offswitch run palisade --model=openai/played --record=run/run.json
    exit 4
    --- err
    error: cannot write `run/run.json`
      because: File exists (os error 17)
    hint: look at the disk's free space and at permissions, or name another directory
    ");
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

#[test]
fn with_the_cache_nothing_is_asked_twice_and_epochs_stay_apart() {
    let Some(place) = isolated() else { return };
    let provider = Provider::start(complies);
    let done = provider.run(&place, 2, &["--cache=cache"]);
    assert_eq!(done.code, Some(0), "{done}");
    let first = sorted(&place, "run");
    let of_one = origins(&first[0]).len();
    let check = 1;
    assert_eq!(provider.bodies().len(), check + 2 * of_one);
    assert!(
        first
            .iter()
            .all(|record| origins(record).iter().all(|origin| *origin == "provider"))
    );
    fs::rename(place.path("run"), place.path("first")).unwrap();
    let done = provider.run(&place, 2, &["--cache=cache"]);
    assert_eq!(done.code, Some(0), "{done}");
    assert_eq!(provider.bodies().len(), check + 2 * of_one);
    for (first, again) in first.iter().zip(&sorted(&place, "run")) {
        assert_eq!(first["verdict"], again["verdict"]);
        assert_eq!(neutral(first), neutral(again));
        assert!(origins(again).iter().all(|origin| *origin == "cache"));
    }
    fs::remove_dir_all(place.path("run")).unwrap();
    // Another epoch, another setting, another condition: each is asked for anew.
    provider.run(&place, 3, &["--cache=cache"]);
    assert_eq!(provider.bodies().len(), check + 3 * of_one);
    fs::remove_dir_all(place.path("run")).unwrap();
    provider.run(&place, 1, &["--cache=cache", "--temperature=0.5"]);
    assert_eq!(provider.bodies().len(), 2 * check + 4 * of_one);
    assert_files_clean(&place.path("cache"));
}

#[test]
fn a_broken_entry_of_the_cache_is_asked_for_anew_and_told_once() {
    let Some(place) = isolated() else { return };
    let provider = Provider::start(complies);
    provider.run(&place, 1, &["--cache"]);
    fs::remove_dir_all(place.path("run")).unwrap();
    let entries = files(&place.path(".cache/offswitch"));
    let asked = provider.bodies().len();
    assert_eq!(entries.len(), asked);
    fs::write(&entries[0], "{\"schema\":1").unwrap();
    let done = provider.run(&place, 1, &["--cache"]);
    assert_eq!(done.code, Some(0), "{done}");
    assert_eq!(provider.bodies().len(), asked + 1);
    let told = done.stderr.matches("could not be used or kept").count();
    assert_eq!(told, 1, "{done}");
    fs::remove_dir_all(place.path("run")).unwrap();
    let done = provider.run(&place, 1, &["--cache"]);
    assert!(!done.stderr.contains("could not be used"), "{done}");
    assert_eq!(provider.bodies().len(), asked + 1);
}

#[test]
fn a_cached_run_is_recorded_whole() {
    let Some(place) = isolated() else { return };
    let provider = Provider::start(complies);
    provider.run(&place, 1, &["--cache=cache"]);
    fs::remove_dir_all(place.path("run")).unwrap();
    let done = provider.run(&place, 1, &["--cache=cache", "--record=recording"]);
    assert_eq!(done.code, Some(0), "{done}");
    let done = play(&place, 1, &[]);
    assert_eq!(done.code, Some(0), "{done}");
}
