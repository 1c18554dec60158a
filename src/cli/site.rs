//! Where a run is written, what is there already, and how the rest is done.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::cast::{Cast, Hear};
use super::exchange::Answered;
use super::exit::ExitCode;
use super::failure::Failure;
use super::{closing, json, output, progress};
use crate::report::{self, text::visible};
use crate::run::{
    self, End, Event, Journal, RunDirectory, RunError, RunManifest, Schedule, Session, Sink,
    Spending, Standings, StoppedCell,
};
use crate::sandbox::{Machines, SandboxError};
use crate::stats::{Observation, Statement};
use crate::trial::{Labs, Order, TrialOutline, TrialRecord};

/// A run's directory, whether it is there or only about to be, and what is recorded in it.
pub(super) struct Site {
    pub(super) path: PathBuf,
    pub(super) manifest: RunManifest,
    /// What the closing table needs of the trials, so that they need not be kept.
    pub(super) observations: Vec<Observation>,
    /// What they used of providers.
    pub(super) spending: Spending,
    /// What was said of them.
    pub(super) statements: Vec<Statement>,
    /// The recorded trials of earlier sessions whose models are no scripts.
    pub(super) answered: Vec<Answered>,
    standings: Standings,
    /// The run that is gone on with, locked.
    directory: Option<RunDirectory>,
}

/// What the trials are made with.
pub(super) struct Means {
    pub(super) labs: Labs,
    pub(super) cast: Cast,
    /// Hears what the cast tells.
    pub(super) hear: Hear,
    pub(super) budget_usd: Option<f64>,
}

/// Whom a run tells how it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    /// By a progress bar and tables.
    People,
    /// By lines of JSON.
    Programs,
}

impl Site {
    /// Looks for the run in its directory. Nothing is written but the end of a torn line.
    ///
    /// # Errors
    /// The run there was planned otherwise, cannot be read, or another process works on it.
    pub(super) fn find(path: Option<&Path>, manifest: RunManifest) -> Result<Self, Failure> {
        let path = path.map_or_else(|| Path::new("runs").join(&manifest.run), Path::to_owned);
        if path.exists() && !path.is_dir() {
            let message = format!("`{}` is no directory", path.display());
            let failure = Failure::new(ExitCode::RunDirectory, message);
            return Err(failure.with_hint("name another one with `--run-dir`"));
        }
        let Some((directory, earlier)) = RunDirectory::open(&path)? else {
            return Ok(Self {
                path,
                standings: Standings::of(&manifest.plan),
                manifest,
                observations: Vec::new(),
                spending: Spending::default(),
                statements: Vec::new(),
                answered: Vec::new(),
                directory: None,
            });
        };
        let mut manifest = earlier.continued(manifest)?;
        let mut standings = Standings::of(&manifest.plan);
        let mut observations = Vec::new();
        let mut spending = Spending::default();
        let mut statements = Vec::new();
        let mut answered = Vec::new();
        let torn = directory.recover(&manifest.plan, |record| {
            standings.count(&record);
            spending.count(&record);
            observations.push(report::observation(&record));
            answered.extend(Answered::of(&record));
            statements.extend(report::statement(&record));
        })?;
        manifest.count_lost(&directory.log(), &standings);
        if let Some(torn) = torn {
            output::note(&format!(
                "line {} of trials.jsonl was torn while it was written; its trial is run again",
                torn.line
            ));
        }
        Ok(Self {
            path,
            manifest,
            observations,
            spending,
            statements,
            answered,
            standings,
            directory: Some(directory),
        })
    }

    /// Whether every planned trial is recorded.
    pub(super) fn is_complete(&self) -> bool {
        self.missing().next().is_none()
    }

    /// The models of which trials are missing.
    pub(super) fn missing_models(&self) -> Vec<&str> {
        let mut models: Vec<_> = self.missing().map(|order| order.model.as_str()).collect();
        models.sort_unstable();
        models.dedup();
        models
    }

    /// The trials that are planned and not recorded, but for those that the declared rule of early
    /// stopping spares.
    pub(super) fn missing(&self) -> impl Iterator<Item = &Order> {
        let stopped = self.stopped_cells();
        let orders = self.manifest.plan.orders.iter();
        orders.filter(move |order| {
            let is_spared = |one: &StoppedCell| {
                let cell = &one.cell;
                cell.model == order.model
                    && cell.condition == order.condition
                    && cell.wording == order.wording
            };
            !self.standings.has(&order.trial) && !stopped.iter().any(is_spared)
        })
    }

    /// The cells that the declared rule of early stopping has stopped.
    pub(super) fn stopped_cells(&self) -> Vec<StoppedCell> {
        let recorded = self.observations.iter();
        let recorded = recorded.map(|trial| (trial.trial.as_str(), trial.verdict));
        run::stopped_cells(&self.manifest.plan, recorded)
    }

    /// What is said where nothing could be started.
    pub(super) fn untouched(&self) -> String {
        match self.observations.len() {
            0 => "no trial was started".into(),
            recorded => format!(
                "no further trial was started; {} recorded before",
                report::count(recorded, "trial")
            ),
        }
    }

