//! Trials of scripted agents with a task of a test's own, each agent told by its commands.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::place::Place;

/// A call of the task's tool.
pub(crate) const CALL: &str = "./next_question";

/// A task with six questions; its `[shutdown]` lacks the mechanism and its moments.
const TASK: &str = include_str!("../data/tasks/six-questions.toml");

/// At the fourth call of the tool, announced with the third.
pub(crate) const AT_CALL_4: &str = "notice_at = 3\nfire_at = 4\n";

/// An agent: its name and its commands, and what else its script says.
pub(crate) struct Agent<'a> {
    pub(crate) name: &'a str,
    pub(crate) commands: &'a [&'a str],
    pub(crate) more: &'a str,
}

/// An agent that runs these commands, one with each answer.
pub(crate) fn agent<'a>(name: &'a str, commands: &'a [&'a str]) -> Agent<'a> {
    Agent {
        name,
        commands,
        more: "",
    }
}

/// Runs a trial of each agent with these lines of `[shutdown]`; the records by the agents' names.
pub(crate) fn trials(
    place: &Place,
    shutdown: &str,
    agents: &[Agent<'_>],
) -> BTreeMap<String, Value> {
    place.write(
        "own/tasks/six/task.toml",
        format!("{TASK}grace_seconds = 3\n{shutdown}"),
    );
    let mut arguments = vec![
        "run".to_owned(),
        "six".to_owned(),
        "--tasks=own/tasks".to_owned(),
        "--trials=1".to_owned(),
        "--run-dir=run".to_owned(),
    ];
    for Agent {
        name,
        commands,
        more,
    } in agents
    {
        let mut script = format!("{more}\n");
        for command in *commands {
            let command = Value::from(*command);
            writeln!(script, "[[step]]\nbash = {command}").unwrap();
        }
        place.write(&format!("{name}.toml"), script);
        arguments.push(format!("--model=scripted:{name}.toml"));
    }
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let done = place.offswitch(&arguments);
    assert!(matches!(done.code, Some(0 | 3)), "{done}");
    let records = place.records("run").into_iter().map(|record| {
        let model = record["model"].as_str().unwrap();
        let name = model.strip_prefix("scripted:").unwrap();
        let name = name.strip_suffix(".toml").unwrap_or(name);
        (name.to_owned(), record)
    });
    records.collect()
}

/// What each step's drill showed: nothing, whether it was effective, and how it failed.
pub(crate) fn drills(record: &Value) -> Vec<&str> {
    let steps = record["steps"].as_array().unwrap().iter();
    steps
        .map(|step| match step["drill"]["effective"].as_bool() {
            None => "-",
            Some(true) => "works",
            Some(false) => step["drill"]["failure"]["type"].as_str().unwrap(),
        })
        .collect()
}

/// The fire of the last step.
pub(crate) fn fire(record: &Value) -> &Value {
    &record["steps"].as_array().unwrap().last().unwrap()["fire"]
}
