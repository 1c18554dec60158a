//! `offswitch run`.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use super::exit::ExitCode;
use super::failure::Failure;
use super::generation::Generation;
use super::models::{self, Cast, Hear};
use super::site::{Audience, Means, Site};
use super::{closing, output, tasks, tool};
use crate::clock;
use crate::run::{self, Circumstances, Design, End, Plan, RunManifest};
use crate::sandbox::{Helper, HostReport};
use crate::task::Task;
use crate::trial::Lab;
use crate::verdict::JUDGE_VERSION;

/// Run trials and print how often each model resisted its shutdown
///
/// Without arguments it is a demonstration: the built-in scripted models, which play known
/// behaviour, in real machines.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The task; `offswitch list` names them [default: palisade]
    task: Option<String>,
    /// A condition, or several as `A,E` [default: all of the task's; without TASK: A,B,E]
    #[arg(long, value_name = "C", value_delimiter = ',')]
    condition: Vec<String>,
    /// A wording, or several as `plain,terse` [default: the task's first]
    #[arg(long, value_name = "W", value_delimiter = ',')]
    wording: Vec<String>,
    /// A model: `PROVIDER/NAME`, which `offswitch models` explains, `scripted/NAME`, or
    /// `scripted:FILE.toml` for a script of your own; repeat for several [default: every built-in
    /// script]
    #[arg(long, value_name = "M")]
    model: Vec<String>,
    /// Trials of each model in each condition
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = |text: &str| number(text, 1_u32..=100_000))]
    trials: u32,
    /// What all chance in the run comes from; the same seed gives the same plan
    #[arg(long, value_name = "S", default_value_t = 0, value_parser = |text: &str| number(text, 0..=u64::MAX))]
    seed: u64,
    /// Trials in flight at once [default: two for each core; 64 or more with models that keep
    /// one waiting]
    #[arg(long, value_name = "P", value_parser = |text: &str| number(text, 1_usize..=100_000))]
    max_parallel: Option<usize>,
    /// What the run may cost in US dollars, with everything that is recorded already; then no
    /// trial is started any more
    #[arg(long, value_name = "USD", value_parser = dollars)]
    budget: Option<f64>,
    /// Where to write the run; a run that is there already is gone on with [default: runs/ID]
    #[arg(long, value_name = "DIR")]
    pub(super) run_dir: Option<PathBuf>,
    /// Write what happens and what came out as JSON, one object in a line
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    place: tasks::Place,
    /// Start even where the host gives less isolation than a run must have
    #[arg(long)]
    allow_weak_isolation: bool,
    #[command(flatten)]
    generation: Generation,
}

/// The task and the conditions of the demonstration.
const DEMONSTRATION: (&str, [&str; 3]) = ("palisade", ["A", "B", "E"]);

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    perform(arguments, output::given())
}

/// Runs what is missing of what `arguments` ask for, which `command` says in words.
pub(super) fn perform(arguments: &Arguments, command: Vec<String>) -> Result<ExitCode, Failure> {
    let Planned {
        plan,
        task,
        cast,
        mut hear,
    } = plan(arguments)?;
    // Before the runtime: the helper must be started while there is one thread.
    let helper = Helper::start().map_err(|error| Failure::from(error).with_hint(SEE_DOCTOR))?;
    if !arguments.allow_weak_isolation {
        refuse_weak_isolation(helper.host())?;
    }
    let circumstances = Circumstances {
        command,
        started_at: clock::now(),
        max_parallel: arguments
            .max_parallel
            .unwrap_or_else(|| run::default_parallel(cast.pace())),
        isolation: helper.host().clone(),
        weak_isolation_allowed: arguments.allow_weak_isolation,
    };
    let manifest = RunManifest::new(plan, &task, circumstances);
    let site = Site::find(arguments.run_dir.as_deref(), manifest)?;
    if site.is_complete() {
        output::note("every planned trial is recorded already");
        return closing::close(&site, &End::Complete, arguments.audience());
    }
    let tool = tool::read()?;
    let runtime = tokio::runtime::Runtime::new().map_err(|error| {
        Failure::new(ExitCode::Failure, "cannot start the runtime").because(&error)
    })?;
    let (site, end) = runtime.block_on(async {
        cast.check(&mut hear, &site.missing_models()).await?;
        let lab = Lab::new(&helper.into_machines()?, Arc::new(task), &tool)?;
        let means = Means {
            lab,
            cast,
            hear,
            budget_usd: arguments.budget,
        };
        site.work(means, arguments.audience()).await
    })?;
    closing::close(&site, &end, arguments.audience())
}

impl Arguments {
    fn audience(&self) -> Audience {
        if self.json {
            Audience::Programs
        } else {
            Audience::People
        }
    }
}

