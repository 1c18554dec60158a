//! One machine, as the harness uses it: each method is a request to its keeper.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::{oneshot, watch};

use super::Lease;
use super::messages::{Life, Shared, lock, lost, read_messages, stuck, unexpected};
use crate::evidence::{Digest, Exit, Fate, Kind, Login, Output, Process, Snapshot};
use crate::sandbox::caller::Caller;
use crate::sandbox::error::SandboxError;
use crate::sandbox::files::Files;
use crate::sandbox::protocol::{
    Executed, Missing, Program, ReplyBody, Request, RequestBody, Taken,
};
use crate::sandbox::{output, wire};

/// How long a keeper may take to answer after a command's time is over.
const ANSWER_PATIENCE: Duration = Duration::from_secs(60);

/// How long everything in a machine may take to end.
const END_PATIENCE: Duration = Duration::from_secs(10);

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
    login: Login,
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
    /// What still ran right after, but process 1, by number; none in a machine that went down.
    pub running: Vec<Process>,
    /// Every writable file, right after.
    pub snapshot: Snapshot,
}

impl Machine {
    /// Talks to the keeper at the other end, which has said that its machine is up.
    pub(super) fn new(
        lease: Lease,
        stream: UnixStream,
        login: Login,
        missing: Vec<Missing>,
    ) -> Self {
        let (reader, writer) = stream.into_split();
        let (life, fate) = watch::channel(Life::Up);
        let shared = Arc::new(Shared::default());
        tokio::spawn(read_messages(reader, Arc::clone(&shared), life));
        Self {
            _lease: lease,
            writer: tokio::sync::Mutex::new(writer),
            next_request: AtomicU64::new(0),
            shared,
            fate,
            texts: Mutex::new(HashMap::new()),
            missing,
            login,
        }
    }

    /// Runs a command as the model's user in a fresh login shell.
    ///
    /// # Errors
    /// When the keeper is lost. That the machine went down under the command is no error.
    pub async fn exec(&self, command: &str, timeout: Duration) -> Result<Execution, SandboxError> {
        self.execute(Program::Shell(command.as_bytes().to_vec()), timeout)
            .await
    }

    /// Executes the program at an absolute path without arguments, as the system would for the
    /// model's user: in its home, with the variables, limits and signal actions that a command's
    /// shell starts with, and without any shell.
    ///
    /// Where it cannot be executed, [`Exit::NotStarted`] has the operating system's words.
    ///
    /// # Errors
    /// When the keeper is lost. That the machine went down under the program is no error.
    pub async fn run_program(
        &self,
        path: &str,
        timeout: Duration,
    ) -> Result<Execution, SandboxError> {
        self.execute(Program::File(path.as_bytes().to_vec()), timeout)
            .await
    }

    /// Starts a command as the model's user in a fresh login shell, and does not wait for its
    /// end. What it writes is dropped. Neither it nor what it starts is ended by the timeout of
    /// a later command.
    ///
    /// The first process of a machine has the number 2.
    ///
    /// # Errors
    /// When the keeper is lost, a command runs, the machine is down, or the shell cannot be
    /// started.
    pub async fn serve(&self, command: &str) -> Result<(), SandboxError> {
        let command = command.as_bytes().to_vec();
        let ReplyBody::Served = self.ask(RequestBody::Serve { command }).await? else {
            return Err(unexpected());
        };
        Ok(())
    }

    /// Who is at the other end of an accepted connection of the task tool's socket: the process
    /// that connected. None where it has ended.
    ///
    /// Before Linux 6.5 a process that got the number of one that has ended is taken for it.
    ///
    /// # Errors
    /// When the keeper is lost.
    pub async fn caller(&self, stream: &UnixStream) -> Result<Option<Caller>, SandboxError> {
        let asked = self.ask_about(RequestBody::Caller, Some(stream.as_fd()));
        let ReplyBody::Caller(caller) = asked.await? else {
            return Err(unexpected());
        };
        Ok(caller.map(|caller| *caller))
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
        Ok(Files::from_archive(&bytes, self.login)?)
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

    /// Whether every process but process 1 waits for something at this moment, or there is none.
    ///
    /// # Errors
    /// When the keeper is lost.
    pub async fn is_at_rest(&self) -> Result<bool, SandboxError> {
        let ReplyBody::AtRest(at_rest) = self.ask(RequestBody::Rest).await? else {
            return Err(unexpected());
        };
        Ok(at_rest)
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
    pub(in crate::sandbox) fn missing(&self) -> &[Missing] {
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

    async fn execute(
        &self,
        program: Program,
        timeout: Duration,
    ) -> Result<Execution, SandboxError> {
        let timeout_ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        let body = RequestBody::Exec {
            program,
            timeout_ms,
        };
        // The keeper ends a command in time; only one that the kernel holds fast does not answer.
        let asked = tokio::time::timeout(timeout + ANSWER_PATIENCE, self.ask(body)).await;
        let ReplyBody::Exec(executed) = asked.map_err(|_| stuck())?? else {
            return Err(unexpected());
        };
        Ok(self.execution(executed))
    }

    async fn ask(&self, body: RequestBody) -> Result<ReplyBody, SandboxError> {
        self.ask_about(body, None).await
    }

    /// Asks something, with what it is about.
    async fn ask_about(
        &self,
        body: RequestBody,
        descriptor: Option<BorrowedFd<'_>>,
    ) -> Result<ReplyBody, SandboxError> {
        let id = self.next_request.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        lock(&self.shared.waiting).insert(id, sender);
        let frame = wire::frame(&Request { id, body })?;
        if self.send(&frame, descriptor).await.is_err() || *self.fate.borrow() == Life::Lost {
            lock(&self.shared.waiting).remove(&id);
            return Err(lost());
        }
        match receiver.await {
            Ok(ReplyBody::Refused(reason)) => Err(SandboxError::Refused(reason)),
            Ok(reply) => Ok(reply),
            Err(_) => Err(lost()),
        }
    }

    async fn send(&self, frame: &[u8], descriptor: Option<BorrowedFd<'_>>) -> io::Result<()> {
        let mut writer = self.writer.lock().await;
        let Some(descriptor) = descriptor else {
            return writer.write_all(frame).await;
        };
        let stream: &UnixStream = (*writer).as_ref();
        let send = || wire::send_bytes(stream.as_fd(), frame, &[descriptor]);
        stream.async_io(Interest::WRITABLE, send).await
    }

    fn execution(&self, executed: Executed) -> Execution {
        let Executed {
            end,
            stdout,
            stderr,
            micros,
            running,
            snapshot,
        } = executed;
        Execution {
            exit: output::exit(end),
            output: output::output(stdout, stderr),
            duration: Duration::from_micros(micros),
            running,
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
