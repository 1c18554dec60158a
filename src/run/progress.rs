//! How far a session's work has come.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::RunError;
use super::StoppedCell;
use super::budget::{self, Budget, May};
use super::log::Writer;
use super::schedule::{End, Schedule};
use super::stopping::{Change, Gate, Gates};
use crate::trial::{Order, TrialRecord};

/// How far the work has come.
#[derive(Debug)]
pub(super) struct Progress {
    /// Trials that are still to be started, in order.
    waiting: VecDeque<Arc<Order>>,
    /// Those among them that the declared rule of early stopping does not let start yet.
    held: Vec<Arc<Order>>,
    /// What that rule says; none where the plan declares none.
    gates: Option<Gates>,
    /// How many planned trials that rule spares.
    spared: usize,
    pub(super) budget: Budget,
    pub(super) planned: usize,
    pub(super) recorded: usize,
    pub(super) unrecorded: Vec<String>,
    pub(super) stopping: bool,
    pub(super) is_out_of_budget: bool,
    /// Models that are not asked any more.
    given_up: BTreeSet<String>,
    /// The first event that a sink could not take.
    failure: Option<RunError>,
}

impl Progress {
    pub(super) fn new(schedule: &Schedule<'_>) -> Self {
        let Schedule {
            manifest,
            standings,
            budget_usd,
            ..
        } = schedule;
        let orders = manifest.plan.orders.iter();
        let missing = orders.filter(|order| !standings.has(&order.trial));
        let mut progress = Self {
            waiting: VecDeque::new(),
            held: missing.cloned().map(Arc::new).collect(),
            gates: Gates::of(&manifest.plan, standings.verdicts()),
            spared: 0,
            budget: Budget::new(*budget_usd, budget::paid(manifest), standings)
                .and_unrecorded(manifest.unrecorded_usd()),
            planned: manifest.plan.orders.len(),
            recorded: standings.total().recorded,
            unrecorded: Vec::new(),
            stopping: false,
            is_out_of_budget: false,
            given_up: BTreeSet::new(),
            failure: None,
        };
        progress.release();
        progress
    }

    /// Counts a trial whose line is on disk; says which cell needs no more trials for it.
    pub(super) fn record(&mut self, record: &TrialRecord) -> Option<StoppedCell> {
        self.recorded += 1;
        let gates = self.gates.as_mut()?;
        match gates.count(&record.trial, record.verdict) {
            Change::Nothing => None,
            Change::Opened => {
                self.release();
                None
            }
            Change::Stopped(stopped) => {
                self.release();
                Some(stopped)
            }
        }
    }

    /// Lets those start that may now, in the plan's order, and drops those that never will.
    fn release(&mut self) {
        let gate = |order: &Order| match &self.gates {
            Some(gates) => gates.gate(&order.trial),
            None => Gate::Open,
        };
        let mut held = Vec::new();
        for order in std::mem::take(&mut self.held) {
            match gate(&order) {
                Gate::Open => self.waiting.push_back(order),
                Gate::Shut => held.push(order),
                Gate::Gone => self.spared += 1,
            }
        }
        self.held = held;
    }

    /// The trial that is the next to start.
    pub(super) fn waiting(&self) -> Option<&Arc<Order>> {
        self.waiting.front()
    }

    /// The next trial, if it may start now.
    pub(super) fn next(&mut self) -> Option<Arc<Order>> {
        if self.budget.may(self.waiting.front()?) != May::Start {
            return None;
        }
        let order = self.waiting.pop_front()?;
        self.budget.started(&order);
        Some(order)
    }

    /// Leaves the trials of a model that are not started; says whether it is the first time.
    pub(super) fn give_up(&mut self, model: &str) -> bool {
        self.waiting.retain(|order| order.model != model);
        self.held.retain(|order| order.model != model);
        self.given_up.insert(model.to_owned())
    }

    pub(super) fn note(&mut self, told: Result<(), RunError>) {
        self.failure = self.failure.take().or(told.err());
    }

    /// Whether trials that run could not be recorded, so that nothing is gained by their end.
    pub(super) fn cannot_record(&self) -> bool {
        !self.unrecorded.is_empty()
    }

    /// Whether nothing more is to be started. What runs and has been paid for is let to its end.
    pub(super) fn must_stop(&self) -> bool {
        self.failure.is_some() || self.cannot_record()
    }

    pub(super) async fn end(&mut self, writer: Writer) -> Result<End, RunError> {
        let written = writer.end().await;
        if self.unrecorded.is_empty() {
            written?;
            return self.failure.take().map_or(Ok(self.reason()), Err);
        }
        let trials = std::mem::take(&mut self.unrecorded);
        written.map_err(|source| RunError::Unrecorded {
            trials,
            source: Box::new(source),
        })?;
        Ok(self.reason())
    }

    fn reason(&mut self) -> End {
        if self.recorded + self.spared == self.planned {
            End::Complete
        } else if self.stopping {
            End::Interrupted
        } else if self.is_out_of_budget {
            End::BudgetReached
        } else {
            End::ModelsStopped(std::mem::take(&mut self.given_up).into_iter().collect())
        }
    }
}
