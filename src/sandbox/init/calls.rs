//! The commands that process 1 starts, and the end of all that they left running.

use std::collections::HashSet;
use std::ffi::CString;
use std::io;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::poll::{PollTimeout, poll};
use nix::sched::CloneFlags;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use super::Machine;
use crate::sandbox::protocol::InitMessage;
use crate::sandbox::sys::{self, Forked};
use crate::sandbox::{command, process};

/// Rounds of ending a call's processes, and of waiting for their end. Only earlier background
/// processes that go on making new ones need more than a few, and those are not the call's.
const MOST_ROUNDS: usize = 500;
const ROUND_MILLIS: u8 = 2;

impl Machine<'_> {
    pub(super) fn start(&mut self, command: &[u8], streams: Vec<OwnedFd>) -> io::Result<()> {
        self.reap()?;
        self.before_call = running();
        let Ok([stdout, stderr]) = <[OwnedFd; 2]>::try_from(streams) else {
            return Err(io::Error::other("a command needs two streams"));
        };
        // Prepared here, since the child must not fail for want of memory.
        let Ok(command) = CString::new(command) else {
            return self.say(&InitMessage::NotStarted {
                reason: "the command contains a NUL byte".to_owned(),
            });
        };
        match sys::fork_into(CloneFlags::empty()) {
            Ok(Forked::Child) => {
                let error = command::become_command(&command, &self.null, &stdout, &stderr);
                let reason = format!("bash: {}\n", error.desc());
                let _ = nix::unistd::write(io::stderr(), reason.as_bytes());
                sys::exit_now(126)
            }
            Ok(Forked::Parent(pid)) => {
                self.call = Some(pid);
                Ok(())
            }
            Err(error) => self.say(&InitMessage::NotStarted {
                reason: error.desc().to_owned(),
            }),
        }
    }

    /// Ends everything that was not there before the last command was started. The command's
    /// own end is told after that of all others.
    pub(super) fn kill_call(&mut self) -> io::Result<()> {
        let doomed = if self.before_call.is_empty() {
            let _ = kill(Pid::from_raw(-1), Signal::SIGKILL);
            running().into_iter().collect()
        } else {
            self.kill_new()
        };
        let is_alive = |process: &(i32, u64)| match process::start_and_state(process.0) {
            Some((started, state)) => started == process.1 && state != 'Z',
            None => false,
        };
        // The rounds are short, and the keeper has a limit of its own for what does not end.
        for _ in 0..MOST_ROUNDS {
            if !doomed.iter().any(is_alive) {
                break;
            }
            let _ = poll(&mut [], PollTimeout::from(ROUND_MILLIS));
        }
        self.reap()
    }

    /// Kills every process that was not there before the last command was started, and returns
    /// them.
    fn kill_new(&self) -> HashSet<(i32, u64)> {
        let is_stopped = |pid| process::start_and_state(pid).is_some_and(|(_, state)| state == 'T');
        let to_continue: Vec<i32> = self
            .before_call
            .iter()
            .map(|(pid, _)| *pid)
            .filter(|pid| !is_stopped(*pid))
            .collect();
        let _ = kill(Pid::from_raw(-1), Signal::SIGSTOP);
        // Who was quick enough to wake another up, which then forked, is found in a later round.
        // A process with a pending signal cannot fork, so after a round without news all is done.
        let mut doomed = HashSet::new();
        for _ in 0..MOST_ROUNDS {
            let news: Vec<(i32, u64)> = running()
                .into_iter()
                .filter(|process| !self.before_call.contains(process) && doomed.insert(*process))
                .collect();
            if news.is_empty() {
                break;
            }
            for (pid, _) in news {
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
        }
        for pid in to_continue {
            let _ = kill(Pid::from_raw(pid), Signal::SIGCONT);
        }
        doomed
    }
}

/// Every process but process 1. Without a child there is none: orphans become process 1's.
fn running() -> Vec<(i32, u64)> {
    let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    if waitid(Id::All, look) == Err(Errno::ECHILD) {
        return Vec::new();
    }
    process::numbers()
        .filter(|pid| *pid != 1)
        .filter_map(|pid| Some((pid, process::start_and_state(pid)?.0)))
        .collect()
}
