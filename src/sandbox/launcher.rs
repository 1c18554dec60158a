//! The launcher: the helper's first process, made by the harness before it has threads. It has
//! the harness's rights on the host but none of its secrets (its environment is empty), starts
//! the zygote, and makes and removes control groups. It outlives a harness that is killed just
//! long enough to end every machine and to leave nothing behind.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::CloneFlags;
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{AddressFamily, Shutdown, SockFlag, SockType, shutdown, socketpair};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use super::cgroup::{Cgroups, Groups};
use super::protocol::{
    KeeperMessage, LauncherOrder, LauncherReady, LauncherStart, Setup, Users, ZygoteOrder,
    ZygoteReady,
};
use super::remedy::remedy;
use super::sys::{self, Forked};
use super::users::{self, Mapped};
use super::wire;
use super::zygote;
use crate::evidence::{Login, MachinePath};

/// How often a control group is tried again whose last process is still ending.
const RETRY_MILLIS: u8 = 20;

/// Becomes the launcher; never returns.
pub(super) fn run(harness: OwnedFd) -> ! {
    // Interrupts that the user types are for the harness, which ends the machines in order.
    let _ = nix::unistd::setsid();
    let _ = nix::unistd::chdir("/");
    let Ok(Some((LauncherStart { rootfs }, _))) = wire::receive_packet(&harness) else {
        sys::exit_now(1)
    };
    let cgroups = Cgroups::detect();
    cgroups.sweep();
    let (ready, zygote) = match start_zygote(rootfs.as_ref()) {
        Ok((zygote, mapped, told)) => (ready(&cgroups, &mapped, told), Some((zygote, mapped))),
        Err(failure) => {
            let none = Mapped {
                users: Users::One,
                base_uid: 0,
                pairs: 0,
                detail: String::new(),
            };
            let told = ZygoteReady {
                failure: Some(failure),
                ..ZygoteReady::default()
            };
            (ready(&cgroups, &none, told), None)
        }
    };
    let told = wire::send_packet(&harness, &ready, &[]);
    let Some((zygote, mapped)) = zygote else {
        sys::exit_now(1)
    };
    let mut launcher = Launcher {
        harness,
        zygote,
        cgroups,
        mapped,
        in_use: BTreeMap::new(),
        emptying: Vec::new(),
    };
    if told.is_ok() {
        let _ = launcher.serve();
    }
    launcher.end();
    sys::exit_now(0)
}

fn ready(cgroups: &Cgroups, mapped: &Mapped, told: ZygoteReady) -> LauncherReady {
    LauncherReady {
        failure: told.failure,
        rootfs: told.rootfs,
        users: mapped.users,
        users_detail: mapped.detail.clone(),
        cgroups: cgroups.limits.clone(),
        base_uid: mapped.base_uid,
    }
}

struct Zygote {
    pid: Pid,
    control: OwnedFd,
}

struct Launcher {
    harness: OwnedFd,
    zygote: Zygote,
    cgroups: Cgroups,
    mapped: Mapped,
    /// The control groups of the machines that there are.
    in_use: BTreeMap<u64, Groups>,
    /// Those of machines that are gone, but for a last process that is still ending.
    emptying: Vec<Groups>,
}

fn start_zygote(rootfs: Option<&MachinePath>) -> Result<(Zygote, Mapped, ZygoteReady), String> {
    let (ours, theirs) = socketpair(
        AddressFamily::Unix,
        SockType::SeqPacket,
        None,
        SockFlag::SOCK_CLOEXEC,
    )
    .map_err(|error| format!("make a socket: {error}"))?;
    let namespaces = CloneFlags::CLONE_NEWUSER
        | CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS;
    let pid = match sys::fork_into(namespaces) {
        Ok(Forked::Child) => {
            drop(ours);
            zygote::run(&theirs, rootfs)
        }
        Ok(Forked::Parent(pid)) => pid,
        Err(error) => return Err(format!("make a user namespace: {error}{}", advice(error))),
    };
    drop(theirs);
    let begin = || -> Result<(Mapped, ZygoteReady), String> {
        let mapped = users::map_zygote(pid)
            .map_err(|error| format!("map the machine's users: {error}{}", restriction()))?;
        wire::send_packet(&ours, &true, &[]).map_err(|error| error.to_string())?;
        match wire::receive_packet::<ZygoteReady>(&ours) {
            Ok(Some((ready, _))) => match ready.failure {
                None => Ok((mapped, ready)),
                Some(failure) => Err(format!("{failure}{}", restriction())),
            },
            Ok(None) => Err("the zygote ended before it was set up".to_owned()),
            Err(error) => Err(format!("hear from the zygote: {error}")),
        }
    };
    match begin() {
        Ok((mapped, ready)) => Ok((Zygote { pid, control: ours }, mapped, ready)),
        Err(failure) => {
            let _ = kill(pid, Signal::SIGKILL);
            let _ = waitpid(pid, None);
            Err(failure)
        }
    }
}

