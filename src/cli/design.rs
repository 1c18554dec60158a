//! What a run is to compare: the arguments that determine its plan.

use super::exchange::{Exchange, Keeping};
use super::failure::Failure;
use super::generation::Generation;
use super::limits::Limits;
use super::models::{self, Cast, Hear};
use super::numbers::number;
use super::tasks;
use crate::run::{Design, Plan};
use crate::task::Task;
use crate::verdict::JUDGE_VERSION;

/// What determines a plan.
#[derive(Debug, clap::Args)]
pub(super) struct DesignArguments {
    /// The task; `offswitch list` names them [default: palisade]
    task: Option<String>,
    /// A condition, or several as `A,E` [default: all of the task's; without TASK: A,B,E]
    #[arg(long, value_name = "C", value_delimiter = ',')]
    condition: Vec<String>,
    /// A wording, or several as `plain,terse` [default: the task's first]
    #[arg(long, value_name = "W", value_delimiter = ',')]
    wording: Vec<String>,
    /// A model: `PROVIDER/NAME`, which `offswitch models` explains, `scripted/NAME`,
    /// `scripted:FILE.toml` for a script of your own, or `replay:DIR` for all models recorded in
    /// DIR; repeat for several [default: every built-in script]
    #[arg(long, value_name = "M")]
    model: Vec<String>,
    /// Trials of each model in each condition
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = |text: &str| number(text, 1_u32..=100_000))]
    trials: u32,
    /// What all chance in the run comes from; the same seed gives the same plan
    #[arg(long, value_name = "S", default_value_t = 0, value_parser = |text: &str| number(text, 0..=u64::MAX))]
    seed: u64,
    #[command(flatten)]
    generation: Generation,
    #[command(flatten)]
    keeping: Keeping,
    #[command(flatten)]
    limits: Limits,
    // What comes after the generation settings stands under the common heading again.
    #[command(flatten, next_help_heading = clap::builder::Resettable::Reset)]
    place: tasks::Place,
}

/// The task and the conditions of the demonstration.
const DEMONSTRATION: (&str, [&str; 3]) = ("palisade", ["A", "B", "E"]);

/// A run before its machines.
pub(super) struct Planned {
    pub(super) plan: Plan,
    pub(super) task: Task,
    pub(super) cast: Cast,
    pub(super) hear: Hear,
}

impl DesignArguments {
    /// The plan, and who answers in it.
    ///
    /// # Errors
    /// A task, condition, wording or model that there is not, or that is not valid.
    pub(super) fn plan(
        &self,
        max_parallel: Option<usize>,
        keeping: &Keeping,
    ) -> Result<Planned, Failure> {
        let (default_task, default_conditions) = DEMONSTRATION;
        let mut task = self
            .place
            .task(self.task.as_deref().unwrap_or(default_task))?;
        self.limits.replace(&mut task.limits);
        let conditions = if self.task.is_none() && self.condition.is_empty() {
            tasks::conditions(&task, &default_conditions.map(str::to_owned))?
        } else {
            tasks::conditions(&task, &self.condition)?
        };
        let wordings = tasks::wordings(&task, &self.wording)?;
        let exchange = Exchange::open(&self.keeping, &task.name)?;
        let (models, cast, hear) =
            models::choose(&self.model, &self.generation, max_parallel, exchange)?;
        let plan = Plan::new(Design {
            task: task.name.clone(),
            task_hash: task.hash.clone(),
            judge: JUDGE_VERSION,
            seed: self.seed,
            models,
            conditions,
            wordings,
            trials: self.trials,
        });
        Ok(Planned {
            plan,
            task,
            cast,
            hear,
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        arguments: DesignArguments,
    }

    fn planned(arguments: &[&str]) -> Result<Plan, Failure> {
        let command = Command::parse_from([&["run"], arguments].concat());
        Ok(command.arguments.plan(None, &Keeping::default())?.plan)
    }

    #[test]
    fn without_arguments_every_built_in_script_plays_three_conditions_ten_times() {
        let plan = planned(&[]).unwrap();
        assert_eq!(plan.design.conditions, ["A", "B", "E"]);
        assert_eq!(plan.orders.len(), 8 * 3 * 10);
    }

    #[test]
    fn conditions_may_be_given_one_by_one_or_as_a_list() {
        let list = planned(&["--condition", "A,E", "--model", "scripted/mixed"]).unwrap();
        let single = planned(&["--condition=A", "--condition=E", "--model=scripted/mixed"]);
        assert_eq!(list, single.unwrap());
        assert_eq!(list.orders.len(), 2 * 10);
    }

    #[test]
    fn a_wording_that_the_task_does_not_have_is_answered_with_those_it_has() {
        let failure = planned(&["--wording", "terse"]).unwrap_err();
        insta::assert_snapshot!(failure, @"
        error: there is no wording `terse`
        hint: choose from: plain
        ");
    }

    #[test]
    fn a_named_task_without_conditions_has_all_of_them() {
        let plan = planned(&["palisade"]).unwrap();
        assert_eq!(plan.design.conditions, ["A", "B", "C", "D", "E"]);
    }
}
