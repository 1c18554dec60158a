//! The system calls that `nix` does not wrap, each behind a safe function.
#![expect(
    unsafe_code,
    reason = "raw system calls; each block says why it is sound"
)]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::sched::CloneFlags;
use nix::unistd::Pid;

/// Which side of a fork the caller is on.
pub(super) enum Forked {
    /// The process that forked; it learns the child's number.
    Parent(Pid),
    /// The new process.
    Child,
}

/// Forks into new namespaces (`clone(2)` without shared memory, so with `fork` semantics).
///
/// Only the helper's processes call this, and all of them have a single thread: in a process
/// with several, the child could find a lock (the allocator's, say) held by a thread that does
/// not exist in it.
pub(super) fn fork_into(namespaces: CloneFlags) -> nix::Result<Forked> {
    let flags = libc::c_long::from(namespaces.bits()) | libc::c_long::from(libc::SIGCHLD);
    // SAFETY: without CLONE_VM and with a null stack the call behaves as fork(2); the callers
    // are single-threaded, so the child's copy of every lock is free.
    let pid = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
    match Errno::result(pid)? {
        0 => Ok(Forked::Child),
        pid => Ok(Forked::Parent(Pid::from_raw(
            i32::try_from(pid).unwrap_or(i32::MAX),
        ))),
    }
}

/// Ends the process at once, without running destructors or exit handlers, which belong to the
/// process that was forked from.
pub(super) fn exit_now(status: i32) -> ! {
    // SAFETY: _exit(2) takes any status and does not return.
    unsafe { libc::_exit(status) }
}

/// Sets the effective, permitted and inheritable capabilities of this process to `mask`
/// (`capset(2)`); bit *n* is capability *n*.
pub(super) fn set_capabilities(mask: u64) -> nix::Result<()> {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: i32,
    }
    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Data {
        effective: u32,
        permitted: u32,
        inheritable: u32,
    }
    const VERSION_3: u32 = 0x2008_0522;
    let header = Header {
        version: VERSION_3,
        pid: 0,
    };
    let half = |bits: u64| {
        let bits = u32::try_from(bits & u64::from(u32::MAX)).unwrap_or(0);
        Data {
            effective: bits,
            permitted: bits,
            inheritable: 0,
        }
    };
    let data = [half(mask), half(mask >> 32)];
    // SAFETY: header and data have the layout that version 3 of the call asks for, and live
    // until it returns.
    Errno::result(unsafe { libc::syscall(libc::SYS_capset, &raw const header, data.as_ptr()) })?;
    Ok(())
}

/// Empties the capability bounding set, so that no program can give a capability back.
pub(super) fn drop_bounding_set() -> nix::Result<()> {
    for capability in 0..64 {
        // SAFETY: prctl(2) with integer arguments only.
        match Errno::result(unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) }) {
            Ok(_) => {}
            // The first number that the kernel does not know ends the list.
            Err(Errno::EINVAL) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Locks the rule that user 0 gains nothing by executing a program
/// (`SECBIT_NOROOT`, `capabilities(7)`).
pub(super) fn lock_noroot() -> nix::Result<()> {
    let bits = libc::SECBIT_NOROOT
        | libc::SECBIT_NOROOT_LOCKED
        | libc::SECBIT_NO_CAP_AMBIENT_RAISE
        | libc::SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
    // SAFETY: prctl(2) with integer arguments only.
    Errno::result(unsafe { libc::prctl(libc::PR_SET_SECUREBITS, bits, 0, 0, 0) })?;
    Ok(())
}

/// Joins a new, empty session keyring, so that the harness's is out of reach.
pub(super) fn join_new_session_keyring() -> nix::Result<()> {
    const KEYCTL_JOIN_SESSION_KEYRING: libc::c_int = 1;
    // SAFETY: a null name asks for an anonymous keyring.
    Errno::result(unsafe {
        libc::syscall(
            libc::SYS_keyctl,
            KEYCTL_JOIN_SESSION_KEYRING,
            std::ptr::null::<libc::c_char>(),
        )
    })?;
    Ok(())
}

/// Makes a mount and everything below it read-only, without set-uid programs and devices
/// (`mount_setattr(2)`, Linux 5.12).
pub(super) fn make_tree_read_only(path: &std::ffi::CStr) -> nix::Result<()> {
    // SAFETY: all-zero is a valid value of this plain structure.
    let mut attributes: libc::mount_attr = unsafe { MaybeUninit::zeroed().assume_init() };
    attributes.attr_set =
        libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;
    // SAFETY: the path is NUL-terminated, and the size given is the structure's.
    Errno::result(unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            libc::AT_RECURSIVE,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    })?;
    Ok(())
}

