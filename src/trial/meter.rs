//! What a trial has used, and which of its limits that reaches. The time comes from its caller.

use std::time::Duration;

use super::record::millis;
use crate::evidence::{Limit, Usage};
use crate::model::Answer;
use crate::task::Limits;

/// Counts what a trial uses.
#[derive(Debug)]
pub(super) struct Meter {
    limits: Limits,
    usage: Usage,
    /// The time in which the model was being asked.
    waiting: Duration,
    /// A limit that cannot be held any more, since a server did not count what it is on.
    blind: Option<Limit>,
}

impl Meter {
    /// Nothing is used yet.
    pub(super) fn new(limits: Limits) -> Self {
        let usage = Usage {
            cost_usd: Some(0.0),
            ..Usage::default()
        };
        Self {
            limits,
            usage,
            waiting: Duration::ZERO,
            blind: None,
        }
    }

    /// The model was being asked for so long, with or without an answer.
    pub(super) fn waited(&mut self, time: Duration) {
        self.waiting += time;
    }

    /// The model answered.
    pub(super) fn answered(&mut self, answer: &Answer) {
        let unusable = answer.calls.iter().filter(|call| call.is_unusable());
        let usage = &mut self.usage;
        usage.turns += 1;
        // What a provider says of itself may be any number.
        add(&mut usage.input_tokens, answer.input_tokens);
        add(&mut usage.output_tokens, answer.output_tokens);
        add(&mut usage.reasoning_tokens, answer.reasoning_tokens);
        add(&mut usage.cached_tokens, answer.cached_tokens);
        usage.tool_calls += counted(answer.calls.len());
        usage.unusable_calls += counted(unusable.count());
        let costs = usage.cost_usd.zip(answer.cost_usd);
        usage.cost_usd = costs.map(|(before, more)| before + more);
        self.blind = self.blind.or(blinded(&self.limits, answer));
    }

    /// The limit that nobody can say of whether it is reached.
    pub(super) fn blind(&self) -> Option<Limit> {
        self.blind
    }

    /// The limit that keeps the model from being asked once more, so long after the start and
    /// with so many messages in the conversation.
    pub(super) fn reached(&self, elapsed: Duration, messages: usize) -> Option<Limit> {
        let Self { limits, usage, .. } = self;
        let tokens = usage.input_tokens.saturating_add(usage.output_tokens);
        let cost = usage.cost_usd.map(rounded).zip(limits.cost_usd);
        let limits = [
            (Limit::Turns, usage.turns >= limits.turns),
            (
                Limit::Messages,
                limits
                    .messages
                    .is_some_and(|most| counted(messages) >= most),
            ),
            (
                Limit::Tokens,
                limits.tokens.is_some_and(|most| tokens >= most),
            ),
            (Limit::Cost, cost.is_some_and(|(cost, most)| cost >= most)),
        ];
        let reached = limits.into_iter().find(|(_, is_reached)| *is_reached);
        let reached = reached.map(|(limit, _)| limit);
        reached.or_else(|| self.time_for_command(elapsed).err())
    }

    /// How long the model may be asked, so long after the start.
    pub(super) fn time_for_answer(&self, elapsed: Duration) -> Duration {
        seconds(self.limits.wall_seconds).saturating_sub(elapsed)
    }

    /// How long a command may take, so long after the start.
    ///
    /// # Errors
    /// The limit that leaves it no time at all.
    pub(super) fn time_for_command(&self, elapsed: Duration) -> Result<Duration, Limit> {
        let wall = self.time_for_answer(elapsed);
        if wall.is_zero() {
            return Err(Limit::WallTime);
        }
        let allowed = seconds(self.limits.command_seconds).min(wall);
        let Some(most) = self.limits.working_seconds else {
            return Ok(allowed);
        };
        let worked = elapsed.saturating_sub(self.waiting);
        let left = seconds(most).saturating_sub(worked);
        if left.is_zero() {
            return Err(Limit::WorkingTime);
        }
        Ok(allowed.min(left))
    }

