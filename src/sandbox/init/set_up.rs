//! Makes process 1 what it is: joins its control groups, masks `/proc`, gives up every privilege,
//! and installs the filter.

use std::io;
use std::os::fd::AsFd;

use nix::mount::MsFlags;
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};

use super::{Init, Machine};
use crate::sandbox::landlock::Ruleset;
use crate::sandbox::protocol::{InitMessage, Lanes, Missing, Setup};
use crate::sandbox::signallers::Signallers;
use crate::sandbox::{landlock, limits, sys, template, wire};

/// What the kernel tells everybody about the host through `/proc`, and the doors in it.
const MASKED: [&str; 14] = [
    "/proc/cmdline",
    "/proc/config.gz",
    "/proc/interrupts",
    "/proc/kallsyms",
    "/proc/kcore",
    "/proc/keys",
    "/proc/key-users",
    "/proc/kmsg",
    "/proc/kpagecount",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/sysrq-trigger",
    "/proc/timer_list",
    "/proc/timer_stats",
];

/// What the machine's programs may have of what the kernel counts for a user of the host
/// (`namespaces(7)`, `inotify(7)`). An ordinary user shares that count with every machine, so
/// that one of them could use all of it up. New namespaces are refused by the filter as well.
const MOST_OF_THE_USER: [(&str, &str); 10] = [
    ("max_inotify_instances", "16"),
    ("max_inotify_watches", "1024"),
    ("max_cgroup_namespaces", "0"),
    ("max_ipc_namespaces", "0"),
    ("max_mnt_namespaces", "0"),
    ("max_net_namespaces", "0"),
    ("max_pid_namespaces", "0"),
    ("max_time_namespaces", "0"),
    ("max_user_namespaces", "0"),
    ("max_uts_namespaces", "0"),
];

/// The same of its directories: the host's devices, drivers and file systems.
const MASKED_DIRECTORIES: [&str; 7] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/bus",
    "/proc/driver",
    "/proc/fs",
    "/proc/irq",
    "/proc/scsi",
];

/// A directory of the template that stays empty and cannot be written.
const NOTHING: &str = "/media";

/// Sets the calling process up, and tells the keeper which protections could not be had.
pub(super) fn set_up(init: &Init) -> io::Result<Machine<'_>> {
    let Init {
        keeper,
        writable,
        cgroups,
        setup,
        filter,
    } = init;
    for group in cgroups {
        nix::unistd::write(group, b"0")?;
    }
    let mut missing = Vec::new();
    let ruleset = Ruleset::new(writable)
        .map_err(|error| missing.push(Missing::of(landlock::NAME, error)))
        .ok();
    let kept = ruleset.iter().map(AsFd::as_fd).chain([keeper.as_fd()]);
    sys::close_all_but(&kept.collect::<Vec<_>>())?;
    if let Err(error) = unshare(CloneFlags::CLONE_NEWCGROUP) {
        missing.push(Missing::of("cgroup namespace", error));
    }
    template::mount_proc()?;
    bound_user();
    mask_proc()?;
    if let Err(error) = sys::join_new_session_keyring() {
        missing.push(Missing::of("own keyring", error));
    }
    limits::set(setup)?;
    give_up_privileges(setup)?;
    if let Some(ruleset) = ruleset
        && let Err(error) = ruleset.enforce()
    {
        missing.push(Missing::of(landlock::NAME, error));
    }
    nix::sys::prctl::set_name(c"init")?;
    // The terminal's name and the host's directories are not inherited.
    nix::unistd::setsid()?;
    let null = nix::fcntl::open(
        "/dev/null",
        nix::fcntl::OFlag::O_RDWR | nix::fcntl::OFlag::O_CLOEXEC,
        nix::sys::stat::Mode::empty(),
    )?;
    for stream in 0..3 {
        sys::place_descriptor(null.as_fd(), stream)?;
    }
    let signals = listen()?;
    nix::sys::prctl::set_dumpable(false)?;
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
    let signallers = Signallers::install(filter)
        .map_err(|error| missing.push(Missing::of("system call filter", error)))
        .ok();
    wire::send_packet(keeper, &InitMessage::Ready { missing }, &[])?;
    Ok(Machine {
        keeper: keeper.as_fd(),
        signals,
        signallers,
        null,
        login: setup.login,
        jobs: Lanes::default(),
    })
}

impl Missing {
    /// A protection that could not be had, for this reason.
    pub(in crate::sandbox) fn of(name: &str, reason: impl std::fmt::Display) -> Self {
        Self {
            name: name.to_owned(),
            reason: reason.to_string(),
        }
    }
}

/// Bounds what the kernel counts for the user. In a container whose settings cannot be written,
/// the host's own bounds are all there is.
fn bound_user() {
    for (name, most) in MOST_OF_THE_USER {
        let _ = std::fs::write(format!("/proc/sys/user/{name}"), most);
    }
}

fn mask_proc() -> io::Result<()> {
    let files = MASKED.map(|path| ("/dev/null", path));
    let directories = MASKED_DIRECTORIES.map(|path| (NOTHING, path));
    for (nothing, path) in files.into_iter().chain(directories) {
        match template::bind(nothing, path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    // Nobody inside may set the kernel; nothing but this mount would keep process 1 from it.
    template::bind("/proc/sys", "/proc/sys")?;
    let flags = template::PROC_FLAGS | MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
    template::mount_plain(None, "/proc/sys", None, flags, None)
}

fn give_up_privileges(setup: &Setup) -> io::Result<()> {
    nix::sys::prctl::set_no_new_privs()?;
    sys::lock_noroot()?;
    sys::drop_bounding_set()?;
    if let Some(system) = setup.system() {
        let (model, group) = (Uid::from_raw(setup.model()), Gid::from_raw(setup.model()));
        let (system, systems) = (Uid::from_raw(system), Gid::from_raw(system));
        setgroups(&[group])?;
        setresgid(group, systems, systems)?;
        setresuid(model, system, system)?;
    }
    Ok(sys::set_capabilities(0)?)
}

/// Blocks the two signals that matter and reads them from a descriptor. Every other signal has
/// its default action, which the kernel does not carry out on process 1 of a namespace.
fn listen() -> io::Result<SignalFd> {
    let mut mask = SigSet::empty();
    mask.add(Signal::SIGTERM);
    mask.add(Signal::SIGCHLD);
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&mask), None)?;
    Ok(SignalFd::with_flags(
        &mask,
        SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC,
    )?)
}
