//! What a run is to compare: the arguments that determine its plan.

use super::cast::{Cast, Hear};
use super::controls::Controls;
use super::declarations::Declarations;
use super::exchange::{Exchange, Keeping};
use super::exit::ExitCode;
use super::experiment::Experiment;
use super::failure::Failure;
use super::generation::Generation;
use super::limits::Limits;
use super::models::{self, Chosen, Wanted};
use super::numbers::number;
use super::prices::PriceFile;
use super::run::Conduct;
use super::tasks::{self, Conditions};
use super::wordings::{ChosenWordings, Wordings};
use crate::model::provider::Setup;
use crate::report::text::visible;
use crate::run::{Design, Plan, PlannedModel, Prices, Shard, WordingFile};
use crate::task::{Task, catalogue};
use crate::verdict::JUDGE_VERSION;

/// What determines a plan.
#[derive(Debug, clap::Args)]
pub(super) struct DesignArguments {
    /// The task; `offswitch list` names them [default: palisade]
    task: Option<String>,
    #[command(flatten)]
    conditions: Conditions,
    #[command(flatten)]
    wordings: Wordings,
    /// A model: `PROVIDER/NAME`, which `offswitch models` explains, `scripted/NAME`,
    /// `scripted:FILE.toml` for a script of your own, or `replay:DIR` for all models recorded in
    /// DIR; repeat for several [default: eight built-in scripts, which
    /// `offswitch list` shows]
    #[arg(long, value_name = "M")]
    model: Vec<String>,
    /// Trials of each model in each condition
    #[arg(long, value_name = "N", default_value_t = 10, allow_negative_numbers = true, value_parser = |text: &str| number(text, 1_u32..=100_000))]
    trials: u32,
    /// What all chance in the run comes from; the same seed gives the same plan
    #[arg(long, value_name = "S", default_value_t = 0, allow_negative_numbers = true, value_parser = |text: &str| number(text, 0..=u64::MAX))]
    seed: u64,
    /// The cells alone of which this experiment published something: `offswitch reproduce` asks
    /// for it
    #[arg(long, value_name = "EXPERIMENT", hide = true)]
    published: Option<String>,
    #[command(flatten)]
    declarations: Declarations,
    /// Do one shard of the plan alone, such as `2/4`: the second of four, each with its
    /// own epochs. Run each on its own machine, and report on all of them together
    #[arg(long, value_name = "I/N", conflicts_with = "stop_at_half_width")]
    shard: Option<Shard>,
    #[command(flatten)]
    generation: Generation,
    #[command(flatten)]
    prices: PriceFile,
    #[command(flatten)]
    keeping: Keeping,
    #[command(flatten)]
    limits: Limits,
    // What comes after the settings of models at providers stands under the common heading again.
    #[command(flatten, next_help_heading = clap::builder::Resettable::Reset)]
    place: tasks::Place,
}

/// The task and the conditions of the demonstration.
const DEMONSTRATION: (&str, [&str; 3]) = (catalogue::DEMONSTRATION, ["A", "B", "E"]);

/// A run before its machines.
pub(super) struct Planned {
    pub(super) plan: Plan,
    /// The files of the wordings that are not the task's.
    pub(super) wording_files: Vec<WordingFile>,
    /// What the models cost.
    pub(super) prices: Prices,
    pub(super) task: Task,
    pub(super) cast: Cast,
    pub(super) hear: Hear,
    /// Who is asked about each trial.
    pub(super) judge: Option<PlannedModel>,
}

/// What is chosen of a task.
struct Part {
    conditions: Vec<String>,
    wordings: ChosenWordings,
}

impl DesignArguments {
    /// The plan, and who answers in it.
    ///
    /// # Errors
    /// A task, condition, wording or model that there is not, or that is not valid; a price list
    /// that is not valid.
    pub(super) fn plan(&self, conduct: &Conduct) -> Result<Planned, Failure> {
        let (task, part) = self.task()?;
        let exchange = Exchange::open(&self.keeping, &task.name)?;
        let Chosen {
            models,
            prices,
            cast,
            hear,
            judge,
        } = models::choose(
            Wanted {
                task: &task.name,
                names: &self.asked()?,
                judge: conduct.judge.as_deref(),
            },
            &self.generation,
            self.prices.read()?,
            conduct.max_parallel,
            exchange,
        )?;
        if task.limits.cost_usd.is_some() {
            require_prices(&models, &prices, "a cost limit")?;
        }
        let wording_files = part.wordings.files.clone();
        Ok(Planned {
            plan: self.plan_of(&task, part, models)?,
            wording_files,
            prices,
            task,
            cast,
            hear,
            judge,
        })
    }

    /// The plan alone, for which no key is needed.
    ///
    /// # Errors
    /// As for [`Self::plan`], but for keys.
    pub(super) fn outline(&self) -> Result<(Plan, Prices, Task), Failure> {
        let (task, part) = self.task()?;
        let list = self.prices.read()?;
        let Chosen { models, prices, .. } =
            models::planned(&task.name, &self.asked()?, &self.generation, list)?;
        Ok((self.plan_of(&task, part, models)?, prices, task))
    }

    /// The task without what the command changes of it, its controls, and the words that name it.
    ///
    /// # Errors
    /// A control that is not valid, or as for [`Self::plan`].
    pub(super) fn calibrated(&self) -> Result<(Task, Controls, Vec<String>), Failure> {
        let task = self.place.task(self.task_name())?;
        let controls = Controls::of(&self.place.controls_of(&task.name)?)?;
        Ok((task, controls, self.place.words(self.task_name())))
    }

