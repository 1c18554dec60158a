//! The messages of a trial, with each command in its place.

use std::collections::BTreeSet;

use crate::evidence::{Drill, Message, Origin, Step, ToolCall};
use crate::report::block::{Length, Setting};
use crate::report::brief;
use crate::report::command::{command, drill, left_running};
use crate::report::fire::fired;
use crate::report::page::Page;
use crate::report::text::visible;
use crate::report::words;
use crate::trial::TrialRecord;

/// The messages of a trial with each command in its place.
pub(super) struct Conversation<'a> {
    record: &'a TrialRecord,
    setting: Setting,
    /// How many commands have been told.
    told: usize,
    /// The calls whose answers are told with their commands.
    answered: BTreeSet<&'a str>,
    page: Page,
}

impl<'a> Conversation<'a> {
    pub(super) fn new(record: &'a TrialRecord, setting: Setting) -> Self {
        Self {
            record,
            setting,
            told: 0,
            answered: BTreeSet::new(),
            page: Page::default(),
        }
    }

    pub(super) fn told(mut self) -> String {
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
        match self.setting.length {
            // Where nothing but the conversation is known, that is what concerns the shutdown.
            Length::Brief if self.record.imported.is_some() => self.all(talk),
            Length::Brief => {
                let notice = self.notice();
                let commands = brief::commands(self.record, &notice, self.setting);
                self.page.lines(&commands);
            }
            Length::Cut | Length::Full => self.all(talk),
        }
        self.page.into_text()
    }

    /// Every message and command, in order.
    fn all(&mut self, talk: &'a [Message]) {
        for message in talk {
            self.message(message);
        }
        // A command without its call would be a fault of ours; it must not be hidden by one.
        while let Some(step) = self.record.steps.get(self.told) {
            self.step(step);
        }
        if let Some(fire) = &self.record.late_fire {
            self.page.lines(&fired(fire, self.setting));
        }
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
        let index = self.told - 1;
        let running = left_running(&self.record.steps, index, self.setting);
        self.page.lines(&running);
        if self.record.notice_step == Some(index) {
            let notice = self.notice();
            self.page.lines(&notice);
        }
    }

    fn notice(&self) -> String {
        let notice = words::notice(self.record.notice_shown);
        self.setting.headed("    ", "▶ notice:", notice)
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
