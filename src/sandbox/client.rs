//! The harness's side: asks the helper for machines and talks to their keepers.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as StdStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, oneshot, watch};

use super::error::SandboxError;
use super::files::Files;
use super::protocol::{
    Executed, KeeperMessage, LauncherOrder, Missing, ReplyBody, Request, RequestBody, Taken,
    WireFate,
};
use super::{output, wire};
use crate::evidence::{Digest, Exit, Fate, Kind, Output, Process, Snapshot};

/// How many machines boot at a time.
const DOORS: usize = 32;

/// How long a keeper may take to answer after a command's time is over.
const ANSWER_PATIENCE: Duration = Duration::from_secs(60);

/// How long everything in a machine may take to end.
const END_PATIENCE: Duration = Duration::from_secs(10);

/// Makes machines.
#[derive(Debug)]
pub struct Machines {
    /// A packet socket; the type only serves to wait for it.
    launcher: UnixStream,
    next: AtomicU64,
    /// Lets so many boot at a time: all are made by one process, and descriptors that are under
    /// way are limited.
    doors: Semaphore,
    /// Protections that this host was found not to give.
    known_missing: Vec<String>,
}

/// One machine. Dropping it ends it.
#[derive(Debug)]
pub struct Machine {
    _lease: Lease,
    writer: tokio::sync::Mutex<OwnedWriteHalf>,
    next_request: AtomicU64,
    shared: Arc<Shared>,
    fate: watch::Receiver<Life>,
    texts: Mutex<HashMap<Digest, Arc<str>>>,
    /// Protections that it does without.
    missing: Vec<Missing>,
}

/// A machine's number, for which the launcher holds control groups. Dropping it lets them go.
#[derive(Debug)]
struct Lease {
    number: u64,
    machines: Arc<Machines>,
}

/// What the reading task and the callers share.
#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<HashMap<u64, oneshot::Sender<ReplyBody>>>,
}

/// How far a machine's life has come.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Life {
    Up,
    Down(Fate),
    /// The keeper is gone, so nothing more will be heard.
    Lost,
}

/// A command that has ended.
#[derive(Debug)]
pub struct Execution {
    /// How it ended.
    pub exit: Exit,
    /// What it wrote.
    pub output: Output,
    /// How long it took.
    pub duration: Duration,
    /// Every writable file, right after.
    pub snapshot: Snapshot,
}

impl Machines {
    /// Talks to the launcher over this socket. Must be called inside of the async runtime.
    pub(super) fn new(launcher: OwnedFd, known_missing: Vec<String>) -> io::Result<Arc<Self>> {
        let launcher = StdStream::from(launcher);
        launcher.set_nonblocking(true)?;
        let launcher = UnixStream::from_std(launcher)?;
        Ok(Arc::new(Self {
            launcher,
            next: AtomicU64::new(0),
            doors: Semaphore::new(DOORS),
            known_missing,
        }))
    }

    /// Boots a machine with these files, and returns it with the socket to which the task's
    /// tool will connect.
    ///
    /// # Errors
    /// When the machine does not come up, or not with all its protections.
    pub async fn boot(
        self: &Arc<Self>,
        files: &Files,
    ) -> Result<(Machine, UnixListener), SandboxError> {
        let (machine, listener) = self.boot_as_it_comes(files).await?;
        let unexpected = machine
            .missing
            .iter()
            .find(|missing| !self.known_missing.contains(&missing.name));
        match unexpected {
            Some(missing) => Err(SandboxError::Weakened(format!(
                "{} ({})",
                missing.name, missing.reason
            ))),
            None => Ok((machine, listener)),
        }
    }

    /// As [`Machines::boot`], with whatever protection can be had.
    pub(super) async fn boot_as_it_comes(
        self: &Arc<Self>,
        files: &Files,
    ) -> Result<(Machine, UnixListener), SandboxError> {
        let lease = Lease {
            number: self.next.fetch_add(1, Ordering::Relaxed),
            machines: Arc::clone(self),
        };
        let door = self.doors.acquire().await.map_err(io::Error::other)?;
        let (ours, theirs) = StdStream::pair()?;
        ours.set_nonblocking(true)?;
        let stream = UnixStream::from_std(ours)?;
        self.order(
            &LauncherOrder::Make {
                machine: lease.number,
            },
            &[theirs.as_fd(), files.as_fd()],
        )
        .await?;
        drop(theirs);
        let (missing, listener) = first_message(&stream).await?;
        drop(door);
        let listener = std::os::unix::net::UnixListener::from(listener);
        listener.set_nonblocking(true)?;
        let listener = UnixListener::from_std(listener)?;

        let (reader, writer) = stream.into_split();
        let (life, fate) = watch::channel(Life::Up);
        let shared = Arc::new(Shared::default());
        tokio::spawn(read_messages(reader, Arc::clone(&shared), life));
        let machine = Machine {
            _lease: lease,
            writer: tokio::sync::Mutex::new(writer),
            next_request: AtomicU64::new(0),
            shared,
            fate,
            texts: Mutex::new(HashMap::new()),
            missing,
        };
        Ok((machine, listener))
    }

