//! What the logs come to: the records of their trials, and the run that these make.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::{SignedDuration, Timestamp, civil};
use serde_json::Value;

use super::ImportedLog;
use super::content::message;
use super::log::{FileName, Head};
use super::names::{Names, safe};
use super::sample::{ModelUsage, Sample};
use crate::evidence::{
    Closure, Diff, Effect, Ending, Limit, Message, Outcome, Stage, ToolCall, Usage,
};
use crate::run::{Design, Plan, PlannedModel, RunManifest, Source};
use crate::task::Limits;
use crate::trial::{Imported, Order, OwnScore, TrialRecord, record};
use crate::verdict::{JUDGE_VERSION, Lenses, Verdict};

/// What stands in a manifest where an imported run has nothing.
const UNKNOWN: &str = "unknown";

/// The logs of a run, so far.
#[derive(Default)]
pub(super) struct Planner {
    trials: Names,
    /// A condition with a model, so that two logs of one task and model are kept apart.
    cells: Names,
    orders: Vec<Order>,
    sources: Vec<Source>,
    models: Vec<PlannedModel>,
    conditions: Vec<String>,
    wordings: Vec<String>,
    limits: Option<Limits>,
}

/// A log's place in the run.
pub(super) struct Place<'a> {
    planner: &'a mut Planner,
    source: Source,
    condition: String,
    /// When the log was made, for samples that do not tell a time.
    created: Option<Timestamp>,
}

impl Planner {
    pub(super) fn place(&mut self, file: &FileName, head: &Head) -> Place<'_> {
        let task = &head.eval.task;
        let key = |name: &str| format!("{name}\0{}", head.eval.model);
        let mut condition = task.clone();
        let mut copy = 1;
        while self.cells.unique(&key(&condition)) != key(&condition) {
            copy += 1;
            condition = format!("{task} ({copy})");
        }
        add(&mut self.conditions, &condition);
        self.limits.get_or_insert(limits(head));
        Place {
            planner: self,
            source: Source {
                file: file.name.clone(),
                file_hash: file.hash,
                written_by: written_by(head),
                task: task.clone(),
                model: head.eval.model.clone(),
                status: head.status.clone(),
                trials: 0,
            },
            condition,
            created: time(&head.eval.created),
        }
    }

    /// The manifest of a run of all logs.
    pub(super) fn manifest(self, now: Timestamp, command: Vec<String>) -> RunManifest {
        let tasks = self.sources.first().map(|source| &source.task);
        let is_one = self
            .sources
            .iter()
            .all(|source| Some(&source.task) == tasks);
        let task = tasks.filter(|_| is_one);
        let task = task.map_or_else(|| "imported".to_owned(), Clone::clone);
        let trials = self.orders.iter().map(|order| order.epoch).max();
        let plan = Plan {
            design: Design {
                task,
                task_hash: UNKNOWN.into(),
                judge: JUDGE_VERSION,
                seed: 0,
                models: self.models,
                conditions: self.conditions,
                wordings: self.wordings,
                trials: trials.unwrap_or_default(),
                own_wordings: BTreeMap::new(),
                left_out: Vec::new(),
                comparisons: Vec::new(),
                stop: None,
            },
            orders: self.orders,
        };
        RunManifest::imported(
            plan,
            self.sources,
            self.limits.unwrap_or(NO_LIMITS),
            now,
            command,
        )
    }
}

const NO_LIMITS: Limits = Limits {
    turns: 0,
    wall_seconds: 0,
    command_seconds: 0,
    messages: None,
    tokens: None,
    working_seconds: None,
    cost_usd: None,
};

/// The limits as far as they were set; 0 where one was not.
fn limits(head: &Head) -> Limits {
    let config = &head.eval.config;
    Limits {
        turns: config.turn_limit.unwrap_or_default(),
        wall_seconds: config.time_limit.unwrap_or_default(),
        messages: config.message_limit,
        tokens: config.token_limit,
        working_seconds: config.working_limit,
        cost_usd: config.cost_limit,
        ..NO_LIMITS
    }
}

fn written_by(head: &Head) -> Option<String> {
    // Our own logs name this program, all others Inspect.
    let packages = ["offswitch", "inspect_ai"].into_iter();
    let mut named = packages.filter_map(|name| {
        let version = head.eval.packages.get(name)?.as_str()?;
        Some(format!("{name} {version}"))
    });
    named.next()
}

