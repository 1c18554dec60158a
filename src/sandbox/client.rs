//! The harness's side: asks the helper for machines. [`machine`] talks to a machine's keeper, and
//! [`messages`] reads what the keeper says.

mod machine;
mod messages;

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as StdStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::io::Interest;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

pub use machine::{Execution, Machine};
use messages::first_message;

use super::error::SandboxError;
use super::files::Files;
use super::protocol::LauncherOrder;
use super::wire;
use crate::evidence::Login;

/// How many machines boot at a time.
const DOORS: usize = 32;

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

/// A machine's number, for which the launcher holds control groups. Dropping it lets them go.
#[derive(Debug)]
struct Lease {
    number: u64,
    machines: Arc<Machines>,
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
            .missing()
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
        let order = LauncherOrder::Make {
            machine: lease.number,
            login: files.login(),
        };
        let sent = self.order(&order, &[theirs.as_fd(), files.as_fd()]).await;
        drop(theirs);
        let made = match sent {
            Ok(()) => first_message(&stream).await,
            Err(error) => Err(error.into()),
        };
        let (missing, listener) = made.map_err(|error| {
            if self.has_ended() {
                SandboxError::Ended
            } else {
                error
            }
        })?;
        drop(door);
        let listener = std::os::unix::net::UnixListener::from(listener);
        listener.set_nonblocking(true)?;
        let listener = UnixListener::from_std(listener)?;
        Ok((
            Machine::new(lease, stream, files.login(), missing),
            listener,
        ))
    }

    /// Returns once the helper has ended.
    pub async fn ended(&self) {
        // Nothing is ever read here, so that the socket becomes readable by its end alone.
        while !self.has_ended() && self.launcher.ready(Interest::READABLE).await.is_ok() {}
    }

    /// Whether the helper is known to have ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        let mut launcher = [PollFd::new(self.launcher.as_fd(), PollFlags::empty())];
        poll(&mut launcher, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
    }

    /// Whether no machine can be made because the helper has ended. When it is killed, its
    /// machines end first, and this is asked by whoever lost one of them.
    pub(crate) async fn are_over(self: &Arc<Self>) -> bool {
        let Ok(files) = Files::new(Login::User, []) else {
            return false;
        };
        matches!(
            self.boot_as_it_comes(&files).await,
            Err(SandboxError::Ended)
        )
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
