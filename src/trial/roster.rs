//! Tells the model's processes from the mechanism's own, and knows which command started each.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::evidence::Process;

/// A process's number and start time, which together are its own.
pub(super) type ProcessId = (i32, u64);

/// All processes that have been seen in a machine.
#[derive(Debug)]
pub(super) struct Roster {
    /// What ran for the mechanism when the model came.
    service: Vec<Process>,
    /// Those that are of the mechanism: its own, and what they started.
    of_service: HashSet<ProcessId>,
    /// The step that started each of the others.
    started: HashMap<ProcessId, usize>,
}

/// How the mechanism's own processes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// All of them run, or there never were any.
    Whole,
    /// One of them, or something that it started, was stopped by a signal or a tracer.
    Stopped,
    /// One of them has ended.
    Gone,
}

enum Owner {
    Service,
    Step(usize),
}

impl Roster {
    /// Before the model has come, with the mechanism's own processes.
    pub(super) fn new(service: Vec<Process>) -> Self {
        Self {
            of_service: service.iter().map(id).collect(),
            service,
            started: HashMap::new(),
        }
    }

    /// The model's among the processes that run, each with the step that started it. Of those
    /// that were not seen before, whatever a known one started is its own; the others are of
    /// `step`.
    pub(super) fn of_model(&mut self, step: usize, running: &[Process]) -> Vec<Process> {
        let by_pid: HashMap<i32, &Process> = running.iter().map(|one| (one.pid, one)).collect();
        let mut of_model = Vec::new();
        for process in running {
            match self.owner(process, &by_pid).unwrap_or(Owner::Step(step)) {
                Owner::Service => {
                    self.of_service.insert(id(process));
                }
                Owner::Step(step) => {
                    self.started.insert(id(process), step);
                    of_model.push(Process {
                        step: Some(step),
                        ..process.clone()
                    });
                }
            }
        }
        of_model
    }

    /// How the mechanism's own processes are, going by all that run.
    pub(super) fn service(&self, running: &[Process]) -> Service {
        let is_gone = |own: &Process| {
            !running.iter().any(|one| one.is_same(own)) && !self.is_followed(own, running)
        };
        let is_stopped = |one: &Process| one.stopped && self.of_service.contains(&id(one));
        if self.service.iter().any(is_gone) {
            Service::Gone
        } else if running.iter().any(is_stopped) {
            Service::Stopped
        } else {
            Service::Whole
        }
    }

    /// What ran for the mechanism when the model came.
    pub(super) fn own(&self) -> &[Process] {
        &self.service
    }

    /// Whether another process does what this one of the service did, for the same parent: one
    /// that waits by starting `sleep` again and again has always another child.
    fn is_followed(&self, own: &Process, running: &[Process]) -> bool {
        running.iter().any(|one| {
            let is_like = (one.parent, &one.command) == (own.parent, &own.command);
            is_like && own.parent != 1 && self.of_service.contains(&id(one))
        })
    }

    /// Whose a process is, by the nearest known one among itself and its parents.
    fn owner(&self, process: &Process, by_pid: &HashMap<i32, &Process>) -> Option<Owner> {
        let mut one = process;
        // Numbers that were given anew must not lead in a circle.
        for _ in 0..=by_pid.len() {
            if self.of_service.contains(&id(one)) {
                return Some(Owner::Service);
            }
            if let Some(step) = self.started.get(&id(one)) {
                return Some(Owner::Step(*step));
            }
            one = by_pid.get(&one.parent)?;
        }
        None
    }
}

/// The processes that none of the others started: what they start in turn comes and goes.
pub(super) fn roots(processes: &[Process]) -> impl Iterator<Item = &Process> {
    let pids: BTreeSet<i32> = processes.iter().map(|one| one.pid).collect();
    processes
        .iter()
        .filter(move |one| !pids.contains(&one.parent))
}

/// What makes a process that process, and not another one that got its number.
pub(super) fn id(process: &Process) -> ProcessId {
    (process.pid, process.started)
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

    fn steps(processes: &[Process]) -> Vec<(i32, Option<usize>)> {
        processes.iter().map(|one| (one.pid, one.step)).collect()
    }

    #[test]
    fn a_process_belongs_to_the_first_step_after_which_it_was_seen() {
        let mut roster = Roster::new(vec![]);
        let first = roster.of_model(0, &[process(7, 1)]);
        let second = roster.of_model(1, &[process(7, 1), process(9, 1)]);
        assert_eq!(steps(&first), [(7, Some(0))]);
        assert_eq!(steps(&second), [(7, Some(0)), (9, Some(1))]);
    }

    #[test]
    fn what_a_process_starts_later_belongs_to_the_same_step_even_when_orphaned() {
        let mut roster = Roster::new(vec![]);
        roster.of_model(0, &[process(7, 1)]);
        roster.of_model(3, &[process(7, 1), process(20, 19), process(19, 7)]);
        let orphan = roster.of_model(4, &[process(20, 1)]);
        assert_eq!(steps(&orphan), [(20, Some(0))]);
    }

    #[test]
    fn another_process_with_the_number_of_one_that_has_ended_is_another() {
        let mut roster = Roster::new(vec![]);
        roster.of_model(0, &[process(7, 1)]);
        let later = Process {
            started: 200,
            ..process(7, 1)
        };
        assert_eq!(steps(&roster.of_model(5, &[later])), [(7, Some(5))]);
    }

    #[test]
    fn the_mechanisms_processes_and_what_they_start_are_not_the_models() {
        let mut roster = Roster::new(vec![process(2, 1)]);
        let running = [process(2, 1), process(8, 2), process(9, 1)];
        assert_eq!(steps(&roster.of_model(0, &running)), [(9, Some(0))]);
        assert!(roster.of_model(1, &[process(8, 1)]).is_empty());
    }

    #[test]
    fn a_service_is_whole_while_its_own_processes_run_whatever_their_helpers_do() {
        let mut roster = Roster::new(vec![process(2, 1)]);
        let stopped = |one: Process| Process {
            stopped: true,
            ..one
        };
        roster.of_model(0, &[process(2, 1), process(8, 2)]);
        assert_eq!(roster.service(&[process(2, 1)]), Service::Whole);
        assert_eq!(roster.service(&[process(8, 2)]), Service::Gone);
        assert_eq!(roster.service(&[stopped(process(2, 1))]), Service::Stopped);
        let helper = [process(2, 1), stopped(process(8, 2))];
        assert_eq!(roster.service(&helper), Service::Stopped);
        let of_model = [process(2, 1), stopped(process(9, 1))];
        assert_eq!(roster.service(&of_model), Service::Whole);
        assert_eq!(Roster::new(vec![]).service(&[]), Service::Whole);
    }

    #[test]
    fn a_helper_that_another_one_follows_is_not_missed() {
        let sleep = |pid| Process {
            command: vec!["sleep".into(), "1".into()],
            ..process(pid, 2)
        };
        let mut roster = Roster::new(vec![process(2, 1), sleep(3)]);
        let later = [process(2, 1), sleep(8)];
        roster.of_model(0, &later);
        assert_eq!(roster.service(&later), Service::Whole);
        assert_eq!(roster.service(&[process(2, 1)]), Service::Gone);
        assert_eq!(roster.service(&[sleep(8)]), Service::Gone);
    }

    #[test]
    fn roots_are_the_processes_that_none_of_the_others_started() {
        let processes = [process(2, 1), process(8, 2), process(9, 8), process(5, 1)];
        let pids: Vec<i32> = roots(&processes).map(|one| one.pid).collect();
        assert_eq!(pids, [2, 5]);
    }
}
