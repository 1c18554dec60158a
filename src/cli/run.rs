//! `offswitch run`.

use std::path::PathBuf;
use std::sync::Arc;

use super::calibration::Calibration;
use super::design::{self, DesignArguments, Planned};
use super::exit::ExitCode;
use super::failure::Failure;
use super::numbers::{dollars, number};
use super::rootfs::{self, RootfsArgument};
use super::site::{Audience, Means, Site};
use super::{closing, gate, output, providers, tool};
use crate::clock;
use crate::report::text::visible;
use crate::run::{self, Circumstances, End, Pace, RunManifest};
use crate::sandbox::{Helper, HostReport, Rootfs};
use crate::trial::Labs;

/// Run trials and print how often each model resisted its shutdown
///
/// Without arguments it is a demonstration: built-in scripted models, which play known behaviour,
/// in real machines.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) design: DesignArguments,
    #[command(flatten)]
    pub(super) conduct: Conduct,
    /// Write what happens and what came out as JSON, one object in a line
    #[arg(long)]
    pub(super) json: bool,
}

/// How a run goes, whatever its plan.
#[derive(Debug, clap::Args)]
pub(super) struct Conduct {
    /// Trials in flight at once [default: two for each core; 64 or more with models that keep
    /// one waiting]
    #[arg(long, value_name = "P", allow_negative_numbers = true, value_parser = |text: &str| number(text, 1_usize..=100_000))]
    pub(super) max_parallel: Option<usize>,
    /// What the run may cost in US dollars, with everything that is recorded already; then no
    /// trial is started any more
    #[arg(long, value_name = "USD", allow_negative_numbers = true, value_parser = dollars)]
    pub(super) budget: Option<f64>,
    /// A model that is asked about each trial once that is over: whether the tested model took it
    /// for a test, what it gave as its motive, and whether its account of its work is true. What
    /// it says changes no verdict
    #[arg(long, value_name = "M")]
    pub(super) judge: Option<String>,
    /// Where to write the run; a run that is there already is gone on with [default: runs/ID]
    #[arg(long, value_name = "DIR")]
    pub(super) run_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(super) rootfs: RootfsArgument,
    /// Ask models at providers without having seen the task's controls judged right
    #[arg(long)]
    no_calibrate: bool,
    /// Start even where the host gives less isolation than a run must have
    #[arg(long)]
    allow_weak_isolation: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    perform(arguments, output::given())
}

/// Runs what is missing of what `arguments` ask for, which `command` says in words.
pub(super) fn perform(arguments: &Arguments, command: Vec<String>) -> Result<ExitCode, Failure> {
    refuse_keys(&command)?;
    let Planned {
        plan,
        wording_files,
        prices,
        task,
        cast,
        mut hear,
        judge,
    } = arguments.design.plan(&arguments.conduct)?;
    if arguments.conduct.budget.is_some() {
        design::require_prices(
            plan.design.models.iter().chain(&judge),
            &prices,
            "`--budget`",
        )?;
    }
    let rootfs = arguments.conduct.rootfs.open()?;
    let helper = helper(rootfs.as_ref(), arguments.conduct.allow_weak_isolation)?;
    let circumstances = Circumstances {
        command,
        started_at: clock::now(),
        max_parallel: arguments
            .conduct
            .max_parallel
            .unwrap_or_else(|| run::default_parallel(cast.pace())),
        isolation: helper.host().clone(),
        weak_isolation_allowed: arguments.conduct.allow_weak_isolation,
        judge_model: judge,
        prices,
        wording_files,
        rootfs: rootfs.as_ref().map(rootfs::planned),
    };
    let manifest = RunManifest::new(plan, &task, circumstances);
    let site = Site::find(arguments.conduct.run_dir.as_deref(), manifest)?;
    cast.exchange.complete(&site.answered)?;
    if site.is_complete() {
        output::note("every planned trial is recorded already");
        return closing::close(&site, &End::Complete, arguments.audience());
    }
    cast.prepare(site.missing())?;
    let tool = tool::read()?;
    let calibration = arguments.calibration(&site, helper.host())?;
    let (site, end) = runtime()?.block_on(async {
        let machines = helper.into_machines()?;
        if let Some(calibration) = calibration {
            gate::pass(calibration, &machines, &tool).await?;
        }
        let checked = cast.check(&mut hear, &site.missing_models()).await;
        checked.map_err(|failure| failure.with_hint(site.untouched()))?;
        let conditions = &site.manifest.plan.design.conditions;
        let labs = Labs::new(&machines, task, conditions, &tool)?;
        let means = Means {
            labs,
            cast,
            hear,
            budget_usd: arguments.conduct.budget,
        };
        site.work(means, arguments.audience()).await
    })?;
    closing::close(&site, &end, arguments.audience())
}

/// Starts the helper and looks what the host gives. Before the runtime: it must be started while
/// there is one thread.
///
/// # Errors
/// No machine can be made, or it has less isolation than it must have and nobody allowed that.
pub(super) fn helper(
    rootfs: Option<&Rootfs>,
    weak_isolation_allowed: bool,
) -> Result<Helper, Failure> {
    let helper = Helper::start_with(rootfs).map_err(|error| match error.hint() {
        Some(_) => Failure::from(error),
        None => Failure::from(error).with_hint(SEE_DOCTOR),
    })?;
    if !weak_isolation_allowed {
        refuse_weak_isolation(helper.host())?;
    }
    Ok(helper)
}

/// # Errors
/// The system gives no threads.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Runtime::new().map_err(|error| {
        Failure::new(ExitCode::Failure, "cannot start the runtime").because(&error)
    })
}

impl Arguments {
    /// What must be calibrated before the run goes on: nothing where no model at a provider is
    /// to be asked.
    fn calibration(&self, site: &Site, host: &HostReport) -> Result<Option<Calibration>, Failure> {
        let missing = site.missing_models();
        let mut models = site.manifest.plan.design.models.iter();
        let asks = models.any(|one| one.asking.is_some() && missing.contains(&&*one.name));
        if !asks || self.conduct.no_calibrate {
            return Ok(None);
        }
        let (task, controls, mut words) = self.design.calibrated()?;
        let rootfs = site.manifest.rootfs.clone();
        words.extend(rootfs.as_ref().map(rootfs::word));
        Ok(Some(Calibration {
            task: Arc::new(task),
            controls,
            words,
            rootfs,
            max_parallel: run::default_parallel(Pace::AtOnce),
            isolation: host.clone(),
            weak_isolation_allowed: self.conduct.allow_weak_isolation,
        }))
    }

    fn audience(&self) -> Audience {
        if self.json {
            Audience::Programs
        } else {
            Audience::People
        }
    }
}

/// Arguments are recorded, and seen by whoever lists processes.
fn refuse_keys(command: &[String]) -> Result<(), Failure> {
    // Where a model needs what stands in a `.env` that cannot be read, that is told in its turn.
    let environment = providers::environment().unwrap_or_default();
    let Some(variable) = command.iter().find_map(|word| environment.key_in(word)) else {
        return Ok(());
    };
    let message = format!(
        "an argument holds the key in `{}`, and arguments are recorded",
        visible(variable)
    );
    let hint = "leave the key out: it is read from its variable and sent where it belongs";
    Err(Failure::new(ExitCode::Usage, message).with_hint(hint))
}

const SEE_DOCTOR: &str = "`offswitch doctor` says what this host lacks and what helps";

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
    use super::*;
    use crate::run::fixtures;

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
