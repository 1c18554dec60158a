//! A sample as the record of a trial without evidence.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, civil};
use serde_json::Value;

use super::content::message;
use super::sample::{ModelUsage, Sample};
use crate::evidence::{
    Closure, Diff, Effect, Ending, Limit, Message, Outcome, Stage, ToolCall, Usage,
};
use crate::run::Source;
use crate::trial::{Imported, Order, OwnScore, TrialRecord, record as format};
use crate::verdict::{JUDGE_VERSION, Lenses, Verdict};

/// The record of a sample that has this place in the run. `created` is when its log was made, for
/// a sample that does not tell a time.
///
/// # Errors
/// A message of it is none; what is wrong, as a fragment.
pub(super) fn record(
    sample: Sample,
    order: &Order,
    source: &Source,
    created: Option<Timestamp>,
) -> Result<TrialRecord, String> {
    let (started_at, ended_at) = times(&sample, created);
    let usage = usage(&sample);
    let transcript = transcript(sample.messages)?;
    let calls = transcript.iter().flat_map(calls);
    let submission = calls.filter_map(ToolCall::submission).next_back();
    let submission = submission.map(str::to_owned);
    let imported = Imported {
        file: source.file.clone(),
        file_hash: source.file_hash,
        written_by: source.written_by.clone(),
        task: source.task.clone(),
        sample: sample.id.0,
        scores: sample.scores.map(scores).unwrap_or_default(),
        error: sample.error.map(|error| error.message),
        limit: sample.limit.map(|limit| limit.kind),
    };
    let mut record = TrialRecord {
        schema: format::SCHEMA,
        trial: order.trial.clone(),
        task: source.task.clone(),
        condition: order.condition.clone(),
        factors: BTreeMap::new(),
        wording: order.wording.clone(),
        model: order.model.clone(),
        scripted: order.scripted,
        epoch: order.epoch,
        outcome: Outcome::Unknown,
        verdict: Verdict::Invalid,
        invalid_reason: None,
        tactics: Vec::new(),
        lenses: Lenses::default(),
        findings: Vec::new(),
        judge: JUDGE_VERSION,
        expect: None,
        steps: Vec::new(),
        notice_step: None,
        notice_shown: None,
        closure: nothing(),
        effect: Effect::default(),
        service: Vec::new(),
        pristine_drill: None,
        late_fire: None,
        ending: ending(&imported, submission.is_some()),
        fate: None,
        survivors: Vec::new(),
        final_diff: Diff::default(),
        usage: Usage {
            turns: count(transcript.iter().filter(|message| is_answer(message))),
            tool_calls: count(transcript.iter().flat_map(self::calls)),
            ..usage
        },
        transcript,
        submission,
        self_report: None,
        account: None,
        opinion: None,
        imported: Some(imported),
        started_at,
        ended_at,
    };
    record.judge();
    Ok(record)
}

fn transcript(messages: Vec<Value>) -> Result<Vec<Message>, String> {
    let messages = messages.into_iter().enumerate();
    messages
        .map(|(at, said)| message(said).map_err(|reason| format!("message {}: {reason}", at + 1)))
        .collect()
}

/// From when to when it went, as far as it is told.
fn times(sample: &Sample, created: Option<Timestamp>) -> (Timestamp, Timestamp) {
    let told = |text: &Option<String>| text.as_deref().and_then(time);
    let start = told(&sample.started_at).or(created).unwrap_or_default();
    let took = sample.total_time.map(SignedDuration::try_from_secs_f64);
    let took = took.and_then(Result::ok).unwrap_or_default();
    let end = told(&sample.completed_at).or_else(|| start.checked_add(took).ok());
    (start, end.unwrap_or(start))
}

/// Why the conversation ended, as far as the log tells.
fn ending(imported: &Imported, submitted: bool) -> Ending {
    if let Some(message) = &imported.error {
        return Ending::Error {
            stage: Stage::Model,
            message: message.clone(),
        };
    }
    let limit = imported.limit.as_deref().and_then(known_limit);
    match limit {
        Some(which) => Ending::Limit {
            which,
            unanswered: false,
        },
        None if submitted => Ending::Submitted,
        None => Ending::AgentEnded,
    }
}

fn is_answer(message: &Message) -> bool {
    matches!(message, Message::Assistant { .. })
}

fn calls(message: &Message) -> &[ToolCall] {
    match message {
        Message::Assistant { calls, .. } => calls,
        Message::System { .. } | Message::User { .. } | Message::Tool { .. } => &[],
    }
}

/// No file of a mechanism is known.
fn nothing() -> Closure {
    Closure {
        script: "".into(),
        tool: "".into(),
        environment: Vec::new(),
        ancestors: Vec::new(),
        mechanism: Vec::new(),
    }
}

/// The limits that there are here, too.
fn known_limit(kind: &str) -> Option<Limit> {
    match kind {
        "turn" => Some(Limit::Turns),
        "message" => Some(Limit::Messages),
        "token" => Some(Limit::Tokens),
        "time" => Some(Limit::WallTime),
        "working" => Some(Limit::WorkingTime),
        "cost" => Some(Limit::Cost),
        _ => None,
    }
}

fn scores(scores: Value) -> BTreeMap<String, OwnScore> {
    let Value::Object(scores) = scores else {
        return BTreeMap::new();
    };
    let text = |score: &Value, field: &str| score.get(field)?.as_str().map(str::to_owned);
    let scores = scores.into_iter().map(|(name, score)| {
        let own = OwnScore {
            answer: text(&score, "answer"),
            explanation: text(&score, "explanation"),
            // Some versions write the value alone.
            value: score.get("value").cloned().unwrap_or(score),
        };
        (name, own)
    });
    scores.collect()
}

/// What all models of a trial used, graders among them.
fn usage(sample: &Sample) -> Usage {
    let mut sum = Usage {
        cost_usd: (!sample.model_usage.is_empty()).then_some(0.0),
        ..Usage::default()
    };
    for one in sample.model_usage.values() {
        add(&mut sum, one);
    }
    let times = sample.total_time.zip(sample.working_time);
    let waited = times.map_or(0.0, |(total, working)| (total - working).max(0.0));
    sum.waiting_ms = finite((waited * 1e6).round() / 1e3).unwrap_or_default();
    sum
}

fn add(sum: &mut Usage, one: &ModelUsage) {
    let cached = one.input_tokens_cache_read.unwrap_or_default();
    let written = one.input_tokens_cache_write.unwrap_or_default();
    let sent = [one.input_tokens, cached, written];
    let sent = sent.into_iter().fold(0_u64, u64::saturating_add);
    sum.input_tokens = sum.input_tokens.saturating_add(sent);
    sum.cached_tokens = sum.cached_tokens.saturating_add(cached);
    sum.output_tokens = sum.output_tokens.saturating_add(one.output_tokens);
    let reasoning = one.reasoning_tokens.unwrap_or_default();
    sum.reasoning_tokens = sum.reasoning_tokens.saturating_add(reasoning);
    let costs = sum.cost_usd.zip(one.total_cost);
    sum.cost_usd = costs.and_then(|(sum, cost)| finite(sum + cost));
}

/// A number that JSON can hold. A sum of two that it holds may be none.
fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}

/// A time with its offset; without one, as early versions wrote it, it is taken for UTC.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let local = || {
        let local: civil::DateTime = text.parse().ok()?;
        Some(local.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    };
    text.parse().ok().or_else(local)
}
