//! Runs a plan's trials, so many at once.

use std::num::NonZero;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};

use super::log::{NotWritten, TrialLog, Writer};
use super::{Attempt, Event, RunDirectory, RunError, RunManifest, Sink};
use crate::evidence::Ending;
use crate::trial::{Order, TrialRecord};

/// Trials in flight at once where the models take their time. Such trials wait more than they
/// compute, and so many hold little enough memory for a small machine.
const WAITING_TRIALS: usize = 64;

/// The trials that are run at once unless the user says otherwise: two for each core where the
/// models answer at once, so that a core is busy while the other trial waits for its machine, and
/// 64 where they keep one waiting.
#[must_use]
pub fn default_parallel(pace: Pace) -> usize {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    match pace {
        Pace::AtOnce => 2 * cores,
        Pace::Waiting => WAITING_TRIALS.max(2 * cores),
    }
}

/// How the models of a run answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Without waiting.
    AtOnce,
    /// After a wait, as everything does that is not on this machine.
    Waiting,
}

/// A run that is about to start.
pub struct Schedule<'a> {
    /// What to do.
    pub manifest: &'a RunManifest,
    /// Takes what happens.
    pub sinks: Vec<Box<dyn Sink + 'a>>,
    /// Becomes true when the run shall stop: by the user's hand, or by the schedule's own when
    /// nothing can be recorded any more. The running trials watch it.
    pub stop: watch::Sender<bool>,
    /// Brings the attempts to ask a model that failed, as they happen.
    pub attempts: mpsc::UnboundedReceiver<Attempt>,
}

impl Schedule<'_> {
    /// Runs the planned trials and records each. `start` makes the trial of an order; when the
    /// watch becomes true, it is to end soon as cancelled. Returns the number of recorded trials
    /// once all have ended and all lines are on disk.
    ///
    /// # Errors
    /// A line or an event could not be written. Trials that had ended by then and are not
    /// recorded are named.
    ///
    /// # Panics
    /// When a trial panicked.
    pub async fn run<F, T>(mut self, directory: RunDirectory, start: F) -> Result<usize, RunError>
    where
        F: Fn(Arc<Order>, watch::Receiver<bool>) -> T,
        T: Future<Output = TrialRecord> + Send + 'static,
    {
        let begun = Instant::now();
        let manifest = self.manifest;
        let (log, writer) = TrialLog::open(directory);
        let mut progress = Progress::default();
        progress.note(self.tell(&Event::Started { manifest }));
        self.work(&log, &start, &mut progress).await;
        drop(log);
        progress.end(writer).await?;
        self.tell(&Event::Finished {
            recorded: progress.recorded,
            planned: manifest.plan.orders.len(),
            took: begun.elapsed(),
        })?;
        Ok(progress.recorded)
    }

    async fn work<F, T>(&mut self, log: &TrialLog, start: &F, progress: &mut Progress)
    where
        F: Fn(Arc<Order>, watch::Receiver<bool>) -> T,
        T: Future<Output = TrialRecord> + Send + 'static,
    {
        let mut stopped = self.stop.subscribe();
        let mut orders = self.manifest.plan.orders.iter();
        let mut running = JoinSet::new();
        loop {
            if progress.must_stop() {
                self.stop.send_replace(true);
            }
            while running.len() < self.manifest.max_parallel
                && !*self.stop.borrow()
                && let Some(order) = orders.next()
            {
                progress.note(self.tell(&Event::TrialStarted { order }));
                let trial = start(Arc::new(order.clone()), self.stop.subscribe());
                running.spawn(recorded(trial, log.clone()));
            }
            tokio::select! {
                // First, so that a stop is told even when no trial is left to wait for.
                biased;
                _ = stopped.wait_for(|stop| *stop), if !progress.stopping => {
                    progress.stopping = true;
                    let running = running.len();
                    progress.note(self.tell(&Event::Interrupted { running }));
                }
                // Before the trials, so that what ended a trial is told before its end.
                Some(attempt) = self.attempts.recv() => {
                    progress.note(self.tell(&Event::AttemptFailed { attempt: &attempt }));
                }
                ended = running.join_next() => {
                    let Some(ended) = ended else { return };
                    self.take(ended, progress);
                }
            }
        }
    }

    fn take(&mut self, ended: Result<Ended, JoinError>, progress: &mut Progress) {
        match ended {
            Ok(Ended::Recorded(record)) => {
                progress.recorded += 1;
                progress.note(self.tell(&Event::TrialFinished { record: &record }));
            }
            Ok(Ended::Unrecorded(trial)) => progress.unrecorded.push(trial),
            Ok(Ended::Cancelled) => {}
            // No trial is aborted, so it panicked: a fault in this program, which no later trial
            // could be trusted after.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    fn tell(&mut self, event: &Event<'_>) -> Result<(), RunError> {
        self.sinks.iter_mut().try_for_each(|sink| sink.take(event))
    }
}

