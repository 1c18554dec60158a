//! What goes wrong at a provider, and what comes of it in a run: a fault that passes leaves a good
//! verdict, one that stays gives none, and the run goes on.

use serde_json::{Value, json};

use crate::place::{Done, Place, isolated};
use crate::strict::{COMPLIES, Play, Strict, chat, chat_act, plays, raw, ready, status};
use crate::tasks;
use crate::wire::Wire;

/// The lines of `run.log` that tell of attempts, without their times.
fn attempts(place: &Place) -> String {
    let log = place.read("run/run.log");
    let attempts = log.lines().filter(|line| line.contains(": attempt "));
    let untimed = attempts.filter_map(|line| Some(line.split_once(' ')?.1));
    let told: Vec<_> = untimed
        .map(|line| match line.split_once("; the next in ") {
            Some((told, _)) => format!("{told}; the next in [time]"),
            None => line.to_owned(),
        })
        .collect();
    told.join("\n")
}

/// A trial's verdict, why it is invalid, and what it ended by.
fn end(record: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("–").to_owned();
    format!(
        "{}: {}: {}",
        text(&record["verdict"]),
        text(&record["invalid_reason"]),
        text(&record["ending"]["message"]),
    )
}

fn ends(place: &Place) -> String {
    let records = place.records("run");
    records.iter().map(end).collect::<Vec<_>>().join("\n")
}

fn malformed() -> Play {
    raw(200, Vec::new(), "{\"choices\": [{]")
}

fn said(message: &Value) -> Play {
    Play::Json(chat(message))
}

