//! Tells who is at the other end of a connection. Only here does the kernel say it by the numbers
//! of the machine.

use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{getsockopt, sockopt};

use crate::sandbox::process;
use crate::sandbox::protocol::InitMessage;

/// What process 1 says of the connection that it was handed.
pub(super) fn look(descriptors: &[OwnedFd]) -> InitMessage {
    InitMessage::Peer {
        pid: descriptors.first().and_then(number),
        namespaces: process::namespaces("/proc/self"),
    }
}

/// The number of the process that connected, if it still runs.
fn number(connection: &OwnedFd) -> Option<i32> {
    match getsockopt(connection, sockopt::PeerPidfd) {
        // It can be read when its process has ended.
        Ok(process) => {
            let mut process = [PollFd::new(process.as_fd(), PollFlags::POLLIN)];
            if poll(&mut process, PollTimeout::ZERO) != Ok(0) {
                return None;
            }
        }
        // Before Linux 6.5 there is the number alone.
        Err(Errno::ENOPROTOOPT) => {}
        Err(_) => return None,
    }
    let pid = getsockopt(connection, sockopt::PeerCredentials).ok()?.pid();
    // Number 0 stands for a process outside of the machine.
    (pid > 0).then_some(pid)
}