    /// Runs the missing trials.
    ///
    /// # Errors
    /// Something cannot be written.
    pub(super) async fn work(
        mut self,
        means: Means,
        audience: Audience,
    ) -> Result<(Self, End), Failure> {
        let Means {
            labs,
            cast,
            hear,
            budget_usd,
        } = means;
        let directory = self.open()?;
        if let Some(doubt) = budget_usd.and_then(|_| self.doubt()) {
            output::note(&doubt);
        }
        let max_parallel = self.session().map_or(1, |session| session.max_parallel);
        output::note(&self.announcement(max_parallel));
        let stop = watch::Sender::new(false);
        stop_on_request(stop.clone())?;
        let machines = Arc::clone(labs.machines());
        stop_without(Arc::clone(&machines), stop.clone());
        let mut tally = Tally {
            observations: &mut self.observations,
            spending: &mut self.spending,
            statements: &mut self.statements,
            unrecorded_usd: 0.0,
        };
        let schedule = Schedule {
            manifest: &self.manifest,
            standings: self.standings.clone(),
            max_parallel,
            budget_usd,
            sinks: vec![
                Box::new(Journal::open(&self.path)?),
                match audience {
                    Audience::People => progress::sink(),
                    Audience::Programs => Box::new(json::Events),
                },
                Box::new(&mut tally),
                cast.sink(),
            ],
            stop,
            news: hear,
        };
        let (labs, cast) = (Arc::new(labs), Arc::new(cast));
        let end = schedule
            .run(directory.clone(), |order, stopped| {
                trial(order, stopped, labs.clone(), cast.clone())
            })
            .await?;
        let unrecorded_usd = tally.unrecorded_usd;
        if let Some(session) = self.manifest.sessions.last_mut()
            && unrecorded_usd > LEAST_USD
        {
            session.unrecorded_usd = Some(unrecorded_usd);
            directory.replace_manifest(&self.manifest)?;
        }
        if end != End::Complete && machines.has_ended() {
            return Err(self.without_machines());
        }
        Ok((self, end))
    }

    /// What is said where the helper has ended under the trials.
    fn without_machines(&self) -> Failure {
        let (recorded, planned) = (self.observations.len(), self.manifest.plan.orders.len());
        let path = closing::as_word(&self.path.display().to_string());
        helper_ended().with_hint(format!(
            "{recorded} of {planned} trials are recorded; see whether it was killed, as for want \
             of memory, and let `offswitch resume {path}` do the others"
        ))
    }

    /// The directory, made or gone on with, with the manifest of this session in it.
    fn open(&mut self) -> Result<RunDirectory, RunError> {
        match self.directory.take() {
            Some(directory) => {
                directory.replace_manifest(&self.manifest)?;
                Ok(directory)
            }
            None => RunDirectory::create(&self.path, &self.manifest),
        }
    }

    fn session(&self) -> Option<&Session> {
        self.manifest.sessions.last()
    }

    /// What a budget does not know of the trials that are recorded.
    fn doubt(&self) -> Option<String> {
        let uncounted = self.standings.total().uncounted;
        (uncounted > 0).then(|| {
            let trials = report::count(uncounted, "recorded trial");
            format!("what {trials} cost is not known, and not counted in the budget")
        })
    }

    fn announcement(&self, max_parallel: usize) -> String {
        let design = &self.manifest.plan.design;
        let part = design.shard.map(|shard| format!(", shard {shard}"));
        let part = part.unwrap_or_default();
        let done = match self.standings.total().recorded {
            0 => String::new(),
            done => format!(", {done} of them recorded already"),
        };
        format!(
            "{}: {} (models {} × conditions {} × wordings {} × trials {}{part}){done}, {max_parallel} at once, seed {}, in {}",
            design.task,
            report::count(self.manifest.plan.orders.len(), "trial"),
            design.models.len(),
            design.conditions.join(","),
            design.wordings.join(","),
            design.trials,
            design.seed,
            visible(&self.path.display().to_string()),
        )
    }
}

/// Plays one trial.
pub(super) async fn trial(
    order: Arc<Order>,
    stopped: watch::Receiver<bool>,
    labs: Arc<Labs>,
    cast: Arc<Cast>,
) -> TrialRecord {
    let model = cast.model(&order);
    let mut record = labs.of(&order).run(&order, model, stopped.clone()).await;
    if let Some(judge) = cast.judge(&order) {
        judge.ask(&mut record, stopped).await;
    }
    record
}

/// Stops a run when there are no machines any more.
pub(super) fn stop_without(machines: Arc<Machines>, stop: watch::Sender<bool>) {
    tokio::spawn(async move {
        machines.ended().await;
        stop.send_replace(true);
    });
}

/// Why a run ended that has lost all of its machines.
pub(super) fn helper_ended() -> Failure {
    Failure::of(ExitCode::Failure, &SandboxError::Ended)
}

/// The first Ctrl-C, or the first TERM of a system that shuts down, stops the run; the second one
/// stops the program.
pub(super) fn stop_on_request(stop: watch::Sender<bool>) -> Result<(), Failure> {
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

/// Takes what is needed of the trials when all have ended.
struct Tally<'a> {
    observations: &'a mut Vec<Observation>,
    spending: &'a mut Spending,
    statements: &'a mut Vec<Statement>,
    /// What answers cost that are in no record, in US dollars.
    unrecorded_usd: f64,
}

/// Less than any answer costs, and more than is lost by adding up in another order.
const LEAST_USD: f64 = 1e-9;

impl Sink for &mut Tally<'_> {
    fn take(&mut self, event: &Event<'_>) -> Result<(), RunError> {
        match event {
            Event::Answered { cost_usd, .. } => {
                self.unrecorded_usd += cost_usd.unwrap_or_default();
            }
            Event::TrialFinished { record } => {
                let outline = TrialOutline::from(*record);
                self.unrecorded_usd -= outline.known_cost_usd();
                self.statements.extend(report::statement(&outline));
                self.observations.push(report::observation(&outline));
                self.spending.count(&outline);
            }
            Event::Started { .. }
            | Event::TrialStarted { .. }
            | Event::AttemptFailed { .. }
            | Event::ModelStopped { .. }
            | Event::BudgetReached { .. }
            | Event::CellStopped { .. }
            | Event::Interrupted { .. }
            | Event::Finished { .. } => {}
        }
        Ok(())
    }
}
