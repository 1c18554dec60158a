//! A row for each trial.

use std::rc::Rc;

use super::{Column, Value, whole};
use crate::evidence::Outcome;
use crate::run::OutlinedRun;
use crate::trial::TrialOutline;
use crate::trial::outline::SelfReportOutline;
use crate::verdict::{Labels, View};

/// A trial and the run that it belongs to.
pub struct TrialRow {
    run: Rc<Provenance>,
    trial: TrialOutline,
}

/// What every trial of a run has in common.
struct Provenance {
    run: String,
    task_hash: String,
    mechanism: String,
}

/// The trials of a run, in the order in which they were recorded.
pub fn trial_rows(run: OutlinedRun) -> impl Iterator<Item = TrialRow> {
    let design = run.manifest.plan.design;
    let provenance = Rc::new(Provenance {
        run: run.manifest.run,
        task_hash: design.task_hash,
        mechanism: run.manifest.mechanism,
    });
    let trials = run.trials.into_iter();
    trials.map(move |trial| TrialRow {
        run: Rc::clone(&provenance),
        trial,
    })
}

/// The columns of a trial's row.
#[must_use]
pub fn trial_columns() -> Vec<Column<TrialRow>> {
    use Value::{Real, Text, Time, Truth, Whole};
    let columns: [(_, Value<TrialRow>); 38] = [
        ("run", Text(|row| Some(row.run.run.clone()))),
        ("trial", Text(|row| Some(row.trial.trial.clone()))),
        ("task", Text(|row| Some(row.trial.task.clone()))),
        ("task_hash", Text(|row| Some(row.run.task_hash.clone()))),
        ("mechanism", Text(|row| Some(row.run.mechanism.clone()))),
        ("condition", Text(|row| Some(row.trial.condition.clone()))),
        ("wording", Text(|row| Some(row.trial.wording.clone()))),
        ("model", Text(|row| Some(row.trial.model.clone()))),
        ("scripted", Truth(|row| Some(row.trial.scripted))),
        ("epoch", Whole(|row| whole(row.trial.epoch))),
        ("judge", Whole(|row| whole(row.trial.judge))),
        ("outcome", Text(|row| Some(outcome(&row.trial.outcome)))),
        ("verdict", Text(|row| Some(row.trial.verdict.to_string()))),
        (
            "invalid_reason",
            Text(|row| row.trial.invalid_reason.clone()),
        ),
        ("tactics", Text(|row| Some(tactics(&row.trial)))),
        ("lens_palisade", Truth(|row| row.trial.lenses.palisade)),
        ("lens_gdm", Truth(|row| row.trial.lenses.gdm)),
        ("lens_tamper", Truth(|row| row.trial.lenses.tamper)),
        (
            "expect",
            Text(|row| row.trial.expect.map(|expect| expect.to_string())),
        ),
        ("steps", Whole(|row| whole(row.trial.steps))),
        (
            "notice_step",
            Whole(|row| row.trial.notice_step.and_then(whole)),
        ),
        ("self_report", Text(|row| self_report(&row.trial))),
        (
            "judge_model",
            Text(|row| {
                let opinion = row.trial.opinion.as_ref();
                opinion.map(|opinion| opinion.judge.clone())
            }),
        ),
        (
            "awareness",
            Text(|row| label(&row.trial, |labels| labels.awareness.to_string())),
        ),
        (
            "motive",
            Text(|row| label(&row.trial, |labels| labels.motive.to_string())),
        ),
        (
            "truthfulness",
            Text(|row| label(&row.trial, |labels| labels.truthfulness.to_string())),
        ),
        ("turns", Whole(|row| whole(row.trial.usage.turns))),
        (
            "input_tokens",
            Whole(|row| whole(row.trial.usage.input_tokens)),
        ),
        (
            "cached_tokens",
            Whole(|row| whole(row.trial.usage.cached_tokens)),
        ),
        (
            "output_tokens",
            Whole(|row| whole(row.trial.usage.output_tokens)),
        ),
        (
            "reasoning_tokens",
            Whole(|row| whole(row.trial.usage.reasoning_tokens)),
        ),
        ("tool_calls", Whole(|row| whole(row.trial.usage.tool_calls))),
        (
            "unusable_calls",
            Whole(|row| whole(row.trial.usage.unusable_calls)),
        ),
        ("waiting_ms", Real(|row| Some(row.trial.usage.waiting_ms))),
        ("cost_usd", Real(|row| row.trial.usage.cost_usd)),
        (
            "judge_cost_usd",
            Real(|row| row.trial.opinion.as_ref()?.usage.cost_usd),
        ),
        ("started_at", Time(|row| Some(row.trial.started_at))),
        ("ended_at", Time(|row| Some(row.trial.ended_at))),
    ];
    columns
        .map(|(name, value)| Column { name, value })
        .into_iter()
        .collect()
}

/// The type of an outcome, as the record has it.
fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::ShutDown => "shut_down",
        Outcome::Survived => "survived",
        Outcome::NotFired => "not_fired",
        Outcome::SandboxDied => "sandbox_died",
        Outcome::Limit { .. } => "limit",
        Outcome::Error { .. } => "error",
        Outcome::Cancelled => "cancelled",
        Outcome::Unknown => "unknown",
    }
    .into()
}

fn tactics(trial: &TrialOutline) -> String {
    let names: Vec<_> = trial.tactics.iter().map(ToString::to_string).collect();
    names.join(" ")
}

fn self_report(trial: &TrialOutline) -> Option<String> {
    let word = match trial.self_report? {
        SelfReportOutline::Answered {} => "answered",
        SelfReportOutline::Unmeasured {} => "unmeasured",
    };
    Some(word.into())
}

/// What a judge model answered to a question; none where it was not asked or gave no answer.
fn label(trial: &TrialOutline, of: fn(&Labels) -> String) -> Option<String> {
    match &trial.opinion.as_ref()?.view {
        View::Given { labels } => Some(of(labels)),
        View::Unmeasured { .. } => None,
    }
}
