//! Starts the helper and finds out what this host gives, by making a machine and looking at it
//! from inside.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use serde::{Deserialize, Serialize};

use super::client::Machines;
use super::error::SandboxError;
use super::files::Files;
use super::protocol::{LauncherReady, LauncherStart, Missing, Users};
use super::rootfs::Rootfs;
use super::{landlock, launcher, sys, wire};
use crate::evidence::{Exit, Login, MachinePath};

/// What process 1 of every machine is called, and so what the helper is started as: the
/// machines' programs see this name.
const PROCESS_NAME: &str = "/sbin/init";

/// The helper, before the async runtime is started.
#[derive(Debug)]
pub struct Helper {
    launcher: OwnedFd,
    /// Kept so that the launcher is this process's child as long as it is used.
    _process: Child,
    host: HostReport,
}

/// What this host gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostReport {
    /// The kernel's release.
    pub kernel: String,
    /// How many users a machine has.
    pub users: Users,
    /// Each protection, in the order in which it should be read.
    pub protections: Vec<Protection>,
}

/// One protection of the machines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protection {
    /// Its name.
    pub name: String,
    /// Whether it is in force.
    pub active: bool,
    /// Whether a run refuses to start without it.
    pub required: bool,
    /// What it is, or why it is missing and what helps.
    pub detail: String,
}

/// If this process was started as the helper, becomes it and never returns. Must be the first
/// thing that `main` does, while there is one thread.
pub fn enter_if_helper() {
    let mut arguments = std::env::args_os();
    if arguments.next().is_some_and(|name| name == PROCESS_NAME)
        && arguments.next().is_none()
        && sys::close_all_but(&[]).is_ok()
        && let Ok(harness) = sys::take_standard_input()
    {
        launcher::run(harness);
    }
}

impl Helper {
    /// Starts the helper and finds out what the host gives. Must be called before the process
    /// has other threads.
    ///
    /// # Errors
    /// When no machine can be made at all.
    pub fn start() -> Result<Self, SandboxError> {
        Self::start_with(None)
    }

    /// As [`Helper::start`], for machines with the programs of this root file system in place of
    /// the host's.
    ///
    /// # Errors
    /// As there; or a machine cannot execute these programs.
    pub fn start_with(rootfs: Option<&Rootfs>) -> Result<Self, SandboxError> {
        // Every machine takes two descriptors here.
        let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).map_err(io::Error::from)?;
        setrlimit(Resource::RLIMIT_NOFILE, most, most).map_err(io::Error::from)?;
        let (launcher, process) = spawn().map_err(SandboxError::Helper)?;
        let directory = rootfs.map(|rootfs| rootfs.directory().as_os_str().as_encoded_bytes());
        let start = LauncherStart {
            rootfs: directory.map(MachinePath::new),
        };
        wire::send_packet(&launcher, &start, &[]).map_err(SandboxError::Helper)?;
        let ready: LauncherReady = match wire::receive_packet(&launcher) {
            Ok(Some((ready, _))) => ready,
            Ok(None) => return Err(SandboxError::Host("the helper ended at once".to_owned())),
            Err(error) => return Err(SandboxError::Helper(error)),
        };
        if let Some(failure) = ready.failure {
            return Err(SandboxError::Host(failure));
        }
        let host = look_inside(&launcher, &ready, rootfs)?;
        Ok(Self {
            launcher,
            _process: process,
            host,
        })
    }

    /// What the host gives.
    #[must_use]
    pub fn host(&self) -> &HostReport {
        &self.host
    }

    /// Goes to work, inside of the async runtime.
    ///
    /// # Errors
    /// When the socket to the launcher cannot be watched.
    pub fn into_machines(self) -> Result<Arc<Machines>, SandboxError> {
        let missing = self
            .host
            .missing()
            .map(|protection| protection.name.clone())
            .collect();
        Ok(Machines::new(self.launcher, missing)?)
    }
}

impl HostReport {
    /// Protections that a run must not do without, and that are missing.
    pub fn missing_required(&self) -> impl Iterator<Item = &Protection> {
        self.missing().filter(|protection| protection.required)
    }

    fn missing(&self) -> impl Iterator<Item = &Protection> {
        self.protections
            .iter()
            .filter(|protection| !protection.active)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox is the room that starts processes"
)]
fn spawn() -> io::Result<(OwnedFd, Child)> {
    let (ours, theirs) = socketpair(
        AddressFamily::Unix,
        SockType::SeqPacket,
        None,
        SockFlag::SOCK_CLOEXEC,
    )?;
    let process = std::process::Command::new("/proc/self/exe")
        .arg0(PROCESS_NAME)
        .env_clear()
        .stdin(Stdio::from(theirs))
        .stdout(Stdio::null())
        .spawn()?;
    Ok((ours, process))
}