/// How far the work has come.
#[derive(Debug, Default)]
struct Progress {
    recorded: usize,
    unrecorded: Vec<String>,
    stopping: bool,
    /// The first event that a sink could not take.
    failure: Option<RunError>,
}

impl Progress {
    fn note(&mut self, told: Result<(), RunError>) {
        self.failure = self.failure.take().or(told.err());
    }

    fn must_stop(&self) -> bool {
        self.failure.is_some() || !self.unrecorded.is_empty()
    }

    async fn end(&mut self, writer: Writer) -> Result<(), RunError> {
        let written = writer.end().await;
        if self.unrecorded.is_empty() {
            return written.and(self.failure.take().map_or(Ok(()), Err));
        }
        let trials = std::mem::take(&mut self.unrecorded);
        written.map_err(|source| RunError::Unrecorded {
            trials,
            source: Box::new(source),
        })
    }
}

/// What became of a trial.
enum Ended {
    /// Its line is on disk.
    Recorded(Box<TrialRecord>),
    /// It ended, but its line could not be written.
    Unrecorded(String),
    /// It was cancelled, so there is nothing to record.
    Cancelled,
}

async fn recorded(trial: impl Future<Output = TrialRecord>, log: TrialLog) -> Ended {
    let record = trial.await;
    if record.ending == Ending::Cancelled {
        return Ended::Cancelled;
    }
    match log.append(&record).await {
        Ok(()) => Ended::Recorded(Box::new(record)),
        Err(NotWritten) => Ended::Unrecorded(record.trial),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::fs::{self, File};
    use std::io;
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Barrier;

    use super::super::directory::TRIALS;
    use super::super::fixtures;
    use super::*;

    /// Keeps the names of the events that it is told.
    #[derive(Default)]
    struct Names(RefCell<Vec<&'static str>>);

    impl Sink for &Names {
        fn take(&mut self, event: &Event<'_>) -> Result<(), RunError> {
            self.0.borrow_mut().push(match event {
                Event::Started { .. } => "started",
                Event::TrialStarted { .. } => "trial started",
                Event::AttemptFailed { .. } => "attempt failed",
                Event::TrialFinished { .. } => "trial finished",
                Event::Interrupted { .. } => "interrupted",
                Event::Finished { .. } => "finished",
            });
            Ok(())
        }
    }

    /// Cannot take a finished trial.
    struct Full;

    impl Sink for Full {
        fn take(&mut self, event: &Event<'_>) -> Result<(), RunError> {
            match event {
                Event::TrialFinished { .. } => {
                    Err(RunError::write("full")(io::ErrorKind::StorageFull.into()))
                }
                Event::Started { .. }
                | Event::TrialStarted { .. }
                | Event::AttemptFailed { .. }
                | Event::Interrupted { .. }
                | Event::Finished { .. } => Ok(()),
            }
        }
    }

    fn schedule<'a>(manifest: &'a RunManifest, sink: impl Sink + 'a) -> Schedule<'a> {
        Schedule {
            manifest,
            sinks: vec![Box::new(sink)],
            stop: watch::Sender::new(false),
            attempts: mpsc::unbounded_channel().1,
        }
    }

    fn trials_on_disk(directory: &Path) -> Vec<String> {
        let run = super::super::read(directory).unwrap();
        run.trials.into_iter().map(|record| record.trial).collect()
    }

    async fn until(mut stop: watch::Receiver<bool>) {
        stop.wait_for(|stop| *stop).await.unwrap();
    }

    #[tokio::test]
    async fn every_planned_trial_is_recorded_and_never_too_many_run_at_once() {
        let place = tempfile::tempdir().unwrap();
        let manifest = fixtures::manifest();
        let directory = RunDirectory::create(place.path(), &manifest).unwrap();
        let names = Names::default();
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        // Every trial waits until as many run as may, which deadlocks if fewer ever do.
        let together = Arc::new(Barrier::new(manifest.max_parallel));
        let recorded = schedule(&manifest, &names)
            .run(directory, |order, _| {
                let (running, most) = (running.clone(), most.clone());
                let together = together.clone();
                async move {
                    let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                    most.fetch_max(now, Ordering::SeqCst);
                    together.wait().await;
                    running.fetch_sub(1, Ordering::SeqCst);
                    fixtures::record(&order.trial)
                }
            })
            .await
            .unwrap();
        assert_eq!(recorded, manifest.plan.orders.len());
        assert_eq!(most.load(Ordering::SeqCst), manifest.max_parallel);
        let mut planned: Vec<_> = manifest
            .plan
            .orders
            .iter()
            .map(|o| o.trial.clone())
            .collect();
        let mut on_disk = trials_on_disk(place.path());
        planned.sort();
        on_disk.sort();
        assert_eq!(on_disk, planned);
        assert_eq!(names.0.borrow().last(), Some(&"finished"));
    }

    #[tokio::test]
    async fn a_failed_attempt_is_told_before_its_trial_ends() {
        let place = tempfile::tempdir().unwrap();
        let manifest = fixtures::manifest();
        let directory = RunDirectory::create(place.path(), &manifest).unwrap();
        let names = Names::default();
        let (tell, attempts) = mpsc::unbounded_channel();
        let schedule = Schedule {
            attempts,
            ..schedule(&manifest, &names)
        };
        let fail = |order: Arc<Order>, _| {
            let tell = tell.clone();
            async move {
                let attempt = Attempt {
                    model: order.model.clone(),
                    number: 1,
                    failure: "refused".into(),
                    wait: None,
                };
                tell.send(attempt).unwrap();
                fixtures::record(&order.trial)
            }
        };
        schedule.run(directory, fail).await.unwrap();
        let (mut failed, mut finished) = (0, 0);
        for name in &*names.0.borrow() {
            failed += usize::from(*name == "attempt failed");
            finished += usize::from(*name == "trial finished");
            assert!(failed >= finished, "{:?}", names.0);
        }
        assert_eq!(failed, manifest.plan.orders.len());
    }

    #[tokio::test]
    async fn a_stopped_run_starts_nothing_more_and_keeps_what_is_done() {
        let place = tempfile::tempdir().unwrap();
        let manifest = fixtures::manifest();
        let directory = RunDirectory::create(place.path(), &manifest).unwrap();
        let names = Names::default();
        let schedule = schedule(&manifest, &names);
        let first = manifest.plan.orders[0].trial.clone();
        // The second trial runs until the stop; the third one asks for it after the first ended.
        let stop = schedule.stop.clone();
        let recorded = schedule
            .run(directory, |order, stopped| {
                let is_first = order.trial == first;
                let is_third = order.trial == manifest.plan.orders[2].trial;
                let stop = stop.clone();
                async move {
                    let mut record = fixtures::record(&order.trial);
                    if is_first {
                        return record;
                    }
                    if is_third {
                        stop.send_replace(true);
                    }
                    until(stopped).await;
                    record.ending = Ending::Cancelled;
                    record
                }
            })
            .await
            .unwrap();
        assert_eq!(recorded, 1);
        assert_eq!(trials_on_disk(place.path()), [first]);
        assert_eq!(
            *names.0.borrow(),
            [
                "started",
                "trial started",
                "trial started",
                "trial finished",
                "trial started",
                "interrupted",
                "finished"
            ]
        );
    }

    #[tokio::test]
    async fn a_trial_that_cannot_be_recorded_stops_the_run_and_is_named() {
        let place = tempfile::tempdir().unwrap();
        let manifest = fixtures::manifest();
        let mut directory = RunDirectory::create(place.path(), &manifest).unwrap();
        directory.trials = File::open(place.path().join(TRIALS)).unwrap();
        let error = schedule(&manifest, &Names::default())
            .run(directory, |order, _| async move {
                fixtures::record(&order.trial)
            })
            .await
            .unwrap_err();
        let RunError::Unrecorded { trials, source } = error else {
            panic!("{error}");
        };
        assert!(
            trials.contains(&manifest.plan.orders[0].trial),
            "{trials:?}"
        );
        assert!(trials.len() <= manifest.max_parallel, "{trials:?}");
        assert!(matches!(*source, RunError::Write { .. }), "{source}");
    }

    #[tokio::test]
    async fn a_log_that_cannot_be_written_stops_the_run() {
        let place = tempfile::tempdir().unwrap();
        let manifest = fixtures::manifest();
        let directory = RunDirectory::create(place.path(), &manifest).unwrap();
        let error = schedule(&manifest, Full)
            .run(directory, |order, _| async move {
                fixtures::record(&order.trial)
            })
            .await
            .unwrap_err();
        assert!(matches!(error, RunError::Write { .. }), "{error}");
        let recorded = fs::read_to_string(place.path().join(TRIALS)).unwrap();
        assert!(recorded.lines().count() < manifest.plan.orders.len());
    }
}
