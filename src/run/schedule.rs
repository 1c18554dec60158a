//! Runs a plan's trials, so many at once.

use std::num::NonZero;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};

use super::log::{NotWritten, TrialLog};
use super::progress::Progress;
use super::{Event, News, RunDirectory, RunError, RunManifest, Sink, Standings};
use crate::evidence::Ending;
use crate::trial::{Order, TrialRecord};

/// Trials in flight at once where the models take their time. Such trials wait more than they
/// compute, and so many hold little enough memory for a small machine.
const WAITING_TRIALS: usize = 64;

/// Why a model is stopped of whose answers nobody knows the cost.
const UNCOUNTED: &str = "it answered without saying how many tokens that took, so that the budget \
                         cannot be held";

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

/// A session of a run that is about to start.
pub struct Schedule<'a> {
    /// What to do.
    pub manifest: &'a RunManifest,
    /// What is done already.
    pub standings: Standings,
    /// Trials in flight at once.
    pub max_parallel: usize,
    /// What the run may cost with everything that is recorded, in US dollars.
    pub budget_usd: Option<f64>,
    /// Takes what happens.
    pub sinks: Vec<Box<dyn Sink + 'a>>,
    /// Becomes true when the run shall stop: by the user's hand, or by the schedule's own when
    /// nothing can be recorded any more. The running trials watch it.
    pub stop: watch::Sender<bool>,
    /// Brings what the models tell, as it happens.
    pub news: mpsc::UnboundedReceiver<News>,
}

/// Why a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Every planned trial is recorded, or spared by the declared rule of early stopping.
    Complete,
    /// It was asked to stop.
    Interrupted,
    /// What is left of the budget is not enough for another trial.
    BudgetReached,
    /// These models were stopped for their failures, and trials of theirs are missing.
    ModelsStopped(Vec<String>),
}

impl Schedule<'_> {
    /// Runs the planned trials that are not recorded, and records each. `start` makes the trial
    /// of an order; when the watch becomes true, it is to end soon as cancelled. Returns once all
    /// have ended and all lines are on disk.
    ///
    /// # Errors
    /// A line or an event could not be written. Trials that had ended by then and are not
    /// recorded are named.
    ///
    /// # Panics
    /// When a trial panicked.
    pub async fn run<F, T>(mut self, directory: RunDirectory, start: F) -> Result<End, RunError>
    where
        F: Fn(Arc<Order>, watch::Receiver<bool>) -> T,
        T: Future<Output = TrialRecord> + Send + 'static,
    {
        let begun = Instant::now();
        let manifest = self.manifest;
        let (log, writer) = TrialLog::open(directory);
        let mut progress = Progress::new(&self);
        let standings = self.standings.clone();
        progress.note(self.tell(&Event::Started {
            manifest,
            standings: &standings,
        }));
        self.work(&log, &start, &mut progress).await;
        drop(log);
        let end = progress.end(writer).await?;
        self.tell(&Event::Finished {
            recorded: progress.recorded,
            planned: manifest.plan.orders.len(),
            took: begun.elapsed(),
        })?;
        Ok(end)
    }

    async fn work<F, T>(&mut self, log: &TrialLog, start: &F, progress: &mut Progress)
    where
        F: Fn(Arc<Order>, watch::Receiver<bool>) -> T,
        T: Future<Output = TrialRecord> + Send + 'static,
    {
        let mut stopped = self.stop.subscribe();
        let mut running = JoinSet::new();
        loop {
            if progress.cannot_record() {
                self.stop.send_replace(true);
            }
            while running.len() < self.max_parallel
                && !*self.stop.borrow()
                && !progress.must_stop()
                && let Some(order) = progress.next()
            {
                progress.note(self.tell(&Event::TrialStarted { order: &order }));
                let trial = start(Arc::clone(&order), self.stop.subscribe());
                running.spawn(recorded(order, trial, log.clone()));
            }
            if running.is_empty() && self.is_out_of_budget(progress) {
                return;
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
                Some(news) = self.news.recv() => self.hear(&news, progress),
                ended = running.join_next() => {
                    let Some(ended) = ended else { return };
                    self.take(ended, progress);
                }
            }
        }
    }

    /// Whether trials are left for which there is no money; if so, that is told.
    fn is_out_of_budget(&mut self, progress: &mut Progress) -> bool {
        let (Some(budget_usd), Some(_)) = (progress.budget.most(), progress.waiting()) else {
            return false;
        };
        if progress.must_stop() || progress.stopping || *self.stop.borrow() {
            return false;
        }
        progress.is_out_of_budget = true;
        progress.note(self.tell(&Event::BudgetReached {
            spent_usd: progress.budget.spent(),
            budget_usd,
        }));
        true
    }

    fn hear(&mut self, news: &News, progress: &mut Progress) {
        let told = match news {
            News::AttemptFailed(attempt) => self.tell(&Event::AttemptFailed { attempt }),
            News::Answered { order, cost_usd } => {
                let cost_usd = *cost_usd;
                progress.budget.answered(order, cost_usd);
                let told = self.tell(&Event::Answered { order, cost_usd });
                let is_broken = progress.budget.is_broken_by(order, cost_usd);
                if is_broken && progress.give_up(&order.model) {
                    told.and_then(|()| {
                        self.tell(&Event::ModelStopped {
                            model: &order.model,
                            cause: UNCOUNTED,
                        })
                    })
                } else {
                    told
                }
            }
            News::ModelStopped { model, cause } => {
                progress.give_up(model);
                self.tell(&Event::ModelStopped { model, cause })
            }
        };
        progress.note(told);
    }

    fn take(&mut self, ended: Result<Ended, JoinError>, progress: &mut Progress) {
        match ended {
            Ok(Ended::Recorded(record)) => {
                progress.budget.ended(&record.trial);
                let stopped = progress.record(&record);
                progress.note(self.tell(&Event::TrialFinished { record: &record }));
                if let Some(stopped) = &stopped {
                    progress.note(self.tell(&Event::CellStopped { stopped }));
                }
            }
            Ok(Ended::Unrecorded(trial)) => progress.unrecorded.push(trial),
            Ok(Ended::Cancelled(order)) => progress.budget.ended(&order.trial),
            // No trial is aborted, so it panicked: a fault in this program, which no later trial
            // could be trusted after.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    fn tell(&mut self, event: &Event<'_>) -> Result<(), RunError> {
        self.sinks.iter_mut().try_for_each(|sink| sink.take(event))
    }
}

/// What became of a trial.
enum Ended {
    /// Its line is on disk.
    Recorded(Box<TrialRecord>),
    /// It ended, but its line could not be written.
    Unrecorded(String),
    /// It was cancelled, so there is nothing to record.
    Cancelled(Arc<Order>),
}

async fn recorded(
    order: Arc<Order>,
    trial: impl Future<Output = TrialRecord>,
    log: TrialLog,
) -> Ended {
    let record = trial.await;
    if record.ending == Ending::Cancelled {
        return Ended::Cancelled(order);
    }
    match log.append(&record).await {
        Ok(()) => Ended::Recorded(Box::new(record)),
        Err(NotWritten) => Ended::Unrecorded(record.trial),
    }
}

#[cfg(test)]
mod tests;
