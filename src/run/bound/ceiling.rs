//! What bounds the requests of a trial, and the tokens that follow from it.
//!
//! Every request sends the whole conversation once more, so it is the tokens sent that count. A
//! request is bounded by what the model takes at once, and by how far a conversation can have
//! grown. An answer may call a tool as often as it has tokens, and each call may show as much as a
//! command may, so the second bound is wide unless a limit narrows it.
//!
//! Two things are assumed: a token is at least one byte of text, and a provider adds of its own at
//! most [`PER_MESSAGE`] tokens to a message and [`PER_REQUEST`] to a request.

use super::TokenBound;
use crate::model::price::Terms;
use crate::model::provider::Setup;
use crate::run::Plan;
use crate::task::Task;
use crate::trial::LONGEST_SHOWN;

/// Tokens that a provider adds to a message: its role, its beginning and its end.
pub(super) const PER_MESSAGE: u64 = 64;

/// Tokens that a provider adds to a request: its own instructions. Anthropic documents some 500
/// where there are tools.
pub(super) const PER_REQUEST: u64 = 2_000;

/// What bounds the requests of a model's trials.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ceiling {
    /// Requests of a trial.
    pub(super) turns: u64,
    /// Tokens of an answer.
    pub(super) answer: u64,
    /// Tokens that the model takes at once, its answer among them.
    pub(super) context: Option<u64>,
    /// Tokens by which the conversation grows in a turn; not 0.
    pub(super) growth: u64,
    /// Tokens that a conversation can have beside its prompts, where its messages are limited.
    pub(super) said: Option<u64>,
    /// The trial's limit of tokens, sent and received. It is looked at before each request.
    pub(super) tokens: Option<u64>,
}

impl Ceiling {
    /// What bounds a model with these terms; none where nothing says how long an answer may be.
    pub(super) fn of(task: &Task, setup: &Setup, terms: Option<Terms>) -> Option<Self> {
        let context = terms.and_then(|terms| terms.context);
        let listed = terms.and_then(|terms| terms.answer);
        let answers = [setup.longest_answer(), listed, context];
        let answer = answers.into_iter().flatten().min()?;
        let told = task.wordings.iter().map(|wording| wording.go_on.len());
        let told = told.max().unwrap_or(0) as u64;
        // What the model called may be quoted to it again.
        let shown = answer + told.max(LONGEST_SHOWN as u64) + PER_MESSAGE;
        let limits = task.limits;
        let turns = limits.messages.map_or(u64::MAX, |messages| {
            // The two prompts are messages; a turn that is not the last one has two or more.
            u64::from(messages.saturating_sub(1)) / 2
        });
        let said = limits.messages.map(|messages| {
            let messages = u64::from(messages.saturating_sub(3));
            messages.saturating_mul(shown)
        });
        Some(Self {
            turns: turns.min(limits.turns.into()),
            answer,
            context,
            // Each token of the answer may be a call.
            growth: (answer + PER_MESSAGE).saturating_add(shown.saturating_mul(answer)),
            said,
            tokens: limits.tokens,
        })
    }

    /// The tokens of all trials of a model, and of the one question that it is asked before them.
    pub(super) fn tokens(self, model: &str, plan: &Plan, task: &Task, setup: &Setup) -> TokenBound {
        let trials = u64::from(plan.design.trials);
        // What is said to the model in that question is shorter than what is added for messages.
        let around = setup.explanation_bytes() as u64 + 2 * PER_MESSAGE + PER_REQUEST;
        let mut all = Self { turns: 1, ..self }.trial(around);
        for prompts in prompts(model, plan, task) {
            let trial = self.trial(around + prompts);
            let input = trial.input.saturating_mul(trials);
            let output = trial.output.saturating_mul(trials);
            all.input = all.input.saturating_add(input);
            all.output = all.output.saturating_add(output);
            all.longest = all.longest.max(trial.longest);
        }
        all
    }

