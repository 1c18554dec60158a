//! Plays a task's controls, and compares what they are judged with what they must be.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::sync::{mpsc, watch};

use super::cast::{Actor, Cast};
use super::controls::{Controls, Course, Expected};
use super::exchange::Exchange;
use super::exit::ExitCode;
use super::failure::Failure;
use super::site;
use crate::clock;
use crate::evidence::Exit;
use crate::run::{
    Circumstances, Design, End, Event, Journal, Plan, PlannedRootfs, Prices, RunDirectory,
    RunError, RunManifest, Schedule, Sink, Standings,
};
use crate::sandbox::{HostReport, Machines};
use crate::task::Task;
use crate::trial::Labs;
use crate::verdict::{JUDGE_VERSION, Tactic, Verdict};

/// Controls that are to be played.
pub(super) struct Calibration {
    pub(super) task: Arc<Task>,
    pub(super) controls: Controls,
    /// What names the task to `offswitch run`.
    pub(super) words: Vec<String>,
    /// The machines' root file system; none where they have the host's programs.
    pub(super) rootfs: Option<PlannedRootfs>,
    pub(super) max_parallel: usize,
    pub(super) isolation: HostReport,
    pub(super) weak_isolation_allowed: bool,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Calibrated {
    /// The trial of each course, in the order of the controls.
    pub(super) trials: Vec<Played>,
    pub(super) took: Duration,
}

/// One course, as it was judged.
#[derive(Debug, Clone)]
pub(super) struct Played {
    pub(super) model: String,
    pub(super) trial: String,
    pub(super) expected: Expected,
    pub(super) verdict: Verdict,
    pub(super) tactics: Vec<Tactic>,
    pub(super) invalid_reason: Option<String>,
    /// What its verdict rests on, a sentence each.
    pub(super) findings: Vec<String>,
    /// What the script needs and this host does not give.
    pub(super) lacks: Option<String>,
}

/// What is to be said of a control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Right,
    Misjudged,
    /// It could not do here what its verdict is right for, so that nothing is seen by it.
    LeftOut,
}

impl Played {
    pub(super) fn standing(&self) -> Standing {
        if self.lacks.is_some() {
            Standing::LeftOut
        } else if self.expected.is_met_by(self.verdict, &self.tactics) {
            Standing::Right
        } else {
            Standing::Misjudged
        }
    }
}

impl Calibrated {
    pub(super) fn misjudged(&self) -> Vec<&Played> {
        self.standing(Standing::Misjudged)
    }

    pub(super) fn standing(&self, standing: Standing) -> Vec<&Played> {
        let trials = self.trials.iter();
        trials
            .filter(|trial| trial.standing() == standing)
            .collect()
    }

    /// `calibrating: 41 of 41 controls right, 1 left out, 2.1 s`.
    pub(super) fn line(&self) -> String {
        let left_out = match self.standing(Standing::LeftOut).len() {
            0 => String::new(),
            some => format!(", {some} left out"),
        };
        let right = self.standing(Standing::Right).len();
        format!(
            "calibrating: {right} of {} controls right{left_out}, {:.1} s",
            right + self.misjudged().len(),
            self.took.as_secs_f64()
        )
    }
}

impl Calibration {
    /// Plays every course once, in one condition and wording, since a script reads no prompt.
    /// The run is written to `directory`, like any other.
    ///
    /// # Errors
    /// Something cannot be written, no machine can be made, or it was interrupted.
    pub(super) async fn perform(
        self,
        machines: &Arc<Machines>,
        tool: &[u8],
        directory: &Path,
    ) -> Result<Calibrated, Failure> {
        let begun = Instant::now();
        let manifest = self.manifest();
        let conditions = &manifest.plan.design.conditions;
        let task = self.task.as_ref().clone();
        let labs = Arc::new(Labs::new(machines, task, conditions, tool)?);
        let (tell, news) = mpsc::unbounded_channel();
        let courses = self.controls.courses.iter();
        let actors = courses.map(|course| {
            let script = Actor::Script(course.script.clone());
            (course.model.name.clone(), script)
        });
        let cast = Arc::new(Cast {
            actors: actors.collect(),
            judge: None,
            exchange: Exchange::default(),
            tell,
        });
        let stop = watch::Sender::new(false);
        site::stop_on_request(stop.clone())?;
        site::stop_without(Arc::clone(machines), stop.clone());
        let run = RunDirectory::create(directory, &manifest)?;
        let mut ended = Vec::new();
        let schedule = Schedule {
            manifest: &manifest,
            standings: Standings::of(&manifest.plan),
            max_parallel: self.max_parallel,
            budget_usd: None,
            sinks: vec![
                Box::new(Journal::open(directory)?),
                Box::new(Ended {
                    courses: &self.controls.courses,
                    trials: &mut ended,
                }),
            ],
            stop,
            news,
        };
        let end = schedule
            .run(run, |order, stopped| {
                site::trial(order, stopped, labs.clone(), cast.clone())
            })
            .await?;
        if end != End::Complete && machines.has_ended() {
            let hint = "see whether it was killed, as for want of memory, and try again";
            return Err(site::helper_ended().with_hint(hint));
        }
        if end != End::Complete {
            let message = "interrupted before every control was judged";
            return Err(Failure::new(ExitCode::Interrupted, message));
        }
        ended.sort_by_key(|(place, _)| *place);
        Ok(Calibrated {
            trials: ended.into_iter().map(|(_, played)| played).collect(),
            took: begun.elapsed(),
        })
    }

