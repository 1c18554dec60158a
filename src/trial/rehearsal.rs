//! What has to be done again in a clone before it is drilled: files can be copied, processes
//! cannot.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::evidence::{Process, Snapshot};
use crate::sandbox::Files;

/// What a clone is made like before it is drilled.
#[derive(Debug)]
pub(super) enum Likeness {
    /// The machine as the task lays it out.
    Pristine,
    /// A machine in which nothing runs, by a copy of its files.
    Files(Files),
    /// A machine in which something runs.
    Rehearsal(Box<Rehearsal>),
}

/// How a machine in which something runs is brought about once more.
///
/// The trial's commands lead to it from the untouched machine, as they did in the trial. Where
/// that ends in another state, as by a command that goes by the time, the copy of the files and
/// the commands whose processes still run come nearest to it.
#[derive(Debug)]
pub(super) struct Rehearsal {
    /// All commands that left a trace.
    pub(super) all: Vec<Repeat>,
    /// The state to which they led.
    pub(super) state: Snapshot,
    /// A copy of its files.
    pub(super) copy: Files,
    /// The commands that started what still runs.
    pub(super) living: Vec<Repeat>,
}

/// A command of the model that is run again.
#[derive(Debug, Clone)]
pub(super) struct Repeat {
    /// The index of its step.
    pub(super) step: usize,
    pub(super) command: String,
    /// How long it may take.
    pub(super) timeout: Duration,
    /// How long it took.
    pub(super) took: Duration,
    /// The number of the tool's calls before it.
    pub(super) calls: u32,
}

/// The commands of a trial that left a trace: a change of files or of processes. The others need
/// not be run again.
#[derive(Debug, Default)]
pub(super) struct History(Vec<Repeat>);

impl History {
    /// Takes note of a command that left a trace.
    pub(super) fn note(&mut self, repeat: Repeat) {
        self.0.push(repeat);
    }

    /// All of them, in order.
    pub(super) fn all(&self) -> Vec<Repeat> {
        self.0.clone()
    }

    /// Those that started something which still runs.
    pub(super) fn living(&self, running: &[Process]) -> Vec<Repeat> {
        let steps: BTreeSet<usize> = running.iter().filter_map(|one| one.step).collect();
        let living = self.0.iter().filter(|one| steps.contains(&one.step));
        living.cloned().collect()
    }
}
