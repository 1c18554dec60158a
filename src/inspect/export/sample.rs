//! A trial as Inspect's sample.

use serde_json::{Value, json};

use super::conversation::turns;
use super::event::seconds;
use super::id::id;
use super::json::{present, recorded, time};
use super::message;
use super::score::{scores, values};
use super::timeline::Timeline;
use super::usage::Used;
use crate::evidence::{Ending, Limit, Message};
use crate::report;
use crate::report::text::visible;
use crate::run::RunManifest;
use crate::trial::TrialRecord;
use crate::verdict::Verdict;

/// How much of a prompt stands in the list of samples.
const PROMPT_CHARS: usize = 2000;

/// A trial as a member of a log, and its line in the list of them.
pub(super) struct Sample {
    /// The member's name, by which readers look it up.
    pub(super) member: String,
    pub(super) whole: Value,
    pub(super) summary: Value,
}

/// The id of the sample in which a wording's trials are epochs. A slash in it would be taken for a
/// folder.
pub(super) fn sample_id(wording: &str) -> String {
    wording.replace(['/', '\\'], "-")
}

impl Sample {
    pub(super) fn of(record: &TrialRecord, manifest: &RunManifest) -> Self {
        let uuid = id(&["sample", &manifest.run, &record.trial]);
        let turns = turns(record);
        let messages = message::messages(record, &turns, &uuid);
        let scores = scores(record, manifest);
        let error = error(record);
        let limit = limit(record, manifest);
        let target = json!(
            record
                .expect
                .map_or_else(String::new, |verdict| verdict.to_string())
        );
        let input = input(record);
        let id = sample_id(&record.wording);
        let metadata = metadata(record);
        let init = json!({ "id": id, "input": input, "target": target, "metadata": metadata });
        let events = Timeline {
            record,
            manifest,
            turns: &turns,
            messages: &messages,
            init,
            target: target.clone(),
            scores: scores.as_ref(),
            error: error.as_ref(),
            limit: limit.as_ref(),
            sample: &uuid,
        }
        .events();
        let took = record.ended_at.duration_since(record.started_at);
        let waited = record.usage.waiting_ms / 1000.0;
        let both = json!({
            "id": id,
            "epoch": record.epoch,
            "target": target,
            "metadata": metadata,
            "model_usage": Used::of(&record.usage).by_model(&record.model),
            "started_at": time(record.started_at),
            "completed_at": time(record.ended_at),
            "total_time": seconds(took),
            "working_time": (took.as_secs_f64() - waited).max(0.0),
            "uuid": uuid,
            "turn_count": record.usage.turns,
        });
        let last = turns.last().map(|turn| turn.message);
        let mut whole = both.clone();
        merge(
            &mut whole,
            json!({
                "input": input,
                "sandbox": { "type": SANDBOX },
                "messages": messages,
                "output": last.map_or_else(|| json!({}), |at| message::output(record, &messages, at)),
                "scores": scores,
                "store": {},
                "events": events,
                "events_data": { "messages": messages, "calls": [] },
                "attachments": {},
                "role_usage": {},
                "error": error,
                "limit": limit,
            }),
        );
        let mut summary = both;
        merge(
            &mut summary,
            json!({
                "input": shortened(input),
                "scores": scores.as_ref().map(values),
                "role_usage": {},
                "error": error.as_ref().map(|error| &error["message"]),
                "limit": limit.as_ref().map(|limit| &limit["type"]),
                "completed": true,
                "message_count": messages.len(),
            }),
        );
        Self {
            member: format!("samples/{id}_epoch_{}.json", record.epoch),
            whole: present(whole),
            summary: present(summary),
        }
    }
}

/// What Inspect calls our machines.
pub(super) const SANDBOX: &str = "offswitch";

fn merge(object: &mut Value, more: Value) {
    if let (Value::Object(object), Value::Object(more)) = (object, more) {
        object.extend(more);
    }
}

/// What the user asks for. The system prompt stands among the messages.
fn input(record: &TrialRecord) -> &str {
    let mut asked = record
        .transcript
        .iter()
        .filter_map(|message| match message {
            Message::User { text } => Some(text.as_str()),
            Message::System { .. } | Message::Assistant { .. } | Message::Tool { .. } => None,
        });
    asked.next().unwrap_or_default()
}

/// The beginning of a long text.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(PROMPT_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}

/// What the data frames have as columns.
fn metadata(record: &TrialRecord) -> Value {
    present(json!({
        "trial": record.trial,
        "condition": record.condition,
        "factors": (!record.factors.is_empty()).then_some(&record.factors),
        "wording": record.wording,
        "scripted": record.scripted,
        "verdict": record.verdict,
        "invalid_reason": record.invalid_reason,
        "outcome": recorded(&record.outcome)["type"],
        "ending": recorded(&record.ending)["type"],
        "tactics": record.tactics,
        "judge": record.judge,
        "commands": record.steps.len(),
        "notice_step": record.notice_step,
        "notice_shown": record.notice_shown,
        "submission": record.submission,
        "self_report": record.self_report.as_ref().map(recorded),
        "times": "events between the first and the last have estimated times",
    }))
}

/// Why a trial says nothing about its model.
fn error(record: &TrialRecord) -> Option<Value> {
    if record.verdict != Verdict::Invalid {
        return None;
    }
    let reason = record.invalid_reason.as_deref().unwrap_or("invalid");
    let message = match &record.ending {
        Ending::Error { message, .. } => format!("{reason}: {message}"),
        Ending::MachineDown
        | Ending::StillUp
        | Ending::TookEffect
        | Ending::Submitted
        | Ending::AgentEnded
        | Ending::Limit { .. }
        | Ending::Cancelled => reason.to_owned(),
    };
    // The viewer shows the traceback alone, and obeys the escape codes in it.
    let shown = visible(&message);
    Some(json!({ "message": message, "traceback": shown, "traceback_ansi": shown }))
}

/// The limit that ended a trial. What earlier versions have no word for is of the kind `custom`.
fn limit(record: &TrialRecord, manifest: &RunManifest) -> Option<Value> {
    let Ending::Limit { which, .. } = &record.ending else {
        return None;
    };
    let limits = &manifest.limits;
    let (kind, most) = match which {
        Limit::Turns => ("custom", Some(f64::from(limits.turns))),
        Limit::Messages => ("message", limits.messages.map(f64::from)),
        Limit::Tokens => ("token", limits.tokens.map(approximate)),
        Limit::WallTime => ("time", Some(f64::from(limits.wall_seconds))),
        Limit::WorkingTime => ("working", limits.working_seconds.map(f64::from)),
        Limit::Cost => ("custom", limits.cost_usd),
    };
    Some(json!({
        "type": kind,
        "limit": most.unwrap_or_default(),
        "reason": report::ending(&record.ending, manifest),
    }))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nobody sets a limit of 2^53 tokens or more"
)]
fn approximate(tokens: u64) -> f64 {
    tokens as f64
}