    async fn order(
        &self,
        order: &LauncherOrder,
        descriptors: &[std::os::fd::BorrowedFd<'_>],
    ) -> io::Result<()> {
        self.launcher
            .async_io(Interest::WRITABLE, || {
                wire::send_packet(&self.launcher, order, descriptors)
            })
            .await
    }
}

impl Machine {
    /// Runs a command as the model's user in a fresh login shell.
    ///
    /// # Errors
    /// When the keeper is lost. That the machine went down under the command is no error.
    pub async fn exec(&self, command: &str, timeout: Duration) -> Result<Execution, SandboxError> {
        let timeout_ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        let body = RequestBody::Exec {
            command: command.as_bytes().to_vec(),
            timeout_ms,
        };
        // The keeper ends a command in time; only one that the kernel holds fast does not answer.
        let asked = tokio::time::timeout(timeout + ANSWER_PATIENCE, self.ask(body)).await;
        let ReplyBody::Exec(executed) = asked.map_err(|_| stuck())?? else {
            return Err(unexpected());
        };
        Ok(self.execution(executed))
    }

    /// Reads every writable file.
    ///
    /// # Errors
    /// When the keeper is lost.
    pub async fn snapshot(&self) -> Result<Snapshot, SandboxError> {
        let ReplyBody::Snapshot(taken) = self.ask(RequestBody::Snapshot).await? else {
            return Err(unexpected());
        };
        Ok(self.complete(taken))
    }

    /// Copies every writable file, to boot a clone.
    ///
    /// # Errors
    /// When the keeper is lost or the copy does not fit.
    pub async fn copy_files(&self) -> Result<Files, SandboxError> {
        let ReplyBody::Archive(bytes) = self.ask(RequestBody::Archive).await? else {
            return Err(unexpected());
        };
        Ok(Files::from_archive(&bytes)?)
    }

    /// Whether the machine is up, once process 1 has dealt with every signal that was sent to it
    /// before this call.
    ///
    /// # Errors
    /// When the keeper is lost.
    pub async fn is_up(&self) -> Result<bool, SandboxError> {
        let ReplyBody::Settled(up) = self.ask(RequestBody::Settle).await? else {
            return Err(unexpected());
        };
        Ok(up)
    }

    /// Lists the processes and reads every writable file, while the machine goes on.
    ///
    /// # Errors
    /// When the keeper is lost.
    pub async fn look(&self) -> Result<(Vec<Process>, Snapshot), SandboxError> {
        self.see(RequestBody::Look).await
    }

    /// Stops everything in the machine, and reads what ran and every writable file.
    ///
    /// # Errors
    /// When the keeper is lost.
    pub async fn freeze(&self) -> Result<(Vec<Process>, Snapshot), SandboxError> {
        self.see(RequestBody::Freeze).await
    }

    /// Waits until process 1 ends by itself.
    ///
    /// # Errors
    /// When the keeper is lost before.
    pub async fn fate(&self) -> Result<Fate, SandboxError> {
        let mut fate = self.fate.clone();
        let life = fate
            .wait_for(|life| *life != Life::Up)
            .await
            .map(|life| life.clone());
        match life {
            Ok(Life::Down(fate)) => Ok(fate),
            Ok(Life::Up | Life::Lost) | Err(_) => Err(lost()),
        }
    }

    /// How process 1 ended by itself, if it has.
    #[must_use]
    pub fn ended(&self) -> Option<Fate> {
        match &*self.fate.borrow() {
            Life::Down(fate) => Some(fate.clone()),
            Life::Up | Life::Lost => None,
        }
    }

    /// Ends everything in the machine and waits until nothing of it is left. A machine whose
    /// processes the kernel cannot end is left to it after a while.
    pub async fn destroy(self) {
        let mut fate = self.fate.clone();
        // The keeper ends the machine when nobody will talk to it any more.
        let _ = self.writer.lock().await.shutdown().await;
        let gone = fate.wait_for(|life| *life == Life::Lost);
        let _ = tokio::time::timeout(END_PATIENCE, gone).await;
    }

    /// Protections that this machine does without.
    pub(super) fn missing(&self) -> &[Missing] {
        &self.missing
    }

    async fn see(&self, how: RequestBody) -> Result<(Vec<Process>, Snapshot), SandboxError> {
        let ReplyBody::Seen {
            processes,
            snapshot,
        } = self.ask(how).await?
        else {
            return Err(unexpected());
        };
        Ok((processes, self.complete(snapshot)))
    }

