//! Makes one machine: its namespaces, its files, its process 1.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixListener;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::mount::{MntFlags, MsFlags, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::Signal;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket, socketpair};
use nix::sys::stat::Mode;
use nix::unistd::{Gid, Pid, Uid, setresgid, setresuid};

use super::archive;
use super::init::{self, Init};
use super::protocol::{ArchiveItem, InitMessage, Missing, Setup};
use super::remedy::remedy;
use super::sys::{self, Forked};
use super::template::{self, HOST_NAME, RUN, STAGING, WRITABLE};
use super::wire;

/// The machine's writable files: bytes and inodes.
const FILE_SYSTEM: &str = "mode=755,size=64m,nr_inodes=20000";

/// The socket of the task's tool. The tool has the same path built in.
const SOCKET: &str = "questions.sock";

/// A machine that is up.
pub(super) struct Booted {
    pub(super) init: Pid,
    /// The packets' socket to process 1.
    pub(super) control: OwnedFd,
    /// The root of its writable file system.
    pub(super) files: OwnedFd,
    /// Where the task's tool connects to.
    pub(super) listener: OwnedFd,
    /// Protections that it does without.
    pub(super) missing: Vec<Missing>,
}

/// Boots a machine around the calling process, its keeper. The keeper is already in the
/// machine's user namespace, and stays outside of its process namespace.
pub(super) fn boot(
    items: &[ArchiveItem],
    cgroups: Vec<OwnedFd>,
    setup: &Setup,
    network: Network,
    filter: seccompiler::BpfProgram,
) -> Result<Booted, String> {
    let step =
        |what: &'static str| move |error: io::Error| format!("{what}: {error}{}", remedy(&error));
    become_system(setup).map_err(step("change to the machine's system"))?;
    // A change of user clears this, so it comes after.
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL).map_err(|error| error.to_string())?;
    let mut missing = own_namespaces(network).map_err(step("make namespaces"))?;
    let files = mount_files().map_err(step("mount the writable files"))?;
    let writable = writable(&files).map_err(step("open the writable files"))?;
    // Process 1 sets itself up while the files are laid out; both take about as long.
    let (init, control) = start_init(writable, cgroups, setup, filter)?;
    archive::lay_out(files.as_fd(), items, setup)?;
    let listener = listen().map_err(step("make the tool's socket"))?;
    bind_files().map_err(step("bind the writable files"))?;
    missing.extend(hear_init(&control)?);
    Ok(Booted {
        init,
        control,
        files,
        listener: listener.into(),
        missing,
    })
}

fn become_system(setup: &Setup) -> io::Result<()> {
    if let Some(system) = setup.system() {
        let (uid, gid) = (Uid::from_raw(system), Gid::from_raw(system));
        setresgid(gid, gid, gid)?;
        setresuid(uid, uid, uid)?;
    }
    Ok(())
}

/// Enters new namespaces. Without one of its own for mounts there is no machine; the others are
/// reported when they cannot be had.
fn own_namespaces(network: Network) -> io::Result<Vec<Missing>> {
    unshare(CloneFlags::CLONE_NEWNS)?;
    let mut missing = Vec::new();
    if let Err(error) = unshare(CloneFlags::CLONE_NEWIPC) {
        missing.push(Missing::of("ipc namespace", error));
    }
    match unshare(CloneFlags::CLONE_NEWUTS) {
        Ok(()) => nix::unistd::sethostname(HOST_NAME)?,
        Err(error) => missing.push(Missing::of("uts namespace", error)),
    }
    if let Network::Refused(error) = network {
        missing.push(Missing::of("network namespace", error));
    }
    Ok(missing)
}

/// The network namespace that a machine is born in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Network {
    /// Its own, with nothing but a loopback interface that is up.
    Own,
    /// There was none to be had.
    Refused(Errno),
}

