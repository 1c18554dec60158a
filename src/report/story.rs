//! `show RUN TRIAL`: one trial on one screen, for a person.

use std::collections::BTreeSet;

use super::block::{Length, Setting};
use super::command::{command, diff, drill};
use super::concealment;
use super::overview::tactics;
use super::page::Page;
use super::style::Style;
use super::text::visible;
use super::words;
use crate::evidence::{Drill, Message, Origin, REPLAY, Step, ToolCall};
use crate::run::RunManifest;
use crate::trial::TrialRecord;
use crate::verdict::{Finding, Lenses};

/// The whole trial of a run: what it means and why, what was asked, then everything that happened, in
/// order.
#[must_use]
pub fn story(record: &TrialRecord, run: &RunManifest, length: Length, style: Style) -> String {
    let setting = Setting { length, style };
    let mut page = Page::default();
    page.line(style.heading(&visible(&record.trial)));
    page.lines(&head(record, setting));
    page.lines(&Conversation::new(record, setting).told());
    page.lines(&end(record, run, setting));
    page.lines(&concealment::told(record, setting));
    page.into_text()
}

fn head(record: &TrialRecord, setting: Setting) -> String {
    let mut page = Page::default();
    page.lines(&field("verdict", &verdict(record), setting));
    page.lines(&field("lenses", &lenses(record.lenses), setting));
    for (at, finding) in record.findings.iter().enumerate() {
        let name = if at == 0 { "findings" } else { "" };
        page.lines(&field(name, &found(finding), setting));
    }
    let scripted = if record.scripted {
        " (a script, not a model)"
    } else if record.model.starts_with(REPLAY) {
        " (recorded answers, no fresh trial)"
    } else {
        ""
    };
    let trial = format!(
        "{}{scripted}, condition {} of {}, wording {}, epoch {}",
        record.model, record.condition, record.task, record.wording, record.epoch
    );
    page.lines(&field("trial", &trial, setting));
    let took = record.ended_at.duration_since(record.started_at);
    let took = format!(
        "{} from {:.0}, {}, {}",
        words::milliseconds(took.as_secs_f64() * 1000.0),
        record.started_at,
        words::count(record.usage.turns as usize, "turn"),
        words::count(record.steps.len(), "command")
    );
    page.lines(&field("took", &took, setting));
    // A script has no tokens, and takes no time that says anything.
    if !record.scripted {
        page.lines(&field("used", &words::usage(&record.usage), setting));
    }
    page.into_text()
}

/// A name with what is to be said of it, in lines that fit.
pub(super) fn field(name: &str, text: &str, setting: Setting) -> String {
    let first = format!("{name:<10} ");
    setting.quote_after(&first, &visible(text), &" ".repeat(first.len()))
}

/// The verdict with what it rests on, and whether it is the one that a script declares.
fn verdict(record: &TrialRecord) -> String {
    let by = match record.tactics.as_slice() {
        [] => String::new(),
        [..] => format!(" by {}", tactics(record)),
    };
    let why = record.invalid_reason.as_ref();
    let why = why.map_or_else(String::new, |reason| format!(": {reason}"));
    let declared = match record.expect {
        None => String::new(),
        Some(expect) if expect == record.verdict => ", as its script declares".into(),
        Some(expect) => format!(", but its script declares {expect}"),
    };
    format!(
        "{}{by}{why}{declared} (rules of version {})",
        record.verdict, record.judge
    )
}

fn lenses(lenses: Lenses) -> String {
    let Lenses {
        palisade,
        gdm,
        tamper,
    } = lenses;
    let shown = [("palisade", palisade), ("gdm", gdm), ("tamper", tamper)].map(|(name, lens)| {
        let value = match lens {
            Some(true) => "resisted",
            Some(false) => "not resisted",
            None => "does not apply",
        };
        format!("{name}: {value}")
    });
    shown.join(" · ")
}

/// What was found, with the tactic and the path that it is about.
fn found(finding: &Finding) -> String {
    let tactic = finding.tactic.map(|tactic| tactic.to_string());
    let path = finding.path.as_ref().map(ToString::to_string);
    let about: Vec<_> = [tactic, path].into_iter().flatten().collect();
    match about.as_slice() {
        [] => finding.text.clone(),
        [..] => format!("{} [{}]", finding.text, about.join(": ")),
    }
}

/// The messages of a trial with each command in its place.
struct Conversation<'a> {
    record: &'a TrialRecord,
    setting: Setting,
    /// How many commands have been told.
    told: usize,
    /// The calls whose answers are told with their commands.
    answered: BTreeSet<&'a str>,
    page: Page,
}

impl<'a> Conversation<'a> {
    fn new(record: &'a TrialRecord, setting: Setting) -> Self {
        Self {
            record,
            setting,
            told: 0,
            answered: BTreeSet::new(),
            page: Page::default(),
        }
    }

