//! What a keeper does for the harness: it waits for requests and whatever else may happen, and
//! answers.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::Keeper;
use super::calls::Starting;
use crate::evidence::Process;
use crate::sandbox::call::Call;
use crate::sandbox::capture::Background;
use crate::sandbox::protocol::{InitOrder, KeeperMessage, ReplyBody, Request, RequestBody};
use crate::sandbox::{archive, process, wire};

/// What woke the keeper up.
#[derive(Default)]
struct Woken {
    harness: bool,
    init: bool,
}

impl Keeper {
    pub(super) fn serve(&mut self, harness: &UnixStream) -> io::Result<()> {
        loop {
            let woken = self.wait(harness)?;
            if woken.init {
                self.hear_init()?;
            }
            self.look_after_call()?;
            self.look_after_start();
            if woken.harness {
                match wire::read_frame_with_descriptors(harness)? {
                    Some((request, descriptors)) => self.carry_out(request, &descriptors)?,
                    None => return self.end(),
                }
            }
            for message in self.inbox.drain(..) {
                wire::write_frame(harness, &message)?;
            }
        }
    }

    fn wait(&mut self, harness: &UnixStream) -> io::Result<Woken> {
        let mut sources = vec![PollFd::new(harness.as_fd(), PollFlags::POLLIN)];
        if self.init.is_some() {
            sources.push(PollFd::new(self.control.as_fd(), PollFlags::POLLIN));
        }
        let pipes: Vec<BorrowedFd<'_>> = self
            .call
            .iter()
            .flat_map(Call::pipes)
            .chain(self.background.iter().filter_map(Background::pipe))
            .chain(self.starting.iter().map(Starting::pipe))
            .collect();
        sources.extend(
            pipes
                .iter()
                .map(|pipe| PollFd::new(*pipe, PollFlags::POLLIN)),
        );
        match poll(&mut sources, self.timeout()) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let is_ready = |at: usize| sources.get(at).is_some_and(|fd| fd.any() == Some(true));
        let woken = Woken {
            harness: is_ready(0),
            init: self.init.is_some() && is_ready(1),
        };
        drop(sources);
        self.background.retain_mut(Background::drain);
        Ok(woken)
    }

    fn timeout(&self) -> PollTimeout {
        let Some(call) = &self.call else {
            return PollTimeout::NONE;
        };
        // Rounded up, so that the time has come when the wait is over.
        let millis = call
            .next_look()
            .saturating_duration_since(Instant::now())
            .as_millis()
            + 1;
        PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX)
    }

    fn carry_out(&mut self, request: Request, descriptors: &[OwnedFd]) -> io::Result<()> {
        let Request { id, body } = request;
        match body {
            RequestBody::Exec {
                program,
                timeout_ms,
            } => self.start_call(id, program, timeout_ms)?,
            RequestBody::Serve { command } => self.start_service(id, command)?,
            RequestBody::Caller if self.is_down() => self.reply(id, ReplyBody::Caller(None)),
            RequestBody::Caller => {
                self.asking.push_back(id);
                let connection: Vec<_> = descriptors.iter().map(AsFd::as_fd).collect();
                self.order(&InitOrder::Peer, &connection)?;
            }
            RequestBody::Snapshot => {
                let taken = self.reader.snapshot();
                self.reply(id, ReplyBody::Snapshot(taken));
            }
            RequestBody::Rest => self.reply(id, ReplyBody::AtRest(process::all_at_rest())),
            RequestBody::Look => self.show(id, self.processes.all()),
            RequestBody::Archive => {
                let encoded = self
                    .reader
                    .archive()
                    .and_then(|items| archive::encode(&items));
                let body = match encoded {
                    Ok(bytes) => ReplyBody::Archive(bytes),
                    Err(error) => ReplyBody::Refused(format!("the files do not fit: {error}")),
                };
                self.reply(id, body);
            }
            RequestBody::Settle => {
                if self.is_down() {
                    self.reply(id, ReplyBody::Settled(false));
                } else {
                    self.settling.push(id);
                    self.order(&InitOrder::Settle, &[])?;
                }
            }
            RequestBody::Freeze => self.freeze(id)?,
        }
        Ok(())
    }

    fn freeze(&mut self, id: u64) -> io::Result<()> {
        let mut processes = Vec::new();
        if self.init.is_some() {
            let stopped = process::stopped();
            self.stop_all()?;
            processes = self.processes.all();
            for process in &mut processes {
                process.stopped = stopped.contains(&(process.pid, process.started));
            }
        }
        self.show(id, processes);
        Ok(())
    }

    /// Answers with these processes and the state of the files.
    fn show(&mut self, id: u64, processes: Vec<Process>) {
        let snapshot = self.reader.snapshot();
        self.reply(
            id,
            ReplyBody::Seen {
                processes,
                snapshot,
            },
        );
    }

    /// Whether process 1 has ended or is about to.
    pub(super) fn is_down(&self) -> bool {
        self.init.is_none() || self.senders.is_some()
    }

    pub(super) fn refuse(&mut self, id: u64, reason: &str) {
        self.reply(id, ReplyBody::Refused(reason.to_owned()));
    }

    pub(super) fn reply(&mut self, id: u64, body: ReplyBody) {
        self.inbox.push(KeeperMessage::Reply { id, body });
    }
}