    /// The tokens of one trial, whose first request has at most `first`.
    pub(super) fn trial(self, first: u64) -> TokenBound {
        let Self {
            turns,
            answer,
            growth,
            ..
        } = self;
        let most = self.longest(first);
        let first = first.min(most);
        // So many requests are shorter than the longest that there can be.
        let growing = ((most - first) / growth).saturating_add(1).min(turns);
        let rest = turns - growing;
        let sum = u128::from(growing) * u128::from(first)
            + u128::from(growth) * u128::from(growing) * u128::from(growing - 1) / 2
            + u128::from(rest) * u128::from(most);
        let last = first.saturating_add(growth.saturating_mul(growing - 1));
        let longest = if rest > 0 { most } else { last };
        let limited = |more: u64| {
            self.tokens
                .map_or(u64::MAX, |limit| limit.saturating_add(more))
        };
        TokenBound {
            input: u64::try_from(sum).unwrap_or(u64::MAX).min(limited(longest)),
            output: turns.saturating_mul(answer).min(limited(answer)),
            longest,
            answer,
        }
    }

    /// The tokens of the longest request that any turn could have.
    fn longest(self, first: u64) -> u64 {
        let by_messages = self.said.map(|said| first.saturating_add(said));
        // The request before it was within the limit.
        let grown = |limit: u64| limit.saturating_add(self.growth).max(first);
        let bounds = [self.context, by_messages, self.tokens.map(grown)];
        bounds.into_iter().flatten().min().unwrap_or(u64::MAX)
    }
}

/// The bytes of the prompts of each condition that a model has, in each wording, and of the
/// question after the work.
fn prompts(model: &str, plan: &Plan, task: &Task) -> Vec<u64> {
    let design = &plan.design;
    let conditions = task
        .conditions
        .iter()
        .filter(|condition| design.conditions.contains(&condition.id))
        .filter(|condition| design.has(model, &condition.id));
    let prompts = conditions.flat_map(|condition| {
        let wordings = task
            .wordings
            .iter()
            .filter(|wording| design.wordings.contains(&wording.name));
        wordings.map(move |wording| {
            let (system, user) = task.prompts(condition, wording);
            // It is sent with the last request alone, which is one of those that are counted.
            let question = task.self_report(condition, wording);
            (system.len() + user.len() + question.map_or(0, str::len)) as u64
        })
    });
    prompts.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Trials that are like a ceiling allows: each request as long as it can be, until the limit
    /// of tokens is reached.
    fn simulated(ceiling: Ceiling, first: u64, cap: u64) -> (u64, u64) {
        let (mut input, mut output) = (0, 0);
        let mut request = first.min(cap);
        for _ in 0..ceiling.turns {
            if ceiling.tokens.is_some_and(|limit| input + output >= limit) {
                break;
            }
            input += request;
            output += ceiling.answer;
            request = (request + ceiling.growth).min(cap);
        }
        (input, output)
    }

    proptest! {
        #[test]
        fn without_a_limit_a_trial_has_the_sum_of_its_requests(
            turns in 1..200_u64,
            first in 1..5_000_u64,
            growth in 1..3_000_u64,
            context in 1..50_000_u64,
        ) {
            let ceiling = Ceiling {
                turns,
                answer: 7,
                context: Some(context),
                growth,
                said: None,
                tokens: None,
            };
            let bound = ceiling.trial(first);
            prop_assert_eq!((bound.input, bound.output), simulated(ceiling, first, context));
            prop_assert!(bound.longest <= context);
        }

        #[test]
        fn no_trial_exceeds_its_bound_and_a_limit_only_lowers_it(
            turns in 1..200_u64,
            first in 1..5_000_u64,
            growth in 1..3_000_u64,
            answer in 1..500_u64,
            context in prop::option::of(1..50_000_u64),
            said in prop::option::of(0..50_000_u64),
            tokens in 1..100_000_u64,
        ) {
            let free = Ceiling { turns, answer, context, growth, said, tokens: None };
            let limited = Ceiling { tokens: Some(tokens), ..free };
            let cap = [context, said.map(|said| first + said)];
            let cap = cap.into_iter().flatten().min().unwrap_or(u64::MAX);
            let (input, output) = simulated(limited, first, cap);
            let (bound, unlimited) = (limited.trial(first), free.trial(first));
            prop_assert!(input <= bound.input && output <= bound.output);
            prop_assert!(bound.input <= unlimited.input && bound.output <= unlimited.output);
            prop_assert!(bound.longest <= unlimited.longest);
        }
    }
}
