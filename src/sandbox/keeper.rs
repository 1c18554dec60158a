//! The keeper of one machine: it stands outside of the machine's process namespace, so nothing
//! inside can see or signal it, and inside of its user and mount namespaces, so it can read
//! every file and process. It boots the machine, passes commands to process 1, reads the files
//! after each, watches how process 1 ends, and still reads the files when the machine is down.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use super::archive;
use super::boot::{self, Booted, Network};
use super::call::{Call, Finished, Need};
use super::capture::Background;
use super::process;
use super::protocol::{
    CallStatus, Executed, InitMessage, InitOrder, KeeperMessage, ReplyBody, Request, RequestBody,
    Setup, WireEnd, WireFate,
};
use super::reader::Reader;
use super::sys;
use super::wire;
use crate::evidence::Process;

/// The longest command: what `execve(2)` takes as one argument, with its NUL.
const LONGEST_COMMAND: usize = 128 * 1024 - 1;

/// How many processes are remembered that were about to send TERM.
const MOST_SIGNALLERS: usize = 16;

/// How long processes may take to stop. They need no more than their turn on a core, unless they
/// wait for something that no signal interrupts.
const LONGEST_STOP: Duration = Duration::from_secs(1);

/// The pause before it is looked again whether they have.
const STOP_PAUSE: Duration = Duration::from_millis(1);

/// `CAP_DAC_READ_SEARCH`, `CAP_KILL` and `CAP_SYS_PTRACE`: read every file of the machine and
/// look at its processes, and nothing more (`capabilities(7)`).
const CAPABILITIES: u64 = 1 << 2 | 1 << 5 | 1 << 19;

/// What a keeper is given.
pub(super) struct KeeperStart {
    pub(super) harness: UnixStream,
    pub(super) archive: OwnedFd,
    pub(super) cgroups: Vec<OwnedFd>,
    pub(super) setup: Setup,
    /// The network namespace that it was forked into.
    pub(super) network: Network,
    pub(super) filter: seccompiler::BpfProgram,
}

/// Becomes a keeper; never returns.
pub(super) fn run(start: KeeperStart) -> ! {
    let KeeperStart {
        harness,
        archive,
        cgroups,
        setup,
        network,
        filter,
    } = start;
    // The zygote's socket and others' streams are not for a keeper, and still less for what it
    // will fork.
    let own = [harness.as_fd(), archive.as_fd()];
    let kept: Vec<BorrowedFd<'_>> = own
        .into_iter()
        .chain(cgroups.iter().map(AsFd::as_fd))
        .collect();
    if sys::close_all_but(&kept).is_err() {
        sys::exit_now(1)
    }
    drop(kept);
    let booted = read_archive(archive)
        .and_then(|items| boot::boot(&items, cgroups, &setup, network, filter));
    match booted {
        Ok(booted) => {
            let served = announce(&harness, booted).and_then(|mut keeper| keeper.serve(&harness));
            sys::exit_now(i32::from(served.is_err()))
        }
        Err(reason) => {
            let _ = wire::write_frame(&harness, &KeeperMessage::Failed { reason });
            sys::exit_now(1)
        }
    }
}

fn read_archive(archive: OwnedFd) -> Result<Vec<super::protocol::ArchiveItem>, String> {
    use std::os::unix::fs::FileExt;
    let read = || {
        let file = std::fs::File::from(archive);
        let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length.min(wire::LONGEST_FRAME)];
        // The descriptor is shared with other keepers, so its position must not move.
        file.read_exact_at(&mut bytes, 0)?;
        archive::decode(&bytes)
    };
    read().map_err(|error: io::Error| format!("read the machine's files: {error}"))
}

/// Tells the harness that the machine is up, and hands over the tool's socket.
fn announce(harness: &UnixStream, booted: Booted) -> io::Result<Keeper> {
    let Booted {
        init,
        control,
        files,
        listener,
        missing,
    } = booted;
    nix::sys::prctl::set_no_new_privs()?;
    sys::set_capabilities(CAPABILITIES)?;
    nix::sys::prctl::set_dumpable(false)?;
    let ready = wire::frame(&KeeperMessage::Ready { missing })?;
    wire::send_bytes(harness.as_fd(), &ready, &[listener.as_fd()])?;
    Ok(Keeper {
        init: Some(init),
        control,
        reader: Reader::new(files),
        call: None,
        background: Vec::new(),
        settling: Vec::new(),
        signallers: HashMap::new(),
        senders: None,
        inbox: Vec::new(),
    })
}

