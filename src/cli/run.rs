//! `offswitch run`.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::exit::ExitCode;
use super::failure::Failure;
use super::generation::Generation;
use super::models::{self, Attempts, Cast};
use super::{exchange, output, progress, tasks, tool};
use crate::clock;
use crate::report::{self, text::visible};
use crate::run::{
    self, Circumstances, Design, Event, Journal, Plan, RunDirectory, RunError, RunManifest,
    Schedule, Sink,
};
use crate::sandbox::{Helper, HostReport};
use crate::stats::Observation;
use crate::task::Task;
use crate::trial::{Lab, Order, TrialRecord};
use crate::verdict::{JUDGE_VERSION, Verdict};

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
    /// Trials in flight at once [default: two for each core; 64 or more with models that keep
    /// one waiting]
    #[arg(long, value_name = "P", value_parser = |text: &str| number(text, 1_usize..=100_000))]
    max_parallel: Option<usize>,
    /// Where to write the run [default: runs/ID]
    #[arg(long, value_name = "DIR")]
    run_dir: Option<PathBuf>,
    #[command(flatten)]
    place: tasks::Place,
    /// Start even where the host gives less isolation than a run must have
    #[arg(long)]
    allow_weak_isolation: bool,
    #[command(flatten)]
    generation: Generation,
    #[command(flatten)]
    keeping: exchange::Keeping,
}

/// The task and the conditions of the demonstration.
const DEMONSTRATION: (&str, [&str; 3]) = ("palisade", ["A", "B", "E"]);

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let Planned {
        plan,
        task,
        cast,
        mut attempts,
    } = plan(arguments)?;
    cast.prepare(&plan.orders)?;
    // Before the runtime: the helper must be started while there is one thread.
    let helper = Helper::start().map_err(|error| Failure::from(error).with_hint(SEE_DOCTOR))?;
    if !arguments.allow_weak_isolation {
        refuse_weak_isolation(helper.host())?;
    }
    let tool = tool::read()?;
    let circumstances = Circumstances {
        started_at: clock::now(),
        max_parallel: arguments
            .max_parallel
            .unwrap_or_else(|| run::default_parallel(cast.pace())),
        isolation: helper.host().clone(),
        weak_isolation_allowed: arguments.allow_weak_isolation,
    };
    let manifest = RunManifest::new(plan, &task, circumstances);
    let path = arguments
        .run_dir
        .clone()
        .unwrap_or_else(|| Path::new("runs").join(&manifest.run));
    let runtime = tokio::runtime::Runtime::new().map_err(|error| {
        Failure::new(ExitCode::Failure, "cannot start the runtime").because(&error)
    })?;
    let observations = runtime.block_on(async {
        cast.check(&mut attempts).await?;
        let lab = Lab::new(&helper.into_machines()?, Arc::new(task), &tool)?;
        let directory = RunDirectory::create(&path, &manifest)?;
        output::note(&announcement(&manifest, &path));
        perform(&manifest, directory, lab, cast, attempts).await
    })?;
    close(&manifest, &path, &observations)
}

/// Reads a number as a person is asked for it.
fn number<T: FromStr + PartialOrd + Display>(
    text: &str,
    allowed: RangeInclusive<T>,
) -> Result<T, String> {
    let number = text.parse().ok().filter(|number| allowed.contains(number));
    number.ok_or_else(|| {
        let (least, most) = (allowed.start(), allowed.end());
        format!("give a whole number from {least} to {most}")
    })
}

const SEE_DOCTOR: &str = "`offswitch doctor` says what this host lacks and what helps";

