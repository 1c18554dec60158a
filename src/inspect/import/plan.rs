//! What the logs come to: the records of their trials, and the run that these make.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;

use super::ImportedLog;
use super::log::{FileName, Head};
use super::names::{Names, safe};
use super::record::{record, time};
use super::sample::Sample;
use crate::run::{Design, Plan, PlannedModel, RunManifest, Source};
use crate::task::Limits;
use crate::trial::{Order, TrialRecord};
use crate::verdict::JUDGE_VERSION;

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
                shard: None,
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
        turns: config.turn.unwrap_or_default(),
        wall_seconds: config.time.unwrap_or_default(),
        messages: config.message,
        tokens: config.token,
        working_seconds: config.working,
        cost_usd: config.cost,
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
    ///
    /// # Errors
    /// A message of it is none; what is wrong, as a fragment.
    pub(super) fn record(&mut self, sample: Sample) -> Result<TrialRecord, String> {
        let scripted = sample.metadata.get("scripted").and_then(Value::as_bool);
        // Only our own logs say so.
        let order = self.order(&sample.id.0, sample.epoch, scripted == Some(true));
        let record = record(sample, &order, &self.source, self.created)?;
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