    /// What was used so far, as it is recorded.
    pub(super) fn usage(&self) -> Usage {
        Usage {
            waiting_ms: millis(self.waiting),
            cost_usd: self.usage.cost_usd.map(rounded),
            ..self.usage
        }
    }
}

/// The limit that cannot be held because of this answer. A script's takes nothing; a server's
/// takes tokens, whether it says so or not.
fn blinded(limits: &Limits, answer: &Answer) -> Option<Limit> {
    answer.reply.as_ref()?;
    if limits.tokens.is_some() && answer.input_tokens == 0 {
        return Some(Limit::Tokens);
    }
    let is_free_of_doubt = limits.cost_usd.is_none() || answer.cost_usd.is_some();
    (!is_free_of_doubt).then_some(Limit::Cost)
}

fn add(sum: &mut u64, more: u64) {
    *sum = sum.saturating_add(more);
}

fn counted(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds))
}

/// A sum of dollars without the dust that adding binary fractions leaves. No price of a token is
/// as small as that.
fn rounded(dollars: f64) -> f64 {
    (dollars * 1e12).round() / 1e12
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::evidence::{Reply, ToolCall};

    const START: Duration = Duration::ZERO;

    fn limits() -> Limits {
        Limits {
            turns: 3,
            wall_seconds: 60,
            command_seconds: 15,
            messages: None,
            tokens: None,
            working_seconds: None,
            cost_usd: None,
        }
    }

    fn answer(input_tokens: u64, output_tokens: u64) -> Answer {
        Answer {
            input_tokens,
            output_tokens,
            ..Answer::default()
        }
    }

    fn costing(cost_usd: Option<f64>) -> Answer {
        Answer {
            cost_usd,
            ..Answer::default()
        }
    }

    fn after<const N: usize>(limits: Limits, answers: &[Answer; N]) -> Meter {
        let mut meter = Meter::new(limits);
        for answer in answers {
            meter.answered(answer);
        }
        meter
    }

    fn secs(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn turns_are_reached_by_the_last_one_that_is_allowed() {
        let two = after(limits(), &[answer(1, 1), answer(1, 1)]);
        assert_eq!(two.reached(START, 2), None);
        let three = after(limits(), &[answer(1, 1), answer(1, 1), answer(1, 1)]);
        assert_eq!(three.reached(START, 2), Some(Limit::Turns));
    }

    #[test]
    fn every_message_of_the_conversation_counts() {
        let limits = Limits {
            messages: Some(6),
            ..limits()
        };
        let meter = Meter::new(limits);
        assert_eq!(meter.reached(START, 5), None);
        assert_eq!(meter.reached(START, 6), Some(Limit::Messages));
    }

    #[test]
    fn tokens_are_those_sent_and_received_with_every_turn() {
        let limits = Limits {
            tokens: Some(100),
            ..limits()
        };
        let below = after(limits, &[answer(40, 5), answer(50, 4)]);
        assert_eq!(below.reached(START, 2), None);
        let at = after(limits, &[answer(40, 5), answer(50, 5)]);
        assert_eq!(at.reached(START, 2), Some(Limit::Tokens));
        let absurd = after(limits, &[answer(u64::MAX, 1), answer(1, u64::MAX)]);
        assert_eq!(absurd.reached(START, 2), Some(Limit::Tokens));
    }

    #[test]
    fn a_cost_is_known_only_where_that_of_every_answer_is() {
        let limits = Limits {
            cost_usd: Some(0.8),
            ..limits()
        };
        let cost = |answers: &[Answer; 2]| {
            let meter = after(limits, answers);
            (meter.usage().cost_usd, meter.reached(START, 2))
        };
        // As binary fractions the two add up to less than 0.8.
        let known = [costing(Some(0.1)), costing(Some(0.7))];
        assert_eq!(cost(&known), (Some(0.8), Some(Limit::Cost)));
        let less = [costing(Some(0.1)), costing(Some(0.69))];
        assert_eq!(cost(&less), (Some(0.79), None));
        let unknown = [costing(Some(1.0)), costing(None)];
        assert_eq!(cost(&unknown), (None, None));
        assert_eq!(Meter::new(limits).usage().cost_usd, Some(0.0));
    }

    #[test]
    fn a_limit_on_what_a_server_does_not_count_cannot_be_held() {
        let tokens = Limits {
            tokens: Some(100),
            ..limits()
        };
        let cost = Limits {
            cost_usd: Some(1.0),
            ..limits()
        };
        let served = |answer: Answer| Answer {
            reply: Some(Reply::new(None, None, Value::Null, ("", &[], &[]))),
            ..answer
        };
        let blind = |limits, answer: Answer| after(limits, &[answer, costing(None)]).blind();
        let counted = answer(10, 5);
        assert_eq!(blind(limits(), served(Answer::default())), None);
        assert_eq!(
            blind(tokens, served(Answer::default())),
            Some(Limit::Tokens)
        );
        assert_eq!(blind(tokens, served(counted.clone())), None);
        assert_eq!(blind(cost, served(counted)), Some(Limit::Cost));
        assert_eq!(blind(cost, served(costing(Some(0.0)))), None);
        // A script's answers take nothing.
        assert_eq!(blind(tokens, Answer::default()), None);
        assert_eq!(blind(cost, Answer::default()), None);
    }

    #[test]
    fn wall_time_goes_on_while_the_model_is_asked_and_working_time_does_not() {
        let limits = Limits {
            working_seconds: Some(10),
            ..limits()
        };
        let mut meter = Meter::new(limits);
        meter.waited(secs(30.0));
        assert_eq!(meter.reached(secs(39.9), 2), None);
        assert_eq!(meter.reached(secs(40.0), 2), Some(Limit::WorkingTime));
        meter.waited(secs(25.0));
        assert_eq!(meter.reached(secs(59.9), 2), None);
        assert_eq!(meter.reached(secs(60.0), 2), Some(Limit::WallTime));
        assert_eq!(meter.time_for_answer(secs(60.5)), Duration::ZERO);
    }

    #[test]
    fn a_command_may_take_no_longer_than_any_limit_leaves() {
        let limits = Limits {
            working_seconds: Some(40),
            ..limits()
        };
        let mut meter = Meter::new(limits);
        assert_eq!(meter.time_for_command(secs(1.0)), Ok(secs(15.0)));
        assert_eq!(meter.time_for_command(secs(38.0)), Ok(secs(2.0)));
        assert_eq!(meter.time_for_command(secs(40.0)), Err(Limit::WorkingTime));
        meter.waited(secs(30.0));
        assert_eq!(meter.time_for_command(secs(58.0)), Ok(secs(2.0)));
        assert_eq!(meter.time_for_command(secs(60.0)), Err(Limit::WallTime));
    }

    #[test]
    fn usage_counts_calls_and_those_that_ask_for_nothing_that_there_is() {
        let call = |name: &str, arguments: Value| ToolCall {
            id: "1".to_owned(),
            name: name.to_owned(),
            arguments,
        };
        let calls = vec![
            call("bash", json!({ "cmd": "ls" })),
            call("bash", json!("{\"cmd\": ")),
            call("python", json!({})),
        ];
        let mut meter = Meter::new(limits());
        meter.waited(Duration::from_nanos(1_234_567));
        meter.answered(&Answer {
            calls,
            reasoning_tokens: 3,
            cached_tokens: 4,
            ..answer(20, 5)
        });
        let expected = Usage {
            turns: 1,
            input_tokens: 20,
            output_tokens: 5,
            reasoning_tokens: 3,
            cached_tokens: 4,
            tool_calls: 3,
            unusable_calls: 2,
            waiting_ms: 1.235,
            cost_usd: None,
        };
        assert_eq!(meter.usage(), expected);
    }
}
