//! The most that a plan can use of its models: a bound, not an estimate.

mod ceiling;

use serde::Serialize;

use self::ceiling::Ceiling;
use super::{Estimate, OutlinedRun, Plan, PlannedModel, Prices};
use crate::model::price::{Price, Terms};
use crate::model::provider::Setup;
use crate::task::{Limits, Task};

/// What a plan consists of, and the most that it can use.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bounds {
    /// Turns that each trial may have.
    pub turns: u32,
    /// The trials of each model, condition and wording.
    pub cells: Vec<PlannedCell>,
    /// The models, in the plan's order.
    pub models: Vec<ModelBound>,
    /// What all of them can cost, in US dollars; none where that of one is not known.
    pub cost_usd: Option<f64>,
}

/// The trials of a plan that differ in nothing but their epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedCell {
    /// The model's name.
    pub model: String,
    /// The condition's id.
    pub condition: String,
    /// The wording's name.
    pub wording: String,
    /// How many there are.
    pub trials: u32,
}

/// The most that a model can use.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelBound {
    /// Its name.
    pub model: String,
    /// Whether it is a script.
    pub scripted: bool,
    /// Whether it is a model at a provider. Nothing else uses tokens.
    #[serde(skip)]
    pub at_provider: bool,
    /// Its trials.
    pub trials: u32,
    /// Its price, where one is known.
    pub price: Option<Price>,
    /// Its tokens; none where there is no finite bound.
    pub tokens: Option<TokenBound>,
    /// What they cost, in US dollars; none where tokens or price are not known.
    pub cost_usd: Option<f64>,
    /// What it is expected to use, where there is something to go by.
    pub estimate: Option<Estimate>,
}

/// A number of tokens that cannot be exceeded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct TokenBound {
    /// Tokens sent, in all requests together.
    pub input: u64,
    /// Tokens received.
    pub output: u64,
    /// Tokens sent in one request.
    #[serde(skip)]
    longest: u64,
    /// Tokens received in one answer.
    #[serde(skip)]
    answer: u64,
}

impl Bounds {
    /// The bounds of a plan for this task, whose models are asked in this way.
    #[must_use]
    pub fn of(plan: &Plan, prices: &Prices, task: &Task, setup: &Setup) -> Self {
        let models: Vec<_> = plan
            .design
            .models
            .iter()
            .map(|model| bound(model, prices.get(&model.name), plan, (task, setup)))
            .collect();
        let costs: Option<Vec<f64>> = models.iter().map(|model| model.cost_usd).collect();
        Self {
            turns: task.limits.turns,
            cells: cells(plan),
            cost_usd: costs.map(|costs| costs.iter().sum()),
            models,
        }
    }

    /// The same with an estimate beside the bound of each model that the run has trials of.
    #[must_use]
    pub fn with_estimates(mut self, run: &OutlinedRun) -> Self {
        for bound in &mut self.models {
            bound.estimate = Estimate::of(&bound.model, bound.price.as_ref(), bound.trials, run);
        }
        self
    }
}

fn cells(plan: &Plan) -> Vec<PlannedCell> {
    let design = &plan.design;
    let trials = u32::try_from(design.epochs().count()).unwrap_or(u32::MAX);
    let cells = design.cells().into_iter().map(|cell| PlannedCell {
        model: cell.model,
        condition: cell.condition,
        wording: cell.wording,
        trials,
    });
    cells.collect()
}

fn bound(
    model: &PlannedModel,
    price: Option<&Price>,
    plan: &Plan,
    (task, setup): (&Task, &Setup),
) -> ModelBound {
    let trials = plan.orders.iter().filter(|order| order.model == model.name);
    let trials = u32::try_from(trials.count()).unwrap_or(u32::MAX);
    let terms = price.map(|price| price.terms);
    let at_provider = model.asking.is_some();
    let tokens = if at_provider {
        Ceiling::of(task, setup, terms)
            .map(|ceiling| ceiling.tokens(&model.name, plan, task, setup))
    } else {
        Some(TokenBound::default())
    };
    let cost_usd = match (terms, tokens) {
        _ if !at_provider => Some(0.0),
        (Some(terms), _) if terms.are_free() => Some(0.0),
        (Some(terms), Some(tokens)) => Some(tokens.cost_usd(terms, task.limits, trials)),
        (None, _) | (_, None) => None,
    };
    ModelBound {
        model: model.name.clone(),
        scripted: model.scripted,
        at_provider,
        trials,
        price: price.cloned(),
        tokens,
        cost_usd,
        estimate: None,
    }
}

impl TokenBound {
    /// What the tokens can cost, in so many trials with these limits.
    fn cost_usd(self, terms: Terms, limits: Limits, trials: u32) -> f64 {
        let most = |input, output| terms.most_usd(input, output, self.longest);
        // A limit of tokens or cost is looked at before a request, so each trial may exceed it by
        // one; the question before the first trial is one more.
        let last = most(self.longest, self.answer);
        let limited = |most: f64| f64::from(trials) * (most + last) + last;
        let by_tokens = limits
            .tokens
            .map(|tokens| limited(most(tokens, 0).max(most(0, tokens))));
        let by_cost = limits.cost_usd.map(limited);
        let bounds = [by_tokens, by_cost].into_iter().flatten();
        bounds.fold(most(self.input, self.output), f64::min)
    }
}

#[cfg(test)]
mod tests;
