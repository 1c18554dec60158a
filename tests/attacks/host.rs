//! The host around the trials: what may not change, and who may not be left.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::prctl::set_child_subreaper;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

/// Longer than anything here takes, so that a fault fails and does not hang.
const PATIENCE: Duration = Duration::from_secs(150);

/// Commands that run now. Every other child of this process was left behind by one of them.
static RUNNING: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

/// Settings of the kernel that an attack might want to change.
const SETTINGS: [&str; 9] = [
    "fs/suid_dumpable",
    "kernel/core_pattern",
    "kernel/domainname",
    "kernel/hostname",
    "kernel/modprobe",
    "kernel/panic",
    "kernel/sysrq",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
];

/// What of the host may not change.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Host {
    settings: BTreeMap<&'static str, Option<String>>,
    mounts: String,
    /// Control groups of launchers that are gone.
    abandoned_groups: BTreeSet<String>,
}

impl Host {
    pub(crate) fn look() -> Self {
        let settings = SETTINGS.iter().map(|name| {
            let value = fs::read_to_string(format!("/proc/sys/{name}"));
            (*name, value.ok())
        });
        let mut abandoned_groups = BTreeSet::new();
        for folder in own_groups() {
            find_abandoned(&folder, &mut abandoned_groups);
        }
        Self {
            settings: settings.collect(),
            mounts: fs::read_to_string("/proc/self/mounts").unwrap(),
            abandoned_groups,
        }
    }

    /// Nothing is other than it was, and nobody is left of the trials.
    pub(crate) fn is_unchanged(&self) {
        until("the last process of a run ended", || strays().is_empty());
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut change = self.change();
        while change.is_some() && Instant::now() < deadline {
            thread::park_timeout(Duration::from_millis(20));
            change = self.change();
        }
        assert_eq!(change, None, "the host is not as it was");
    }

    /// What differs now, if anything does.
    fn change(&self) -> Option<String> {
        let now = Self::look();
        let mut left = now.abandoned_groups.difference(&self.abandoned_groups);
        if let Some(group) = left.next() {
            return Some(format!("{group} is left"));
        }
        if now.settings != self.settings {
            return Some(format!("{:?} was {:?}", now.settings, self.settings));
        }
        (now.mounts != self.mounts).then(|| format!("{} was {}", now.mounts, self.mounts))
    }
}

/// Where this process's groups can be: launchers that it starts make theirs below.
fn own_groups() -> Vec<PathBuf> {
    let text = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let paths = text.lines().filter_map(|line| line.splitn(3, ':').nth(2));
    let paths: BTreeSet<_> = paths.map(|path| path.trim_start_matches('/')).collect();
    let top = Path::new("/sys/fs/cgroup");
    let hierarchies = fs::read_dir(top).into_iter().flatten().flatten();
    let hierarchies = hierarchies.map(|entry| entry.path());
    let folders = hierarchies.chain([top.to_owned()]);
    folders
        .flat_map(|folder| paths.iter().map(move |path| folder.join(path)))
        .collect()
}

/// Groups are named `offswitch-PID-…` after the launcher that made them.
fn find_abandoned(folder: &Path, found: &mut BTreeSet<String>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let name = entry.file_name().to_string_lossy().into_owned();
        let launcher = name
            .strip_prefix("offswitch-")
            .map(|rest| rest.split('-').next());
        match launcher.flatten() {
            Some(pid) if !Path::new("/proc").join(pid).exists() => {
                found.insert(entry.path().display().to_string());
            }
            Some(_) => {}
            None => find_abandoned(&entry.path(), found),
        }
    }
}

/// Runs a command to its end; its exit code, where it has one. Whoever of its processes outlives
/// it becomes this process's child.
pub(crate) fn run(mut command: Command) -> Option<i32> {
    static SUBREAPER: OnceLock<()> = OnceLock::new();
    SUBREAPER.get_or_init(|| set_child_subreaper(true).unwrap());
    let mut child = {
        let mut running = RUNNING.lock().unwrap();
        let child = command.spawn().unwrap();
        running.insert(child.id().cast_signed());
        child
    };
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status);
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            child.wait().unwrap();
            break None;
        }
        thread::park_timeout(Duration::from_millis(5));
    };
    RUNNING.lock().unwrap().remove(&child.id().cast_signed());
    status
        .unwrap_or_else(|| panic!("the run never ended"))
        .code()
}

/// Children of this process that no running command is.
fn strays() -> Vec<i32> {
    let running = RUNNING.lock().unwrap();
    let own = Pid::this().as_raw();
    let children = fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| {
            let id: i32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            let (_, fields) = stat.rsplit_once(") ")?;
            let parent: i32 = fields.split(' ').nth(1)?.parse().ok()?;
            (parent == own).then_some(id)
        });
    let strays = children.filter(|id| !running.contains(id));
    // One that has ended is only waited for.
    let alive = |id: &i32| {
        let ended = waitpid(Pid::from_raw(*id), Some(WaitPidFlag::WNOHANG));
        ended.is_ok_and(|status| status.pid().is_none())
    };
    strays.filter(alive).collect()
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "it never happened that {what}");
        thread::park_timeout(Duration::from_millis(5));
    }
}
