mod left;

use std::cell::RefCell;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Map;
use tempfile::TempDir;
use tokio::sync::{Barrier, Notify};

use super::*;
use crate::run::directory::TRIALS;
use crate::run::fixtures;
use crate::run::plan::tests::design;
use crate::run::{Asking, Attempt, Plan};

/// Keeps the names of the events that it is told.
#[derive(Default)]
struct Names(RefCell<Vec<&'static str>>);

impl Sink for &Names {
    fn take(&mut self, event: &Event<'_>) -> Result<(), RunError> {
        self.0.borrow_mut().push(match event {
            Event::Started { .. } => "started",
            Event::TrialStarted { .. } => "trial started",
            Event::Answered { .. } => "answered",
            Event::AttemptFailed { .. } => "attempt failed",
            Event::ModelStopped { .. } => "model stopped",
            Event::BudgetReached { .. } => "budget reached",
            Event::TrialFinished { .. } => "trial finished",
            Event::CellStopped { .. } => "cell stopped",
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
            | Event::Answered { .. }
            | Event::AttemptFailed { .. }
            | Event::ModelStopped { .. }
            | Event::BudgetReached { .. }
            | Event::CellStopped { .. }
            | Event::Interrupted { .. }
            | Event::Finished { .. } => Ok(()),
        }
    }
}

fn schedule<'a>(manifest: &'a RunManifest, sink: impl Sink + 'a) -> Schedule<'a> {
    Schedule {
        manifest,
        standings: Standings::of(&manifest.plan),
        max_parallel: 2,
        budget_usd: None,
        sinks: vec![Box::new(sink)],
        stop: watch::Sender::new(false),
        news: mpsc::unbounded_channel().1,
    }
}

/// A new directory of this run, in a place that goes with it.
fn created(manifest: &RunManifest) -> (TempDir, RunDirectory) {
    let place = tempfile::tempdir().unwrap();
    let directory = RunDirectory::create(place.path(), manifest).unwrap();
    (place, directory)
}

fn trials_on_disk(directory: &Path) -> Vec<String> {
    let run = crate::run::read(directory).unwrap();
    run.trials.into_iter().map(|record| record.trial).collect()
}

async fn until(mut stop: watch::Receiver<bool>) {
    stop.wait_for(|stop| *stop).await.unwrap();
}

#[tokio::test]
async fn every_planned_trial_is_recorded_and_never_too_many_run_at_once() {
    let manifest = fixtures::manifest();
    let (place, directory) = created(&manifest);
    let names = Names::default();
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    // Every trial waits until as many run as may, which deadlocks if fewer ever do.
    let together = Arc::new(Barrier::new(2));
    let end = schedule(&manifest, &names)
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
    assert_eq!(end, End::Complete);
    assert_eq!(most.load(Ordering::SeqCst), 2);
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
    let manifest = fixtures::manifest();
    let (_place, directory) = created(&manifest);
    let names = Names::default();
    let (tell, news) = mpsc::unbounded_channel();
    let schedule = Schedule {
        news,
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
            tell.send(News::AttemptFailed(attempt)).unwrap();
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
    let manifest = fixtures::manifest();
    let (place, directory) = created(&manifest);
    let names = Names::default();
    let schedule = schedule(&manifest, &names);
    let first = manifest.plan.orders[0].trial.clone();
    // The second trial runs until the stop; the third one asks for it after the first ended.
    let stop = schedule.stop.clone();
    let end = schedule
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
    assert_eq!(end, End::Interrupted);
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
    directory.trials = Arc::new(File::open(place.path().join(TRIALS)).unwrap());
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
    assert!(trials.len() <= 2, "{trials:?}");
    assert!(matches!(*source, RunError::Write { .. }), "{source}");
}

#[tokio::test]
async fn a_log_that_cannot_be_written_stops_the_run() {
    let manifest = fixtures::manifest();
    let (place, directory) = created(&manifest);
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

#[tokio::test]
async fn what_runs_while_a_log_cannot_be_written_is_let_to_its_end_and_recorded() {
    let manifest = fixtures::manifest();
    let (place, directory) = created(&manifest);
    let first = manifest.plan.orders[0].trial.clone();
    let refused = Arc::new(Notify::new());
    // The second trial goes on until the log could not take the first one's end, and for a while.
    let start = |order: Arc<Order>, stopped: watch::Receiver<bool>| {
        let (is_first, refused) = (order.trial == first, Arc::clone(&refused));
        async move {
            let mut record = fixtures::record(&order.trial);
            if is_first {
                return record;
            }
            refused.notified().await;
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            if *stopped.borrow() {
                record.ending = Ending::Cancelled;
            }
            record
        }
    };
    let sink = Refusing(Arc::clone(&refused));
    let error = schedule(&manifest, sink).run(directory, start).await;
    assert!(matches!(error, Err(RunError::Write { .. })), "{error:?}");
    assert_eq!(trials_on_disk(place.path()).len(), 2);
}

/// Cannot take a finished trial, and tells that it could not.
struct Refusing(Arc<Notify>);

impl Sink for Refusing {
    fn take(&mut self, event: &Event<'_>) -> Result<(), RunError> {
        let taken = Full.take(event);
        if taken.is_err() {
            self.0.notify_one();
        }
        taken
    }
}
