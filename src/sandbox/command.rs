//! Becomes one command of the model.

use std::ffi::CStr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::unistd::{Gid, Uid, setresgid, setresuid};

use super::archive::USER;
use super::limits;
use super::sys;

/// Turns this fresh child into the model's command: a login shell of the unprivileged user,
/// with nothing of process 1 left but the filter and the limits. Returns only on failure.
pub(super) fn become_command(
    command: &CStr,
    null: &OwnedFd,
    stdout: &OwnedFd,
    stderr: &OwnedFd,
) -> Errno {
    match prepare_command(null, stdout, stderr) {
        Ok(()) => {}
        Err(error) => return error,
    }
    let arguments = [c"bash", c"--login", c"-c", command];
    let environment = [
        c"HOME=/home/user",
        c"USER=user",
        c"LOGNAME=user",
        c"SHELL=/bin/bash",
        c"PATH=/usr/local/bin:/usr/bin:/bin",
        c"TERM=dumb",
    ];
    match nix::unistd::execve(c"/bin/bash", &arguments, &environment) {
        Ok(never) => match never {},
        Err(error) => error,
    }
}

fn prepare_command(null: &OwnedFd, stdout: &OwnedFd, stderr: &OwnedFd) -> nix::Result<()> {
    nix::unistd::setsid()?;
    sys::reset_signals();
    for (number, stream) in [(0, null), (1, stdout), (2, stderr)] {
        if stream.as_raw_fd() != number {
            sys::place_descriptor(stream.as_fd(), number)?;
        }
    }
    let (user, group) = (Uid::from_raw(USER), Gid::from_raw(USER));
    setresgid(group, group, group)?;
    setresuid(user, user, user)?;
    limits::set_for_command()?;
    if nix::unistd::chdir("/home/user").is_err() {
        nix::unistd::chdir("/")?;
    }
    sys::close_all_but(&[])
}
