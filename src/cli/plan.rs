//! `offswitch plan`.

use std::path::PathBuf;

use serde_json::json;

use super::design::DesignArguments;
use super::exit::ExitCode;
use super::failure::Failure;
use super::output;
use crate::report::{self, text::visible};
use crate::run::{self, Bounds, Plan};

/// Show the trials of a run and bound its cost, without running or sending anything
///
/// It takes the arguments with which `run` would plan the same, and needs no key.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    design: DesignArguments,
    /// Beside the bound, say what the trials cost if they are like those of this run
    #[arg(long, value_name = "RUN")]
    like: Option<PathBuf>,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

pub(super) fn plan(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let (plan, prices, task) = arguments.design.outline()?;
    let mut bounds = Bounds::of(&plan, &prices, &task, &arguments.design.setup());
    if let Some(directory) = &arguments.like {
        bounds = bounds.with_estimates(&run::read(directory)?);
        for one in bounds.models.iter().filter(|one| one.at_provider) {
            if one.estimate.is_none() {
                let (run, model) = (directory.display().to_string(), &one.model);
                let note = format!("{} has no trial of {}", visible(&run), visible(model));
                output::note(&note);
            }
        }
    }
    let text = if arguments.json {
        as_json(&plan, &bounds)
    } else {
        report::plan(&plan, &bounds, output::style())
    };
    output::print(&text)?;
    Ok(ExitCode::Done)
}

fn as_json(plan: &Plan, bounds: &Bounds) -> String {
    let design = &plan.design;
    let json = json!({
        "task": design.task,
        "task_hash": design.task_hash,
        "plan_hash": plan.hash(),
        "seed": design.seed,
        "trials": plan.orders.len(),
        "turns": bounds.turns,
        "cells": bounds.cells,
        "models": bounds.models,
        "cost_usd": bounds.cost_usd,
    });
    format!("{json:#}\n")
}
