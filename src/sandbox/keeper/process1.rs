//! What a keeper has to do with process 1: it gives it orders, hears what it says, and takes note of
//! how it ends.

use std::io;
use std::os::fd::BorrowedFd;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};

use super::Keeper;
use crate::sandbox::protocol::{
    CallStatus, InitMessage, InitOrder, KeeperMessage, ReplyBody, WireEnd, WireFate,
};
use crate::sandbox::{process, wire};

/// How many processes are remembered that were about to send TERM.
const MOST_SIGNALLERS: usize = 16;

/// How long processes may take to stop. They need no more than their turn on a core, unless they
/// wait for something that no signal interrupts.
const LONGEST_STOP: Duration = Duration::from_secs(1);

/// The pause before it is looked again whether they have.
const STOP_PAUSE: Duration = Duration::from_millis(1);

impl Keeper {
    /// Sends an order to process 1. That it has just ended is no error: its end will be heard.
    pub(super) fn order(&self, order: &InitOrder, streams: &[BorrowedFd<'_>]) -> io::Result<()> {
        match wire::send_packet(&self.control, order, streams) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    /// Stops every process, and waits until none runs any more. What cannot be stopped, as a
    /// program that waits for a disk, is not waited for long.
    pub(super) fn stop_all(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + LONGEST_STOP;
        while self.init.is_some() {
            self.order(&InitOrder::Stop, &[])?;
            // The answer comes in order, after whatever process 1 had to say before.
            while self.init.is_some() && self.hear_init()? != Some(InitMessage::Stopped) {}
            if process::all_still() || Instant::now() > deadline {
                break;
            }
            #[expect(
                clippy::disallowed_methods,
                reason = "only a parent is told that a process has stopped"
            )]
            thread::sleep(STOP_PAUSE);
        }
        Ok(())
    }

    /// Hears one message of process 1, or its end.
    pub(super) fn hear_init(&mut self) -> io::Result<Option<InitMessage>> {
        let message = match wire::receive_packet::<InitMessage>(&self.control) {
            Ok(Some((message, _))) => message,
            Ok(None) => {
                self.bury()?;
                return Ok(None);
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                self.bury()?;
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        match &message {
            InitMessage::Ended { status } => self.finish_call(match status {
                CallStatus::Exited(code) => WireEnd::Exited(*code),
                CallStatus::Signaled(signal) => WireEnd::Signaled(*signal),
            }),
            InitMessage::NotStarted { reason } => {
                self.finish_call(WireEnd::NotStarted(reason.clone()));
            }
            InitMessage::Settled => {
                for id in std::mem::take(&mut self.settling) {
                    self.reply(id, ReplyBody::Settled(true));
                }
            }
            InitMessage::Peer { pid, namespaces } => {
                if let Some(id) = self.asking.pop_front() {
                    let caller = pid.and_then(|pid| self.processes.caller(pid, namespaces));
                    self.reply(id, ReplyBody::Caller(caller.map(Box::new)));
                }
            }
            InitMessage::Held { sender, call } => {
                // A call that fails leaves its maker here; nobody is to fill the memory so.
                if self.signallers.len() >= MOST_SIGNALLERS {
                    self.signallers.clear();
                }
                self.signallers
                    .insert(*sender, self.processes.chain(*sender));
                self.order(&InitOrder::LetPass { call: *call }, &[])?;
            }
            InitMessage::Term { sender } => {
                let seen = self.signallers.remove(sender);
                self.senders = Some(seen.unwrap_or_else(|| self.processes.chain(*sender)));
                self.order(&InitOrder::PowerOff, &[])?;
            }
            InitMessage::Stopped | InitMessage::Ready { .. } | InitMessage::Failed { .. } => {}
        }
        Ok(Some(message))
    }

    /// Process 1 is ending. When it can be waited for, the kernel has ended everything inside.
    fn bury(&mut self) -> io::Result<()> {
        let Some(init) = self.init.take() else {
            return Ok(());
        };
        let status = waitpid(init, None)?;
        let status = if let WaitStatus::Exited(_, code) = status {
            code
        } else if let WaitStatus::Signaled(_, signal, _) = status {
            128 + signal as i32
        } else {
            return Err(io::Error::other(format!("process 1 changed to {status:?}")));
        };
        let fate = match self.senders.clone() {
            Some(senders) if status == 0 => WireFate::PoweredOff { senders },
            _ => WireFate::Died { status },
        };
        self.inbox.push(KeeperMessage::Down { fate });
        for id in std::mem::take(&mut self.settling) {
            self.reply(id, ReplyBody::Settled(false));
        }
        for id in std::mem::take(&mut self.asking) {
            self.reply(id, ReplyBody::Caller(None));
        }
        self.finish_call(WireEnd::MachineDown);
        Ok(())
    }

    /// The harness is done with the machine, or gone.
    pub(super) fn end(&mut self) -> io::Result<()> {
        if let Some(init) = self.init.take() {
            kill(init, Signal::SIGKILL)?;
            waitpid(init, None)?;
        }
        Ok(())
    }
}