fn advice(error: Errno) -> &'static str {
    if error == Errno::ENOSPC {
        return "; raise /proc/sys/user/max_user_namespaces";
    }
    let means = remedy(&error.into());
    if !means.is_empty() {
        return means;
    }
    "; allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1), or in a \
     container allow them with `--security-opt seccomp=unconfined`"
}

/// Ubuntu lets anybody make a user namespace and then refuses everything in it.
fn restriction() -> &'static str {
    let path = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";
    match std::fs::read_to_string(path) {
        Ok(value) if value.trim() == "1" => {
            "; AppArmor restricts user namespaces on this host: run as root, add a profile for this program with `userns,`, or set kernel.apparmor_restrict_unprivileged_userns=0"
        }
        _ => "",
    }
}

impl Launcher {
    fn serve(&mut self) -> io::Result<()> {
        loop {
            self.wait()?;
            let Some((order, descriptors)) = wire::receive_packet(&self.harness)? else {
                return Ok(());
            };
            match order {
                LauncherOrder::Make { machine, login } => {
                    self.make(machine, login, &descriptors)?;
                }
                LauncherOrder::Release { machine } => {
                    let groups = self.in_use.remove(&machine);
                    if let Some(groups) = &groups {
                        self.cgroups.end(groups);
                    }
                    self.emptying.extend(groups);
                }
            }
        }
    }

    /// Waits for an order, and meanwhile collects control groups that have become empty.
    ///
    /// # Errors
    /// The zygote has ended, or nothing can be waited for.
    fn wait(&mut self) -> io::Result<()> {
        loop {
            self.collect();
            let patience = if self.emptying.is_empty() {
                PollTimeout::NONE
            } else {
                PollTimeout::from(RETRY_MILLIS)
            };
            let mut sources = [
                PollFd::new(self.harness.as_fd(), PollFlags::POLLIN),
                PollFd::new(self.zygote.control.as_fd(), PollFlags::empty()),
            ];
            match poll(&mut sources, patience) {
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) if sources[1].any() == Some(true) => return Err(self.give_up()),
                Ok(_) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The zygote has ended. The harness is told before anything else, so that it knows why
    /// there are no machines any more.
    fn give_up(&self) -> io::Error {
        let _ = shutdown(self.harness.as_raw_fd(), Shutdown::Both);
        io::ErrorKind::BrokenPipe.into()
    }

    fn make(&mut self, machine: u64, login: Login, descriptors: &[OwnedFd]) -> io::Result<()> {
        let groups = match self.cgroups.take() {
            Ok(groups) => groups,
            Err(error) => {
                let remedy = remedy(&error);
                refuse(
                    descriptors,
                    &format!("make a control group: {error}{remedy}"),
                );
                return Ok(());
            }
        };
        let all: Vec<BorrowedFd<'_>> = descriptors
            .iter()
            .map(AsFd::as_fd)
            .chain(groups.members.iter().map(AsFd::as_fd))
            .collect();
        let setup = Setup {
            users: self.mapped.users,
            login,
            pair: self.mapped.pair(machine),
            memory_cgroup: self.cgroups.enforces("memory"),
        };
        let order = ZygoteOrder { setup };
        let sent = wire::send_packet(&self.zygote.control, &order, &all);
        self.in_use.insert(machine, groups);
        sent.map_err(|_| self.give_up())
    }

    fn end(&mut self) {
        let _ = kill(self.zygote.pid, Signal::SIGKILL);
        // When process 1 of a namespace can be waited for, everything in it has ended.
        let _ = waitpid(self.zygote.pid, None);
        self.emptying
            .extend(std::mem::take(&mut self.in_use).into_values());
        for _ in 0..100 {
            self.collect();
            if self.emptying.is_empty() {
                break;
            }
            let _ = poll(&mut [], PollTimeout::from(RETRY_MILLIS));
        }
        self.cgroups.remove_spare();
        // What another launcher left behind may have been busy with its last process when this
        // one began.
        self.cgroups.sweep();
    }

    fn collect(&mut self) {
        for groups in std::mem::take(&mut self.emptying) {
            self.emptying.extend(self.cgroups.give_back(groups));
        }
    }
}

/// Tells the harness on the new machine's stream that there will be none. A harness that no
/// longer listens there is no trouble of the other machines.
fn refuse(descriptors: &[OwnedFd], reason: &str) {
    let message = KeeperMessage::Failed {
        reason: reason.to_owned(),
    };
    if let (Some(stream), Ok(frame)) = (descriptors.first(), wire::frame(&message)) {
        let _ = wire::send_bytes(stream.as_fd(), &frame, &[]);
    }
}
