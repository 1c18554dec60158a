//! Has the kill mechanism run, and watches from outside what comes of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::UnixStream;

use super::effect::{Aftermath, Scene, Watch};
use super::line;
use crate::evidence::{Effect, Exit, Fate, FiredBy, Output, Process, ScriptEnd, Snapshot};
use crate::sandbox::{Caller, Machine, SandboxError};
use crate::task::{Shutdown, Task};

/// What fires in one machine.
#[derive(Clone)]
pub(super) struct Trigger {
    pub(super) machine: Arc<Machine>,
    pub(super) task: Arc<Task>,
    /// The mechanism's own processes in this machine.
    pub(super) service: Arc<[Process]>,
}

/// A fire that is over.
#[derive(Debug, Clone)]
pub(super) struct Fired {
    /// The call of the tool that brought it about, counted from 1.
    pub(super) question: Option<u32>,
    /// Who ran the script.
    pub(super) by: FiredBy,
    /// Who called the tool's service; none where nobody did, or where it was gone at once.
    pub(super) caller: Option<Caller>,
    /// What ran at the fire.
    pub(super) running: Vec<Process>,
    /// The files at the fire.
    pub(super) state: Snapshot,
    /// How the script ended.
    pub(super) end: ScriptEnd,
    /// What it wrote, where the machine's system ran it.
    pub(super) output: Output,
    /// Whether the effect was seen, where it is another one than the machine's end.
    pub(super) took_effect: Option<bool>,
    /// From the fire to the effect, or to the moment it was found missing.
    pub(super) took: Duration,
}

/// The moment before a script is run.
struct Eve {
    caller: Option<Caller>,
    running: Vec<Process>,
    state: Snapshot,
    started: Instant,
}

impl Trigger {
    /// Has the task's tool run the script, at its call of this number.
    pub(super) async fn by_tool(
        &self,
        tool: &mut UnixStream,
        call: u32,
    ) -> Result<Fired, SandboxError> {
        let (caller, seen) = tokio::join!(self.machine.caller(tool), self.machine.look());
        let (running, state) = seen?;
        let eve = Eve {
            caller: caller?,
            running,
            state,
            started: Instant::now(),
        };
        let script = &self.shutdown().path;
        let told = async {
            let told = line::run_script(tool, script).await;
            Ok(told.unwrap_or(ScriptEnd::NoReport))
        };
        let (end, took_effect) = self.follow(&eve, told).await?;
        if let ScriptEnd::NotExecutable { reason } = &end {
            let complaint = format!("./{}: {script}: {reason}\n", self.task.work.tool);
            line::complain(tool, &complaint).await;
        }
        Ok(eve.fired(Some(call), FiredBy::Agent, end, took_effect))
    }

    /// Has the machine's system run the script; at a call of the tool, where it is one that
    /// brings it about.
    pub(super) async fn by_system(&self, call: Option<u32>) -> Result<Fired, SandboxError> {
        let eve = self.eve().await?;
        let mut output = Output::default();
        let run = async {
            let path = &self.shutdown().path;
            let execution = self.machine.run_program(path, self.grace()).await?;
            output = execution.output;
            Ok(script_end(execution.exit))
        };
        let (end, took_effect) = self.follow(&eve, run).await?;
        let fired = eve.fired(call, FiredBy::System, end, took_effect);
        Ok(Fired { output, ..fired })
    }

    /// Watches the mechanism's own processes at the moment at which they are to act.
    pub(super) async fn by_mechanism(&self) -> Result<Fired, SandboxError> {
        let eve = self.eve().await?;
        // Nobody tells of the script's end.
        let silence = std::future::ready(Ok(ScriptEnd::NoReport));
        let (end, took_effect) = self.follow(&eve, silence).await?;
        let end = match (end, took_effect) {
            (ScriptEnd::NoReport, None | Some(false)) => ScriptEnd::TimedOut,
            (end, _) => end,
        };
        Ok(eve.fired(None, FiredBy::Mechanism, end, took_effect))
    }

    fn shutdown(&self) -> &Shutdown {
        &self.task.shutdown
    }

    fn effect(&self) -> &Effect {
        &self.shutdown().mechanism.effect
    }

    /// How long the mechanism may take.
    pub(super) fn grace(&self) -> Duration {
        Duration::from_secs(u64::from(self.shutdown().grace_seconds))
    }

    async fn eve(&self) -> Result<Eve, SandboxError> {
        let (running, state) = self.machine.look().await?;
        Ok(Eve {
            caller: None,
            running,
            state,
            started: Instant::now(),
        })
    }

    /// Follows the script to its end, and then the machine to the effect, within the grace. `run`
    /// says how the script ended.
    async fn follow(
        &self,
        eve: &Eve,
        run: impl Future<Output = Result<ScriptEnd, SandboxError>>,
    ) -> Result<(ScriptEnd, Option<bool>), SandboxError> {
        let end = tokio::select! {
            // A machine that went down also ends the tool, so its end is looked at first.
            biased;
            fate = self.machine.fate() => fate.map(|_: Fate| ScriptEnd::MachineDown),
            end = tokio::time::timeout(self.grace(), run) => {
                end.unwrap_or(Ok(ScriptEnd::TimedOut))
            }
        }?;
        // Where the script has ended, whatever signal it sent has been sent.
        let watch = Watch {
            machine: &self.machine,
            effect: self.effect(),
            service: &self.service,
            scene: &Scene::new(&eve.running, eve.caller.as_ref()),
            deadline: eve.started + self.grace(),
        };
        Ok(self.outcome(end, watch.wait().await?))
    }

    fn outcome(&self, end: ScriptEnd, aftermath: Aftermath) -> (ScriptEnd, Option<bool>) {
        let is_end_of_machine = *self.effect() == Effect::MachineDown;
        let other = |seen| (!is_end_of_machine).then_some(seen);
        match aftermath {
            Aftermath::Down => (ScriptEnd::MachineDown, other(false)),
            Aftermath::Seen => (end, other(true)),
            Aftermath::Missing => (end, other(false)),
            Aftermath::StillRunning => (ScriptEnd::TimedOut, other(false)),
        }
    }
}

impl Eve {
    fn fired(
        self,
        question: Option<u32>,
        by: FiredBy,
        end: ScriptEnd,
        took_effect: Option<bool>,
    ) -> Fired {
        Fired {
            question,
            by,
            caller: self.caller,
            running: self.running,
            state: self.state,
            end,
            output: Output::default(),
            took_effect,
            took: self.started.elapsed(),
        }
    }
}

/// How a script ended that the system ran.
fn script_end(exit: Exit) -> ScriptEnd {
    match exit {
        Exit::Exited { code } => ScriptEnd::Exited { status: code },
        Exit::Signaled { signal } => ScriptEnd::Exited {
            status: 128 + signal,
        },
        Exit::TimedOut | Exit::Flooded => ScriptEnd::TimedOut,
        Exit::MachineDown => ScriptEnd::MachineDown,
        Exit::NotStarted { reason } => ScriptEnd::NotExecutable { reason },
    }
}
