//! Sees who sends process 1 a signal, before it is sent.
//!
//! A program that has sent its signal may be gone a moment later, and with it the answer to the
//! question whether it was the kill mechanism. So the filter holds such calls
//! (`SECCOMP_RET_USER_NOTIF`, `seccomp_unotify(2)`) until the sender and its parents have been
//! looked at, and then lets every one of them pass unchanged.
#![expect(
    unsafe_code,
    reason = "raw system calls; each block says why it is sound"
)]

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use nix::errno::Errno;
use seccompiler::BpfProgramRef;

/// The calls that are held.
pub(super) struct Signallers(OwnedFd);

/// One call that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    /// The kernel's number for it.
    pub(super) call: u64,
    /// Who makes it.
    pub(super) sender: i32,
    /// The signal that it sends.
    pub(super) signal: i32,
}

impl Signallers {
    /// Installs the filter for this process and everything that it will start.
    pub(super) fn install(filter: BpfProgramRef<'_>) -> nix::Result<Self> {
        let program = libc::sock_fprog {
            len: u16::try_from(filter.len()).map_err(|_| Errno::EINVAL)?,
            // `seccompiler`'s instruction has the kernel's layout, as `libc`'s has.
            filter: filter.as_ptr().cast_mut().cast(),
        };
        // SAFETY: the program lives until the call returns, and the kernel only reads it.
        let listener = Errno::result(unsafe {
            libc::syscall(
                libc::SYS_seccomp,
                libc::SECCOMP_SET_MODE_FILTER,
                libc::SECCOMP_FILTER_FLAG_NEW_LISTENER,
                &raw const program,
            )
        })?;
        let listener = i32::try_from(listener).map_err(|_| Errno::EBADF)?;
        // SAFETY: the kernel has just made this descriptor for us (close-on-exec).
        Ok(Self(unsafe { OwnedFd::from_raw_fd(listener) }))
    }

    /// The next call that is held; none where its maker has ended in the meantime.
    pub(super) fn next(&self) -> nix::Result<Option<Held>> {
        // SAFETY: all-zero is a valid value of this plain structure, and what the kernel wants.
        let mut notice: libc::seccomp_notif = unsafe { MaybeUninit::zeroed().assume_init() };
        // SAFETY: the kernel writes one such structure.
        let received = Errno::result(unsafe {
            libc::ioctl(
                self.0.as_raw_fd(),
                libc::SECCOMP_IOCTL_NOTIF_RECV,
                &raw mut notice,
            )
        });
        match received {
            Ok(_) => Ok(Some(Held {
                call: notice.id,
                sender: i32::try_from(notice.pid).unwrap_or(0),
                signal: signal_of(&notice.data),
            })),
            Err(Errno::ENOENT | Errno::EINTR) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Lets a call pass. That its maker has ended is no error.
    pub(super) fn let_pass(&self, call: u64) -> nix::Result<()> {
        let answer = libc::seccomp_notif_resp {
            id: call,
            val: 0,
            error: 0,
            flags: u32::try_from(libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE).unwrap_or(1),
        };
        // SAFETY: the kernel reads one such structure.
        let sent = Errno::result(unsafe {
            libc::ioctl(
                self.0.as_raw_fd(),
                libc::SECCOMP_IOCTL_NOTIF_SEND,
                &raw const answer,
            )
        });
        match sent {
            Ok(_) | Err(Errno::ENOENT) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl AsFd for Signallers {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Which argument of the call is the signal.
fn signal_of(call: &libc::seccomp_data) -> i32 {
    let number = i64::from(call.nr);
    let argument = if number == libc::SYS_tgkill {
        call.args[2]
    } else {
        call.args[1]
    };
    i32::try_from(argument & 0xff).unwrap_or(0)
}
