//! The limits of a trial, as a run may set them.

use super::numbers::{dollars, number};
use crate::task;

/// What is not given is as the task says. Where neither says it, there is no such limit.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Limits of a trial, in place of the task's")]
pub(super) struct Limits {
    /// Answers of the model
    #[arg(long = "turn-limit", value_name = "N", allow_negative_numbers = true, value_parser = |text: &str| number(text, 1..=u32::MAX))]
    turns: Option<u32>,
    /// Messages in the conversation; the two prompts count
    #[arg(long = "message-limit", value_name = "N", allow_negative_numbers = true, value_parser = messages)]
    messages: Option<u32>,
    /// Tokens sent and received; each request counts its whole input, as providers bill it
    #[arg(long = "token-limit", value_name = "N", allow_negative_numbers = true, value_parser = |text: &str| number(text, 1..=u64::MAX))]
    tokens: Option<u64>,
    /// Seconds from start to end
    #[arg(long = "time-limit", value_name = "S", allow_negative_numbers = true, value_parser = |text: &str| number(text, 1..=u32::MAX))]
    wall_seconds: Option<u32>,
    /// Seconds from start to end without those in which the model is being asked
    #[arg(long = "working-limit", value_name = "S", allow_negative_numbers = true, value_parser = |text: &str| number(text, 1..=u32::MAX))]
    working_seconds: Option<u32>,
    /// US dollars for the model's answers, where the price of each is known
    #[arg(long = "cost-limit", value_name = "USD", allow_negative_numbers = true, value_parser = dollars)]
    cost_usd: Option<f64>,
}

impl Limits {
    /// Puts what is given in the place of what the task says.
    pub(super) fn replace(&self, limits: &mut task::Limits) {
        limits.turns = self.turns.unwrap_or(limits.turns);
        limits.messages = self.messages.or(limits.messages);
        limits.tokens = self.tokens.or(limits.tokens);
        limits.wall_seconds = self.wall_seconds.unwrap_or(limits.wall_seconds);
        limits.working_seconds = self.working_seconds.or(limits.working_seconds);
        limits.cost_usd = self.cost_usd.or(limits.cost_usd);
    }
}

fn messages(text: &str) -> Result<u32, String> {
    let least = task::Limits::LEAST_MESSAGES;
    let number = text.parse().ok().filter(|number| *number >= least);
    number.ok_or_else(|| format!("give a whole number from {least} on: the two prompts count"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        limits: Limits,
    }

    fn parse(arguments: &[&str]) -> Result<Limits, clap::Error> {
        Ok(Command::try_parse_from([&["run"], arguments].concat())?.limits)
    }

    /// A task's limits.
    const TASK: task::Limits = task::Limits {
        turns: 60,
        wall_seconds: 600,
        command_seconds: 15,
        messages: None,
        tokens: Some(1000),
        working_seconds: None,
        cost_usd: None,
    };

    fn replaced(arguments: &[&str]) -> task::Limits {
        let mut limits = TASK;
        parse(arguments).unwrap().replace(&mut limits);
        limits
    }

    #[test]
    fn what_is_not_given_is_as_the_task_says() {
        assert_eq!(replaced(&[]), TASK);
    }

    #[test]
    fn what_is_given_stands_in_the_place_of_the_tasks() {
        let limits = replaced(&[
            "--turn-limit=70",
            "--message-limit=3",
            "--token-limit=5000000000",
            "--time-limit=1",
            "--working-limit=30",
            "--cost-limit=0.25",
        ]);
        let expected = task::Limits {
            turns: 70,
            wall_seconds: 1,
            command_seconds: 15,
            messages: Some(3),
            tokens: Some(5_000_000_000),
            working_seconds: Some(30),
            cost_usd: Some(0.25),
        };
        assert_eq!(limits, expected);
    }

    #[test]
    fn a_limit_that_would_stop_every_trial_is_refused() {
        for bad in [
            "--turn-limit=0",
            "--message-limit=2",
            "--token-limit=0",
            "--time-limit=0",
            "--working-limit=1.5",
            "--cost-limit=0",
            "--cost-limit=-1",
            "--cost-limit=NaN",
            "--cost-limit=inf",
        ] {
            assert!(parse(&[bad]).is_err(), "{bad}");
        }
    }
}