    fn told(mut self) -> String {
        let messages = &self.record.transcript;
        let is_prompt = |message: &Message| match message {
            Message::System { .. } | Message::User { .. } => true,
            Message::Assistant { .. } | Message::Tool { .. } => false,
        };
        let prompts = messages.iter().take_while(|message| is_prompt(message));
        let (asked, talk) = messages.split_at(prompts.count());
        self.page.line("");
        for message in asked {
            self.message(message);
        }
        self.page.line("");
        let pristine = self.record.pristine_drill.as_ref();
        // That it works goes without saying, since the trial would not have gone on otherwise.
        let is_told = |drill: &&Drill| !drill.effective || self.setting.length == Length::Full;
        if let Some(result) = pristine.filter(is_told) {
            let drill = drill("drill before the first command", result, self.setting);
            self.page.lines(&drill);
        }
        for message in talk {
            self.message(message);
        }
        // A command without its call would be a fault of ours; it must not be hidden by one.
        while let Some(step) = self.record.steps.get(self.told) {
            self.step(step);
        }
        self.page.into_text()
    }

    fn message(&mut self, message: &'a Message) {
        match message {
            Message::System { text } => self.say("system", text),
            Message::User { text } => self.say("user", text),
            Message::Assistant {
                text,
                calls,
                reasoning,
                reply,
            } => {
                self.origin(
                    reply
                        .as_ref()
                        .map_or(Origin::Provider, |reply| reply.origin),
                );
                if self.setting.length == Length::Full {
                    for piece in reasoning.iter().filter(|piece| !piece.text.is_empty()) {
                        self.say("reason", &piece.text);
                    }
                }
                if !text.is_empty() {
                    self.say("model", text);
                }
                for call in calls {
                    self.call(call);
                }
            }
            Message::Tool { call_id, text } => {
                if !self.answered.remove(&**call_id) {
                    self.say("answer", text);
                }
            }
        }
    }

    /// Where the model's next message is from, if that is worth a word.
    fn origin(&mut self, origin: Origin) {
        match origin {
            Origin::DivergedRecording => self.say(
                "replay",
                "what was said before differs from the recording; the answer is the recorded one",
            ),
            Origin::Cache if self.setting.length == Length::Full => {
                self.say("cache", "the provider was not asked for this answer");
            }
            Origin::Cache | Origin::Provider | Origin::Recording => {}
        }
    }

    fn call(&mut self, call: &'a ToolCall) {
        let step = self.record.steps.get(self.told);
        let step = step.filter(|step| call.command() == Some(&*step.command));
        let Some(step) = step else {
            let text = format!("{}\n{}", visible(&call.name), arguments(&call.arguments));
            return self.say("call", &text);
        };
        let thoughts = call.arguments.get("thoughts");
        if let Some(thoughts) = thoughts.and_then(|text| text.as_str()) {
            self.say("thinks", thoughts);
        }
        self.step(step);
        self.answered.insert(&call.id);
    }

    fn step(&mut self, step: &Step) {
        self.told += 1;
        self.page.lines(&command(self.told, step, self.setting));
        if self.record.notice_step == Some(self.told - 1) {
            let notice =
                self.setting
                    .headed("    ", "▶ notice:", "this output announced the shutdown");
            self.page.lines(&notice);
        }
    }

    /// What somebody said, beside who it was.
    fn say(&mut self, who: &str, text: &str) {
        let first = format!("{who:<6} │ ");
        let text = self.setting.quote_after(&first, text, "       │ ");
        self.page.lines(&text);
    }
}

/// A call's arguments, each text among them as it is rather than as JSON.
fn arguments(arguments: &serde_json::Value) -> String {
    let Some(fields) = arguments.as_object() else {
        return arguments.to_string();
    };
    let lines = fields.iter().map(|(name, value)| match value.as_str() {
        Some(text) => format!("{name}: {text}\n"),
        None => format!("{name}: {value}\n"),
    });
    lines.collect()
}

fn end(record: &TrialRecord, run: &RunManifest, setting: Setting) -> String {
    let mut page = Page::default();
    page.line("");
    let outcome = words::outcome(&record.outcome);
    let end = format!("{outcome}: {}", words::ending(&record.ending, run));
    page.lines(&field("end", &end, setting));
    if let Some(fate) = &record.fate {
        page.lines(&field("machine", &words::fate(fate), setting));
    }
    for survivor in &record.survivors {
        page.lines(&field("survivor", &words::process(survivor), setting));
    }
    if !record.final_diff.changes.is_empty() {
        page.line("after the last command, what still ran had");
        page.lines(&diff(&record.final_diff, setting));
    }
    page.into_text()
}

#[cfg(test)]
mod tests;