struct Keeper {
    /// Process 1, while it lives.
    init: Option<Pid>,
    control: OwnedFd,
    reader: Reader,
    call: Option<Call>,
    /// Pipes that background processes of earlier calls may still write to.
    background: Vec<Background>,
    /// Requests that wait for process 1 to have dealt with its signals.
    settling: Vec<u64>,
    /// Who was about to send TERM, by number, with its parents.
    signallers: HashMap<i32, Vec<Process>>,
    /// Who sent TERM, once it came.
    senders: Option<Vec<Process>>,
    /// Answers for the harness.
    inbox: Vec<KeeperMessage>,
}

/// What woke the keeper up.
#[derive(Default)]
struct Woken {
    harness: bool,
    init: bool,
}

impl Keeper {
    fn serve(&mut self, harness: &UnixStream) -> io::Result<()> {
        loop {
            let woken = self.wait(harness)?;
            if woken.init {
                self.hear_init()?;
            }
            self.look_after_call()?;
            if woken.harness {
                match wire::read_frame::<Request>(harness)? {
                    Some(request) => self.carry_out(request)?,
                    None => return self.end(),
                }
            }
            for message in self.inbox.drain(..) {
                wire::write_frame(harness, &message)?;
            }
        }
    }

    /// The harness is done with the machine, or gone.
    fn end(&mut self) -> io::Result<()> {
        if let Some(init) = self.init.take() {
            kill(init, Signal::SIGKILL)?;
            waitpid(init, None)?;
        }
        Ok(())
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

    fn carry_out(&mut self, request: Request) -> io::Result<()> {
        let Request { id, body } = request;
        match body {
            RequestBody::Exec {
                command,
                timeout_ms,
            } => self.start_call(id, command, timeout_ms)?,
            RequestBody::Snapshot => {
                let taken = self.reader.snapshot();
                self.reply(id, ReplyBody::Snapshot(taken));
            }
            RequestBody::Look => {
                let processes = process::all();
                let snapshot = self.reader.snapshot();
                self.reply(
                    id,
                    ReplyBody::Seen {
                        processes,
                        snapshot,
                    },
                );
            }
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
                if self.init.is_some() && self.senders.is_none() {
                    self.settling.push(id);
                    self.order(&InitOrder::Settle, &[])?;
                } else {
                    self.reply(id, ReplyBody::Settled(false));
                }
            }
            RequestBody::Freeze => self.freeze(id)?,
        }
        Ok(())
    }

    fn reply(&mut self, id: u64, body: ReplyBody) {
        self.inbox.push(KeeperMessage::Reply { id, body });
    }

    /// Sends an order to process 1. That it has just ended is no error: its end will be heard.
    fn order(&self, order: &InitOrder, streams: &[BorrowedFd<'_>]) -> io::Result<()> {
        match wire::send_packet(&self.control, order, streams) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    fn start_call(&mut self, request: u64, command: Vec<u8>, timeout_ms: u64) -> io::Result<()> {
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

    fn look_after_call(&mut self) -> io::Result<()> {
        match self.call.as_mut().map(Call::look_after) {
            None | Some(Need::Patience) => Ok(()),
            Some(Need::Kill) => self.order(&InitOrder::KillCall, &[]),
            Some(Need::GiveUp) => self
                .init
                .map_or(Ok(()), |init| Ok(kill(init, Signal::SIGKILL)?)),
        }
    }

    fn finish_call(&mut self, end: WireEnd) {
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

    fn freeze(&mut self, id: u64) -> io::Result<()> {
        let processes = if self.init.is_some() {
            self.stop_all()?;
            process::all()
        } else {
            Vec::new()
        };
        let snapshot = self.reader.snapshot();
        self.reply(
            id,
            ReplyBody::Seen {
                processes,
                snapshot,
            },
        );
        Ok(())
    }

    /// Stops every process, and waits until none runs any more. What cannot be stopped, as a
    /// program that waits for a disk, is not waited for long.
    fn stop_all(&mut self) -> io::Result<()> {
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
    fn hear_init(&mut self) -> io::Result<Option<InitMessage>> {
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
            InitMessage::Held { sender, call } => {
                // A call that fails leaves its maker here; nobody is to fill the memory so.
                if self.signallers.len() >= MOST_SIGNALLERS {
                    self.signallers.clear();
                }
                self.signallers.insert(*sender, process::chain(*sender));
                self.order(&InitOrder::LetPass { call: *call }, &[])?;
            }
            InitMessage::Term { sender } => {
                let seen = self.signallers.remove(sender);
                self.senders = Some(seen.unwrap_or_else(|| process::chain(*sender)));
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
        self.finish_call(WireEnd::MachineDown);
        Ok(())
    }
}
