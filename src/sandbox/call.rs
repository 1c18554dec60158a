//! The command that a keeper waits for: its output, its time and its end.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::unistd::pipe2;

use super::capture::{Background, Capture};
use super::protocol::{Captured, WireEnd};
use super::start::{self, Started};

/// How long the processes of an ended call may take to vanish before the machine is given up.
const KILL_PATIENCE: Duration = Duration::from_secs(5);

/// The command that runs.
pub(super) struct Call {
    /// The request that it answers.
    pub(super) request: u64,
    started: Instant,
    deadline: Instant,
    stdout: Capture,
    stderr: Capture,
    /// Where it is said that the program cannot be executed.
    failure: OwnedFd,
    /// Why it is being ended, if it is, and since when.
    ending: Option<(WireEnd, Instant)>,
}

/// What a call needs.
pub(super) enum Need {
    /// Nothing but time.
    Patience,
    /// Its processes are to be killed.
    Kill,
    /// Its processes do not even yield to that: the machine is beyond repair.
    GiveUp,
}

/// A call that is over.
pub(super) struct Finished {
    pub(super) end: WireEnd,
    pub(super) stdout: Captured,
    pub(super) stderr: Captured,
    pub(super) micros: u64,
    /// Pipes that processes which it left behind may still write to.
    pub(super) background: Vec<Background>,
}

impl Call {
    /// Begins a call; the descriptors are for its standard output, its standard error, and the
    /// number of the error when it cannot be executed.
    pub(super) fn begin(request: u64, timeout: Duration) -> io::Result<(Self, [OwnedFd; 3])> {
        let (stdout, stdout_end) = pipe2(OFlag::O_CLOEXEC)?;
        let (stderr, stderr_end) = pipe2(OFlag::O_CLOEXEC)?;
        for pipe in [&stdout, &stderr] {
            start::do_not_wait_for(pipe.as_fd())?;
        }
        let (failure, failure_end) = start::pipe()?;
        let started = Instant::now();
        let call = Self {
            request,
            started,
            deadline: started + timeout,
            stdout: Capture::new(stdout),
            stderr: Capture::new(stderr),
            failure,
            ending: None,
        };
        Ok((call, [stdout_end, stderr_end, failure_end]))
    }

    /// The pipes that somebody may still write to.
    pub(super) fn pipes(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        [self.stdout.pipe(), self.stderr.pipe()]
            .into_iter()
            .flatten()
    }

    /// When it should be looked after again, if nothing happens before.
    pub(super) fn next_look(&self) -> Instant {
        match &self.ending {
            Some((_, since)) => *since + KILL_PATIENCE,
            None => self.deadline,
        }
    }

    /// Reads its output, and decides that it is to end when its time is over or it floods.
    pub(super) fn look_after(&mut self) -> Need {
        self.stdout.drain();
        self.stderr.drain();
        let now = Instant::now();
        if let Some((_, since)) = &self.ending {
            return if now >= *since + KILL_PATIENCE {
                Need::GiveUp
            } else {
                Need::Patience
            };
        }
        let reason = if self.stdout.is_flood() || self.stderr.is_flood() {
            WireEnd::Flooded
        } else if now >= self.deadline {
            WireEnd::TimedOut
        } else {
            return Need::Patience;
        };
        self.ending = Some((reason, now));
        Need::Kill
    }

    /// Why it was ended comes before how, unless the machine went down.
    pub(super) fn finish(mut self, end: WireEnd) -> Finished {
        self.stdout.drain();
        self.stderr.drain();
        let micros = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let (stdout, stdout_pipe) = self.stdout.finish();
        let (stderr, stderr_pipe) = self.stderr.finish();
        let end = match (start::look(self.failure.as_fd()), self.ending, end) {
            (_, _, WireEnd::MachineDown) => WireEnd::MachineDown,
            (Started::No(reason), _, _) => WireEnd::NotStarted(reason),
            (_, Some((reason, _)), _) => reason,
            (Started::Yes | Started::NotYet, None, end) => end,
        };
        Finished {
            end,
            stdout,
            stderr,
            micros,
            background: [stdout_pipe, stderr_pipe]
                .into_iter()
                .flatten()
                .map(Background::new)
                .collect(),
        }
    }
}