    /// It is that of the `offswitch run` which would play the same.
    fn manifest(&self) -> RunManifest {
        let Self { task, controls, .. } = self;
        let condition = task.conditions.first().map(|each| each.id.clone());
        let wording = task.wordings.first().map(|each| each.name.clone());
        let plan = Plan::new(Design {
            left_out: Vec::new(),
            comparisons: Vec::new(),
            stop: None,
            shard: None,
            task: task.name.clone(),
            task_hash: task.hash.clone(),
            judge: JUDGE_VERSION,
            seed: 0,
            models: controls
                .courses
                .iter()
                .map(|one| one.model.clone())
                .collect(),
            conditions: condition.into_iter().collect(),
            wordings: wording.into_iter().collect(),
            own_wordings: BTreeMap::new(),
            trials: 1,
        });
        let mut command = self.words.clone();
        command.push(format!("--condition={}", plan.design.conditions.join(",")));
        command.push("--trials=1".into());
        let models = controls.courses.iter();
        command.extend(models.map(|course| format!("--model={}", course.argument)));
        let circumstances = Circumstances {
            command,
            started_at: clock::now(),
            max_parallel: self.max_parallel,
            isolation: self.isolation.clone(),
            weak_isolation_allowed: self.weak_isolation_allowed,
            prices: Prices::new(),
            wording_files: Vec::new(),
            rootfs: self.rootfs.clone(),
            judge_model: None,
        };
        RunManifest::new(plan, task, circumstances)
    }
}

/// Takes what is needed of the trials, each with its course's place.
struct Ended<'a> {
    courses: &'a [Course],
    trials: &'a mut Vec<(usize, Played)>,
}

impl Sink for Ended<'_> {
    fn take(&mut self, event: &Event<'_>) -> Result<(), RunError> {
        let Event::TrialFinished { record } = event else {
            return Ok(());
        };
        let is_of = |course: &Course| course.model.name == record.model;
        if let Some(at) = self.courses.iter().position(is_of) {
            let course = &self.courses[at];
            let first = record.steps.first().map(|step| &step.exit);
            let is_met = first == Some(&Exit::Exited { code: 0 });
            let findings = record.findings.iter();
            let played = Played {
                model: record.model.clone(),
                trial: record.trial.clone(),
                expected: course.expected.clone(),
                lacks: course.script.needs.clone().filter(|_| !is_met),
                verdict: record.verdict,
                tactics: record.tactics.clone(),
                invalid_reason: record.invalid_reason.clone(),
                findings: findings.map(|finding| finding.text.clone()).collect(),
            };
            self.trials.push((at, played));
        }
        Ok(())
    }
}

/// Where the run of a calibration is written: a directory of the user's, or one that is removed
/// unless it is kept.
pub(super) enum Bench {
    Named(PathBuf),
    Passing(TempDir),
}

impl Bench {
    /// # Errors
    /// No temporary directory can be made.
    pub(super) fn passing() -> Result<Self, Failure> {
        let made = tempfile::Builder::new().prefix("offswitch-").tempdir();
        let made = made.map_err(|error| {
            let message = "cannot make a temporary directory for the controls";
            let failure = Failure::new(ExitCode::Failure, message).because(&error);
            failure.with_hint("`TMPDIR` names another place for it")
        });
        Ok(Self::Passing(made?))
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Named(path) => path,
            Self::Passing(directory) => directory.path(),
        }
    }

    /// Leaves the directory where it is.
    pub(super) fn keep(self) -> PathBuf {
        match self {
            Self::Named(path) => path,
            Self::Passing(directory) => directory.keep(),
        }
    }
}
