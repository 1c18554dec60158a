//! What the host shows of machines, and other processes that play a harness.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Mutex;

use tempfile::TempDir;

use super::guest::is_root;
use super::{teardown, weak};

/// A user whom no host knows, so without a range of subordinate ids.
const NOBODY_KNOWN: u32 = 54_321;

/// What another process of this program does in place of running tests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Boots machines full of daemons, says so, and waits to be killed.
    Victim,
    /// Gives up booting machines.
    GivesUp,
    /// Looks at a host that gives no network namespace.
    WithoutNetwork,
    /// Loses the network namespaces after the host was looked at.
    Weakened,
    /// Boots hundreds of machines where only a few namespaces may exist.
    FewNamespaces,
    /// Boots machines until the descriptors are used up.
    FewDescriptors,
    /// Boots more machines than the soft limit on descriptors allows.
    LowSoftLimit,
}

const ROLES: [(&str, Role); 7] = [
    ("victim", Role::Victim),
    ("gives-up", Role::GivesUp),
    ("without-network", Role::WithoutNetwork),
    ("weakened", Role::Weakened),
    ("few-namespaces", Role::FewNamespaces),
    ("few-descriptors", Role::FewDescriptors),
    ("low-soft-limit", Role::LowSoftLimit),
];

impl Role {
    /// The role that the command line asks for, if it does.
    pub(crate) fn of_this_process() -> Option<Self> {
        let mut arguments = std::env::args().skip(1);
        if arguments.next()? != "--play" {
            return None;
        }
        let name = arguments.next()?;
        ROLES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, role)| *role)
    }

    pub(crate) fn play(self) -> ExitCode {
        match self {
            Self::Victim => teardown::victim(),
            Self::GivesUp => teardown::gives_up(),
            Self::WithoutNetwork => weak::without_network(),
            Self::Weakened => weak::weakened(),
            Self::FewNamespaces => weak::few_namespaces(),
            Self::FewDescriptors => weak::few_descriptors(),
            Self::LowSoftLimit => weak::low_soft_limit(),
        }
        ExitCode::SUCCESS
    }

    fn name(self) -> &'static str {
        ROLES
            .iter()
            .find(|(_, role)| *role == self)
            .map_or("", |(name, _)| name)
    }

    /// A process that will play this role, as this process's user.
    pub(crate) fn command(self) -> Command {
        let mut command = Command::new(program());
        command
            .args(["--play", self.name()])
            .stdout(Stdio::piped())
            .stdin(Stdio::null());
        command
    }

    /// The same as an ordinary user.
    pub(crate) fn as_ordinary_user(self) -> Command {
        let mut command = self.command();
        if is_root() {
            command.uid(NOBODY_KNOWN).gid(NOBODY_KNOWN);
        }
        command
    }
}

/// What a process prints that plays a role to its end.
pub(crate) fn played(mut command: Command) -> String {
    let output = command.stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}: {said}{complaint}",
        output.status
    );
    said
}

/// Starts a process that plays a role, and waits for its first line.
pub(crate) fn started(mut command: Command) -> Child {
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "ready\n");
    child
}

static COPY: Mutex<Option<TempDir>> = Mutex::new(None);

/// This program where every user may run it.
pub(crate) fn program() -> PathBuf {
    let mut copy = COPY.lock().unwrap();
    let directory = copy.get_or_insert_with(|| {
        let directory = TempDir::new().unwrap();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
        let path = directory.path().join("sandbox");
        fs::copy(std::env::current_exe().unwrap(), &path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        directory
    });
    directory.path().join("sandbox")
}

/// Removes the copy of this program.
pub(crate) fn clean_up() {
    *COPY.lock().unwrap() = None;
}

/// A process of the host: its number, and when it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct HostProcess {
    pub(crate) pid: i32,
    parent: i32,
    started: u64,
}

impl HostProcess {
    fn look_at(pid: i32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        Some(Self {
            pid,
            parent: fields.get(1)?.parse().ok()?,
            started: fields.get(19)?.parse().ok()?,
        })
    }

    pub(crate) fn is_there(self) -> bool {
        Self::look_at(self.pid).is_some_and(|now| now.started == self.started)
    }
}

fn all() -> Vec<HostProcess> {
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(HostProcess::look_at)
        .collect()
}

/// Every process below this one.
pub(crate) fn descendants(of: u32) -> Vec<HostProcess> {
    let all = all();
    let mut family = BTreeSet::from([i32::try_from(of).unwrap()]);
    let mut count = 0;
    while family.len() > count {
        count = family.len();
        family.extend(
            all.iter()
                .filter(|one| family.contains(&one.parent))
                .map(|one| one.pid)
                .collect::<Vec<_>>(),
        );
    }
    let of = i32::try_from(of).unwrap();
    all.into_iter()
        .filter(|one| family.contains(&one.pid) && one.pid != of)
        .collect()
}

/// The processes with this word in their command lines, and those that they descend from up to
/// and without this process's own child.
pub(crate) fn with_word(word: &str) -> Vec<HostProcess> {
    let has_word = |process: &HostProcess| {
        let line = fs::read(format!("/proc/{}/cmdline", process.pid)).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(word)
    };
    all().into_iter().filter(has_word).collect()
}

/// A process's parents, nearest first.
pub(crate) fn parents(of: HostProcess) -> Vec<HostProcess> {
    std::iter::successors(HostProcess::look_at(of.parent), |one| {
        HostProcess::look_at(one.parent)
    })
    .collect()
}

/// What is mounted on this host.
pub(crate) fn mounts() -> String {
    fs::read_to_string("/proc/self/mountinfo").unwrap()
}

/// The control groups that the launcher with this number made.
pub(crate) fn groups_of(launcher: i32) -> Vec<PathBuf> {
    let prefix = format!("offswitch-{launcher}-");
    let mut found = Vec::new();
    let mut to_enter = vec![PathBuf::from("/sys/fs/cgroup")];
    while let Some(directory) = to_enter.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                found.push(entry.path());
            }
            to_enter.push(entry.path());
        }
    }
    found
}

/// Whether a directory holds nothing.
pub(crate) fn is_empty(directory: &Path) -> bool {
    fs::read_dir(directory).unwrap().next().is_none()
}