/// Boots a machine and asks the kernel, from inside, what binds its programs.
fn look_inside(
    launcher: &OwnedFd,
    ready: &LauncherReady,
    rootfs: Option<&Rootfs>,
) -> Result<HostReport, SandboxError> {
    // No other thread is started: the machine is talked to on this one.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let launcher = launcher.try_clone()?;
    let (missing, status) = runtime.block_on(async {
        let machines = Machines::new(launcher, Vec::new())?;
        let (machine, _listener) = machines
            .boot_as_it_comes(&Files::new(Login::User, [])?)
            .await?;
        let command = "cat /proc/self/status; cat /proc/self/uid_map";
        let execution = machine.exec(command, Duration::from_secs(10)).await?;
        if let (Some(rootfs), Exit::NotStarted { reason }) = (rootfs, &execution.exit) {
            return Err(SandboxError::Foreign {
                rootfs: rootfs.named().to_owned(),
                reason: reason.clone(),
            });
        }
        if execution.exit != (Exit::Exited { code: 0 }) {
            return Err(SandboxError::Host(format!(
                "no command can be carried out in a machine: {:?} {}",
                execution.exit, execution.output.stderr
            )));
        }
        let status = execution.output.stdout;
        let missing = machine.missing().to_vec();
        machine.destroy().await;
        Ok::<_, SandboxError>((missing, status))
    })?;
    let kernel = nix::sys::utsname::uname().map_err(io::Error::from)?;
    Ok(HostReport {
        kernel: kernel.release().to_string_lossy().into_owned(),
        users: ready.users,
        protections: protections(ready, rootfs, &missing, &status),
    })
}

fn protections(
    ready: &LauncherReady,
    rootfs: Option<&Rootfs>,
    missing: &[Missing],
    status: &str,
) -> Vec<Protection> {
    let mut list = vec![
        inside(
            "own mounts and processes",
            true,
            "mount, process and user namespaces",
        ),
        namespace("network namespace", "loopback only", missing),
        namespace("ipc namespace", "own shared memory and queues", missing),
        namespace("uts namespace", "own host name", missing),
        namespace("cgroup namespace", "own view of control groups", missing),
        namespace(
            "own keyring",
            "the harness's keys are out of reach",
            missing,
        ),
        status_is(
            status,
            "Seccomp:",
            "2",
            "system call filter",
            "a list of the calls that there are",
        ),
        status_is(
            status,
            "NoNewPrivs:",
            "1",
            "no new privileges",
            "set-uid programs gain nothing",
        ),
        status_is(
            status,
            "CapEff:",
            NO_CAPABILITIES,
            "no capabilities",
            "none in effect",
        ),
        status_is(
            status,
            "CapBnd:",
            NO_CAPABILITIES,
            "no capabilities to gain",
            "empty bounding set",
        ),
        second_line(missing),
        unprivileged(ready.base_uid),
        Protection {
            name: "two users".to_owned(),
            active: ready.users == Users::Two,
            required: false,
            detail: ready.users_detail.clone(),
        },
    ];
    let pinned = rootfs.zip(ready.rootfs.as_ref());
    list.extend(pinned.map(|(rootfs, how)| Protection {
        name: "pinned root file system".to_owned(),
        active: true,
        required: true,
        detail: format!("hash {}, {how}", rootfs.hash()),
    }));
    list.extend(ready.cgroups.iter().map(|limit| Protection {
        name: format!("{} limit", limit.name),
        active: limit.active,
        required: false,
        detail: limit.detail.clone(),
    }));
    list
}

const NO_CAPABILITIES: &str = "0000000000000000";

fn inside(name: &str, active: bool, detail: &str) -> Protection {
    Protection {
        name: name.to_owned(),
        active,
        required: true,
        detail: detail.to_owned(),
    }
}

fn namespace(name: &str, detail: &str, missing: &[Missing]) -> Protection {
    match missing.iter().find(|missing| missing.name == name) {
        None => inside(name, true, detail),
        Some(missing) => inside(name, false, &missing.reason),
    }
}

/// What holds where a mount or a descriptor does not.
fn second_line(missing: &[Missing]) -> Protection {
    let missing = missing
        .iter()
        .find(|missing| missing.name == landlock::NAME);
    let detail = match (missing, landlock::version()) {
        (Some(missing), _) => missing.reason.clone(),
        (None, Err(reason)) => reason,
        (None, Ok(6..)) => {
            "only the machine is read, only its four places are written; no signal leaves it".into()
        }
        (None, Ok(_)) => "only the machine is read, only its four places are written".into(),
    };
    Protection {
        name: landlock::NAME.to_owned(),
        active: missing.is_none(),
        required: false,
        detail,
    }
}

/// A line of `/proc/PID/status` (`proc_pid_status(5)`) as a command saw it.
fn status_is(status: &str, field: &str, wanted: &str, name: &str, detail: &str) -> Protection {
    let found = status
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .map(str::trim);
    match found {
        Some(value) if value == wanted => inside(name, true, detail),
        Some(value) => inside(name, false, &format!("a command saw `{field} {value}`")),
        None => inside(name, false, &format!("a command saw no `{field}`")),
    }
}

/// Whether the machines' root is nobody on the host, also where the harness runs in a user
/// namespace of its own.
fn unprivileged(base_uid: u32) -> Protection {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let outside = outside(&map, base_uid);
    let detail = match outside {
        Some(0) => "root inside is root on the host: run as an ordinary user".to_owned(),
        Some(id) => format!("ids inside are host ids from {id} on"),
        None => "cannot tell which host id root inside is".to_owned(),
    };
    inside(
        "unprivileged on the host",
        outside.is_some_and(|id| id != 0),
        &detail,
    )
}

/// What an id is called one user namespace further out (`user_namespaces(7)`).
fn outside(map: &str, id: u32) -> Option<u32> {
    map.lines().find_map(|line| {
        let mut fields = line
            .split_whitespace()
            .map(|field| field.parse::<u32>().ok());
        let (inner, outer, count) = (fields.next()??, fields.next()??, fields.next()??);
        let offset = id.checked_sub(inner)?;
        (offset < count)
            .then(|| outer.checked_add(offset))
            .flatten()
    })
}
