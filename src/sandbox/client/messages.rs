//! What a keeper says: its first message, and then its answers and the machine's fate, until it
//! closes; and the errors of what it leaves unsaid.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt, Interest};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::sync::{oneshot, watch};

use crate::evidence::Fate;
use crate::sandbox::error::SandboxError;
use crate::sandbox::protocol::{KeeperMessage, Missing, ReplyBody, WireFate};
use crate::sandbox::wire;

/// What the reading task and the callers share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Who waits for the answer to which request.
    pub(super) waiting: Mutex<HashMap<u64, oneshot::Sender<ReplyBody>>>,
}

/// How far a machine's life has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Life {
    Up,
    Down(Fate),
    /// The keeper is gone, so nothing more will be heard.
    Lost,
}

/// A new keeper's first message, with the tool's socket.
pub(super) async fn first_message(
    stream: &UnixStream,
) -> Result<(Vec<Missing>, OwnedFd), SandboxError> {
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

/// Reads what a keeper says until it closes.
pub(super) async fn read_messages(
    mut reader: OwnedReadHalf,
    shared: Arc<Shared>,
    life: watch::Sender<Life>,
) {
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

fn known_fate(fate: WireFate) -> Fate {
    match fate {
        WireFate::PoweredOff { senders } => Fate::PoweredOff { senders },
        WireFate::Died { status } => Fate::Died { status },
    }
}

pub(super) fn stuck() -> SandboxError {
    SandboxError::Lost("; a process that cannot be ended keeps it from answering".to_owned())
}

pub(super) fn lost() -> SandboxError {
    SandboxError::Lost("; it ended unexpectedly".to_owned())
}

pub(super) fn unexpected() -> SandboxError {
    SandboxError::Refused("it answered something else".to_owned())
}

/// A panic elsewhere leaves these maps whole, so its poison is of no concern.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
