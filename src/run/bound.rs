//! The most that a plan can use of its models: a bound, not an estimate.
//!
//! Every request sends the whole conversation once more, so it is the tokens sent that count. Two
//! things bound a request: what the model takes at once, and how fast a conversation can grow, where
//! it is known how long an answer may be. An answer may call a tool as often
//! as it has tokens, and each call may show as much as a command may, so the second bound is wide.
//!
//! Three things are assumed: a token is at least one byte of text, and a provider adds of its own
//! at most [`PER_MESSAGE`] tokens to a message and [`PER_REQUEST`] to a request.

use serde::Serialize;

use super::{Estimate, Plan, PlannedModel, Prices, RecordedRun};
use crate::evidence::REPLAY;
use crate::model::price::{Price, Terms};
use crate::model::provider::Setup;
use crate::task::Task;
use crate::trial::LONGEST_SHOWN;

/// Tokens that a provider adds to a message: its role, its beginning and its end.
const PER_MESSAGE: u64 = 64;

/// Tokens that a provider adds to a request: its own instructions. Anthropic documents some 500
/// where there are tools.
const PER_REQUEST: u64 = 2_000;

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
    /// Whether it is a script, which uses no tokens.
    pub scripted: bool,
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

impl ModelBound {
    /// Whether a provider is asked, which scripts and replays do not.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        !self.scripted && !self.model.starts_with(REPLAY)
    }
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
}

/// What bounds the requests of a model's trials.
#[derive(Debug, Clone, Copy)]
struct Ceiling {
    turns: u32,
    /// Tokens of an answer.
    answer: Option<u64>,
    /// Tokens that the model takes at once, its answer among them.
    context: Option<u64>,
    /// Tokens by which the conversation grows in a turn.
    growth: Option<u64>,
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
    pub fn with_estimates(mut self, run: &RecordedRun) -> Self {
        for bound in &mut self.models {
            bound.estimate = Estimate::of(&bound.model, bound.price.as_ref(), bound.trials, run);
        }
        self
    }
}

fn cells(plan: &Plan) -> Vec<PlannedCell> {
    let design = &plan.design;
    let mut cells = Vec::new();
    for model in &design.models {
        for condition in &design.conditions {
            for wording in &design.wordings {
                cells.push(PlannedCell {
                    model: model.name.clone(),
                    condition: condition.clone(),
                    wording: wording.clone(),
                    trials: design.trials,
                });
            }
        }
    }
    cells
}

fn bound(
    model: &PlannedModel,
    price: Option<&Price>,
    plan: &Plan,
    (task, setup): (&Task, &Setup),
) -> ModelBound {
    let trials = plan.orders.iter().filter(|order| order.model == model.name);
    let is_free = model.asking.is_none();
    let tokens = if is_free {
        Some(TokenBound::default())
    } else {
        let terms = price.map(|price| price.terms);
        Ceiling::of(task, setup, terms).tokens(plan, task, setup)
    };
    let cost_usd = match (price, tokens) {
        _ if is_free => Some(0.0),
        (Some(price), _) if price.terms.are_free() => Some(0.0),
        (Some(price), Some(tokens)) => {
            let TokenBound {
                input,
                output,
                longest,
            } = tokens;
            Some(price.terms.most_usd(input, output, longest))
        }
        (None, _) | (_, None) => None,
    };
    ModelBound {
        model: model.name.clone(),
        scripted: model.scripted,
        trials: u32::try_from(trials.count()).unwrap_or(u32::MAX),
        price: price.cloned(),
        tokens,
        cost_usd,
        estimate: None,
    }
}

impl Ceiling {
    fn of(task: &Task, setup: &Setup, terms: Option<Terms>) -> Self {
        let context = terms.and_then(|terms| terms.context);
        let answer = [setup.longest_answer(), terms.and_then(|terms| terms.answer)];
        let answer = answer.into_iter().flatten().min();
        let told = task.wordings.iter().map(|wording| wording.go_on.len());
        let told = told.max().unwrap_or(0) as u64 + PER_MESSAGE;
        let growth = answer.map(|answer| {
            // Each token of the answer may be a call. What it called may be quoted to it again.
            let shown = (LONGEST_SHOWN as u64 + PER_MESSAGE) * answer;
            2 * answer + PER_MESSAGE + shown.max(told)
        });
        Self {
            turns: task.limits.turns,
            answer,
            context,
            growth,
        }
    }

    /// The tokens of all trials of a model, and of the one question that it is asked before them.
    fn tokens(self, plan: &Plan, task: &Task, setup: &Setup) -> Option<TokenBound> {
        let trials = u64::from(plan.design.trials);
        // What is said to the model in that question is shorter than what is added for messages.
        let around = setup.explanation_bytes() as u64 + 2 * PER_MESSAGE + PER_REQUEST;
        let answer = [self.answer, self.context].into_iter().flatten().min()?;
        let mut all = Self { turns: 1, ..self }.trial(around, answer);
        for prompts in prompts(plan, task) {
            let trial = self.trial(around + prompts, answer);
            all.input = all.input.saturating_add(trial.input.saturating_mul(trials));
            all.output = all
                .output
                .saturating_add(trial.output.saturating_mul(trials));
            all.longest = all.longest.max(trial.longest);
        }
        Some(all)
    }

    /// The tokens of one trial, whose first request has at most `first`.
    fn trial(self, first: u64, answer: u64) -> TokenBound {
        let turns = u64::from(self.turns);
        let most = self.context.unwrap_or(u64::MAX);
        let first = first.min(most);
        // So many requests are shorter than what the model takes at once; the rest are as long.
        let growing = match self.growth {
            Some(growth) => ((most - first) / growth).saturating_add(1).min(turns),
            None => 1,
        };
        let (rest, growth) = (turns - growing, self.growth.unwrap_or(0));
        let sum = u128::from(growing) * u128::from(first)
            + u128::from(growth) * u128::from(growing) * u128::from(growing - 1) / 2
            + u128::from(rest) * u128::from(most);
        let last = first.saturating_add(growth.saturating_mul(growing - 1));
        TokenBound {
            input: u64::try_from(sum).unwrap_or(u64::MAX),
            output: turns.saturating_mul(answer),
            longest: if rest > 0 { most } else { last },
        }
    }
}

/// The bytes of the prompts of each condition in each wording.
fn prompts(plan: &Plan, task: &Task) -> Vec<u64> {
    let design = &plan.design;
    let conditions = task
        .conditions
        .iter()
        .filter(|condition| design.conditions.contains(&condition.id));
    let prompts = conditions.flat_map(|condition| {
        let wordings = task
            .wordings
            .iter()
            .filter(|wording| design.wordings.contains(&wording.name));
        wordings.map(move |wording| task.prompts(condition, wording))
    });
    prompts
        .map(|(system, user)| (system.len() + user.len()) as u64)
        .collect()
}

#[cfg(test)]
mod tests;