/// Brings the loopback interface of this network namespace up (`netdevice(7)`).
pub(super) fn bring_loopback_up(socket: BorrowedFd<'_>) -> nix::Result<()> {
    // SAFETY: all-zero is a valid value of this plain structure.
    let mut request: libc::ifreq = unsafe { MaybeUninit::zeroed().assume_init() };
    for (to, from) in request.ifr_name.iter_mut().zip(*b"lo") {
        *to = libc::c_char::try_from(from).unwrap_or_default();
    }
    request.ifr_ifru.ifru_flags = libc::c_short::try_from(libc::IFF_UP).unwrap_or(1);
    // SAFETY: SIOCSIFFLAGS reads an ifreq, which lives until the call returns.
    Errno::result(unsafe {
        libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request)
    })?;
    Ok(())
}

/// Closes every descriptor but the standard streams and these. What was forked off owns many
/// more than it has use for: its parent's.
pub(super) fn close_all_but(kept: &[BorrowedFd<'_>]) -> nix::Result<()> {
    let mut kept: Vec<libc::c_uint> = kept
        .iter()
        .filter_map(|descriptor| descriptor.as_raw_fd().try_into().ok())
        .collect();
    kept.sort_unstable();
    let mut first = 3;
    for number in kept {
        if first < number {
            close_range(first, number - 1)?;
        }
        first = number + 1;
    }
    close_range(first, libc::c_uint::MAX)
}

fn close_range(first: libc::c_uint, last: libc::c_uint) -> nix::Result<()> {
    // SAFETY: the callers are about to execute a program or never to return, and name what they
    // still use; no value that owns one of these descriptors is used or dropped afterwards.
    Errno::result(unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) })?;
    Ok(())
}

/// Duplicates `from` onto the number `to`, inherited by programs.
pub(super) fn place_descriptor(from: BorrowedFd<'_>, to: i32) -> nix::Result<()> {
    // SAFETY: dup2(2) on a valid descriptor; whatever had the number `to` is a standard stream
    // that nothing in this process owns as a value.
    Errno::result(unsafe { libc::dup2(from.as_raw_fd(), to) })?;
    Ok(())
}

/// Gives every signal its default action and blocks none, as a fresh login has it. Rust's
/// runtime ignores SIGPIPE, and an ignored signal is inherited through `execve(2)`; so are the
/// two that the C library keeps to itself and therefore does not reset.
pub(super) fn reset_signals() {
    /// The kernel's `struct sigaction` is no larger on any architecture.
    const DEFAULT: [u64; 8] = [0; 8];
    const SET: usize = size_of::<u64>();
    for signal in 1..=64 {
        // SAFETY: the call reads the structure, which is all zero: the default action. For KILL
        // and STOP it answers with an error, which is what we want.
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                signal,
                DEFAULT.as_ptr(),
                std::ptr::null_mut::<libc::c_void>(),
                SET,
            )
        };
    }
    // SAFETY: all-zero is a valid set, the empty one, and lives until the call returns.
    unsafe {
        let none: libc::sigset_t = MaybeUninit::zeroed().assume_init();
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

/// Takes the standard input that this process was started with, and leaves `/dev/null` in its
/// place.
pub(super) fn take_standard_input() -> io::Result<OwnedFd> {
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let null = std::fs::File::open("/dev/null")?;
    place_descriptor(null.as_fd(), 0)?;
    Ok(input)
}