impl Place<'_> {
    /// The record of a sample.
    pub(super) fn record(&mut self, sample: Sample) -> Result<TrialRecord, String> {
        let transcript = sample.messages.into_iter().enumerate();
        let transcript = transcript.map(|(at, said)| {
            message(said).map_err(|reason| format!("message {}: {reason}", at + 1))
        });
        let transcript: Vec<Message> = transcript.collect::<Result<_, _>>()?;
        let order = self.order(&sample.id.0, sample.epoch, scripted(&sample.metadata));
        let calls = || transcript.iter().flat_map(calls);
        let submission = calls().filter_map(ToolCall::submission).last();
        let submission = submission.map(str::to_owned);
        let started_at = sample.started_at.as_deref().and_then(time);
        let started_at = started_at.or(self.created).unwrap_or_default();
        let took = sample.total_time.map(seconds).unwrap_or_default();
        let ended_at = sample.completed_at.as_deref().and_then(time);
        let ended_at =
            ended_at.unwrap_or_else(|| started_at.saturating_add(took).unwrap_or(started_at));
        let waited = sample.total_time.zip(sample.working_time);
        let usage = Usage {
            turns: count(
                transcript
                    .iter()
                    .filter(|message| matches!(message, Message::Assistant { .. })),
            ),
            tool_calls: count(calls()),
            waiting_ms: waited.map_or(0.0, |(total, working)| (total - working).max(0.0) * 1000.0),
            ..usage(sample.model_usage.values())
        };
        let ending = match (
            &sample.error,
            sample.limit.as_ref().and_then(|limit| known(&limit.kind)),
        ) {
            (Some(error), _) => Ending::Error {
                stage: Stage::Model,
                message: error.message.clone(),
            },
            (None, Some(which)) => Ending::Limit {
                which,
                unanswered: false,
            },
            (None, None) if submission.is_some() => Ending::Submitted,
            (None, None) => Ending::AgentEnded,
        };
        let imported = Imported {
            file: self.source.file.clone(),
            file_hash: self.source.file_hash,
            written_by: self.source.written_by.clone(),
            task: self.source.task.clone(),
            sample: sample.id.0,
            scores: sample.scores.map(scores).unwrap_or_default(),
            error: sample.error.map(|error| error.message),
            limit: sample.limit.map(|limit| limit.kind),
        };
        let mut record = TrialRecord {
            schema: record::SCHEMA,
            trial: order.trial.clone(),
            task: self.source.task.clone(),
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
            ending,
            fate: None,
            survivors: Vec::new(),
            final_diff: Diff::default(),
            transcript,
            submission,
            self_report: None,
            account: None,
            opinion: None,
            imported: Some(imported),
            usage,
            started_at,
            ended_at,
        };
        record.judge();
        self.planner.orders.push(order);
        self.source.trials += 1;
        Ok(record)
    }

    fn order(&mut self, sample: &str, epoch: u32, scripted: bool) -> Order {
        let model = &self.source.model;
        let planner = &mut *self.planner;
        add(&mut planner.wordings, sample);
        if !planner.models.iter().any(|planned| planned.name == *model) {
            planner.models.push(PlannedModel {
                name: model.clone(),
                scripted,
                script_hash: None,
                expect: None,
                asking: None,
                recording: None,
            });
        }
        let trial = format!(
            "{}-{}-{}-{epoch:04}",
            safe(&self.condition),
            safe(sample),
            safe(model)
        );
        Order {
            trial: planner.trials.unique(&trial),
            condition: self.condition.clone(),
            wording: sample.to_owned(),
            model: model.clone(),
            scripted,
            expect: None,
            epoch,
            seed: 0,
        }
    }

    /// The log's part is over.
    pub(super) fn finish(self, path: &Path) -> ImportedLog {
        let log = ImportedLog {
            path: path.into(),
            model: self.source.model.clone(),
            condition: self.condition,
            status: self.source.status.clone(),
            trials: self.source.trials,
        };
        self.planner.sources.push(self.source);
        log
    }
}

fn add(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

/// Whether it is a trial of ours with a scripted model.
fn scripted(metadata: &Value) -> bool {
    metadata.get("scripted").and_then(Value::as_bool) == Some(true)
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
fn known(kind: &str) -> Option<Limit> {
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

fn scores(scores: Value) -> std::collections::BTreeMap<String, OwnScore> {
    let Value::Object(scores) = scores else {
        return std::collections::BTreeMap::new();
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
fn usage<'a>(models: impl Iterator<Item = &'a ModelUsage>) -> Usage {
    let mut sum = Usage {
        cost_usd: Some(0.0),
        ..Usage::default()
    };
    let mut counted = false;
    for one in models {
        counted = true;
        let cached = one.input_tokens_cache_read.unwrap_or_default();
        let sent = [
            one.input_tokens,
            cached,
            one.input_tokens_cache_write.unwrap_or_default(),
        ];
        let sent = sent.into_iter().fold(0_u64, u64::saturating_add);
        sum.input_tokens = sum.input_tokens.saturating_add(sent);
        sum.cached_tokens = sum.cached_tokens.saturating_add(cached);
        sum.output_tokens = sum.output_tokens.saturating_add(one.output_tokens);
        let reasoning = one.reasoning_tokens.unwrap_or_default();
        sum.reasoning_tokens = sum.reasoning_tokens.saturating_add(reasoning);
        let costs = sum
            .cost_usd
            .zip(one.total_cost.filter(|cost| cost.is_finite()));
        sum.cost_usd = costs.map(|(sum, cost)| sum + cost);
    }
    sum.cost_usd = sum.cost_usd.filter(|_| counted);
    sum
}

fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}

fn seconds(seconds: f64) -> SignedDuration {
    SignedDuration::try_from_secs_f64(seconds).unwrap_or_default()
}

/// A time with its offset; without one, as early versions wrote it, it is taken for UTC.
fn time(text: &str) -> Option<Timestamp> {
    let local = || {
        let local: civil::DateTime = text.parse().ok()?;
        Some(local.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    };
    text.parse().ok().or_else(local)
}
