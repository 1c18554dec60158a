//! Looks at a machine's processes from outside, through its own `/proc`.
//!
//! Everything read here was written by the model's programs (names, command lines, paths), so
//! every field is bounded. [`details`] reads what a process shows, [`sockets`] what its sockets
//! are called, and [`rest`] tells whether anything runs.

mod details;
mod rest;
mod sockets;

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Read;
use std::os::fd::OwnedFd;

use nix::sys::stat::fstat;

use crate::evidence::{Login, Process};
use crate::sandbox::caller::{self, Caller};
pub(super) use rest::{all_at_rest, all_still};
use sockets::Sockets;

/// The most processes that are listed.
const MOST_PROCESSES: usize = 512;

/// The processes of one machine, as its keeper sees them.
pub(super) struct Processes {
    /// The device of the machine's writable files.
    files: u64,
    /// As whom the model works in it.
    login: Login,
}

impl Processes {
    /// Of the machine whose writable file system has this root, and whose model works as this.
    pub(super) fn new(files: &OwnedFd, login: Login) -> nix::Result<Self> {
        Ok(Self {
            files: fstat(files)?.st_dev,
            login,
        })
    }

    /// All that run but process 1, by number.
    pub(super) fn all(&self) -> Vec<Process> {
        let sockets = Sockets::new();
        let mut processes: Vec<Process> = numbers()
            .filter(|pid| *pid != 1 && !is_dead(*pid))
            .filter_map(|pid| details::look_at(pid, self.files, &sockets))
            .take(MOST_PROCESSES)
            .collect();
        processes.sort_by_key(|process| process.pid);
        processes
    }

    /// A process, its parent, and so on, without process 1.
    pub(super) fn chain(&self, from: i32) -> Vec<Process> {
        let sockets = Sockets::new();
        let mut chain: Vec<Process> = Vec::new();
        let mut next = from;
        while next > 1
            && chain.len() < MOST_PROCESSES
            && let Some(process) = details::look_at(next, self.files, &sockets)
        {
            next = process.parent;
            chain.push(process);
        }
        chain
    }

    /// Who talks to the task's service, where process 1 has these namespaces.
    pub(super) fn caller(&self, pid: i32, namespaces: &[(String, String)]) -> Option<Caller> {
        let mut chain = self.chain(pid).into_iter();
        let process = chain.next()?;
        let started = process.started;
        let caller = Caller {
            process,
            parents: chain.collect(),
            variables: caller::variables(pid, self.login),
            bounds: caller::bounds(pid),
            namespaces: caller::other_namespaces(pid, namespaces),
        };
        // Else it has ended meanwhile, and some of this may be of another process.
        (start_and_state(pid)?.0 == started && !is_dead(pid)).then_some(caller)
    }
}

/// The processes that are stopped or about to be: number and start time.
pub(super) fn stopped() -> HashSet<(i32, u64)> {
    numbers()
        .filter_map(|pid| {
            let stat = stat(pid)?;
            let stops = is_stopped(stat.state) || details::is_stopping(pid);
            stops.then_some((pid, stat.started))
        })
        .collect()
}

/// By a signal or a tracer (`proc_pid_stat(5)`).
fn is_stopped(state: char) -> bool {
    matches!(state, 'T' | 't')
}

/// Whether nothing of a process is left but its end, which its parent has not heard of. One
/// whose first thread alone has ended goes on.
fn is_dead(pid: i32) -> bool {
    stat(pid).is_some_and(|stat| has_ended(stat.state)) && live_thread(pid).is_none()
}

fn has_ended(state: char) -> bool {
    matches!(state, 'X' | 'x' | 'Z')
}

/// A thread of a process that has not ended.
fn live_thread(pid: i32) -> Option<i32> {
    threads(pid).find(|thread| {
        let line = fs::read(format!("/proc/{pid}/task/{thread}/stat")).ok();
        let stat = line.and_then(|line| parse_stat(&line));
        stat.is_some_and(|stat| !has_ended(stat.state))
    })
}

/// The number of a process's parent.
pub(super) fn parent(pid: i32) -> Option<i32> {
    Some(stat(pid)?.parent)
}

/// The namespaces that a process's directory names: their kinds and their identities.
pub(super) fn namespaces(process: &str) -> Vec<(String, String)> {
    let identity = |kind: &str| {
        let identity = fs::read_link(format!("{process}/ns/{kind}")).ok()?;
        Some((kind.to_owned(), identity.to_str()?.to_owned()))
    };
    NAMESPACES.into_iter().filter_map(identity).collect()
}

/// The kinds (`namespaces(7)`). They cannot be listed: the directory of a process that cannot be
/// traced, as process 1, belongs to nobody in the machine.
const NAMESPACES: [&str; 10] = [
    "cgroup",
    "ipc",
    "mnt",
    "net",
    "pid",
    "pid_for_children",
    "time",
    "time_for_children",
    "user",
    "uts",
];

/// The beginning of a file, empty where it cannot be read.
pub(super) fn read_some(path: &str, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(file) = File::open(path) {
        // What was read before an error counts.
        let _ = file.take(most).read_to_end(&mut bytes);
    }
    bytes
}

/// The numbers of all processes.
pub(super) fn numbers() -> impl Iterator<Item = i32> {
    numbered("/proc")
}

fn threads(pid: i32) -> impl Iterator<Item = i32> {
    numbered(&format!("/proc/{pid}/task"))
}

fn numbered(directory: &str) -> impl Iterator<Item = i32> + use<> {
    fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// When a process started, in clock ticks, and its state's letter.
pub(super) fn start_and_state(pid: i32) -> Option<(u64, char)> {
    let stat = stat(pid)?;
    Some((stat.started, stat.state))
}

struct Stat {
    state: char,
    parent: i32,
    started: u64,
}

/// `/proc/PID/stat` (`proc_pid_stat(5)`). The second field is the program's name in
/// parentheses, and may itself hold anything; the last parenthesis ends it.
fn stat(pid: i32) -> Option<Stat> {
    parse_stat(&fs::read(format!("/proc/{pid}/stat")).ok()?)
}

fn parse_stat(line: &[u8]) -> Option<Stat> {
    let name_end = line.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(line.get(name_end + 1..)?).ok()?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    Some(Stat {
        state: fields.first()?.chars().next()?,
        parent: fields.get(1)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_program_named_like_the_rest_of_the_line_is_read_right() {
        let line = b"42 (a) R 1 (b) S 7 1 1 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 12345 0 0\n";
        let stat = parse_stat(line).expect("a stat line");
        assert_eq!((stat.state, stat.parent, stat.started), ('S', 7, 12345));
    }

    proptest! {
        #[test]
        fn any_line_is_read_without_panic(line in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_stat(&line);
        }
    }
}
