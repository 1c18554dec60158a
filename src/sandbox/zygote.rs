//! The zygote: process 1 of a process namespace that holds all machines, in a user namespace
//! without any of the host's rights, on a root file system without the host's files. It forks a
//! keeper for each machine. Its environment was empty from the start and its memory never held
//! a key. When it ends, the kernel ends every machine.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::sched::CloneFlags;
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::unistd::{Gid, Uid, setresgid, setresuid};

use super::boot::{self, Network};
use super::keeper::{self, KeeperStart};
use super::protocol::{KeeperMessage, ZygoteOrder, ZygoteReady};
use super::remedy::remedy;
use super::sys::{self, Forked};
use super::template::{self, Pinned};
use super::users;
use super::wire;
use crate::evidence::MachinePath;

/// Becomes the zygote; never returns. The launcher has already written the user maps when it
/// sends the first byte.
pub(super) fn run(launcher: &OwnedFd, rootfs: Option<&MachinePath>) -> ! {
    // The launcher's own socket, on which the harness gives its orders, is not for the zygote.
    let set_up = sys::close_all_but(&[launcher.as_fd()])
        .map_err(|error| format!("close the launcher's descriptors: {error}"))
        .and_then(|()| set_up(launcher, rootfs));
    let ready = match &set_up {
        Ok(SetUp { rootfs, .. }) => ZygoteReady {
            failure: None,
            rootfs: rootfs.clone(),
        },
        Err(failure) => ZygoteReady {
            failure: Some(failure.clone()),
            rootfs: None,
        },
    };
    let told = wire::send_packet(launcher, &ready, &[]);
    if let (Ok(SetUp { filter, .. }), Ok(())) = (set_up, told) {
        let _ = serve(launcher, &filter);
    }
    sys::exit_now(0)
}

/// What the zygote has for its machines.
struct SetUp {
    filter: seccompiler::BpfProgram,
    /// How the root file system that was given is shown.
    rootfs: Option<String>,
}

fn set_up(launcher: &OwnedFd, rootfs: Option<&MachinePath>) -> Result<SetUp, String> {
    let (root_user, root_group) = (Uid::from_raw(0), Gid::from_raw(0));
    let Ok(Some((true, _))) = wire::receive_packet::<bool>(launcher) else {
        return Err("the launcher ended".to_owned());
    };
    // As the host's user still, to whom alone the way to it may be open.
    let rootfs = rootfs.map(Pinned::open).transpose()?;
    let become_root = || {
        setresgid(root_group, root_group, root_group)?;
        setresuid(root_user, root_user, root_user)?;
        // The host user's further groups must not reach into the machines. Where the host
        // forbids to leave them, they stand for nothing that a machine can see.
        match nix::unistd::setgroups(&[]) {
            Ok(()) | Err(nix::errno::Errno::EPERM) => Ok(()),
            Err(error) => Err(error),
        }
    };
    become_root().map_err(|error| format!("become root of the user namespace: {error}"))?;
    // A change of user clears this, so it comes after.
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL).map_err(|error| error.to_string())?;
    // A change of user also makes the process undumpable, and then its own `/proc` files belong
    // to nobody; the maps of the machines' users are written through them.
    nix::sys::prctl::set_dumpable(true).map_err(|error| error.to_string())?;
    let rootfs = template::enter(rootfs)?;
    reap_by_itself().map_err(|error| error.to_string())?;
    let filter = super::seccomp::filter();
    let filter = filter.map_err(|error| format!("build the system call filter: {error}"))?;
    Ok(SetUp { filter, rootfs })
}

/// Keepers that end need no attention: the harness sees it on their streams.
#[expect(unsafe_code, reason = "changes a signal's action")]
fn reap_by_itself() -> nix::Result<()> {
    // SAFETY: ignoring a signal installs no handler.
    unsafe { signal(Signal::SIGCHLD, SigHandler::SigIgn) }?;
    Ok(())
}

fn serve(launcher: &OwnedFd, filter: &seccompiler::BpfProgram) -> io::Result<()> {
    let mut network = boot::next_network();
    while let Some((order, descriptors)) = wire::receive_packet::<ZygoteOrder>(launcher)? {
        if let Network::Refused(_) = network {
            network = boot::next_network();
        }
        let mut descriptors = descriptors.into_iter();
        let (Some(harness), Some(archive)) = (descriptors.next(), descriptors.next()) else {
            continue;
        };
        let harness = UnixStream::from(harness);
        // Without the means for this one machine the others go on.
        let Ok(complaint) = harness.try_clone() else {
            continue;
        };
        let start = KeeperStart {
            harness,
            archive,
            cgroups: descriptors.collect(),
            setup: order.setup,
            network,
            filter: filter.clone(),
        };
        if let Err(error) = make_keeper(start) {
            let reason = format!("make a user namespace: {error}{}", remedy(&error));
            let _ = wire::write_frame(&complaint, &KeeperMessage::Failed { reason });
        }
        // No two machines share one, whatever became of the last.
        network = boot::next_network();
    }
    Ok(())
}

/// Forks a keeper into a new user namespace and writes that namespace's maps, which only its
/// parent may.
fn make_keeper(start: KeeperStart) -> io::Result<()> {
    let setup = start.setup.clone();
    let (mut ours, mut theirs) = UnixStream::pair()?;
    match sys::fork_into(CloneFlags::CLONE_NEWUSER)? {
        Forked::Child => {
            drop(ours);
            sys::reset_signals();
            let mut go = [0];
            match theirs.read_exact(&mut go) {
                Ok(()) => keeper::run(start),
                Err(_) => sys::exit_now(1),
            }
        }
        Forked::Parent(pid) => {
            drop(theirs);
            users::map_machine(pid, &setup)?;
            ours.write_all(&[1])
        }
    }
}
