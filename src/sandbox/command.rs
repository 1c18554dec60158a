//! Becomes one command of the model, or one program that the system runs for it.

use std::ffi::{CString, NulError};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::unistd::{Gid, Uid, setresgid, setresuid};

use super::limits;
use super::login;
use super::protocol::Program;
use super::sys;
use crate::evidence::Login;

/// What is to be executed, ready for a child that must not fail for want of memory.
pub(super) struct Prepared {
    path: CString,
    arguments: Vec<CString>,
    login: Login,
}

/// What a program is given.
pub(super) struct Streams<'a> {
    pub(super) null: &'a OwnedFd,
    pub(super) stdout: &'a OwnedFd,
    pub(super) stderr: &'a OwnedFd,
    /// Where it is said that it could not be executed; closed when it is.
    pub(super) failure: &'a OwnedFd,
}

impl Prepared {
    /// # Errors
    /// When there is a NUL byte in it.
    pub(super) fn of(program: Program, login: Login) -> Result<Self, NulError> {
        Ok(match program {
            Program::Shell(command) => Self {
                path: c"/bin/bash".to_owned(),
                arguments: vec![
                    c"bash".to_owned(),
                    c"--login".to_owned(),
                    c"-c".to_owned(),
                    CString::new(command)?,
                ],
                login,
            },
            Program::File(path) => {
                let path = CString::new(path)?;
                Self {
                    arguments: vec![path.clone()],
                    path,
                    login,
                }
            }
        })
    }
}

/// Turns this fresh child into a program of the model's user, with nothing of process 1
/// left but the filter and the limits. Returns only on failure.
pub(super) fn become_program(program: &Prepared, streams: &Streams<'_>) -> Errno {
    match set_up(program.login, streams) {
        Ok(()) => {}
        Err(error) => return error,
    }
    match nix::unistd::execve(
        &program.path,
        &program.arguments,
        &login::environment(program.login),
    ) {
        Ok(never) => match never {},
        Err(error) => error,
    }
}

fn set_up(login: Login, streams: &Streams<'_>) -> nix::Result<()> {
    let Streams {
        null,
        stdout,
        stderr,
        failure,
    } = streams;
    nix::unistd::setsid()?;
    sys::reset_signals();
    for (number, stream) in [(0, null), (1, stdout), (2, stderr)] {
        if stream.as_raw_fd() != number {
            sys::place_descriptor(stream.as_fd(), number)?;
        }
    }
    let number = login::number(login);
    let (user, group) = (Uid::from_raw(number), Gid::from_raw(number));
    setresgid(group, group, group)?;
    setresuid(user, user, user)?;
    limits::set_for_command()?;
    if nix::unistd::chdir("/home/user").is_err() {
        nix::unistd::chdir("/")?;
    }
    sys::close_all_but(&[failure.as_fd()])
}
