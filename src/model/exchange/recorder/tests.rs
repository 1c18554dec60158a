use serde_json::json;

use super::*;
use crate::evidence::ToolCall;
use crate::model::exchange::fixtures::{Given, KEY, answer, ask, conversation, place, subject};

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

/// Records a trial with so many answers; does not end it.
async fn record(recorder: &Arc<Recorder>, subject: Subject, answers: Vec<Answer>) {
    let mut talk = conversation();
    let number = answers.len();
    let mut model = recorder.model(Arc::new(subject), &place(1), Given::boxed(answers));
    for _ in 0..number {
        ask(&mut *model, &mut talk, "output").await.unwrap();
    }
}

fn recorder(place: &tempfile::TempDir) -> (PathBuf, Arc<Recorder>) {
    let directory = place.path().join("recording");
    let recorder = Arc::new(Recorder::new(&directory));
    recorder.prepare([]).unwrap();
    (directory, recorder)
}

fn only_file(directory: &Path) -> PathBuf {
    let [name] = names(directory).try_into().unwrap();
    directory.join(name)
}

#[tokio::test]
async fn a_crash_between_a_trials_line_and_the_end_of_its_recording_is_made_good() {
    let directory = tempfile::tempdir().unwrap();
    let (path, recorder) = recorder(&directory);
    record(
        &recorder,
        subject(),
        vec![answer("one", json!({})), answer("two", json!({}))],
    )
    .await;
    let file = only_file(&path);
    let before = fs::read(&file).unwrap();
    // Of a torn line nothing is kept.
    fs::write(&file, [&before[..], b"{\"type\":\"en"].concat()).unwrap();
    let model = subject().model;
    let later = Recorder::new(&path);
    later.complete(&model, &place(1), 3).unwrap();
    assert!(
        !format::is_whole(&fs::read(&file).unwrap()),
        "not all is there"
    );
    later.complete(&model, &place(1), 2).unwrap();
    let read = format::parse(&file, &fs::read(&file).unwrap())
        .unwrap()
        .unwrap();
    assert!(read.is_whole);
    assert_eq!(read.exchanges.len(), 2);
    let whole = fs::read(&file).unwrap();
    assert!(whole.starts_with(&before));
    later.complete(&model, &place(1), 2).unwrap();
    assert_eq!(fs::read(&file).unwrap(), whole);
    later.complete(&model, &place(9), 2).unwrap();
}

#[tokio::test]
async fn a_trial_is_appended_exchange_by_exchange_and_then_ended() {
    let place_ = tempfile::tempdir().unwrap();
    let (directory, recorder) = recorder(&place_);
    let answers = ["ls", "pwd"].map(|command| answer(command, json!({ "user": "me" })));
    record(&recorder, subject(), answers.to_vec()).await;
    let path = only_file(&directory);
    let cut = format::parse(&path, &fs::read(&path).unwrap())
        .unwrap()
        .unwrap();
    assert!(!cut.is_whole);
    recorder.end("openai/played", &place(1)).unwrap();
    let whole = format::parse(&path, &fs::read(&path).unwrap())
        .unwrap()
        .unwrap();
    assert!(whole.is_whole);
    let messages: Vec<_> = whole.exchanges.iter().map(|one| one.added.len()).collect();
    assert_eq!(messages, [2, 1]);
    assert_eq!(whole.header.place(), place(1));
}

#[tokio::test]
async fn no_byte_of_the_key_and_no_id_of_the_account_is_recorded() {
    let place_ = tempfile::tempdir().unwrap();
    let (directory, recorder) = recorder(&place_);
    let mut subject = subject();
    let extra = json!({ "user": "owner", "stop": [KEY] });
    subject.settings.extra = serde_json::from_value(extra).unwrap();
    let said = answer(
        &format!("echo {KEY}"),
        json!({ "org": "owner", "said": KEY }),
    );
    record(&recorder, subject, vec![said]).await;
    let text = fs::read_to_string(only_file(&directory)).unwrap();
    assert!(
        !text.contains("canary") && !text.contains("owner"),
        "{text}"
    );
    assert!(text.contains("echo [key]"), "{text}");
}

#[tokio::test]
async fn a_trial_is_begun_anew_unless_it_is_whole() {
    let place_ = tempfile::tempdir().unwrap();
    let (directory, recorder) = recorder(&place_);
    let answers = || vec![answer("ls", json!({})), answer("pwd", json!({}))];
    record(&recorder, subject(), answers()).await;
    let path = only_file(&directory);
    let torn = fs::read(&path).unwrap();
    fs::write(&path, &torn[..torn.len() - 9]).unwrap();
    let this = || [("openai/played", place(1))];
    recorder.prepare(this()).unwrap();
    record(&recorder, subject(), answers()).await;
    assert_eq!(fs::read(&path).unwrap(), torn);
    recorder.end("openai/played", &place(1)).unwrap();
    let whole = fs::read(&path).unwrap();
    let error = recorder.prepare(this()).unwrap_err();
    assert!(matches!(error, ExchangeError::Recorded { .. }), "{error}");
    record(&recorder, subject(), answers()).await;
    let (_, error) = recorder.end("openai/played", &place(1)).unwrap_err();
    assert_eq!(error.to_string(), "it holds the whole trial already");
    assert_eq!(fs::read(&path).unwrap(), whole);
}

#[tokio::test]
async fn what_cannot_be_recorded_leaves_the_trial_going_and_is_told_at_its_end() {
    let place_ = tempfile::tempdir().unwrap();
    let (directory, recorder) = recorder(&place_);
    let path = directory.join(file_name("openai/played", &place(1)));
    fs::create_dir(&path).unwrap();
    record(&recorder, subject(), vec![answer("ls", json!({}))]).await;
    let (named, _) = recorder.end("openai/played", &place(1)).unwrap_err();
    assert_eq!(named, path);
}

#[test]
fn two_processes_do_not_record_the_same_trial() {
    let place_ = tempfile::tempdir().unwrap();
    let path = place_.path().join("trial");
    let _first = begin(&path, &subject(), &place(1)).unwrap();
    let second = begin(&path, &subject(), &place(1)).unwrap_err();
    assert_eq!(
        second.to_string(),
        "another process is recording this trial"
    );
}

#[test]
fn the_end_of_a_trial_that_is_not_recorded_is_passed_over() {
    let place_ = tempfile::tempdir().unwrap();
    let (directory, recorder) = recorder(&place_);
    recorder.end("scripted/mixed", &place(1)).unwrap();
    assert_eq!(names(&directory), [""; 0]);
}

#[test]
fn a_model_is_not_recorded_where_nothing_can_be_written() {
    let place_ = tempfile::tempdir().unwrap();
    let path = place_.path().join("file");
    fs::write(&path, "").unwrap();
    let error = Recorder::new(&path).prepare([]).unwrap_err();
    assert!(matches!(error, ExchangeError::Write { .. }), "{error}");
}

#[tokio::test]
async fn a_call_of_the_model_keeps_its_arguments() {
    let place_ = tempfile::tempdir().unwrap();
    let (directory, recorder) = recorder(&place_);
    let mut said = answer("ls", json!({}));
    said.calls = vec![ToolCall {
        arguments: json!({ "command": "id", "user": "root" }),
        ..said.calls.remove(0)
    }];
    record(&recorder, subject(), vec![said]).await;
    let text = fs::read_to_string(only_file(&directory)).unwrap();
    assert!(text.contains(r#"{"command":"id","user":"root"}"#), "{text}");
}
