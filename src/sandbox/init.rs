//! Process 1 of a machine.
//!
//! It takes TERM as a power-off, adopts and reaps orphans, and starts the model's commands when
//! its keeper asks for it over a socket that nothing inside can reach. It has no capability, is
//! not dumpable (so nothing inside can trace it or read its memory and descriptors), and as
//! process 1 of its namespace no signal from inside ends or stops it, except the one that it
//! listens to.
//!
//! Its *real* user is the model's and its effective user is root: `kill(2)` compares the
//! sender's user with the target's real and saved one, so the unprivileged user may send TERM,
//! as in the published setup, and nothing more.
//!
//! It is set up in [`set_up`], starts and ends commands in [`calls`], and tells in [`peer`] who
//! talks to the task's service.

mod calls;
mod peer;
mod set_up;

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::signalfd::SignalFd;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::protocol::{CallStatus, InitMessage, InitOrder, Lane, Lanes, Setup};
use super::signallers::{Held, Signallers};
use super::sys;
use super::wire;
use crate::evidence::Login;

/// Processes that are reaped before somebody else has a turn; more than there can be at a time.
const MOST_REAPED: usize = 1000;

/// The status with which process 1 ends by a TERM that is not the machine's: 128 plus its number.
const ENDED_BY_TERM: i32 = 128 + libc::SIGTERM;

/// What process 1 is given.
pub(super) struct Init {
    pub(super) keeper: OwnedFd,
    /// The directories in which its programs may write.
    pub(super) writable: Vec<OwnedFd>,
    pub(super) cgroups: Vec<OwnedFd>,
    pub(super) setup: Setup,
    pub(super) filter: seccompiler::BpfProgram,
}

/// Becomes process 1; never returns.
pub(super) fn run(init: &Init) -> ! {
    let keeper = init.keeper.as_fd();
    let outcome = set_up::set_up(init).and_then(|mut machine| machine.serve());
    if let Err(error) = outcome {
        let reason = error.to_string();
        let _ = wire::send_packet(keeper, &InitMessage::Failed { reason }, &[]);
    }
    sys::exit_now(1)
}

/// Process 1 at work.
struct Machine<'a> {
    keeper: BorrowedFd<'a>,
    signals: SignalFd,
    /// None where the host has no system call filters.
    signallers: Option<Signallers>,
    null: OwnedFd,
    /// As whom the model works.
    login: Login,
    /// What the keeper waits for.
    jobs: Lanes<Job>,
}

/// The last program of a lane.
#[derive(Debug, Default)]
struct Job {
    /// Its number, while it runs.
    pid: Option<Pid>,
    /// What ran before it was started: number and start time.
    before: Vec<(i32, u64)>,
}

impl Machine<'_> {
    fn serve(&mut self) -> io::Result<()> {
        loop {
            let (has_order, has_held) = self.wait()?;
            self.deal_with_signals()?;
            if has_held {
                self.look_at_signaller()?;
            }
            if !has_order {
                continue;
            }
            let Some((order, descriptors)) = wire::receive_packet(self.keeper)? else {
                return Ok(());
            };
            match order {
                InitOrder::Start { program } => self.start(program, descriptors)?,
                InitOrder::Serve { command } => self.start_service(command, descriptors)?,
                InitOrder::Peer => self.say(&peer::look(&descriptors))?,
                InitOrder::KillCall { lane } => self.kill_call(lane)?,
                InitOrder::Stop => {
                    let _ = kill(Pid::from_raw(-1), Signal::SIGSTOP);
                    self.say(&InitMessage::Stopped)?;
                }
                InitOrder::Settle => {
                    self.deal_with_signals()?;
                    self.say(&InitMessage::Settled)?;
                }
                InitOrder::LetPass { call } => {
                    if let Some(signallers) = &self.signallers {
                        signallers.let_pass(call)?;
                    }
                }
                InitOrder::PowerOff => sys::exit_now(0),
            }
        }
    }

    /// Waits for something to happen; says whether the keeper has an order and whether somebody
    /// is held who signals process 1.
    fn wait(&self) -> io::Result<(bool, bool)> {
        let mut sources = vec![
            PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.keeper, PollFlags::POLLIN),
        ];
        let held = self.signallers.as_ref().map(AsFd::as_fd);
        sources.extend(held.map(|held| PollFd::new(held, PollFlags::POLLIN)));
        match poll(&mut sources, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let is_ready = |at: usize| {
            let events = sources.get(at).and_then(PollFd::revents);
            // The filter's descriptor hangs up while nobody is left whom it binds.
            events.is_some_and(|events| {
                events.contains(PollFlags::POLLIN) || at == 1 && !events.is_empty()
            })
        };
        Ok((is_ready(1), is_ready(2)))
    }

    /// Tells the keeper who is about to send TERM; other signals do nothing to process 1.
    fn look_at_signaller(&self) -> io::Result<()> {
        let Some(signallers) = &self.signallers else {
            return Ok(());
        };
        match signallers.next()? {
            Some(held) if held.signal == Signal::SIGTERM as i32 => {
                let Held { call, sender, .. } = held;
                self.say(&InitMessage::Held { sender, call })
            }
            Some(held) => Ok(signallers.let_pass(held.call)?),
            None => Ok(()),
        }
    }

    fn say(&self, message: &InitMessage) -> io::Result<()> {
        wire::send_packet(self.keeper, message, &[])
    }

    fn deal_with_signals(&mut self) -> io::Result<()> {
        while let Some(signal) = self.signals.read_signal()? {
            if signal.ssi_signo == Signal::SIGTERM as u32 {
                match i32::try_from(signal.ssi_pid) {
                    Ok(sender) if sender > 0 => self.power_off(sender)?,
                    // Nobody of this machine: it is ended by its host, which is no power-off.
                    Ok(_) | Err(_) => sys::exit_now(ENDED_BY_TERM),
                }
            }
        }
        self.reap()
    }

    /// Everything is stopped first, so that the keeper can look at the sender and its parents
    /// before they vanish.
    fn power_off(&self, sender: i32) -> io::Result<()> {
        let _ = kill(Pid::from_raw(-1), Signal::SIGSTOP);
        self.say(&InitMessage::Term { sender })?;
        while let Some((order, _)) = wire::receive_packet(self.keeper)? {
            if let InitOrder::PowerOff = order {
                break;
            }
        }
        sys::exit_now(0)
    }

    /// Takes note of every process that has ended. The command's end is told last, so that
    /// nothing of what ended with it is in sight any more.
    fn reap(&mut self) -> io::Result<()> {
        let mut ended = Vec::new();
        // A storm of orphans is dealt with in parts.
        for _ in 0..MOST_REAPED {
            let (pid, status) = match waitpid(Pid::from_raw(-1), Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, code)) => (pid, CallStatus::Exited(code)),
                Ok(WaitStatus::Signaled(pid, signal, _)) => {
                    (pid, CallStatus::Signaled(signal as i32))
                }
                Ok(_) | Err(Errno::ECHILD) => break,
                Err(error) => return Err(error.into()),
            };
            for lane in Lane::ALL {
                let job = self.jobs.of_mut(lane);
                if job.pid == Some(pid) {
                    job.pid = None;
                    ended.push((lane, status));
                }
            }
        }
        for (lane, status) in ended {
            self.say(&InitMessage::Ended { lane, status })?;
        }
        Ok(())
    }
}
