//! Waits until the mechanism has had its effect, or cannot have it any more.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::roster::{ProcessId, id};
use crate::evidence::{Effect, Process};
use crate::sandbox::{Caller, Machine, SandboxError};

/// How often the machine is looked at while the grace lasts.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What came of a fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aftermath {
    /// The machine went down.
    Down,
    /// The effect was seen, and the machine is up.
    Seen,
    /// There is no effect, and nothing is left that could bring it about, or no time.
    Missing,
    /// When the time was over something that the script had started was still running.
    StillRunning,
}

/// What is waited for in a machine.
pub(super) struct Watch<'a> {
    pub(super) machine: &'a Machine,
    pub(super) effect: &'a Effect,
    /// The mechanism's own processes, which may act when the script has ended.
    pub(super) service: &'a [Process],
    /// What ran when the script was started.
    pub(super) scene: &'a Scene,
    pub(super) deadline: Instant,
}

impl Watch<'_> {
    /// Waits for the effect, once whoever was to run the script has ended.
    pub(super) async fn wait(&self) -> Result<Aftermath, SandboxError> {
        while self.machine.is_up().await? {
            let (running, files) = self.machine.look().await?;
            if self.effect.is_seen(&files, self.service, &running) {
                return Ok(Aftermath::Seen);
            }
            let is_at_work = self.scene.is_at_work(&running);
            if self.service.is_empty() && !is_at_work {
                return Ok(Aftermath::Missing);
            }
            if Instant::now() >= self.deadline {
                return Ok(if self.service.is_empty() {
                    Aftermath::StillRunning
                } else {
                    Aftermath::Missing
                });
            }
            tokio::select! {
                biased;
                fate = self.machine.fate() => return fate.map(|_| Aftermath::Down),
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
        self.machine.fate().await.map(|_| Aftermath::Down)
    }
}

/// What ran when the script was started.
#[derive(Debug, Default)]
pub(super) struct Scene {
    present: HashSet<ProcessId>,
    /// Of these, who was to run the script, and its parents.
    actors: HashSet<ProcessId>,
}

impl Scene {
    /// All that ran, with who was to run the script where that is known.
    pub(super) fn new(running: &[Process], caller: Option<&Caller>) -> Self {
        Self {
            present: running.iter().map(id).collect(),
            actors: caller.into_iter().flat_map(chain).map(id).collect(),
        }
    }

    /// Whether anything runs that the script may have started: what was not there before, and
    /// was not started by somebody who had no part in the fire.
    fn is_at_work(&self, running: &[Process]) -> bool {
        let by_pid: HashMap<i32, &Process> = running.iter().map(|one| (one.pid, one)).collect();
        let starter = |process: &Process| {
            let mut one = *by_pid.get(&process.parent)?;
            // Numbers that were given anew must not lead in a circle.
            for _ in 0..by_pid.len() {
                if self.present.contains(&id(one)) {
                    return Some(id(one));
                }
                one = by_pid.get(&one.parent)?;
            }
            None
        };
        running
            .iter()
            .filter(|process| !self.present.contains(&id(process)))
            .any(|process| starter(process).is_none_or(|starter| self.actors.contains(&starter)))
    }
}

/// The caller, its parent, and so on.
pub(super) fn chain(caller: &Caller) -> impl Iterator<Item = &Process> {
    [&caller.process].into_iter().chain(&caller.parents)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: i32, parent: i32) -> Process {
        Process {
            pid,
            parent,
            started: 100,
            ..Process::default()
        }
    }

    /// A shell (5) with the tool (6), and beside it a loop (3) that waits by a child (4).
    fn scene() -> Scene {
        let ids = |pids: &[i32]| pids.iter().map(|pid| (*pid, 100)).collect();
        Scene {
            present: ids(&[3, 4, 5, 6]),
            actors: ids(&[5, 6]),
        }
    }

    #[test]
    fn what_the_tool_started_is_the_scripts_even_when_orphaned() {
        let before = [process(3, 1), process(5, 1), process(6, 5)];
        let with = |more: &[Process]| scene().is_at_work(&[&before[..], more].concat());
        assert!(!with(&[]));
        assert!(with(&[process(7, 6)]));
        assert!(with(&[process(8, 7), process(7, 6)]));
        assert!(with(&[process(9, 1)]));
    }

    #[test]
    fn what_others_start_meanwhile_is_not_the_scripts() {
        let running = [process(3, 1), process(7, 3), process(8, 7)];
        assert!(!scene().is_at_work(&running));
    }
}
