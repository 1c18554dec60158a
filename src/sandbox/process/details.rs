//! Reads what one process shows of itself.

use std::fs;
use std::os::unix::ffi::OsStrExt;

use nix::sys::stat::stat;

use super::sockets::Sockets;
use super::{Stat, has_ended, is_stopped, live_thread, read_some, threads};
use crate::evidence::{MachinePath, Process, Signals};

/// The most that is kept of one command line.
const LONGEST_COMMAND_LINE: u64 = 16 * 1024;

/// The kernel writes less than this.
const LONGEST_STATUS: u64 = 16 * 1024;

/// The most open files that are listed of one process.
const MOST_OPEN_FILES: usize = 64;

/// The most sockets that are listed of one process.
const MOST_SOCKETS: usize = 32;

/// SIGSTOP, which nobody can ignore, catch or hold back.
const STOP: u32 = libc::SIGSTOP.unsigned_abs();

/// Whether a process is about to be stopped.
pub(super) fn is_stopping(pid: i32) -> bool {
    Status::of(&format!("/proc/{pid}")).is_stopping()
}

/// Looks at one process. `files` is the device of the machine's writable files.
pub(super) fn look_at(pid: i32, files: u64, sockets: &Sockets) -> Option<Process> {
    let Stat {
        state,
        parent,
        started,
    } = super::stat(pid)?;
    // Where the first thread has ended, only another one shows the rest.
    let directory = match live_thread(pid) {
        Some(thread) if has_ended(state) => format!("/proc/{pid}/task/{thread}"),
        Some(_) | None => format!("/proc/{pid}"),
    };
    let status = Status::of(&directory);
    let Descriptors {
        open_files,
        socket_inodes,
    } = descriptors(&directory);
    let mut names: Vec<MachinePath> = socket_inodes
        .iter()
        .flat_map(|inode| sockets.named(*inode))
        .cloned()
        .collect();
    names.sort();
    names.dedup();
    names.truncate(MOST_SOCKETS);
    Some(Process {
        pid,
        parent,
        uid: status.user()?,
        command: command_line(&directory),
        program: link(&directory, "exe"),
        directory: link(&directory, "cwd"),
        open_files,
        started,
        program_inode: program_inode(&directory, files),
        ignored: status.signals("SigIgn:"),
        blocked: blocked(pid, &status),
        tracer: status.number("TracerPid:", 1).filter(|pid| *pid != 0),
        stopped: is_stopped(state) || status.is_stopping(),
        sockets: names,
        step: None,
    })
}

/// `/proc/PID/status` (`proc_pid_status(5)`). The kernel escapes newlines in the program's name.
struct Status(String);

impl Status {
    fn of(directory: &str) -> Self {
        let bytes = read_some(&format!("{directory}/status"), LONGEST_STATUS);
        Self(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn field(&self, name: &str, at: usize) -> Option<&str> {
        let line = self.0.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(at)
    }

    fn number<T: std::str::FromStr>(&self, name: &str, at: usize) -> Option<T> {
        self.field(name, at)?.parse().ok()
    }

    /// The effective user.
    fn user(&self) -> Option<u32> {
        self.number("Uid:", 2)
    }

    /// Whether a signal that nothing can refuse is about to stop it: on a busy host it takes a
    /// while until the process is in the state in which that put it.
    fn is_stopping(&self) -> bool {
        ["SigPnd:", "ShdPnd:"]
            .into_iter()
            .any(|pending| self.signals(pending).contains(STOP))
    }

    fn signals(&self, name: &str) -> Signals {
        let bits = self.field(name, 1);
        let bits = bits.and_then(|bits| u64::from_str_radix(bits, 16).ok());
        Signals::from_bits(bits.unwrap_or(0))
    }
}

/// What a process holds back is what each of its threads does.
fn blocked(pid: i32, status: &Status) -> Signals {
    let own = status.signals("SigBlk:");
    if own.is_empty() || status.number("Threads:", 1) == Some(1) {
        return own;
    }
    threads(pid)
        .map(|thread| Status::of(&format!("/proc/{pid}/task/{thread}")))
        .filter(|status| status.field("SigBlk:", 1).is_some())
        .map(|status| status.signals("SigBlk:"))
        .fold(own, |common, one| common.without(common.without(one)))
}

/// The inode of the program, where it lies among the machine's writable files. It can have been
/// renamed or removed meanwhile.
fn program_inode(directory: &str, files: u64) -> Option<u64> {
    let stat = stat(format!("{directory}/exe").as_str()).ok()?;
    (stat.st_dev == files).then_some(stat.st_ino)
}

fn command_line(directory: &str) -> Vec<MachinePath> {
    let bytes = read_some(&format!("{directory}/cmdline"), LONGEST_COMMAND_LINE);
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
    if bytes.is_empty() {
        return Vec::new();
    }
    bytes
        .split(|byte| *byte == 0)
        .map(MachinePath::new)
        .collect()
}

fn link(directory: &str, name: &str) -> Option<MachinePath> {
    let target = fs::read_link(format!("{directory}/{name}")).ok()?;
    Some(MachinePath::new(target.as_os_str().as_bytes()))
}

#[derive(Default)]
struct Descriptors {
    open_files: Vec<MachinePath>,
    socket_inodes: Vec<u64>,
}

/// The paths of open files, and the inodes of sockets; pipes and the like have no name.
fn descriptors(directory: &str) -> Descriptors {
    let mut found = Descriptors::default();
    let entries = fs::read_dir(format!("{directory}/fd"));
    let targets = entries
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok());
    for target in targets {
        if target.is_absolute() {
            if found.open_files.len() < MOST_OPEN_FILES {
                let path = target.as_os_str().as_bytes();
                found.open_files.push(MachinePath::new(path));
            }
        } else if let Some(inode) = socket_inode(target.as_os_str().as_bytes()) {
            found.socket_inodes.push(inode);
        }
    }
    found.open_files.sort();
    found.open_files.dedup();
    found
}

/// The inode of `socket:[INODE]` (`proc_pid_fd(5)`).
fn socket_inode(target: &[u8]) -> Option<u64> {
    let inode = target.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    std::str::from_utf8(inode).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_about_to_be_stopped_from_the_moment_of_the_signal() {
        let status = |pending: &str| Status(format!("Name:\tagentd\n{pending}\n"));
        for pending in ["ShdPnd:\t0000000000040000", "SigPnd:\t0000000000044000"] {
            assert!(status(pending).is_stopping(), "{pending}");
        }
        for pending in ["ShdPnd:\t0000000000024000", "SigBlk:\t0000000000040000", ""] {
            assert!(!status(pending).is_stopping(), "{pending}");
        }
    }
}
