//! Whether a program that process 1 was to start has been started.
//!
//! A pipe tells: its writing end closes when the program is executed, and otherwise the number
//! of the error is written to it. Nobody in the machine is waited for, since a process that has
//! not executed its program yet can be stopped there.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::pipe2;

/// What the pipe says.
pub(super) enum Started {
    Yes,
    /// It cannot be, for this reason, in the operating system's words.
    No(String),
    NotYet,
}

/// The pipe: where it is read, without waiting, and where it is written.
pub(super) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = pipe2(OFlag::O_CLOEXEC)?;
    do_not_wait_for(reader.as_fd())?;
    Ok((reader, writer))
}

/// Makes an empty pipe an error for whoever reads it.
pub(super) fn do_not_wait_for(pipe: BorrowedFd<'_>) -> io::Result<()> {
    fcntl(pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok(())
}

/// Reads what is there.
pub(super) fn look(pipe: BorrowedFd<'_>) -> Started {
    let mut number = [0; size_of::<i32>()];
    match nix::unistd::read(pipe, &mut number) {
        Ok(0) => Started::Yes,
        Ok(_) => {
            let error = Errno::from_raw(i32::from_ne_bytes(number));
            Started::No(error.desc().to_owned())
        }
        Err(_) => Started::NotYet,
    }
}

/// Says why the program cannot be started. That nobody listens any more is no error.
pub(super) fn fail(pipe: BorrowedFd<'_>, error: Errno) {
    let _ = nix::unistd::write(pipe, &(error as i32).to_ne_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_arrives_in_words_and_a_closed_pipe_means_success() {
        let (reader, writer) = pipe().unwrap();
        assert!(matches!(look(reader.as_fd()), Started::NotYet));
        fail(writer.as_fd(), Errno::ENOEXEC);
        let Started::No(reason) = look(reader.as_fd()) else {
            panic!("an error was written");
        };
        assert_eq!(reason, "Exec format error");
        drop(writer);
        assert!(matches!(look(reader.as_fd()), Started::Yes));
    }
}
