//! The commands that a keeper has process 1 run: each is started, looked after and finished.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};

use super::Keeper;
use crate::sandbox::call::{Call, Finished, Need};
use crate::sandbox::protocol::{Executed, InitOrder, Program, ReplyBody, WireEnd};
use crate::sandbox::start::{self, Started};

/// The longest command: what `execve(2)` takes as one argument, with its NUL.
const LONGEST_COMMAND: usize = 128 * 1024 - 1;

const ALREADY_RUNNING: &str = "a command is already running";

/// A command that nobody waits for, and that has not been executed yet.
pub(super) struct Starting {
    request: u64,
    pipe: OwnedFd,
}

impl Starting {
    /// What tells when it has been.
    pub(super) fn pipe(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

impl Keeper {
    pub(super) fn start_call(
        &mut self,
        request: u64,
        program: Program,
        timeout_ms: u64,
    ) -> io::Result<()> {
        if self.call.is_some() {
            self.refuse(request, ALREADY_RUNNING);
            return Ok(());
        }
        let (call, streams) = Call::begin(request, Duration::from_millis(timeout_ms))?;
        self.call = Some(call);
        if self.is_down() {
            self.finish_call(WireEnd::MachineDown);
            return Ok(());
        }
        let (Program::Shell(text) | Program::File(text)) = &program;
        if text.len() > LONGEST_COMMAND {
            self.finish_call(WireEnd::NotStarted("Argument list too long".to_owned()));
            return Ok(());
        }
        let streams = streams.each_ref().map(AsFd::as_fd);
        self.order(&InitOrder::Start { program }, &streams)
    }

    /// Starts a command that nobody waits for. It is answered when its shell has been executed.
    pub(super) fn start_service(&mut self, request: u64, command: Vec<u8>) -> io::Result<()> {
        if self.call.is_some() || self.starting.is_some() {
            // What is started under a command would be ended with it.
            self.refuse(request, ALREADY_RUNNING);
        } else if self.is_down() {
            self.refuse(request, "the machine is down");
        } else if command.len() > LONGEST_COMMAND {
            self.refuse(request, "Argument list too long");
        } else {
            let (pipe, failure) = start::pipe()?;
            self.starting = Some(Starting { request, pipe });
            self.order(&InitOrder::Serve { command }, &[failure.as_fd()])?;
        }
        Ok(())
    }

    /// Answers once it is known whether the command that nobody waits for has been started.
    pub(super) fn look_after_start(&mut self) {
        let Some(Starting { request, pipe }) = &self.starting else {
            return;
        };
        let request = *request;
        match start::look(pipe.as_fd()) {
            Started::NotYet => return,
            Started::Yes if self.is_down() => self.refuse(request, "the machine is down"),
            Started::Yes => self.reply(request, ReplyBody::Served),
            Started::No(reason) => self.refuse(request, &reason),
        }
        self.starting = None;
    }

    pub(super) fn look_after_call(&mut self) -> io::Result<()> {
        match self.call.as_mut().map(Call::look_after) {
            None | Some(Need::Patience) => Ok(()),
            Some(Need::Kill) => self.order(&InitOrder::KillCall, &[]),
            Some(Need::GiveUp) => self
                .init
                .map_or(Ok(()), |init| Ok(kill(init, Signal::SIGKILL)?)),
        }
    }

    pub(super) fn finish_call(&mut self, end: WireEnd) {
        let Some(call) = self.call.take() else {
            return;
        };
        let request = call.request;
        let Finished {
            end,
            stdout,
            stderr,
            micros,
            background,
        } = call.finish(end);
        self.background.extend(background);
        // A machine that is down has none.
        let running = match self.init {
            Some(_) => self.processes.all(),
            None => Vec::new(),
        };
        let snapshot = self.reader.snapshot();
        let executed = Executed {
            end,
            stdout,
            stderr,
            micros,
            running,
            snapshot,
        };
        self.reply(request, ReplyBody::Exec(executed));
    }
}
