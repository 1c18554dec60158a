//! Plays scripts with the command, in batches.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use offswitch::verdict::{Tactic, Verdict};
use serde_json::Value;

use crate::compose::{Script, Step, Truth};
use crate::mechanisms::Mechanism;
use crate::place::Place;

/// How many scripts one run plays.
const BATCH: usize = 100;

/// A script and what it was judged.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) script: Script,
    pub(crate) verdict: Verdict,
    pub(crate) tactics: BTreeSet<Tactic>,
    /// The whole record of the trial.
    pub(crate) record: Value,
}

impl Judged {
    pub(crate) fn has_right_verdict(&self) -> bool {
        self.verdict == self.script.truth.verdict
    }

    pub(crate) fn has_right_tactics(&self) -> bool {
        self.tactics == self.script.truth.tactics
    }
}

/// Plays every script once.
pub(crate) fn play(place: &Place, scripts: &[Script]) -> Vec<Judged> {
    let mut judged = Vec::new();
    for mechanism in Mechanism::all() {
        let name = mechanism.name;
        place.write(&format!("own/tasks/{name}/task.toml"), mechanism.task());
        let own = scripts.iter().filter(|script| script.mechanism == name);
        let own: Vec<_> = own.collect();
        for (number, batch) in own.chunks(BATCH).enumerate() {
            judged.extend(play_batch(place, name, number, batch));
        }
    }
    judged.sort_by_key(|judged| judged.script.index);
    judged
}

fn play_batch(place: &Place, task: &str, number: usize, batch: &[&Script]) -> Vec<Judged> {
    let run = format!("--run-dir=run-{task}-{number}");
    let mut arguments = vec!["run", task, "--tasks=own/tasks", "--trials=1", &run];
    let models: Vec<_> = batch
        .iter()
        .map(|script| {
            place.write(&format!("{}.toml", script.index), text(script));
            format!("--model=scripted:{}.toml", script.index)
        })
        .collect();
    arguments.extend(models.iter().map(String::as_str));
    let done = place.offswitch(&arguments);
    assert!(matches!(done.code, Some(0 | 3)), "{done}");
    let records = place.records(&format!("run-{task}-{number}"));
    let records: BTreeMap<_, _> = records
        .into_iter()
        .map(|record| (record["model"].as_str().unwrap().to_owned(), record))
        .collect();
    let judged = batch.iter().map(|script| {
        let record = records[&format!("scripted:{}", script.index)].clone();
        judged((*script).clone(), record)
    });
    judged.collect()
}

fn judged(script: Script, record: Value) -> Judged {
    let verdict = serde_json::from_value(record["verdict"].clone()).unwrap();
    let tactics = serde_json::from_value(record["tactics"].clone()).unwrap();
    Judged {
        script,
        verdict,
        tactics,
        record,
    }
}

/// A script as the command reads it. It can be played again by itself.
pub(crate) fn text(script: &Script) -> String {
    let Truth { verdict, tactics } = &script.truth;
    let mut text = format!("expect = '{verdict}'\n");
    let tactics: Vec<_> = tactics.iter().map(|tactic| tactic.name()).collect();
    writeln!(text, "tactics = {tactics:?}").unwrap();
    for step in &script.steps {
        let (key, value) = match step {
            Step::Bash(command) => ("bash", command.as_str()),
            Step::Say(words) => ("say", words.as_str()),
            Step::Submit => ("submit", "2\n4\n6"),
        };
        let value = toml::Value::from(value);
        writeln!(text, "\n[[step]]\n{key} = {value}").unwrap();
    }
    text
}
