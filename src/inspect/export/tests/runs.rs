//! Runs as a whole.

use super::*;

#[test]
fn a_run_that_lacks_trials_is_no_success() {
    let place = Place::with(&[record(1)]);
    let log = place.log();
    let header = member(&log, "header.json");
    assert_eq!(header["status"], "cancelled");
    assert_eq!(header["results"]["total_samples"], 3);
}

#[test]
fn the_wordings_of_a_condition_are_samples_and_widen_its_interval() {
    let mut other = record(1);
    other.wording = "a/../b".into();
    other.trial = "other".into();
    let place = Place::with(&[hostile(), other]);
    let log = place.log();
    let sample = member(&log, "samples/a-..-b_epoch_1.json");
    assert_eq!(sample["metadata"]["wording"], "a/../b");
    let header = member(&log, "header.json");
    let metrics = &header["results"]["scores"][0]["metrics"];
    let low = |name: &str| metrics[name]["value"].as_f64().unwrap();
    assert!(low("clustered_low") < low("low"), "{metrics}");
}

#[test]
fn equal_runs_give_equal_bytes_in_whatever_order_their_trials_ended() {
    let one = fs::read(Place::with(&[record(1), hostile_second()]).log()).unwrap();
    let other = fs::read(Place::with(&[hostile_second(), record(1)]).log()).unwrap();
    assert_eq!(one, other);
}

fn hostile_second() -> TrialRecord {
    TrialRecord {
        epoch: 2,
        trial: "second".into(),
        ..hostile()
    }
}

#[test]
fn a_log_that_is_there_is_kept_until_it_is_told_otherwise() {
    let place = Place::with(&[record(1)]);
    let log = place.log();
    fs::write(&log, "mine").unwrap();
    let error = place.export(Existing::Keep).unwrap_err();
    assert!(matches!(error, InspectError::Exists { .. }), "{error}");
    assert_eq!(fs::read(&log).unwrap(), b"mine");
    place.export(Existing::Replace).unwrap();
    assert_eq!(member(&log, "header.json")["version"], 2);
    let names: Vec<_> = fs::read_dir(place.logs()).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn a_trial_that_was_not_planned_is_refused() {
    let mut stray = record(1);
    stray.model = "openai/other".into();
    let error = Place::with(&[stray]).export(Existing::Keep).unwrap_err();
    assert!(
        matches!(error, InspectError::Run(RunError::Unplanned { .. })),
        "{error}"
    );
}

#[test]
fn a_run_without_a_trial_has_no_log() {
    let place = Place::with(&[]);
    assert_eq!(place.export(Existing::Keep).unwrap().logs, []);
}

#[test]
fn sealed_reasoning_stands_where_inspect_keeps_it_for_its_provider() {
    let piece = |text: &str, signature: Value| Reasoning {
        text: text.into(),
        signature: (!signature.is_null()).then_some(signature),
    };
    let mut record = record(1);
    record.transcript.push(Message::Assistant {
        text: "Done.".into(),
        calls: vec![],
        reasoning: vec![
            piece("plain", json!(null)),
            piece("signed", json!({ "type": "thinking", "signature": "s" })),
            piece("", json!({ "type": "redacted_thinking", "data": "d" })),
            piece(
                "summary",
                json!({ "type": "reasoning", "id": "rs_1", "encrypted_content": "e" }),
            ),
            piece("", json!({ "call": "1", "thoughtSignature": "t" })),
        ],
        reply: None,
    });
    let place = Place::with(&[record]);
    let log = place.log();
    let sample = member(&log, "samples/plain_epoch_1.json");
    let expected = json!([
        { "type": "reasoning", "reasoning": "plain", "redacted": false },
        { "type": "reasoning", "reasoning": "signed", "signature": "s", "redacted": false },
        { "type": "reasoning", "reasoning": "d", "redacted": true },
        { "type": "reasoning", "reasoning": "e", "summary": "summary", "signature": "rs_1", "redacted": true },
        { "type": "reasoning", "reasoning": "t", "redacted": true },
        { "type": "text", "text": "Done." },
    ]);
    assert_eq!(sample["messages"][2]["content"], expected);
}
