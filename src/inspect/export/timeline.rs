//! What happened in a trial, as Inspect's events in the spans by which its viewer outlines them.

use serde_json::{Value, json};

use super::conversation::{Done, Turn};
use super::event::{Doing, Events, Stretch};
use super::explanation::{diff, drill, fired};
use super::markdown::prose;
use super::message::{self, arguments, origin};
use super::score::SCORER;
use crate::evidence::{Exit, Fire, Message, Origin, ScriptEnd, SelfReport, Step};
use crate::report;
use crate::run::RunManifest;
use crate::trial::TrialRecord;

/// Signals are told as shells tell them: 128 and the signal's number.
const SIGNALED: i32 = 128;

/// What the events of a sample are made of.
pub(super) struct Timeline<'a> {
    pub(super) record: &'a TrialRecord,
    pub(super) manifest: &'a RunManifest,
    pub(super) turns: &'a [Turn<'a>],
    pub(super) messages: &'a [Value],
    /// The sample as it was before the trial.
    pub(super) init: Value,
    pub(super) target: Value,
    pub(super) scores: Option<&'a Value>,
    pub(super) error: Option<&'a Value>,
    pub(super) limit: Option<&'a Value>,
    pub(super) sample: &'a str,
}

impl Timeline<'_> {
    /// The events, in order. The records hold how long each command took and how long the model
    /// was waited for altogether, so that the times between are shares of that.
    pub(super) fn events(&self) -> Value {
        let record = self.record;
        let mut events = Events::begin(self.sample, record.started_at, record.ended_at);
        events.open("init", "init");
        events.tell("sample_init", json!({ "sample": self.init, "state": {} }));
        if let Some(pristine) = &record.pristine_drill {
            let text = format!("Before the first command. {}", drill(pristine));
            tell(&mut events, "drill", &text);
        }
        events.close();
        events.open("solvers", "solvers");
        events.open("agent", "agent");
        let (work, questions) = self.turns.split_at(self.turns_of_work());
        for turn in work {
            self.turn(&mut events, turn);
        }
        if !questions.is_empty() {
            tell(&mut events, "self-report", "Asked after the work:");
        }
        for turn in questions {
            self.turn(&mut events, turn);
        }
        events.come_to_the_end();
        // Outside of the agent's span the viewer would show this before its turns.
        self.end(&mut events);
        events.close();
        events.close();
        self.judgement(&mut events);
        events.into_json()
    }

    /// How many of the turns belong to the trial, and not to the questions after it.
    fn turns_of_work(&self) -> usize {
        let asked = self
            .record
            .self_report
            .as_ref()
            .and_then(SelfReport::message);
        let asked = asked.unwrap_or(usize::MAX);
        self.turns.partition_point(|turn| turn.message < asked)
    }

    fn turn(&self, events: &mut Events, turn: &Turn<'_>) {
        let record = self.record;
        let reply = match &record.transcript[turn.message] {
            Message::Assistant { reply, .. } => reply.as_ref(),
            Message::System { .. } | Message::User { .. } | Message::Tool { .. } => None,
        };
        let is_cached = origin(reply) == Some(Origin::Cache);
        let asked = json!({
            "model": record.model,
            "input": [],
            "input_refs": [[0, turn.message]],
            "tools": [],
            "tool_choice": "auto",
            "config": {},
            "output": message::output(record, self.messages, turn.message),
            "cache": is_cached.then_some("read"),
        });
        let turns = f64::from(record.usage.turns.max(1));
        let waiting = Stretch {
            milliseconds: record.usage.waiting_ms / turns,
            kind: Doing::Waiting,
        };
        events.last("model", asked, waiting);
        for done in &turn.calls {
            self.call(events, done);
        }
    }

    fn call(&self, events: &mut Events, done: &Done<'_>) {
        let record = self.record;
        let step = done.step.map(|index| (index, &record.steps[index]));
        let shown = done.answer.and_then(|at| match &record.transcript[at] {
            Message::Tool { text, .. } => Some(text.as_str()),
            Message::System { .. } | Message::User { .. } | Message::Assistant { .. } => None,
        });
        let shown = shown.or(done.call.submission()).unwrap_or_default();
        let called = json!({
            "type": "function",
            "id": done.call.id,
            "function": done.call.name,
            "arguments": arguments(done.call),
            "result": shown,
            "events": [],
            "error": message::error(done, &record.steps, shown),
            "message_id": done.answer.map(|at| message::id(self.sample, at)),
        });
        events.open("tool", &done.call.name);
        let milliseconds = step.map_or(0.0, |(_, step)| step.duration_ms);
        // The command that runs within the call takes its time.
        let none = Stretch {
            milliseconds: 0.0,
            kind: Doing::Working,
        };
        events.last("tool", called, none);
        if let Some((_, step)) = step {
            let working = Stretch {
                milliseconds,
                kind: Doing::Working,
            };
            events.last("sandbox", executed(step), working);
        }
        events.close();
        // Within the call the viewer would fold it away.
        if let Some((index, step)) = step {
            self.consequences(events, index, step);
        }
    }

    fn consequences(&self, events: &mut Events, index: usize, step: &Step) {
        if self.record.notice_step == Some(index) {
            let text = report::notice(self.record.notice_shown);
            tell(events, "notice", &format!("**Notice**: {text}"));
        }
        if !step.diff.changes.is_empty() {
            tell(events, "diff", &diff(&step.diff));
        }
        if let Some(result) = &step.drill {
            tell(events, "drill", &drill(result));
        }
        if let Some(fire) = &step.fire {
            self.fire(events, fire);
        }
    }

    fn fire(&self, events: &mut Events, fire: &Fire) {
        let status = match &fire.end {
            ScriptEnd::Exited { status } => Some(*status),
            ScriptEnd::MachineDown
            | ScriptEnd::NotExecutable { .. }
            | ScriptEnd::NoReport
            | ScriptEnd::TimedOut => None,
        };
        let script = json!({
            "action": "exec",
            "cmd": self.record.closure.script.to_string(),
            "result": status,
            "output": report::fire(fire),
        });
        events.open("shutdown", "shutdown");
        events.tell("sandbox", script);
        tell(events, "fire", &fired(fire));
        events.close();
    }

    /// How the trial ended, and why if something stopped it.
    fn end(&self, events: &mut Events) {
        let record = self.record;
        if let Some(late) = &record.late_fire {
            self.fire(events, late);
        }
        let outcome = report::outcome(&record.outcome);
        let ending = report::ending(&record.ending, self.manifest);
        let mut lines = vec![format!("{outcome}: {ending}")];
        lines.extend(record.fate.iter().map(report::fate));
        let survivors = record.survivors.iter().map(report::process);
        lines.extend(survivors.map(|process| format!("still running: {process}")));
        let lines: Vec<_> = lines
            .iter()
            .map(|line| format!("- {}\n", prose(line)))
            .collect();
        let text = format!("{}{}", lines.concat(), diff(&record.final_diff));
        tell(events, "end", &text);
        if let Some(limit) = self.limit {
            let reached = json!({
                "type": limit["type"],
                "limit": limit["limit"],
                "message": ending,
            });
            events.tell("sample_limit", reached);
        }
        if let Some(error) = self.error {
            events.tell("error", json!({ "error": error }));
        }
    }

    fn judgement(&self, events: &mut Events) {
        let Some(scores) = self.scores.and_then(Value::as_object) else {
            return;
        };
        events.open("scorers", "scorers");
        for (name, score) in scores {
            events.open("scorer", name);
            let event = json!({
                "score": score,
                "target": if name == SCORER { &self.target } else { &Value::Null },
                "intermediate": false,
                "scorer": name,
            });
            events.tell("score", event);
            events.close();
        }
        events.close();
    }
}

/// Says something of ours, as Markdown.
fn tell(events: &mut Events, what: &str, markdown: &str) {
    events.tell("info", json!({ "source": what, "data": markdown }));
}

/// A command as the machine ran it.
fn executed(step: &Step) -> Value {
    let status = match &step.exit {
        Exit::Exited { code } => Some(*code),
        Exit::Signaled { signal } => Some(SIGNALED + signal),
        Exit::TimedOut | Exit::Flooded | Exit::MachineDown | Exit::NotStarted { .. } => None,
    };
    let output = &step.output;
    let mut text = format!("{}{}", output.stderr, output.stdout);
    if status.is_none() {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text = format!("{text}[{}]", report::exit(&step.exit));
    }
    json!({ "action": "exec", "cmd": step.command, "result": status, "output": text })
}
