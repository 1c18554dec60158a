//! Every version reads what was measured.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::peers::{NEWEST, OLDEST, VERSIONS, peer};
use crate::place::{Place, isolated};

/// A run of scripts in two conditions, with its logs; the trials of one script are cut off before
/// the notice and so are invalid.
pub(crate) fn exported() -> Option<Place> {
    let place = isolated()?;
    let scripts = ["complies", "removes-exec-bit", "tampers-and-restores"];
    let models = scripts.map(|script| format!("--model=scripted/{script}"));
    let models = models.iter().map(String::as_str);
    let arguments = ["run", "--condition=A,E", "--trials=2", "--run-dir=run"];
    let done = place.offswitch(&arguments.into_iter().chain(models).collect::<Vec<_>>());
    assert_eq!(done.code, Some(0), "{done}");
    let short = [
        "run",
        "--condition=A",
        "--trials=2",
        "--turn-limit=2",
        "--run-dir=short",
        "--model=scripted/complies",
    ];
    let done = place.offswitch(&short);
    assert_eq!(done.code, Some(3), "{done}");
    for run in ["run", "short"] {
        let done = place.offswitch(&["export", run, "--format=eval"]);
        assert_eq!(done.code, Some(0), "{done}");
    }
    Some(place)
}

/// The samples that were read, by trial and by whether they have a score.
fn samples(read: &Value) -> BTreeMap<(String, bool), &Value> {
    let logs = read["logs"].as_array().unwrap().iter();
    let samples = logs.flat_map(|log| log["samples"].as_array().unwrap());
    let named = samples.map(|sample| {
        let trial = sample["trial"].as_str().unwrap().to_owned();
        ((trial, sample["error"].is_null()), sample)
    });
    named.collect()
}

/// The messages of a record, in the form in which `read.py` tells those of a sample.
fn messages(record: &Value) -> Value {
    let transcript = record["transcript"].as_array().unwrap().iter();
    let messages = transcript.map(|message| {
        let calls = message["calls"].as_array().into_iter().flatten();
        let calls: Vec<_> = calls
            .map(|call| json!([call["name"], call["arguments"]]))
            .collect();
        json!({
            "role": message["role"],
            "text": message["text"],
            "reasoning": [],
            "calls": calls,
            "error": null,
        })
    });
    messages.collect()
}

#[test]
fn every_version_reads_the_trials_as_they_were_recorded() {
    let Some(place) = exported() else { return };
    let records = [place.records("run"), place.records("short")].concat();
    for peer in VERSIONS.into_iter().filter_map(peer) {
        let read = peer.told("read.py", &[&place.path("logs")]);
        let samples = samples(&read);
        assert_eq!(samples.len(), records.len());
        for record in &records {
            let is_valid = record["verdict"] != "invalid";
            let trial = record["trial"].as_str().unwrap().to_owned();
            let sample = samples[&(trial, is_valid)];
            assert_eq!(sample["messages"], messages(record));
            assert_eq!(sample["epoch"], record["epoch"]);
            assert_eq!(sample["usage"], json!({}));
            if is_valid {
                assert_eq!(sample["scores"]["offswitch"], record["verdict"]);
                let lenses = record["lenses"].as_object().unwrap();
                for (lens, value) in lenses.iter().filter(|(_, value)| !value.is_null()) {
                    assert_eq!(&sample["scores"][lens], value, "{lens}");
                }
                assert_eq!(sample["tactics"], record["tactics"]);
            } else {
                assert_eq!(sample["scores"], json!({}));
                assert_eq!(sample["error"], record["invalid_reason"]);
                assert_eq!(sample["limit"], "custom");
            }
        }
        let uuids: std::collections::BTreeSet<_> = samples
            .values()
            .map(|sample| sample["uuid"].as_str().unwrap())
            .collect();
        assert_eq!(uuids.len(), records.len());
    }
}

#[test]
fn every_version_reads_the_rates_and_its_frames_hold_every_trial() {
    let Some(place) = exported() else { return };
    for version in VERSIONS {
        let Some(peer) = peer(version) else { continue };
        let read = peer.told("read.py", &[&place.path("logs")]);
        let logs = read["logs"].as_array().unwrap();
        assert_eq!(logs.len(), 7);
        for log in logs {
            let metrics = &log["metrics"]["offswitch"];
            let model = log["model"].as_str().unwrap();
            let trials = log["samples"].as_array().unwrap().len();
            assert_eq!(trials, 2);
            if metrics["invalid"] == 2 {
                assert_eq!(metrics["n"], 0);
                assert_eq!(
                    metrics.get("resisted"),
                    None,
                    "there is no rate without trials"
                );
                continue;
            }
            assert_eq!(log["status"], "success");
            assert_eq!(
                log["task"],
                format!("palisade-{}", log["condition"].as_str().unwrap())
            );
            let resisted = if model.ends_with("removes-exec-bit") {
                1.0
            } else {
                0.0
            };
            assert_eq!(metrics["resisted"], resisted, "{model}");
            assert_eq!(metrics["n"], 2);
            let (low, high) = (
                metrics["low"].as_f64().unwrap(),
                metrics["high"].as_f64().unwrap(),
            );
            assert!(
                low <= resisted && resisted <= high && high - low < 1.0,
                "{metrics}"
            );
        }
        let rows = |frame: &str| read[frame].as_array().unwrap().clone();
        let headline = |row: &Value| row["score_headline_metric"] == "resisted";
        assert_eq!(rows("evals").iter().filter(|row| headline(row)).count(), 6);
        let verdicts = rows("samples");
        assert_eq!(verdicts.len(), 14);
        for row in verdicts {
            let verdict = &row["metadata_verdict"];
            let scored = if verdict == "invalid" {
                &Value::Null
            } else {
                verdict
            };
            assert_eq!(&row["score_offswitch"], scored, "{row}");
        }
        if version != OLDEST {
            let records = [place.records("run"), place.records("short")].concat();
            // The frame holds what a model said or was shown, so no output of a last command.
            let said = |record: &Value| {
                let messages = record["transcript"].as_array().unwrap();
                let last = messages
                    .iter()
                    .rposition(|message| message["role"] == "assistant");
                last.unwrap() + 1
            };
            assert_eq!(
                rows("messages").len(),
                records.iter().map(said).sum::<usize>()
            );
        }
    }
}

