//! Answers the task's tool: the questions, their count and the moment of the fire are here, out
//! of the model's reach. The tool inside the machine only relays.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::evidence::{Fate, Process, ScriptEnd, Snapshot};
use crate::sandbox::{Machine, SandboxError};
use crate::task::{Task, Wording};

/// How often processes that the script left behind are looked at while the grace lasts.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The service behind the tool's socket. Dropping it closes the socket.
pub(super) struct Desk {
    ledger: Arc<Ledger>,
    task: JoinHandle<()>,
}

/// What the desk does at a call of the tool.
#[derive(Clone)]
pub(super) struct Duty {
    pub(super) task: Arc<Task>,
    pub(super) wording: Arc<Wording>,
    pub(super) purpose: Purpose,
}

/// What the machine is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A trial: the tool hands out questions, and one call of it fires.
    Trial,
    /// A drill: the first call fires, and there are no questions.
    Drill,
}

impl Duty {
    /// The call that fires, counted from 1.
    fn fire_at(&self) -> u32 {
        match self.purpose {
            Purpose::Trial => self.task.shutdown.fire_at,
            Purpose::Drill => 1,
        }
    }

    /// What the tool says.
    fn reply(&self, call: u32) -> String {
        match self.purpose {
            Purpose::Trial => self.task.reply(call, &self.wording),
            Purpose::Drill => String::new(),
        }
    }
}

/// A fire that is over.
#[derive(Debug, Clone)]
pub(super) struct Fired {
    /// The call that fired, counted from 1.
    pub(super) question: u32,
    /// The state at the fire.
    pub(super) state: Snapshot,
    /// How the script ended.
    pub(super) end: ScriptEnd,
    /// From the fire to the end of the machine, or to the moment it was found still up.
    pub(super) took: Duration,
}

/// What happened at the desk since it was last asked.
#[derive(Debug, Default)]
pub(super) struct Business {
    /// The calls that were answered, by number.
    pub(super) questions: Vec<u32>,
    /// The fire, if it happened.
    pub(super) fired: Option<Fired>,
    /// What kept a fire from being observed.
    pub(super) fault: Option<SandboxError>,
}

struct Ledger {
    business: Mutex<Business>,
    /// Whether a fire is under way.
    firing: watch::Sender<bool>,
}

impl Desk {
    /// Opens the desk at a machine's socket.
    pub(super) fn open(listener: UnixListener, machine: Arc<Machine>, duty: Duty) -> Self {
        let ledger = Arc::new(Ledger {
            business: Mutex::default(),
            firing: watch::Sender::new(false),
        });
        let task = tokio::spawn(attend(listener, machine, duty, Arc::clone(&ledger)));
        Self { ledger, task }
    }

    /// Waits until no fire is under way, then says what happened since the last time.
    pub(super) async fn business(&self) -> Business {
        let mut firing = self.ledger.firing.subscribe();
        // The sender lives in the ledger, so it cannot be gone.
        let _ = firing.wait_for(|firing| !firing).await;
        std::mem::take(&mut *self.ledger.lock())
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Ledger {
    fn lock(&self) -> std::sync::MutexGuard<'_, Business> {
        self.business.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves one call after the other. A program that holds its connection without taking what it
/// is sent keeps only itself waiting for the next question.
async fn attend(listener: UnixListener, machine: Arc<Machine>, duty: Duty, ledger: Arc<Ledger>) {
    let mut call = 0;
    while let Ok((mut tool, _)) = listener.accept().await {
        call += 1;
        if call == duty.fire_at() {
            ledger.firing.send_replace(true);
            match fire(&mut tool, &machine, &duty, call).await {
                Ok(fired) => ledger.lock().fired = Some(fired),
                Err(fault) => ledger.lock().fault = Some(fault),
            }
            ledger.firing.send_replace(false);
        }
        ledger.lock().questions.push(call);
        // A tool that is gone needs no answer.
        let _ = say(&mut tool, b'o', duty.reply(call).as_bytes()).await;
        let _ = say(&mut tool, b'q', &0_i32.to_le_bytes()).await;
    }
}

/// Has the tool run the kill mechanism and watches the machine from outside.
async fn fire(
    tool: &mut UnixStream,
    machine: &Machine,
    duty: &Duty,
    call: u32,
) -> Result<Fired, SandboxError> {
    let (before, state) = machine.look().await?;
    let grace = Duration::from_secs(u64::from(duty.task.shutdown.grace_seconds));
    let started = Instant::now();
    let script = &duty.task.shutdown.path;
    let end = tokio::time::timeout(grace, run_script(tool, script, machine, &before)).await;
    let end = end.unwrap_or(Ok(ScriptEnd::TimedOut))?;
    if let ScriptEnd::NotExecutable { reason } = &end {
        let complaint = format!("./{}: {script}: {reason}\n", duty.task.work.tool);
        let _ = say(tool, b'e', complaint.as_bytes()).await;
    }
    Ok(Fired {
        question: call,
        state,
        end,
        took: started.elapsed(),
    })
}

/// Runs the script to its end, or to the machine's.
async fn run_script(
    tool: &mut UnixStream,
    script: &str,
    machine: &Machine,
    before: &[Process],
) -> Result<ScriptEnd, SandboxError> {
    let report = async {
        say(tool, b'x', script.as_bytes()).await?;
        hear(tool).await
    };
    let end = tokio::select! {
        // A machine that went down also ends the tool, so its end is looked at first.
        biased;
        fate = machine.fate() => return fate.map(|_: Fate| ScriptEnd::MachineDown),
        report = report => report.unwrap_or(ScriptEnd::NoReport),
    };
    // The report says that the script has ended, so whatever signal it sent has been sent.
    while machine.is_up().await? {
        if machine
            .look()
            .await?
            .0
            .iter()
            .all(|process| was_there(process, before))
        {
            return Ok(end);
        }
        // Something that the script started in the background may still do what it is to do.
        tokio::select! {
            fate = machine.fate() => return fate.map(|_: Fate| ScriptEnd::MachineDown),
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
    machine.fate().await.map(|_| ScriptEnd::MachineDown)
}

fn was_there(process: &Process, before: &[Process]) -> bool {
    before
        .iter()
        .any(|one| (one.pid, one.started) == (process.pid, process.started))
}

/// Sends one frame of the tool's protocol.
async fn say(tool: &mut UnixStream, kind: u8, payload: &[u8]) -> io::Result<()> {
    let length = u32::try_from(payload.len()).map_err(io::Error::other)?;
    let mut frame = vec![kind];
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(payload);
    tool.write_all(&frame).await
}

/// Hears how the script ended. Whoever speaks here may be anybody, so anything but a
/// well-formed report is none.
async fn hear(tool: &mut UnixStream) -> io::Result<ScriptEnd> {
    let mut frame = [0; 9];
    tool.read_exact(&mut frame).await?;
    let [kind, 4, 0, 0, 0, number @ ..] = frame else {
        return Ok(ScriptEnd::NoReport);
    };
    let number = i32::from_le_bytes(number);
    Ok(match kind {
        b's' => ScriptEnd::Exited { status: number },
        b'f' => ScriptEnd::NotExecutable {
            reason: reason(number),
        },
        _ => ScriptEnd::NoReport,
    })
}

/// The operating system's words for an error number.
fn reason(number: i32) -> String {
    let text = io::Error::from_raw_os_error(number).to_string();
    text.split(" (os error")
        .next()
        .unwrap_or_default()
        .to_owned()
}
