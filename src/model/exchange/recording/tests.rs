use serde_json::json;

use super::*;
use crate::evidence::{Message, Origin};
use crate::model::exchange::fixtures::{Given, answer, ask, conversation, place, subject};
use crate::model::exchange::{Recorder, Subject};
use crate::model::{Answer, ModelError, Tools};

/// Records a trial with these commands, each of which prints `output`, to its end.
async fn record(directory: &Path, subject: Subject, place: &Place, commands: &[&str]) {
    let recorder = Arc::new(Recorder::new(directory));
    recorder.prepare([]).unwrap();
    let name = subject.model.clone();
    let answers = commands.iter().map(|command| answer(command, json!({})));
    let answers: Vec<_> = answers.collect();
    let mut talk = conversation();
    let mut model = recorder.model(Arc::new(subject), place, Given::boxed(answers));
    for _ in commands {
        ask(&mut *model, &mut talk, "output").await.unwrap();
    }
    recorder.end(&name, place).unwrap();
}

fn other_model() -> Subject {
    Subject {
        model: "openai/other".into(),
        ..subject()
    }
}

fn origin(answer: &Answer) -> Origin {
    answer.reply.as_ref().unwrap().origin
}

fn only(models: Vec<Arc<RecordedModel>>) -> Arc<RecordedModel> {
    let [model] = models.try_into().unwrap();
    model
}

#[tokio::test]
async fn a_trial_is_played_turn_by_turn_and_the_end_of_its_recording_is_no_end_of_the_agent() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), subject(), &place(1), &["ls", "pwd"]).await;
    let model = only(read(folder.path()).unwrap());
    assert_eq!(model.name(), "replay:openai/played");
    let mut replay = model.model(place(1));
    let mut talk = conversation();
    for command in ["ls", "pwd"] {
        let played = ask(&mut *replay, &mut talk, "output").await.unwrap();
        let played = played.unwrap();
        let expected = answer(command, json!({}));
        assert_eq!(
            (&played.calls, origin(&played)),
            (&expected.calls, Origin::Recording)
        );
        assert_eq!(played.cost_usd, Some(0.0));
        assert_eq!(played.input_tokens, expected.input_tokens);
    }
    let ended = ask(&mut *replay, &mut talk, "").await.unwrap_err();
    insta::assert_snapshot!(ended, @"replay:openai/played: the recording ends after 2 answers, before this trial did: it took another course than the recorded one, or a limit ended that");
}

#[tokio::test]
async fn another_course_is_marked_where_it_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), subject(), &place(1), &["ls", "pwd", "id"]).await;
    let mut replay = only(read(folder.path()).unwrap()).model(place(1));
    let mut talk = conversation();
    let mut origins = Vec::new();
    for output in ["something else", "output", ""] {
        let played = ask(&mut *replay, &mut talk, output).await.unwrap();
        origins.push(origin(&played.unwrap()));
    }
    let expected = [
        Origin::Recording,
        Origin::DivergedRecording,
        Origin::Recording,
    ];
    assert_eq!(origins, expected);
    let mut replay = only(read(folder.path()).unwrap()).model(place(1));
    let first = replay.answer(&[], Tools::Offered).await.unwrap().unwrap();
    assert_eq!(origin(&first), Origin::DivergedRecording);
}

#[tokio::test]
async fn a_recording_that_changes_while_it_is_played_is_not_played() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), subject(), &place(1), &["ls"]).await;
    let model = only(read(folder.path()).unwrap());
    let path = model.trial(&place(1)).unwrap().path.clone();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("ls", "id")).unwrap();
    let error = model
        .model(place(1))
        .answer(&[], Tools::Offered)
        .await
        .unwrap_err();
    assert!(matches!(error, ModelError::Recording { .. }), "{error}");
    fs::remove_file(&path).unwrap();
    let error = model
        .model(place(1))
        .answer(&[], Tools::Offered)
        .await
        .unwrap_err();
    assert!(matches!(error, ModelError::Recording { .. }), "{error}");
}

#[tokio::test]
async fn each_model_of_a_directory_has_a_hash_of_its_own_content() {
    let [one, other] = [(), ()].map(|()| tempfile::tempdir().unwrap());
    for folder in [&one, &other] {
        record(folder.path(), subject(), &place(1), &["ls"]).await;
        record(folder.path(), other_model(), &place(1), &["ls"]).await;
    }
    let models = read(one.path()).unwrap();
    let names: Vec<_> = models.iter().map(|model| model.name()).collect();
    assert_eq!(names, ["replay:openai/other", "replay:openai/played"]);
    assert_ne!(models[0].hash(), models[1].hash());
    // Names of files do not count, nor does another model's trial.
    let path = &models[1].trial(&place(1)).unwrap().path;
    fs::rename(path, path.with_file_name("renamed.jsonl")).unwrap();
    record(one.path(), other_model(), &place(2), &["id"]).await;
    let again = read(one.path()).unwrap();
    assert_eq!(again[1].hash(), models[1].hash());
    assert_ne!(again[0].hash(), models[0].hash());
    assert_eq!(again[1].hash(), read(other.path()).unwrap()[1].hash());
}