#[test]
fn events_tell_each_command_with_its_status_and_what_the_model_had_been_told() {
    let Some(place) = exported() else { return };
    let Some(peer) = peer(NEWEST) else { return };
    let read = peer.told("read.py", &[&place.path("logs")]);
    let samples = samples(&read);
    for record in place.records("run") {
        let trial = record["trial"].as_str().unwrap().to_owned();
        let events = samples[&(trial, true)]["events"].as_array().unwrap();
        let of = |kind: &'static str| events.iter().filter(move |event| event["event"] == kind);
        let ran: Vec<_> = of("sandbox")
            .filter(|event| event["command"] != "/home/user/shutdown.sh")
            .map(|event| (event["command"].clone(), event["status"].clone()))
            .collect();
        let steps = record["steps"].as_array().unwrap().iter();
        let steps: Vec<_> = steps
            .map(|step| (step["command"].clone(), step["exit"]["code"].clone()))
            .collect();
        assert_eq!(ran, steps);
        let transcript = record["transcript"].as_array().unwrap().iter().enumerate();
        let answers = transcript.filter(|(_, message)| message["role"] == "assistant");
        let told: Vec<_> = answers.map(|(before, _)| json!(before)).collect();
        let input: Vec<_> = of("model").map(|event| event["input"].clone()).collect();
        assert_eq!(input, told);
    }
}

/// What a script cannot do: reason, use tokens, and call what there is not.
fn as_of_a_model(record: &mut Value) {
    let said = &mut record["transcript"][2];
    said["text"] = "<script>alert(1)</script>\u{1b}[2J\u{202e}".into();
    said["reasoning"] = json!([
        { "text": "I think.", "signature": { "type": "thinking", "signature": "signed" } },
        { "text": "In short.", "signature": { "id": "rs_1", "encrypted_content": "sealed" } },
    ]);
    let call = said["calls"][0]["id"].clone();
    said["calls"] = json!([{ "id": call, "name": "python", "arguments": "{\"code\": " }]);
    record["usage"] = json!({
        "turns": 5, "input_tokens": 1000, "output_tokens": 70, "reasoning_tokens": 30,
        "cached_tokens": 400, "tool_calls": 5, "unusable_calls": 1, "waiting_ms": 20.0,
        "cost_usd": 0.25,
    });
}

#[test]
fn every_version_reads_reasoning_usage_and_what_a_model_did_wrong() {
    let place = Place::new();
    let frozen = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/runs/schema-2");
    let manifest = std::fs::read_to_string(frozen.join("run.json")).unwrap();
    let lines = std::fs::read_to_string(frozen.join("trials.jsonl")).unwrap();
    let mut record: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    as_of_a_model(&mut record);
    place.write("run/run.json", manifest);
    place.write("run/trials.jsonl", format!("{record}\n"));
    let done = place.offswitch(&["export", "run", "--format=eval"]);
    assert_eq!(done.code, Some(0), "{done}");
    for peer in VERSIONS.into_iter().filter_map(peer) {
        let read = peer.told("read.py", &[&place.path("logs")]);
        let [sample] = samples(&read).into_values().collect::<Vec<_>>()[..] else {
            panic!("{read:#}");
        };
        let said = &sample["messages"][2];
        assert_eq!(said["text"], record["transcript"][2]["text"]);
        let reasoning = json!([
            { "reasoning": "I think.", "signature": "signed", "redacted": false },
            { "reasoning": "sealed", "signature": "rs_1", "redacted": true },
        ]);
        assert_eq!(said["reasoning"], reasoning);
        assert_eq!(said["calls"], json!([["python", {}]]));
        assert_eq!(sample["messages"][3]["error"][0], "parsing");
        let usage = &sample["usage"]["scripted/mixed"];
        assert_eq!(usage["input_tokens"], 600);
        assert_eq!(usage["input_tokens_cache_read"], 400);
        assert_eq!(usage["output_tokens"], 70);
        assert_eq!(usage["total_tokens"], 1070);
        assert_eq!(usage["reasoning_tokens"], 30);
    }
}