    /// How models at providers are asked.
    pub(super) fn setup(&self) -> Setup {
        self.generation.setup()
    }

    /// Takes the texts of these files as they were, wherever they are now.
    pub(super) fn keep_wordings(&mut self, files: Vec<WordingFile>) {
        self.wordings.keep(files);
    }

    /// The task with the wordings that are asked for, and what is chosen of it.
    fn task(&self) -> Result<(Task, Part), Failure> {
        let mut task = self.place.task(self.task_name())?;
        self.limits.replace(&mut task.limits);
        let conditions = self.conditions_of(&task)?;
        let wordings = self.wordings.choose(&mut task, &conditions)?;
        let part = Part {
            conditions,
            wordings,
        };
        Ok((task, part))
    }

    fn conditions_of(&self, task: &Task) -> Result<Vec<String>, Failure> {
        let (_, demonstrated) = DEMONSTRATION;
        let named = |condition: Vec<String>| {
            let grid = Vec::new();
            Conditions { condition, grid }.of(task)
        };
        match self.experiment()? {
            _ if !self.conditions.is_empty() => self.conditions.of(task),
            Some(experiment) => named(experiment.conditions()),
            None if self.task.is_none() => named(demonstrated.map(str::to_owned).into()),
            None => self.conditions.of(task),
        }
    }

    /// The models that are asked for by name; none where those of the demonstration play.
    ///
    /// # Errors
    /// An experiment that there is not.
    pub(super) fn asked(&self) -> Result<Vec<String>, Failure> {
        match self.experiment()? {
            Some(experiment) if self.model.is_empty() => Ok(experiment.models()),
            Some(_) | None => Ok(self.model.clone()),
        }
    }

    fn experiment(&self) -> Result<Option<Experiment>, Failure> {
        let name = self.published.as_deref();
        name.map(Experiment::named).transpose()
    }

    pub(super) fn task_name(&self) -> &str {
        let (default, _) = DEMONSTRATION;
        self.task.as_deref().unwrap_or(default)
    }

    fn plan_of(&self, task: &Task, part: Part, models: Vec<PlannedModel>) -> Result<Plan, Failure> {
        let Part {
            conditions,
            wordings,
        } = part;
        let experiment = self.experiment()?;
        let left_out = experiment.map(|one| one.left_out(&models, &conditions));
        let mut design = Design {
            task: task.name.clone(),
            task_hash: task.hash.clone(),
            judge: JUDGE_VERSION,
            seed: self.seed,
            models,
            conditions,
            wordings: wordings.names,
            own_wordings: wordings.own,
            trials: self.trials,
            left_out: left_out.unwrap_or_default(),
            comparisons: Vec::new(),
            stop: None,
            shard: self.shard,
        };
        if design.cells().is_empty() {
            let message = "nothing was published of these models in these conditions";
            let failure = Failure::new(ExitCode::Usage, message);
            return Err(
                failure.with_hint("`offswitch reproduce EXPERIMENT --dry-run` shows what was")
            );
        }
        if let Some(shard) = self.shard.filter(|_| design.epochs().next().is_none()) {
            let message = format!("the shard {shard} has none of {} trials", design.trials);
            let failure = Failure::new(ExitCode::Usage, message);
            return Err(failure.with_hint("cut the plan in fewer shards, or ask for more trials"));
        }
        self.declarations.declare(&mut design, task)?;
        Ok(Plan::new(design))
    }
}

/// Looks whether what the models cost is known, so that `bound` can be held.
///
/// # Errors
/// The models without a price.
pub(super) fn require_prices<'a>(
    models: impl IntoIterator<Item = &'a PlannedModel>,
    prices: &Prices,
    bound: &str,
) -> Result<(), Failure> {
    let paid = models.into_iter().filter(|model| model.asking.is_some());
    let unknown: Vec<_> = paid
        .filter(|model| !prices.contains_key(&model.name))
        .map(|model| format!("`{}`", visible(&model.name)))
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let message = format!(
        "{bound} needs to know what the models cost, and there is no price of {}",
        unknown.join(", ")
    );
    let hint = "list one in a file and give that with `--prices`; docs/models.md says how";
    Err(Failure::new(ExitCode::Usage, message).with_hint(hint))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        arguments: DesignArguments,
        #[command(flatten)]
        conduct: Conduct,
    }

    fn planned(arguments: &[&str]) -> Result<Plan, Failure> {
        let command = Command::parse_from([&["run"], arguments].concat());
        Ok(command.arguments.plan(&command.conduct)?.plan)
    }

    #[test]
    fn without_arguments_eight_built_in_scripts_play_three_conditions_ten_times() {
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
        let failure = planned(&["--wording", "solemn"]).unwrap_err();
        insta::assert_snapshot!(failure, @"
        error: there is no wording `solemn`
        hint: choose from: plain, terse, friendly
        ");
    }

    #[test]
    fn a_named_task_without_conditions_has_all_of_them() {
        let plan = planned(&["palisade"]).unwrap();
        assert_eq!(
            plan.design.conditions,
            [
                "A",
                "B",
                "C",
                "D",
                "E",
                "F",
                "G",
                "H",
                "I",
                "J",
                "K",
                "E-self-report"
            ]
        );
    }
}
