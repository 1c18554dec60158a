//! The commands that a keeper has process 1 run: each is started, looked after and finished.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};

use super::Keeper;
use crate::sandbox::call::{Call, Finished, Need};
use crate::sandbox::protocol::{Executed, InitOrder, ReplyBody, WireEnd};

/// The longest command: what `execve(2)` takes as one argument, with its NUL.
const LONGEST_COMMAND: usize = 128 * 1024 - 1;

impl Keeper {
    pub(super) fn start_call(
        &mut self,
        request: u64,
        command: Vec<u8>,
        timeout_ms: u64,
    ) -> io::Result<()> {
        if self.call.is_some() {
            self.reply(
                request,
                ReplyBody::Refused("a command is already running".to_owned()),
            );
            return Ok(());
        }
        let (call, streams) = Call::begin(request, Duration::from_millis(timeout_ms))?;
        self.call = Some(call);
        if self.init.is_none() || self.senders.is_some() {
            self.finish_call(WireEnd::MachineDown);
            return Ok(());
        }
        if command.len() > LONGEST_COMMAND {
            self.finish_call(WireEnd::NotStarted("Argument list too long".to_owned()));
            return Ok(());
        }
        let streams = streams.each_ref().map(AsFd::as_fd);
        self.order(&InitOrder::Start { command }, &streams)
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
        let snapshot = self.reader.snapshot();
        let executed = Executed {
            end,
            stdout,
            stderr,
            micros,
            snapshot,
        };
        self.reply(request, ReplyBody::Exec(executed));
    }
}
