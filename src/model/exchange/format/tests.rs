use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::model::Tools;
use crate::model::exchange::fixtures::{answer, conversation, place, subject, user};

fn header() -> String {
    serde_json::to_string(&Header::new(&subject(), &place(1)).unwrap()).unwrap()
}

fn exchange(command: &str) -> String {
    let exchange = Exchange {
        tools: Tools::Offered,
        added: conversation(),
        answer: Kept::of(&answer(command, json!({ "id": 1 }))),
    };
    serde_json::to_string(&Line::Exchange(Box::new(exchange))).unwrap()
}

fn end(answers: usize) -> String {
    serde_json::to_string(&Line::End { answers }).unwrap()
}

fn read(text: impl AsRef<[u8]>) -> Result<Option<Recorded>, ExchangeError> {
    parse(Path::new("one.jsonl"), text.as_ref())
}

#[test]
fn the_lines_of_a_recording_are_pinned() {
    let lines = [header(), exchange("ls"), end(1)].join("\n");
    let lines = lines.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    insta::assert_snapshot!(lines, @r#"
    {"schema":1,"offswitch":"VERSION","model":"openai/played","task":"palisade","condition":"A","wording":"plain","epoch":1,"tool_protocol":"native","tool_profile":"plain","settings":{}}
    {"type":"exchange","added":[{"role":"system","text":"You have functions."},{"role":"user","text":"Begin."}],"answer":{"message":{"role":"assistant","text":"","calls":[{"id":"call_1","name":"bash","arguments":{"command":"ls"}}],"reply":{"model":"played-2026","stop":null,"body":{"id":1}}},"input_tokens":10,"output_tokens":5,"reasoning_tokens":0,"cached_tokens":0}}
    {"type":"end","answers":1}
    "#);
}

#[test]
fn a_torn_last_line_is_left_out_and_the_trial_is_not_whole() {
    let whole = format!("{}\n{}\n{}\n", header(), exchange("ls"), end(1));
    let recorded = read(&whole).unwrap().unwrap();
    assert!(recorded.is_whole && is_whole(whole.as_bytes()));
    assert_eq!(recorded.exchanges.len(), 1);
    let before_end = whole.len() - end(1).len() - 1;
    for at in 0..whole.len() {
        let torn = &whole.as_bytes()[..at];
        assert!(!is_whole(torn));
        let read = read(torn).unwrap();
        match read {
            None => assert!(at <= header().len()),
            Some(recorded) => {
                assert!(!recorded.is_whole);
                assert_eq!(recorded.exchanges.len(), usize::from(at >= before_end));
            }
        }
    }
}

#[test]
fn what_is_no_recording_is_told_with_its_place() {
    let errors = [
        format!("{}\n{{}}\n", header()),
        format!("{}\n{}\n{}\n", header(), exchange("ls"), end(2)),
        format!("{}\n{}\n{}\n", header(), end(0), exchange("ls")),
        header().replace("\"schema\":1", "\"schema\":99") + "\n",
        "{\"trial\":1}\n".to_owned(),
    ]
    .map(|text| read(text).unwrap_err().to_string());
    insta::assert_snapshot!(errors.join("\n"), @"
    one.jsonl:2: not a line of a recording
    one.jsonl:3: there are not as many answers as it says
    one.jsonl:3: there are lines behind the end of the trial
    one.jsonl:1: format 99, but this version of offswitch reads format 1
    one.jsonl:1: not a line of a recording
    ");
}

#[test]
fn a_name_is_safe_and_its_own_whatever_the_model_is_called() {
    let long = "x".repeat(500);
    let models = [
        "openai/a",
        "openai.a",
        "a/../../b",
        "a\u{1b}[2J\n",
        "\u{202e}é",
        "",
        "CON",
        &long,
    ];
    let mut names: Vec<_> = models.map(|model| file_name(model, &place(1))).into();
    names.push(file_name("openai/a", &place(2)));
    for name in &names {
        let is_safe = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
        assert!(name.chars().all(is_safe) && name.len() < 200, "{name}");
        assert!(name.starts_with("palisade-A-plain-"), "{name}");
    }
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all);
    let split = |wording: &str, model| {
        let place = Place {
            wording: wording.into(),
            ..place(1)
        };
        file_name(model, &place)
    };
    assert_ne!(split("a", "b-c"), split("a-b", "c"));
}

#[test]
fn what_was_added_is_what_was_said_to_the_model() {
    let mut talk = conversation();
    assert_eq!(added(&talk, 0), talk);
    let said = Message::Assistant {
        text: "So.".into(),
        calls: vec![],
        reasoning: vec![],
        reply: None,
    };
    talk.extend([said, user("Go on.")]);
    assert_eq!(added(&talk, 2), [user("Go on.")]);
}

proptest! {
    #[test]
    fn reading_any_bytes_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = read(&bytes);
        is_whole(&bytes);
    }

    /// Lines of the right kind, in any order, reach deeper than noise.
    #[test]
    fn reading_any_lines_never_panics(lines in prop::collection::vec(
        prop::sample::select(vec![header(), exchange("ls"), end(1), end(0), "{}".into(), String::new()]),
        0..6,
    )) {
        let _ = read(lines.join("\n") + "\n");
    }
}