#[tokio::test]
async fn a_trial_that_is_not_recorded_is_named_with_what_can_be_played() {
    let folder = tempfile::tempdir().unwrap();
    let of = |condition: &str, epoch| Place {
        condition: condition.into(),
        ..place(epoch)
    };
    for place in [of("A", 1), of("A", 2), of("E", 1), of("E", 2), of("E", 3)] {
        record(folder.path(), subject(), &place, &["ls"]).await;
    }
    let interrupted = Arc::new(Recorder::new(folder.path()));
    drop(interrupted.model(Arc::new(subject()), &of("A", 3), Given::boxed([])));
    let model = only(read(folder.path()).unwrap());
    model.covers([of("A", 1), of("E", 3)]).unwrap();
    let other_task = Place {
        task: "other".into(),
        ..place(1)
    };
    let errors = [of("A", 3), of("B", 1), other_task].map(|place| {
        let error = model.covers([of("A", 1), place]).unwrap_err();
        let told = format!("{error}\n{}", error.hint().unwrap());
        told.replace(&*folder.path().to_string_lossy(), "DIR")
    });
    insta::assert_snapshot!(errors.join("\n"), @"
    `DIR/palisade-A-plain-openai.played-0003-c71ed548375b2ae6.jsonl` holds no whole trial, since its run was interrupted: task palisade, condition A, wording plain, epoch 3
    choose what it holds: `--condition A,E --wording plain --trials 2`
    the recording of `openai/played` in `DIR` lacks a trial: task palisade, condition B, wording plain, epoch 1
    choose what it holds: `--condition A,E --wording plain --trials 2`
    the recording of `openai/played` in `DIR` lacks a trial: task other, condition A, wording plain, epoch 1
    choose a task of which it holds whole trials: palisade
    ");
}

#[tokio::test]
async fn a_directory_that_contradicts_itself_is_refused() {
    let errors = [
        |_: &Path| {},
        |folder: &Path| fs::write(folder.join("torn.jsonl"), "{\"sch").unwrap(),
        |folder: &Path| fs::write(folder.join("trials.jsonl"), "{\"trial\":1}\n").unwrap(),
    ]
    .map(|fill| {
        let folder = tempfile::tempdir().unwrap();
        fill(folder.path());
        let error = read(folder.path()).unwrap_err();
        let told = format!("{error}\n{}", error.hint().unwrap());
        told.replace(&*folder.path().to_string_lossy(), "DIR")
    });
    insta::assert_snapshot!(errors.join("\n"), @"
    `DIR` holds no recording
    name a directory that `offswitch run --record DIR` wrote, with nothing else in it
    `DIR` holds no recording
    name a directory that `offswitch run --record DIR` wrote, with nothing else in it
    DIR/trials.jsonl:1: not a line of a recording
    name a directory that `offswitch run --record DIR` wrote, with nothing else in it
    ");
    let folder = tempfile::tempdir().unwrap();
    let absent = read(&folder.path().join("absent")).unwrap_err();
    assert!(matches!(absent, ExchangeError::Read { .. }), "{absent}");
    record(folder.path(), subject(), &place(1), &["ls"]).await;
    let path = files(folder.path()).unwrap().remove(0);
    let copy = path.with_file_name("copy.jsonl");
    fs::copy(&path, &copy).unwrap();
    let twice = read(folder.path()).unwrap_err();
    assert!(matches!(twice, ExchangeError::Twice { .. }), "{twice}");
    fs::remove_file(&copy).unwrap();
    let mut warm = subject();
    warm.settings.temperature = Some(1.0);
    record(folder.path(), warm, &place(2), &["ls"]).await;
    let mixed = read(folder.path()).unwrap_err();
    assert!(matches!(mixed, ExchangeError::Mixed { .. }), "{mixed}");
}

/// What is said to a model includes what it is told of its commands.
#[test]
fn a_tools_answer_is_part_of_a_request() {
    let tool = Message::Tool {
        call_id: "call_1".into(),
        text: "output".into(),
    };
    assert_eq!(format::added(std::slice::from_ref(&tool), 0), [tool]);
}
