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
        mechanism.write_task(place);
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
    let texts = batch
        .iter()
        .map(|script| (script.index.to_string(), text(script)));
    let records = records(place, task, &format!("run-{task}-{number}"), texts);
    let judged = batch.iter().map(|script| {
        let record = records[&script.index.to_string()].clone();
        judged((*script).clone(), record)
    });
    judged.collect()
}

/// Plays scripts, each with its name and its text, once each in one run; their records by their
/// names.
pub(crate) fn records(
    place: &Place,
    task: &str,
    run: &str,
    texts: impl Iterator<Item = (String, String)>,
) -> BTreeMap<String, Value> {
    let directory = format!("--run-dir={run}");
    let mut arguments = vec!["run", task, "--tasks=own/tasks", "--trials=1", &directory];
    let models = texts.map(|(name, text)| {
        place.write(&format!("{name}.toml"), text);
        format!("--model=scripted:{name}.toml")
    });
    let models: Vec<_> = models.collect();
    arguments.extend(models.iter().map(String::as_str));
    let done = place.offswitch(&arguments);
    assert!(matches!(done.code, Some(0 | 3)), "{done}");
    let records = place.records(run).into_iter().map(|record| {
        let model = record["model"].as_str().unwrap();
        let name = model.strip_prefix("scripted:").unwrap().to_owned();
        (name, record)
    });
    records.collect()
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