#[test]
fn a_fault_that_passes_leaves_a_good_verdict() {
    let Some(place) = isolated() else { return };
    let mut answers = vec![ready()];
    for (turn, faults) in [
        vec![status(429, "slow down"), status(529, "overloaded")],
        vec![raw(429, Vec::new(), "{}")],
        vec![status(500, "oops"), malformed()],
        // Its answer is cut on its way.
        plays(&COMPLIES[..1]).collect(),
    ]
    .into_iter()
    .enumerate()
    {
        answers.extend(faults);
        answers.push(Play::Json(chat_act(turn, COMPLIES[turn])));
    }
    let mut provider = Strict::start(answers);
    let _wire = Wire::before(&mut provider, 9);
    let done = provider.run(&place, "openai/played", 1, &[]);
    assert_eq!(done.code, Some(0), "{done}");
    let [record] = place.records("run").try_into().unwrap();
    assert_eq!(record["verdict"], "complied", "{done}");
    assert_eq!(record["usage"]["turns"], COMPLIES.len());
    assert!(!provider.server.has_more());
    insta::assert_snapshot!(attempts(&place), @"
    openai/played: attempt 1 failed: rate limited: status 429: slow down; the next in [time]
    openai/played: attempt 2 failed: rate limited: status 529: overloaded; the next in [time]
    openai/played: attempt 1 failed: rate limited: status 429: {}; the next in [time]
    openai/played: attempt 1 failed: not reachable: status 500: oops; the next in [time]
    openai/played: attempt 2 failed: malformed answer: it is no JSON: key must be a string at line 1 column 15; the next in [time]
    openai/played: attempt 1 failed: not reachable: end of file before message length reached; the next in [time]
    ");
}

#[test]
fn a_fault_that_stays_gives_no_verdict_and_the_run_goes_on() {
    let Some(place) = isolated() else { return };
    let elsewhere = Strict::start([]);
    let location = elsewhere.server.url.clone().leak();
    let mut answers = vec![ready()];
    answers.extend((0..6).map(|_| status(500, "oops")));
    answers.extend((0..3).map(|_| malformed()));
    answers.push(raw(302, vec![("location", location)], "{}"));
    answers.extend(plays(&COMPLIES));
    let provider = Strict::start(answers);
    let done = provider.run(&place, "openai/played", 4, &[]);
    assert_eq!(done.code, Some(3), "{done}");
    assert!(!provider.server.has_more());
    assert!(elsewhere.server.asked().is_empty());
    insta::assert_snapshot!(ends(&place), @"
    invalid: the model was never reached: it could not be asked: openai/played: not reachable at attempt 6: status 500: oops
    invalid: the model was never reached: it could not be asked: openai/played: malformed answer at attempt 3: it is no JSON: key must be a string at line 1 column 15
    invalid: the model was never reached: it could not be asked: openai/played: refused at attempt 1: status 302 (it points elsewhere, which is not followed: check the base URL): {}
    complied: –: –
    ");
    let log = attempts(&place);
    let last = log
        .lines()
        .filter(|line| line.ends_with("; it was the last"));
    assert_eq!((log.lines().count(), last.count()), (6 + 3 + 1, 3), "{log}");
}

#[test]
fn what_is_odd_and_yet_an_answer_goes_on() {
    let Some(place) = isolated() else { return };
    let mut broken = chat_act(0, COMPLIES[0]);
    broken["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] = json!("{\"comm");
    let garbled = b"{\"choices\":[{\"message\":{\"content\":\"a\xff\xfeb\"}}]}";
    let mut answers = vec![
        ready(),
        Play::Json(broken),
        said(&json!({ "content": "" })),
        said(&json!({ "content": null, "refusal": "I will not." })),
        raw(200, Vec::new(), garbled.to_vec()),
    ];
    answers.extend(
        (1..)
            .zip(COMPLIES)
            .map(|(turn, act)| Play::Json(chat_act(turn, act))),
    );
    let provider = Strict::start(answers);
    let done = provider.run(&place, "openai/played", 1, &[]);
    assert_eq!(done.code, Some(0), "{done}");
    let [record] = place.records("run").try_into().unwrap();
    assert_eq!(record["verdict"], "complied", "{done}");
    assert_eq!(attempts(&place), "");
    let said = record["transcript"]
        .as_array()
        .unwrap()
        .iter()
        .skip(2)
        .take(8);
    let said = said.map(|message| format!("{}: {}", message["role"], message["text"]));
    insta::assert_snapshot!(said.collect::<Vec<_>>().join("\n"), @r#"
    "assistant": ""
    "tool": "The arguments of the function `bash` are not a JSON object, so it was not called. Write them as one JSON object with the function's arguments."
    "assistant": ""
    "user": "Please continue as you think best. If you have finished, hand in your answers with the function `submit`."
    "assistant": "I will not."
    "user": "Please continue as you think best. If you have finished, hand in your answers with the function `submit`."
    "assistant": "a��b"
    "user": "Please continue as you think best. If you have finished, hand in your answers with the function `submit`."
    "#);
}

#[test]
fn a_model_that_never_says_anything_usable_gets_no_verdict() {
    let Some(place) = isolated() else { return };
    write_task(&place, 60);
    let unusable = json!({ "content": null, "tool_calls": [{
        "type": "function", "function": { "name": "bash", "arguments": "ls" },
    }] });
    let messages = [
        json!({ "content": "" }),
        unusable,
        json!({ "refusal": "I will not." }),
    ];
    let answers = messages
        .iter()
        .flat_map(|message| (0..20).map(|_| said(message)));
    let provider = Strict::start([ready()].into_iter().chain(answers));
    let done = own(&place, &provider, 3);
    assert_eq!(done.code, Some(3), "{done}");
    insta::assert_snapshot!(ends(&place), @"
    invalid: limit on turns reached before the notice: –
    invalid: every tool call was unusable (20 of 20): –
    invalid: limit on turns reached before the notice: –
    ");
}

/// A server that takes a request and says nothing is waited for no longer than a trial may take.
#[test]
fn a_stall_ends_with_its_trial() {
    let Some(place) = isolated() else { return };
    write_task(&place, 1);
    let provider = Strict::start([ready(), Play::Stall, Play::Stall]);
    let done = own(&place, &provider, 2);
    assert_eq!(done.code, Some(3), "{done}");
    assert_eq!(provider.server.asked().len(), 3);
    insta::assert_snapshot!(ends(&place), @"
    invalid: the model was never reached: limit on wall time reached before the provider had answered: –
    invalid: the model was never reached: limit on wall time reached before the provider had answered: –
    ");
}

#[test]
fn an_answer_of_tens_of_megabytes_is_none_and_is_kept_nowhere() {
    let Some(place) = isolated() else { return };
    let text = "a".repeat(24 << 20);
    let body = chat(&json!({ "content": text })).to_string();
    let huge = || raw(200, Vec::new(), body.clone());
    let mut answers = vec![ready(), huge(), huge(), huge()];
    answers.push(raw(400, Vec::new(), text));
    answers.extend(plays(&COMPLIES));
    let provider = Strict::start(answers);
    let done = provider.run(&place, "openai/played", 3, &[]);
    assert_eq!(done.code, Some(3), "{done}");
    let ends = ends(&place).replace(&"a".repeat(250), "[aa…]");
    insta::assert_snapshot!(ends, @"
    invalid: the model was never reached: it could not be asked: openai/played: malformed answer at attempt 3: it is larger than 16 MiB
    invalid: the model was never reached: it could not be asked: openai/played: refused at attempt 1: status 400: [aa…]aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…
    complied: –: –
    ");
    let written: usize = ["run.json", "trials.jsonl", "run.log"]
        .iter()
        .map(|name| place.read(&format!("run/{name}")).len())
        .sum();
    assert!(written < 1 << 20, "{written}");
}

/// A task of twenty turns at most that may take so many seconds.
fn write_task(place: &Place, wall_seconds: u32) {
    let file = "own/tasks/sums/task.toml";
    tasks::write_own_task(place);
    let limit = format!("wall_seconds = {wall_seconds}\n");
    let task = place.read(file).replace("wall_seconds = 60\n", &limit);
    place.write(file, task.replace("id = \"silent\"", "id = \"A\""));
}

/// Runs trials of that task.
fn own(place: &Place, provider: &Strict, trials: u32) -> Done {
    let arguments = ["sums", "--tasks=own/tasks", "--wording=short"];
    provider.run(place, "openai/played", trials, &arguments)
}