/// Reads a number as a person is asked for it.
pub(super) fn number<T: FromStr + PartialOrd + Display>(
    text: &str,
    allowed: RangeInclusive<T>,
) -> Result<T, String> {
    let number = text.parse().ok().filter(|number| allowed.contains(number));
    number.ok_or_else(|| {
        let (least, most) = (allowed.start(), allowed.end());
        format!("give a whole number from {least} to {most}")
    })
}

/// Reads an amount of money.
pub(super) fn dollars(text: &str) -> Result<f64, String> {
    let amount = text.parse().ok();
    let amount = amount.filter(|amount: &f64| amount.is_finite() && *amount > 0.0);
    amount.ok_or_else(|| "give an amount in US dollars above 0, such as 12.50".to_owned())
}

const SEE_DOCTOR: &str = "`offswitch doctor` says what this host lacks and what helps";

/// A run before its machines.
struct Planned {
    plan: Plan,
    task: Task,
    cast: Cast,
    hear: Hear,
}

fn plan(arguments: &Arguments) -> Result<Planned, Failure> {
    let (default_task, default_conditions) = DEMONSTRATION;
    let task = arguments
        .place
        .task(arguments.task.as_deref().unwrap_or(default_task))?;
    let conditions = if arguments.task.is_none() && arguments.condition.is_empty() {
        tasks::conditions(&task, &default_conditions.map(str::to_owned))?
    } else {
        tasks::conditions(&task, &arguments.condition)?
    };
    let wordings = tasks::wordings(&task, &arguments.wording)?;
    let (models, cast, hear) = models::choose(
        &arguments.model,
        &arguments.generation,
        arguments.max_parallel,
    )?;
    let plan = Plan::new(Design {
        task: task.name.clone(),
        task_hash: task.hash.clone(),
        judge: JUDGE_VERSION,
        seed: arguments.seed,
        models,
        conditions,
        wordings,
        trials: arguments.trials,
    });
    Ok(Planned {
        plan,
        task,
        cast,
        hear,
    })
}

fn refuse_weak_isolation(host: &HostReport) -> Result<(), Failure> {
    let missing: Vec<_> = host
        .missing_required()
        .map(|protection| format!("{} ({})", protection.name, protection.detail))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!(
        "this host does not give a machine what a run must have: {}",
        missing.join("; ")
    );
    let hint = format!("{SEE_DOCTOR}; `--allow-weak-isolation` starts all the same");
    Err(Failure::new(ExitCode::Isolation, message).with_hint(hint))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::run::fixtures;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn planned(arguments: &[&str]) -> Plan {
        let command = Command::parse_from([&["run"], arguments].concat());
        plan(&command.arguments).ok().unwrap().plan
    }

    #[test]
    fn without_arguments_every_built_in_script_plays_three_conditions_ten_times() {
        let plan = planned(&[]);
        assert_eq!(plan.design.conditions, ["A", "B", "E"]);
        assert_eq!(plan.orders.len(), 8 * 3 * 10);
    }

    #[test]
    fn conditions_may_be_given_one_by_one_or_as_a_list() {
        let list = planned(&["--condition", "A,E", "--model", "scripted/mixed"]);
        let single = planned(&["--condition=A", "--condition=E", "--model=scripted/mixed"]);
        assert_eq!(list, single);
        assert_eq!(list.orders.len(), 2 * 10);
    }

    #[test]
    fn a_wording_that_the_task_does_not_have_is_answered_with_those_it_has() {
        let command = Command::parse_from(["run", "--wording", "terse"]);
        let failure = plan(&command.arguments).err().unwrap();
        insta::assert_snapshot!(failure, @"
        error: there is no wording `terse`
        hint: choose from: plain
        ");
    }

    #[test]
    fn a_named_task_without_conditions_has_all_of_them() {
        assert_eq!(
            planned(&["palisade"]).design.conditions,
            ["A", "B", "C", "D", "E"]
        );
    }

    #[test]
    fn a_host_below_the_minimum_is_refused_with_what_it_lacks() {
        let mut host = fixtures::manifest().sessions.remove(0).isolation;
        assert_eq!(refuse_weak_isolation(&host), Ok(()));
        host.protections[0].required = true;
        let failure = refuse_weak_isolation(&host).unwrap_err();
        assert_eq!(failure.exit, ExitCode::Isolation);
        insta::assert_snapshot!(failure, @"
        error: this host does not give a machine what a run must have: memory limit (no cgroup may be made here)
        hint: `offswitch doctor` says what this host lacks and what helps; `--allow-weak-isolation` starts all the same
        ");
    }
}
