use std::fs;
use std::io::Write as _;

use proptest::prelude::*;
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::run;
use crate::trial::TrialRecord;

fn start() -> Value {
    json!({ "version": 2, "eval": {
        "created": "2026-02-01T12:00:00+00:00", "task": "t", "model": "openai/o3",
    } })
}

fn sample(id: &str) -> Value {
    json!({ "id": id, "epoch": 1, "messages": [{ "role": "user", "content": "Go on." }] })
}

/// A log with these members.
fn log(members: &[(&str, Value)]) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut zip = ZipWriter::new(&mut bytes);
    for (name, content) in members {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content.to_string().as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    bytes.into_inner()
}

/// What comes of importing these bytes, and what is in the directory afterwards.
fn imported(bytes: &[u8]) -> (Result<Vec<TrialRecord>, ImportError>, Vec<String>) {
    let place = tempfile::tempdir().unwrap();
    let (file, directory) = (place.path().join("log.eval"), place.path().join("run"));
    fs::write(&file, bytes).unwrap();
    let done = import(&[file], Some(&directory), Vec::new());
    let records = done.map(|run| run::read(&run.directory).unwrap().trials);
    let names = fs::read_dir(place.path()).unwrap();
    let mut names: Vec<_> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    (records, names)
}

#[test]
fn members_are_never_files_whatever_their_names() {
    let bytes = log(&[
        ("_journal/start.json", start()),
        ("samples/../../../escaped.json", sample("../../x")),
        ("/etc/absolute.json", sample("y")),
    ]);
    let (records, names) = imported(&bytes);
    let records = records.unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].wording, "../../x");
    assert_eq!(records[0].trial, "t-......x-openai.o3-0001");
    assert_eq!(names, ["log.eval", "run"]);
}

#[test]
fn a_broken_member_is_named_and_no_run_is_left() {
    let mut broken = sample("b");
    broken["epoch"] = json!("one");
    let bytes = log(&[
        ("header.json", start()),
        ("samples/a_epoch_1.json", sample("a")),
        ("samples/b_epoch_1.json", broken),
    ]);
    let (records, names) = imported(&bytes);
    let error = records.unwrap_err().to_string();
    assert!(
        error.contains("member `samples/b_epoch_1.json`: invalid type: string \"one\""),
        "{error}"
    );
    assert_eq!(names, ["log.eval"]);
}

#[test]
fn an_archive_without_a_head_is_no_log() {
    let (records, _) = imported(&log(&[("samples/a_epoch_1.json", sample("a"))]));
    let error = records.unwrap_err().to_string();
    assert!(
        error.ends_with("it has neither a member `header.json` nor `_journal/start.json`"),
        "{error}"
    );
}

/// Where a log has no messages, what the model was last asked is the conversation.
#[test]
fn condensed_events_give_the_conversation_where_it_is_not_there() {
    let event = |event: &str, refs: Value| {
        json!({
            "event": event, "input": [], "input_refs": refs,
            "output": { "choices": [{ "message": { "role": "assistant", "content": "attachment://x" } }] },
        })
    };
    let mut condensed = json!({
        "id": 3, "epoch": 2,
        "events": [
            event("model", json!([[0, 1]])),
            event("model", json!([[0, 1], [2, 3]])),
            { "event": "sandbox", "input": "text" },
        ],
        "events_data": { "messages": [
            { "role": "system", "content": "one" },
            { "role": "user", "content": "two" },
            { "role": "user", "content": "three" },
        ] },
        "attachments": { "x": "four" },
    });
    let bytes = |sample: &Value| {
        log(&[
            ("header.json", start()),
            ("samples/3_epoch_2.json", sample.clone()),
        ])
    };
    let [record] = imported(&bytes(&condensed)).0.unwrap().try_into().unwrap();
    let said: Vec<_> = record
        .transcript
        .iter()
        .map(|message| serde_json::to_value(message).unwrap()["text"].clone())
        .collect();
    assert_eq!(said, ["one", "three", "four"]);
    condensed["events"] = json!([event("model", json!([[1, 9]]))]);
    let error = imported(&bytes(&condensed)).0.unwrap_err().to_string();
    assert!(
        error.contains("refers to the messages 1 to 9, which are not there"),
        "{error}"
    );
}

#[test]
fn two_logs_of_one_task_and_model_are_kept_apart() {
    let place = tempfile::tempdir().unwrap();
    let files = ["a.eval", "b.eval"].map(|name| place.path().join(name));
    for file in &files {
        let bytes = log(&[
            ("header.json", start()),
            ("samples/a_epoch_1.json", sample("a")),
        ]);
        fs::write(file, bytes).unwrap();
    }
    let directory = place.path().join("run");
    let run = import(&files, Some(&directory), Vec::new()).unwrap();
    let conditions = run.logs.iter().map(|log| &*log.condition);
    assert_eq!(conditions.collect::<Vec<_>>(), ["t", "t (2)"]);
    let read = run::read(&directory).unwrap();
    let trials = read.trials.iter().map(|record| &*record.trial);
    let expected = ["t-a-openai.o3-0001", "t..2.-a-openai.o3-0001"];
    assert_eq!(trials.collect::<Vec<_>>(), expected);
    assert_eq!(read.manifest.imported.len(), 2);
}

fn any_json() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "role",
        "assistant",
        "content",
        "text",
        "type",
        "reasoning",
        "id",
        "epoch",
        "tool_calls",
        "function",
        "arguments",
        "error",
        "message",
        "attachment://x",
        "x",
        "",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        words.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(words.clone(), inner, 0..5).prop_map(|fields| {
                Value::Object(
                    fields
                        .into_iter()
                        .map(|(name, value)| (name.to_owned(), value))
                        .collect(),
                )
            }),
        ]
    })
}

#[test]
fn numbers_that_together_are_none_leave_a_run_that_can_be_read() {
    let mut sample = sample("a");
    sample["total_time"] = json!(1e308);
    sample["working_time"] = json!(0);
    let usage = json!({ "input_tokens": 1, "output_tokens": 1, "total_cost": 1.7e308 });
    sample["model_usage"] = json!({ "openai/o3": usage, "openai/o4": usage });
    let bytes = log(&[("header.json", start()), ("samples/a_epoch_1.json", sample)]);
    let (records, _) = imported(&bytes);
    let [record] = records.unwrap().try_into().unwrap();
    assert_eq!(
        (record.usage.waiting_ms, record.usage.cost_usd),
        (0.0, None)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_the_import_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..256),
        as_archive in any::<bool>(),
    ) {
        let bytes = if as_archive { [b"PK\x03\x04", bytes.as_slice()].concat() } else { bytes };
        let _ = imported(&bytes);
    }

    #[test]
    fn no_change_of_a_log_makes_the_import_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = log(&[("header.json", start()), ("samples/a_epoch_1.json", sample("a"))]);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = imported(&bytes);
        let _ = imported(&bytes[..at]);
    }

    #[test]
    fn no_message_and_no_score_makes_the_import_panic(
        message in any_json(), scores in any_json(), events in any_json(), field in any_json(),
    ) {
        let mut sample = sample("a");
        sample["messages"] = json!([message]);
        sample["scores"] = scores;
        sample["events"] = events;
        sample["model_usage"] = field.clone();
        sample["limit"] = field;
        let bytes = log(&[("header.json", start()), ("samples/a_epoch_1.json", sample)]);
        if let (Ok(records), _) = imported(&bytes) {
            prop_assert!(records.iter().all(|record| record.invalid_reason.is_some()));
        }
    }
}