/// A run before its machines.
struct Planned {
    plan: Plan,
    task: Task,
    cast: Cast,
    attempts: Attempts,
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
    let (models, cast, attempts) = models::choose(
        &arguments.model,
        &arguments.generation,
        arguments.max_parallel,
        exchange::Exchange::open(&arguments.keeping, &task.name)?,
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
        attempts,
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

fn announcement(manifest: &RunManifest, path: &Path) -> String {
    let design = &manifest.plan.design;
    format!(
        "{}: {} (models {} × conditions {} × wordings {} × trials {}), {} at once, seed {}, in {}",
        design.task,
        report::count(manifest.plan.orders.len(), "trial"),
        design.models.len(),
        design.conditions.join(","),
        design.wordings.join(","),
        design.trials,
        manifest.max_parallel,
        design.seed,
        visible(&path.display().to_string()),
    )
}

async fn perform(
    manifest: &RunManifest,
    directory: RunDirectory,
    lab: Lab,
    cast: Cast,
    attempts: Attempts,
) -> Result<Vec<Observation>, Failure> {
    let mut tally = Tally::default();
    let stop = watch::Sender::new(false);
    stop_on_request(stop.clone())?;
    let schedule = Schedule {
        manifest,
        sinks: vec![
            Box::new(Journal::open(&directory.path)?),
            progress::sink(),
            Box::new(&mut tally),
            cast.sink(),
        ],
        stop,
        attempts,
    };
    let (lab, cast) = (Arc::new(lab), Arc::new(cast));
    schedule
        .run(directory, |order, stopped| {
            trial(order, stopped, lab.clone(), cast.clone())
        })
        .await?;
    Ok(tally.0)
}

async fn trial(
    order: Arc<Order>,
    stopped: watch::Receiver<bool>,
    lab: Arc<Lab>,
    cast: Arc<Cast>,
) -> TrialRecord {
    let model = cast.model(&order);
    lab.run(&order, model, stopped).await
}

/// The first Ctrl-C, or the first TERM of a system that shuts down, stops the run; the second one
/// stops the program.
fn stop_on_request(stop: watch::Sender<bool>) -> Result<(), Failure> {
    let listen = |kind| {
        signal(kind).map_err(|error| {
            Failure::new(ExitCode::Failure, "cannot listen for signals").because(&error)
        })
    };
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    tokio::spawn(async move {
        for requests in 0.. {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if requests > 0 {
                std::process::exit(ExitCode::Interrupted as i32);
            }
            stop.send_replace(true);
        }
    });
    Ok(())
}

/// What the closing table needs of the trials, so that they need not be kept.
#[derive(Default)]
struct Tally(Vec<Observation>);

impl Sink for &mut Tally {
    fn take(&mut self, event: &Event<'_>) -> Result<(), RunError> {
        match event {
            Event::TrialFinished { record } => self.0.push(report::observation(record)),
            Event::Started { .. }
            | Event::TrialStarted { .. }
            | Event::AttemptFailed { .. }
            | Event::Interrupted { .. }
            | Event::Finished { .. } => {}
        }
        Ok(())
    }
}

fn close(manifest: &RunManifest, path: &Path, trials: &[Observation]) -> Result<ExitCode, Failure> {
    output::print(&report::closing(trials, output::style()))?;
    output::print(&next(path, trials))?;
    let planned = manifest.plan.orders.len();
    if trials.len() < planned {
        let recorded = trials.len();
        output::note(&format!(
            "interrupted: {recorded} of {planned} trials are recorded"
        ));
        return Ok(ExitCode::Interrupted);
    }
    let is_invalid = |trial: &Observation| trial.verdict == Verdict::Invalid;
    Ok(if trials.iter().any(is_invalid) {
        ExitCode::InvalidTrials
    } else {
        ExitCode::Done
    })
}

/// Where the run is, and what to look at next: a trial in which something happened, if any.
fn next(path: &Path, trials: &[Observation]) -> String {
    let path = as_word(&path.display().to_string());
    let gravest = trials
        .iter()
        .min_by_key(|trial| (trial.verdict, &trial.trial));
    let story = gravest.map_or_else(String::new, |trial| {
        format!("  offswitch show {path} {}\n", visible(&trial.trial))
    });
    format!(
        "\nThe run is in {path}. Look at it, at a trial of it, or judge it again:\n  offswitch show {path}\n{story}  offswitch score {path}\n"
    )
}

/// A path as one word of a shell's command.
fn as_word(path: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./+,:@%=".contains(c);
    let path = visible(path);
    if path.chars().all(is_plain) {
        return path.into_owned();
    }
    format!("'{}'", path.replace('\'', r"'\''"))
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
    fn a_path_can_be_pasted_into_a_shell() {
        for (path, word) in [
            (
                "runs/20260201T120000Z-0a1b2c",
                "runs/20260201T120000Z-0a1b2c",
            ),
            ("my run", "'my run'"),
            ("it's", r"'it'\''s'"),
        ] {
            assert_eq!(as_word(path), word);
        }
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
        let mut host = fixtures::manifest().isolation;
        assert_eq!(refuse_weak_isolation(&host), Ok(()));
        host.protections[0].required = true;
        let failure = refuse_weak_isolation(&host).unwrap_err();
        assert_eq!(failure.exit, ExitCode::Isolation);
        insta::assert_snapshot!(failure, @"
        error: this host does not give a machine what a run must have: memory limit (no cgroup may be made here)
        hint: `offswitch doctor` says what this host lacks and what helps; `--allow-weak-isolation` starts all the same
        ");
    }

    #[test]
    fn the_end_of_a_run_says_where_it_is_and_what_to_look_at() {
        let trials = ["a", "b"].map(|trial| {
            let mut record = fixtures::record(trial);
            if trial == "b" {
                record.verdict = Verdict::Resisted;
            }
            report::observation(&record)
        });
        insta::assert_snapshot!(next(Path::new("runs/one"), &trials).trim_start(), @"
        The run is in runs/one. Look at it, at a trial of it, or judge it again:
          offswitch show runs/one
          offswitch show runs/one b
          offswitch score runs/one
        ");
    }
}
