//! `--json`: a run for programs, one JSON object in each line of standard output.

use std::io::{self, Write as _};

use serde_json::{Value, json};

use super::exit::ExitCode;
use super::failure::Failure;
use super::output;
use super::site::Site;
use crate::clock;
use crate::report::text::visible_json;
use crate::run::{Event, RunError, RunManifest, Sink, StoppedCell};
use crate::stats::{self, Cell, Methods};
use crate::trial::{Order, TrialRecord};

/// Writes each event. `docs/log-format.md` describes the fields.
pub(super) struct Events;

impl Sink for Events {
    fn take(&mut self, event: &Event<'_>) -> Result<(), RunError> {
        let mut line = json!({ "time": clock::now().to_string() });
        add(&mut line, described(event));
        let line = visible_json(&line.to_string());
        let mut stdout = io::stdout().lock();
        match writeln!(stdout, "{line}").and_then(|()| stdout.flush()) {
            // A reader that went away has what it wanted; the run is on disk.
            Err(source) if source.kind() != io::ErrorKind::BrokenPipe => Err(RunError::Write {
                path: "standard output".into(),
                source,
            }),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// Writes what came out of a run, as its last line.
///
/// # Errors
/// Standard output cannot be written to.
pub(super) fn close(site: &Site, exit: ExitCode) -> Result<(), Failure> {
    let trials = &site.observations;
    let expectations = stats::expectations(trials);
    let missed = expectations.missed.iter();
    let missed: Vec<_> = missed.map(|(trial, _)| &trial.trial).collect();
    let line = json!({
        "time": clock::now().to_string(),
        "event": "closed",
        "exit": exit as u8,
        "directory": site.path.display().to_string(),
        "recorded": trials.len(),
        "planned": site.manifest.plan.orders.len(),
        "cells": stats::cells(trials).iter().map(cell).collect::<Vec<_>>(),
        "stopped": site.stopped_cells().iter().map(stopped).collect::<Vec<_>>(),
        "methods": stats::methods(trials).iter().map(methods).collect::<Vec<_>>(),
        "controls": { "met": expectations.met, "missed": missed },
    });
    output::print(&visible_json(&format!("{line}\n")))
}

fn add(line: &mut Value, more: Value) {
    if let (Value::Object(line), Value::Object(more)) = (line, more) {
        line.extend(more);
    }
}

fn described(event: &Event<'_>) -> Value {
    match event {
        Event::Started {
            manifest,
            standings,
        } => started(manifest, standings.total().recorded),
        Event::TrialStarted { order } => {
            let mut line = json!({ "event": "trial_started" });
            add(&mut line, place(order));
            line
        }
        Event::Answered { order, cost_usd } => json!({
            "event": "answered",
            "trial": order.trial,
            "model": order.model,
            "cost_usd": cost_usd,
        }),
        Event::AttemptFailed { attempt } => json!({
            "event": "attempt_failed",
            "model": attempt.model,
            "attempt": attempt.number,
            "failure": attempt.failure,
            "wait_seconds": attempt.wait.map(|wait| wait.as_secs_f64()),
        }),
        Event::ModelStopped { model, cause } => json!({
            "event": "model_stopped",
            "model": model,
            "cause": cause,
        }),
        Event::BudgetReached {
            spent_usd,
            budget_usd,
        } => json!({
            "event": "budget_reached",
            "spent_usd": spent_usd,
            "budget_usd": budget_usd,
        }),
        Event::TrialFinished { record } => finished(record),
        Event::CellStopped { stopped: one } => {
            let mut line = json!({ "event": "cell_stopped" });
            add(&mut line, stopped(one));
            line
        }
        Event::Interrupted { running } => json!({ "event": "interrupted", "running": running }),
        Event::Finished {
            recorded,
            planned,
            took,
        } => json!({
            "event": "finished",
            "recorded": recorded,
            "planned": planned,
            "seconds": took.as_secs_f64(),
        }),
    }
}

fn started(manifest: &RunManifest, recorded: usize) -> Value {
    let design = &manifest.plan.design;
    let models: Vec<_> = design.models.iter().map(|model| &model.name).collect();
    json!({
        "event": "started",
        "run": manifest.run,
        "session": manifest.sessions.len(),
        "task": design.task,
        "models": models,
        "conditions": design.conditions,
        "wordings": design.wordings,
        "trials": design.trials,
        "seed": design.seed,
        "plan_hash": manifest.plan_hash,
        "recorded": recorded,
        "planned": manifest.plan.orders.len(),
    })
}

fn place(order: &Order) -> Value {
    json!({
        "trial": order.trial,
        "model": order.model,
        "condition": order.condition,
        "wording": order.wording,
        "epoch": order.epoch,
    })
}

fn finished(record: &TrialRecord) -> Value {
    json!({
        "event": "trial_finished",
        "trial": record.trial,
        "model": record.model,
        "condition": record.condition,
        "wording": record.wording,
        "epoch": record.epoch,
        "outcome": record.outcome,
        "verdict": record.verdict,
        "invalid_reason": record.invalid_reason,
        "tactics": record.tactics,
        "usage": record.usage,
    })
}

/// A cell that was stopped, with what had been seen of it.
pub(super) fn stopped(one: &StoppedCell) -> Value {
    json!({
        "model": one.cell.model,
        "condition": one.cell.condition,
        "wording": one.cell.wording,
        "after": one.stop.epoch,
        "n": one.stop.seen.trials(),
        "resisted": one.stop.seen.successes(),
        "spared": one.spared,
    })
}

/// A cell's counts and rate.
pub(super) fn cell(cell: &Cell) -> Value {
    json!({
        "model": cell.model,
        "scripted": cell.scripted,
        "condition": cell.condition,
        "wording": cell.wording,
        "n": cell.n,
        "invalid": cell.invalid,
        "resisted": cell.resisted,
        "rate": cell.rate.map(|rate| rate.share),
        "ci95": cell.rate.map(|rate| [rate.interval.low, rate.interval.high]),
        "evaded": cell.evaded,
        "attempted": cell.attempted,
        "stopped": cell.stopped,
        "complied": cell.complied,
        "no_shutdown": cell.no_shutdown,
    })
}

/// A cell's tactics, with their counts and shares.
pub(super) fn methods(cell: &Methods) -> Value {
    let tactics = cell.methods.iter().map(|method| {
        json!({
            "tactic": method.tactic,
            "trials": method.trials,
            "share": method.rate.map(|rate| rate.share),
            "ci95": method.rate.map(|rate| [rate.interval.low, rate.interval.high]),
        })
    });
    json!({
        "model": cell.model,
        "scripted": cell.scripted,
        "condition": cell.condition,
        "wording": cell.wording,
        "n": cell.n,
        "interfered": cell.interfered,
        "tactics": tactics.collect::<Vec<_>>(),
    })
}
