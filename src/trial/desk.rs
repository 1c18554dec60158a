//! Answers the task's tool: the questions, their count and the moment of the fire are here, out
//! of the model's reach. The tool inside the machine only relays.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::fire::{Fired, Trigger};
use super::line;
use crate::evidence::FiredBy;
use crate::sandbox::SandboxError;
use crate::task::{Task, Wording};

/// The service behind a machine's tool. Dropping it closes the tool's socket.
pub(super) struct Desk {
    ledger: Arc<Ledger>,
    trigger: Trigger,
    /// Who attends to the tool, and to the time.
    attendants: JoinSet<()>,
}

/// What the desk says to the tool.
#[derive(Clone)]
pub(super) struct Duty {
    pub(super) task: Arc<Task>,
    pub(super) wording: Arc<Wording>,
}

/// What the machine is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A trial: the tool hands out questions, and one call of it may fire.
    Trial,
    /// What was done in a trial is done again: the tool hands out questions, and no call fires.
    Rehearsal,
    /// A drill: the first call fires, and there are no questions.
    Drill,
}

/// What happened at the desk since it was last asked.
#[derive(Debug, Default)]
pub(super) struct Business {
    /// The calls that came, by number.
    pub(super) questions: Vec<u32>,
    /// The fire, if it happened.
    pub(super) fired: Option<Fired>,
    /// What kept a fire from being observed.
    pub(super) fault: Option<SandboxError>,
}

struct Ledger {
    business: Mutex<Business>,
    shift: Mutex<Shift>,
    fire: watch::Sender<Progress>,
}

/// What the next call is for.
#[derive(Debug, Clone, Copy)]
struct Shift {
    purpose: Purpose,
    /// The number of the last call.
    calls: u32,
}

/// How far the one fire of a machine has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Ahead,
    UnderWay,
    Over,
}

impl Desk {
    /// Opens the desk at a machine's socket.
    pub(super) fn open(
        listener: UnixListener,
        trigger: Trigger,
        duty: Duty,
        purpose: Purpose,
    ) -> Self {
        let ledger = Arc::new(Ledger {
            business: Mutex::default(),
            shift: Mutex::new(Shift { purpose, calls: 0 }),
            fire: watch::Sender::new(Progress::Ahead),
        });
        let mut attendants = JoinSet::new();
        attendants.spawn(attend(listener, trigger.clone(), duty, Arc::clone(&ledger)));
        Self {
            ledger,
            trigger,
            attendants,
        }
    }

    /// Waits until no fire is under way, then says what happened since the last time.
    pub(super) async fn business(&self) -> Business {
        let mut fire = self.ledger.fire.subscribe();
        // The sender lives in the ledger, so it cannot be gone.
        let _ = fire.wait_for(|fire| *fire != Progress::UnderWay).await;
        std::mem::take(&mut *lock(&self.ledger.business))
    }

    /// Waits until the mechanism has been fired and what came of it is known.
    pub(super) async fn fire_is_over(&self) {
        let mut fire = self.ledger.fire.subscribe();
        let _ = fire.wait_for(|fire| *fire == Progress::Over).await;
    }

    /// Goes on as after so many calls, with this purpose.
    pub(super) fn turn_to(&self, purpose: Purpose, calls: u32) {
        *lock(&self.ledger.shift) = Shift { purpose, calls };
    }

    /// Attends to nobody any more.
    pub(super) async fn close(mut self) {
        self.attendants.shutdown().await;
    }

    /// Has the mechanism fired at a time by whoever is to do it then.
    pub(super) fn set_alarm(&mut self, at: Instant, by: FiredBy) {
        let (ledger, trigger) = (Arc::clone(&self.ledger), self.trigger.clone());
        self.attendants.spawn(async move {
            tokio::time::sleep_until(at.into()).await;
            fire(&ledger, &trigger, by).await;
        });
    }

    /// Has the mechanism fired at once by whoever is to do it when no call of the tool does.
    pub(super) async fn fire(&self, by: FiredBy) {
        fire(&self.ledger, &self.trigger, by).await;
    }
}

impl Ledger {
    /// Counts a call, and says whether it is the one that fires.
    fn take_call(&self, task: &Task) -> (u32, bool) {
        let mut shift = lock(&self.shift);
        shift.calls += 1;
        let fires = match shift.purpose {
            Purpose::Trial => task.shutdown.fire_call() == Some(shift.calls),
            Purpose::Rehearsal => false,
            Purpose::Drill => true,
        };
        (shift.calls, fires)
    }

    /// Writes down what came of a fire, unless the machine has had its one before.
    async fn witness(&self, fire: impl Future<Output = Result<Fired, SandboxError>>) {
        let is_first = self.fire.send_if_modified(|progress| {
            let is_ahead = *progress == Progress::Ahead;
            if is_ahead {
                *progress = Progress::UnderWay;
            }
            is_ahead
        });
        if !is_first {
            return;
        }
        match fire.await {
            Ok(fired) => lock(&self.business).fired = Some(fired),
            Err(fault) => lock(&self.business).fault = Some(fault),
        }
        self.fire.send_replace(Progress::Over);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves one call after the other. A program that holds its connection without taking what it
/// is sent keeps only itself waiting for the next question.
async fn attend(listener: UnixListener, trigger: Trigger, duty: Duty, ledger: Arc<Ledger>) {
    loop {
        let mut tool = match listener.accept().await {
            Ok((tool, _)) => tool,
            // Without an answer the tool does not do what the model was told that it does, and
            // that is not the model's doing.
            Err(error) => {
                lock(&ledger.business).fault = Some(error.into());
                return;
            }
        };
        let (call, fires) = ledger.take_call(&duty.task);
        // Before the fire, whose end may be the trial's.
        lock(&ledger.business).questions.push(call);
        if fires {
            fire_at_call(&ledger, &trigger, &mut tool, call).await;
        }
        let purpose = lock(&ledger.shift).purpose;
        let text = match purpose {
            Purpose::Trial | Purpose::Rehearsal => duty.task.reply(call, &duty.wording),
            Purpose::Drill => String::new(),
        };
        line::answer(&mut tool, &text).await;
    }
}

async fn fire_at_call(ledger: &Ledger, trigger: &Trigger, tool: &mut UnixStream, call: u32) {
    match trigger.task.shutdown.fired_by {
        FiredBy::Agent => ledger.witness(trigger.by_tool(tool, call)).await,
        FiredBy::System => ledger.witness(trigger.by_system(Some(call))).await,
        FiredBy::Mechanism => ledger.witness(trigger.by_mechanism()).await,
    }
}

async fn fire(ledger: &Ledger, trigger: &Trigger, by: FiredBy) {
    match by {
        // Without a call of the tool there is nobody who could run it in the agent's context.
        FiredBy::Agent => {}
        FiredBy::System => ledger.witness(trigger.by_system(None)).await,
        FiredBy::Mechanism => ledger.witness(trigger.by_mechanism()).await,
    }
}
