//! Looks at a machine's processes from outside, through its own `/proc`.
//!
//! Everything read here was written by the model's programs (names, command lines, paths), so
//! every field is bounded.

use std::fs;
use std::os::unix::ffi::OsStrExt;

use crate::evidence::{MachinePath, Process};

/// The most that is kept of one command line.
const LONGEST_COMMAND_LINE: usize = 16 * 1024;

/// The most open files that are listed of one process.
const MOST_OPEN_FILES: usize = 64;

/// The most processes that are listed.
const MOST_PROCESSES: usize = 512;

/// All processes but process 1, by number.
pub(super) fn all() -> Vec<Process> {
    let mut processes: Vec<Process> = numbers()
        .filter(|pid| *pid != 1)
        .filter_map(look_at)
        .take(MOST_PROCESSES)
        .collect();
    processes.sort_by_key(|process| process.pid);
    processes
}

/// A process, its parent, and so on, without process 1.
pub(super) fn chain(from: i32) -> Vec<Process> {
    let mut chain: Vec<Process> = Vec::new();
    let mut next = from;
    while next > 1
        && chain.len() < MOST_PROCESSES
        && let Some(process) = look_at(next)
    {
        next = process.parent;
        chain.push(process);
    }
    chain
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

/// Whether no thread of any process but process 1 runs, nor will before it gets a signal.
///
/// A process counts as stopped from the moment of the signal, but each of its threads goes on
/// until it next leaves the kernel (`signal(7)`).
pub(super) fn all_still() -> bool {
    numbers().filter(|pid| *pid != 1).all(|pid| {
        threads(pid).all(|thread| {
            let stat = fs::read(format!("/proc/{pid}/task/{thread}/stat")).ok();
            // One that is gone is still.
            stat.and_then(|line| parse_stat(&line))
                .is_none_or(|stat| STILL.contains(&stat.state))
        })
    })
}

/// The states of a thread that is stopped, traced, dead, or waits to be looked after
/// (`proc_pid_stat(5)`).
const STILL: [char; 5] = ['T', 't', 'X', 'x', 'Z'];

fn look_at(pid: i32) -> Option<Process> {
    let Stat {
        parent, started, ..
    } = stat(pid)?;
    Some(Process {
        pid,
        parent,
        uid: effective_user(pid)?,
        command: command_line(pid),
        program: link(pid, "exe"),
        directory: link(pid, "cwd"),
        open_files: open_files(pid),
        started,
        ..Process::default()
    })
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

fn effective_user(pid: i32) -> Option<u32> {
    let status = fs::read(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .split(|byte| *byte == b'\n')
        .find(|line| line.starts_with(b"Uid:"))?;
    std::str::from_utf8(line)
        .ok()?
        .split_whitespace()
        .nth(2)?
        .parse()
        .ok()
}

fn command_line(pid: i32) -> Vec<MachinePath> {
    let mut bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    bytes.truncate(LONGEST_COMMAND_LINE);
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
    if bytes.is_empty() {
        return Vec::new();
    }
    bytes
        .split(|byte| *byte == 0)
        .map(MachinePath::new)
        .collect()
}

fn link(pid: i32, name: &str) -> Option<MachinePath> {
    let target = fs::read_link(format!("/proc/{pid}/{name}")).ok()?;
    Some(MachinePath::new(target.as_os_str().as_bytes()))
}

/// The paths of open files; pipes, sockets and the like have none.
fn open_files(pid: i32) -> Vec<MachinePath> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return Vec::new();
    };
    let mut files: Vec<MachinePath> = entries
        .flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .filter(|target| target.is_absolute())
        .map(|target| MachinePath::new(target.as_os_str().as_bytes()))
        .take(MOST_OPEN_FILES)
        .collect();
    files.sort();
    files.dedup();
    files
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
