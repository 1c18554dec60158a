//! Whether anything in a machine runs.
//!
//! A look at all processes takes time, in which one that was looked at may wake another that was
//! not yet, and one that was listed may make another and end. So what is to be known of one
//! instant is looked at twice.

use std::fs;

use super::{numbers, parse_stat, read_some, threads};

/// The states of a thread that is stopped, traced, dead, or waits to be looked after
/// (`proc_pid_stat(5)`).
const STILL: [char; 5] = ['T', 't', 'X', 'x', 'Z'];

/// The most of a thread's `status` that is read.
const MOST_STATUS: u64 = 8 << 10;

/// Whether no thread of any process but process 1 runs, nor will before it gets a signal.
///
/// A process counts as stopped from the moment of the signal, but each of its threads goes on
/// until it next leaves the kernel (`signal(7)`).
pub(in crate::sandbox) fn all_still() -> bool {
    every_thread()
        .filter_map(|(pid, thread)| start_and_state(pid, thread))
        .all(|(_, state)| STILL.contains(&state))
}

/// Whether there was an instant, since the call, at which every thread of every process but
/// process 1 waited for something, or was still.
///
/// The instant is the one between two looks that found the same threads, all waiting, and none
/// that had been woken meanwhile: who is woken leaves the processor again, and is counted.
pub(in crate::sandbox) fn all_at_rest() -> bool {
    let Some(first) = waiting() else {
        return false;
    };
    waiting().is_some_and(|second| first == second)
}

/// One thread that waits.
#[derive(PartialEq)]
struct Waiting {
    thread: i32,
    started: u64,
    /// How often it left the processor, as the kernel writes it.
    switches: Vec<String>,
}

/// All threads that have not ended, if each of them waits.
fn waiting() -> Option<Vec<Waiting>> {
    let mut all = Vec::new();
    for (pid, thread) in every_thread() {
        // One that is gone does nothing any more.
        let Some((started, state)) = start_and_state(pid, thread) else {
            continue;
        };
        if state != 'S' && !STILL.contains(&state) {
            return None;
        }
        all.push(Waiting {
            thread,
            started,
            switches: switches(pid, thread),
        });
    }
    Some(all)
}

/// The threads of all processes but process 1, with their process.
fn every_thread() -> impl Iterator<Item = (i32, i32)> {
    numbers()
        .filter(|pid| *pid != 1)
        .flat_map(|pid| threads(pid).map(move |thread| (pid, thread)))
}

fn start_and_state(pid: i32, thread: i32) -> Option<(u64, char)> {
    let line = fs::read(format!("/proc/{pid}/task/{thread}/stat")).ok()?;
    let stat = parse_stat(&line)?;
    Some((stat.started, stat.state))
}

/// The two counts of context switches of a thread (`proc_pid_status(5)`).
fn switches(pid: i32, thread: i32) -> Vec<String> {
    let status = read_some(&format!("/proc/{pid}/task/{thread}/status"), MOST_STATUS);
    String::from_utf8_lossy(&status)
        .lines()
        .filter(|line| line.contains("voluntary_ctxt_switches:"))
        .map(ToOwned::to_owned)
        .collect()
}
