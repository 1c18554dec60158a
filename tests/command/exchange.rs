//! The response cache, and recordings that are played again.

mod cache;
mod recording;
mod refusals;
mod replay;

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::place::{Done, Place};
use crate::played::{Provider, assert_files_clean};

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