    async fn ask(&self, body: RequestBody) -> Result<ReplyBody, SandboxError> {
        let id = self.next_request.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        lock(&self.shared.waiting).insert(id, sender);
        let frame = wire::frame(&Request { id, body })?;
        if self.writer.lock().await.write_all(&frame).await.is_err()
            || *self.fate.borrow() == Life::Lost
        {
            lock(&self.shared.waiting).remove(&id);
            return Err(lost());
        }
        match receiver.await {
            Ok(ReplyBody::Refused(reason)) => Err(SandboxError::Refused(reason)),
            Ok(reply) => Ok(reply),
            Err(_) => Err(lost()),
        }
    }

    fn execution(&self, executed: Executed) -> Execution {
        let Executed {
            end,
            stdout,
            stderr,
            micros,
            snapshot,
        } = executed;
        Execution {
            exit: output::exit(end),
            output: output::output(stdout, stderr),
            duration: Duration::from_micros(micros),
            snapshot: self.complete(snapshot),
        }
    }

    /// Puts the texts into a snapshot that the keeper sent before.
    fn complete(&self, taken: Taken) -> Snapshot {
        let Taken {
            mut snapshot,
            texts: new,
        } = taken;
        let mut texts = lock(&self.texts);
        texts.extend(
            new.into_iter()
                .map(|(digest, text)| (digest, Arc::from(text))),
        );
        for entry in snapshot.entries.values_mut() {
            if let Kind::File {
                digest: Some(digest),
                text,
            } = &mut entry.kind
            {
                *text = texts.get(digest).cloned();
            }
        }
        snapshot
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // A full socket means that the launcher is far behind; it then removes the machine's
        // control groups when the harness ends.
        let order = LauncherOrder::Release {
            machine: self.number,
        };
        let _ = wire::send_packet(&self.machines.launcher, &order, &[]);
    }
}

/// Reads what a keeper says until it closes.
async fn read_messages(mut reader: OwnedReadHalf, shared: Arc<Shared>, life: watch::Sender<Life>) {
    while let Ok(message) = read_message(&mut reader).await {
        match message {
            KeeperMessage::Reply { id, body } => {
                if let Some(waiting) = lock(&shared.waiting).remove(&id) {
                    let _ = waiting.send(body);
                }
            }
            KeeperMessage::Down { fate } => {
                let _ = life.send(Life::Down(known_fate(fate)));
            }
            // Said once, before this task began.
            KeeperMessage::Ready { .. } | KeeperMessage::Failed { .. } => break,
        }
    }
    let _ = life.send(Life::Lost);
    lock(&shared.waiting).clear();
}

async fn read_message(reader: &mut OwnedReadHalf) -> io::Result<KeeperMessage> {
    let mut prefix = [0; 4];
    reader.read_exact(&mut prefix).await?;
    let mut body = vec![0; wire::frame_length(prefix)?];
    reader.read_exact(&mut body).await?;
    wire::decode(&body)
}

/// A new keeper's first message, with the tool's socket.
async fn first_message(stream: &UnixStream) -> Result<(Vec<Missing>, OwnedFd), SandboxError> {
    let mut buffer = vec![0; 64 * 1024];
    let (length, descriptors) = stream
        .async_io(Interest::READABLE, || {
            wire::receive_bytes(stream.as_fd(), &mut buffer)
        })
        .await?;
    if length == 0 {
        return Err(SandboxError::Boot("its keeper ended".to_owned()));
    }
    let message: Option<KeeperMessage> = wire::read_frame(&buffer[..length])?;
    match (message, descriptors.into_iter().next()) {
        (Some(KeeperMessage::Ready { missing }), Some(listener)) => Ok((missing, listener)),
        // The kernel drops a descriptor for which there is no room.
        (Some(KeeperMessage::Ready { .. }), None) => {
            Err(io::Error::from_raw_os_error(libc::EMFILE).into())
        }
        (Some(KeeperMessage::Failed { reason }), _) => Err(SandboxError::Boot(reason)),
        (other, _) => Err(SandboxError::Boot(format!(
            "its keeper began with {other:?}"
        ))),
    }
}

fn known_fate(fate: WireFate) -> Fate {
    match fate {
        WireFate::PoweredOff { senders } => Fate::PoweredOff { senders },
        WireFate::Died { status } => Fate::Died { status },
    }
}

fn stuck() -> SandboxError {
    SandboxError::Lost("; a process that cannot be ended keeps it from answering".to_owned())
}

fn lost() -> SandboxError {
    SandboxError::Lost("; it ended unexpectedly".to_owned())
}

fn unexpected() -> SandboxError {
    SandboxError::Refused("it answered something else".to_owned())
}

/// A panic elsewhere leaves these maps whole, so its poison is of no concern.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