/// Makes a network namespace and moves the calling process into it. This is the dearest part of
/// a machine, so the zygote makes the next one ahead, and a keeper is forked into it.
pub(super) fn next_network() -> Network {
    let make = || {
        unshare(CloneFlags::CLONE_NEWNET)?;
        let (family, flags) = (AddressFamily::Inet, SockFlag::SOCK_CLOEXEC);
        let any = socket(family, SockType::Datagram, flags, None)?;
        sys::bring_loopback_up(any.as_fd())
    };
    match make() {
        Ok(()) => Network::Own,
        Err(error) => Network::Refused(error),
    }
}

/// Mounts the one file system that holds everything writable, and returns its root.
fn mount_files() -> io::Result<OwnedFd> {
    // Without NOATIME a program would see that somebody reads its files.
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOATIME;
    template::mount_plain(
        Some("tmpfs"),
        STAGING,
        Some("tmpfs"),
        flags,
        Some(FILE_SYSTEM),
    )?;
    for directory in ["home", "var", "dev"] {
        std::fs::create_dir(format!("{STAGING}/{directory}"))?;
    }
    for directory in WRITABLE.map(|(path, _)| path).into_iter().chain([RUN]) {
        std::fs::create_dir(format!("{STAGING}{directory}"))?;
    }
    Ok(open(
        STAGING,
        OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC,
        Mode::empty(),
    )?)
}

/// The directories in which anything may be written.
fn writable(files: &OwnedFd) -> io::Result<Vec<OwnedFd>> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let open = |(path, _): (&str, u32)| {
        let path = path.trim_start_matches('/');
        Ok(openat(files, path, flags, Mode::empty())?)
    };
    WRITABLE.into_iter().map(open).collect()
}

fn listen() -> io::Result<UnixListener> {
    use std::os::unix::fs::PermissionsExt;
    let path = format!("{STAGING}{RUN}/{SOCKET}");
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))?;
    Ok(listener)
}

/// Binds the parts of the writable file system to their places, and takes the whole out of
/// sight.
fn bind_files() -> io::Result<()> {
    for (directory, _) in WRITABLE {
        template::bind(&format!("{STAGING}{directory}"), directory)?;
    }
    template::bind(&format!("{STAGING}{RUN}"), RUN)?;
    let flags = MsFlags::MS_REMOUNT
        | MsFlags::MS_BIND
        | MsFlags::MS_RDONLY
        | MsFlags::MS_NOSUID
        | MsFlags::MS_NODEV;
    template::mount_plain(None, RUN, None, flags, None)?;
    Ok(umount2(STAGING, MntFlags::MNT_DETACH)?)
}

/// Forks process 1.
fn start_init(
    writable: Vec<OwnedFd>,
    cgroups: Vec<OwnedFd>,
    setup: &Setup,
    filter: seccompiler::BpfProgram,
) -> Result<(Pid, OwnedFd), String> {
    let (ours, theirs) = socketpair(
        AddressFamily::Unix,
        SockType::SeqPacket,
        None,
        SockFlag::SOCK_CLOEXEC,
    )
    .map_err(|error| format!("make a socket: {error}"))?;
    match sys::fork_into(CloneFlags::CLONE_NEWPID) {
        Ok(Forked::Child) => {
            drop(ours);
            init::run(&Init {
                keeper: theirs,
                writable,
                cgroups,
                setup: setup.clone(),
                filter,
            })
        }
        Ok(Forked::Parent(pid)) => Ok((pid, ours)),
        Err(error) => Err(format!(
            "make a process namespace: {error}{}",
            remedy(&error.into())
        )),
    }
}

/// Waits until process 1 serves; says which protections it could not have.
fn hear_init(control: &OwnedFd) -> Result<Vec<Missing>, String> {
    match wire::receive_packet(control) {
        Ok(Some((InitMessage::Ready { missing }, _))) => Ok(missing),
        Ok(Some((InitMessage::Failed { reason }, _))) => Err(format!("set up process 1: {reason}")),
        Ok(Some((other, _))) => Err(format!("process 1 began with {other:?}")),
        Ok(None) => Err("process 1 ended before it was set up".to_owned()),
        Err(error) => Err(format!("hear from process 1: {error}")),
    }
}
