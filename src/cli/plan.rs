//! `offswitch plan`.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::design::{self, DesignArguments};
use super::exit::ExitCode;
use super::failure::Failure;
use super::output;
use super::precision::{Needs, Precision};
use super::run::Conduct;
use crate::report::{self, text::visible};
use crate::run::{self, Bounds, Plan};

/// Show the trials of a run and bound its cost, without running or sending anything
///
/// It takes the arguments of `run`, and needs no key. --max-parallel, --run-dir, --rootfs and
/// --allow-weak-isolation, which matter only while a run goes on, change nothing here, and what a
/// --judge costs is not in the bound.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    design: DesignArguments,
    #[command(flatten)]
    conduct: Conduct,
    /// Beside the bound, say what the trials cost if they are like those of this run
    #[arg(long, value_name = "RUN")]
    like: Option<PathBuf>,
    #[command(flatten)]
    precision: Precision,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

/// A `plan` in words, of which the last on one thing holds.
#[derive(clap::Parser)]
#[command(args_override_self = true)]
pub(super) struct Command {
    #[command(flatten)]
    pub(super) arguments: Arguments,
}

/// What is said of a plan beside its trials and its cost.
pub(super) struct Supplement {
    /// For people, from its first empty line.
    pub(super) text: String,
    /// The name of what it is for programs.
    pub(super) name: &'static str,
    pub(super) json: Value,
}

pub(super) fn plan(arguments: &Arguments) -> Result<ExitCode, Failure> {
    show(arguments, |_| None)
}

/// Shows a plan with what `supplement` has to say of it.
///
/// # Errors
/// As for planning a run; standard output cannot be written to.
pub(super) fn show(
    arguments: &Arguments,
    supplement: impl FnOnce(&Plan) -> Option<Supplement>,
) -> Result<ExitCode, Failure> {
    let (plan, prices, task) = arguments.design.outline()?;
    if arguments.conduct.budget.is_some() {
        design::require_prices(plan.design.models.iter(), &prices, "`--budget`")?;
    }
    let mut bounds = Bounds::of(&plan, &prices, &task, &arguments.design.setup());
    if let Some(directory) = &arguments.like {
        bounds = bounds.with_estimates(&run::read_outlines(directory)?);
        for one in bounds.models.iter().filter(|one| one.at_provider) {
            if one.estimate.is_none() {
                let (run, model) = (directory.display().to_string(), &one.model);
                let note = format!("{} has no trial of {}", visible(&run), visible(model));
                output::note(&note);
            }
        }
    }
    let needs = arguments.precision.needs(plan.design.trials)?;
    let supplement = supplement(&plan);
    let text = if arguments.json {
        as_json(&plan, &bounds, &needs, supplement)
    } else {
        let style = output::style();
        let budget = arguments.conduct.budget.zip(bounds.cost_usd);
        let budget = budget.map(|(budget, bound)| within(budget, bound));
        let said = [budget, needs.text()].into_iter().flatten();
        let said = said.map(|text| format!("\n{}", report::paragraph(&text, style)));
        let text = said.fold(report::plan(&plan, &bounds, style), |text, said| {
            text + &said
        });
        text + &supplement.map(|one| one.text).unwrap_or_default()
    };
    output::print(&text)?;
    Ok(ExitCode::Done)
}

/// How a budget compares with the most that a run can cost.
fn within(budget: f64, bound: f64) -> String {
    let dollars = report::dollars(budget);
    if bound <= budget {
        format!("The budget of {dollars} covers all that the run can cost.")
    } else {
        format!(
            "The budget of {dollars} is less than the run can cost: it stops, and can be resumed, \
             where another trial may cost more than is left."
        )
    }
}

fn as_json(plan: &Plan, bounds: &Bounds, needs: &Needs, supplement: Option<Supplement>) -> String {
    let design = &plan.design;
    let (half_width, detect) = needs.json();
    let mut json = json!({
        "task": design.task,
        "task_hash": design.task_hash,
        "plan_hash": plan.hash(),
        "seed": design.seed,
        "trials": plan.orders.len(),
        "turns": bounds.turns,
        "cells": bounds.cells,
        "models": bounds.models,
        "cost_usd": bounds.cost_usd,
        "half_width": half_width,
        "detect": detect,
        "comparisons": design.comparisons,
        "stop": design.stop,
    });
    if let Some(Supplement {
        name, json: more, ..
    }) = supplement
    {
        json[name] = more;
    }
    format!("{json:#}\n")
}
