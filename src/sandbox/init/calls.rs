//! The commands that process 1 starts, and the end of all that they left running.

use std::collections::HashSet;
use std::io;
use std::iter;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollTimeout, poll};
use nix::sched::CloneFlags;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use super::Machine;
use crate::sandbox::command::{self, Prepared, Streams};
use crate::sandbox::protocol::{InitMessage, Lane, Program};
use crate::sandbox::sys::{self, Forked};
use crate::sandbox::{process, start};

/// Rounds of ending a call's processes, and of waiting for their end. Only earlier background
/// processes that go on making new ones need more than a few, and those are not the call's.
const MOST_ROUNDS: usize = 500;
const ROUND_MILLIS: u8 = 2;

/// More than there can be processes at a time.
const MOST_GENERATIONS: usize = 1000;

impl Machine<'_> {
    /// Starts the program that the keeper waits for.
    pub(super) fn start(&mut self, program: Program, streams: Vec<OwnedFd>) -> io::Result<()> {
        self.reap()?;
        let lane = program.lane();
        self.jobs.of_mut(lane).before = running();
        let Ok([stdout, stderr, failure]) = <[OwnedFd; 3]>::try_from(streams) else {
            return Err(io::Error::other("a command needs three streams"));
        };
        let Ok(program) = Prepared::of(program, self.login) else {
            return self.say(&InitMessage::NotStarted {
                lane,
                reason: "the command contains a NUL byte".to_owned(),
            });
        };
        let streams = Streams {
            null: &self.null,
            stdout: &stdout,
            stderr: &stderr,
            failure: &failure,
        };
        match fork(&program, &streams) {
            Ok(pid) => {
                self.jobs.of_mut(lane).pid = Some(pid);
                Ok(())
            }
            Err(error) => self.say(&InitMessage::NotStarted {
                lane,
                reason: error.desc().to_owned(),
            }),
        }
    }

    /// Starts a command that nobody waits for.
    pub(super) fn start_service(&self, command: Vec<u8>, streams: Vec<OwnedFd>) -> io::Result<()> {
        let Ok([failure]) = <[OwnedFd; 1]>::try_from(streams) else {
            return Err(io::Error::other("a service needs one stream"));
        };
        let streams = Streams {
            null: &self.null,
            stdout: &self.null,
            stderr: &self.null,
            failure: &failure,
        };
        let started = Prepared::of(Program::Shell(command), self.login)
            .map_err(|_| Errno::EINVAL)
            .and_then(|program| fork(&program, &streams));
        if let Err(error) = started {
            start::fail(failure.as_fd(), error);
        }
        Ok(())
    }

    /// Ends everything that the last program of a lane started. The program's own end is told
    /// after that of all others.
    pub(super) fn kill_call(&mut self, lane: Lane) -> io::Result<()> {
        let is_alone = self.jobs.of(lane.other()).pid.is_none();
        let doomed = if is_alone && self.jobs.of(lane).before.is_empty() {
            let _ = kill(Pid::from_raw(-1), Signal::SIGKILL);
            running().into_iter().collect()
        } else {
            self.kill_new(lane)
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

    /// Kills every process that the last program of a lane started, and returns them.
    fn kill_new(&self, lane: Lane) -> HashSet<(i32, u64)> {
        let stopped_before = process::stopped();
        let _ = kill(Pid::from_raw(-1), Signal::SIGSTOP);
        // Who was quick enough to wake another up, which then forked, is found in a later round.
        // A process with a pending signal cannot fork, so after a round without news all is done.
        let mut doomed = HashSet::new();
        for _ in 0..MOST_ROUNDS {
            let news: Vec<(i32, u64)> = running()
                .into_iter()
                .filter(|process| !self.is_of_others(*process, lane) && doomed.insert(*process))
                .collect();
            if news.is_empty() {
                break;
            }
            for (pid, _) in news {
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
        }
        for process in running() {
            if !doomed.contains(&process) && !stopped_before.contains(&process) {
                let _ = kill(Pid::from_raw(process.0), Signal::SIGCONT);
            }
        }
        doomed
    }

    /// Whether a process is not of a lane's last program: it was there before, or runs in the
    /// other lane, or descends from such a one, as what a service starts belongs to the service.
    /// Nobody becomes the child of another but an orphan, of process 1 or of one that its parents
    /// descend from.
    fn is_of_others(&self, process: (i32, u64), lane: Lane) -> bool {
        let family = iter::successors(Some(process), |(pid, _)| {
            let parent = process::parent(*pid).filter(|parent| *parent > 1)?;
            Some((parent, process::start_and_state(parent)?.0))
        });
        let other = self.jobs.of(lane.other()).pid;
        let before = &self.jobs.of(lane).before;
        family
            .take(MOST_GENERATIONS)
            .any(|one| before.contains(&one) || other.is_some_and(|pid| pid.as_raw() == one.0))
    }
}

/// Makes a child that becomes this program, or says why it cannot.
fn fork(program: &Prepared, streams: &Streams<'_>) -> nix::Result<Pid> {
    match sys::fork_into(CloneFlags::empty())? {
        Forked::Child => {
            let error = command::become_program(program, streams);
            start::fail(streams.failure.as_fd(), error);
            sys::exit_now(126)
        }
        Forked::Parent(pid) => Ok(pid),
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
