//! Limits by control group, where the host lets us have them.
//!
//! The launcher makes one group for each machine in each hierarchy, gives it to the next machine
//! when the first is gone, and removes all of them at the end, also when the harness was killed.
//! Process 1 joins through a descriptor that the launcher opened, since it may not open the file
//! itself (`cgroups(7)`: permission is checked against the opener).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::protocol::CgroupLimit;

/// Memory of a machine: its programs and its files together.
const MEMORY_BYTES: u64 = 512 * 1024 * 1024;

/// Processes of a machine. The model's user has fewer (`RLIMIT_NPROC`), so that process 1 can
/// always start the next command.
const MOST_PROCESSES: u64 = 256;

/// The scheduler's period, and the share of it that a machine may run: one processor.
const CPU_PERIOD_MICROS: u64 = 100_000;

/// The groups that this launcher makes.
pub(super) struct Cgroups {
    hierarchies: Vec<Hierarchy>,
    /// Each limit that was looked for, and whether it is enforced.
    pub(super) limits: Vec<CgroupLimit>,
    prefix: String,
    /// How many have been made; their names are numbered.
    made: u64,
    /// Groups that earlier machines have left.
    spare: Vec<Groups>,
}

/// The groups of one machine, one in each hierarchy.
pub(super) struct Groups {
    name: String,
    /// Their `cgroup.procs`, open for writing.
    pub(super) members: Vec<File>,
}

/// A directory in which groups can be made, and the limits that are set in each.
struct Hierarchy {
    parent: PathBuf,
    settings: Vec<(&'static str, String)>,
}

/// The version of the control group interface that has a controller.
#[derive(Clone, Copy)]
enum Version {
    V1,
    V2,
}

impl Cgroups {
    /// Looks for the controllers and tries each by making a group.
    pub(super) fn detect() -> Self {
        let mut cgroups = Self {
            hierarchies: Vec::new(),
            limits: Vec::new(),
            prefix: format!("offswitch-{}-", std::process::id()),
            made: 0,
            spare: Vec::new(),
        };
        for controller in ["memory", "pids", "cpu"] {
            let (active, detail) = match cgroups.try_controller(controller) {
                Ok(detail) => (true, detail),
                Err(detail) => (false, detail),
            };
            cgroups.limits.push(CgroupLimit {
                name: controller.to_owned(),
                active,
                detail,
            });
        }
        cgroups
    }

    /// Gives a machine its groups: some that an earlier machine has left, or new ones.
    pub(super) fn take(&mut self) -> io::Result<Groups> {
        if let Some(groups) = self.spare.pop() {
            return Ok(groups);
        }
        self.made += 1;
        let name = format!("{}{}", self.prefix, self.made);
        let members = self
            .hierarchies
            .iter()
            .map(|hierarchy| hierarchy.create(&name))
            .collect();
        match members {
            Ok(members) => Ok(Groups { name, members }),
            Err(error) => {
                self.remove(&name);
                Err(error)
            }
        }
    }

    /// Kills whatever is still in the groups of a machine that is to end, where the kernel does
    /// that (`cgroup.kill`, version 2, Linux 5.14): a second line behind the end of process 1.
    pub(super) fn end(&self, groups: &Groups) {
        for hierarchy in &self.hierarchies {
            let kill = hierarchy.parent.join(&groups.name).join("cgroup.kill");
            if let Ok(mut kill) = OpenOptions::new().write(true).open(kill) {
                let _ = kill.write_all(b"1");
            }
        }
    }

    /// Takes back the groups of a machine that is gone; gives them back while a process is
    /// still in one.
    pub(super) fn give_back(&mut self, groups: Groups) -> Option<Groups> {
        if !self.is_empty(&groups.name) {
            return Some(groups);
        }
        self.spare.push(groups);
        None
    }

    /// Removes all groups that are not in use.
    pub(super) fn remove_spare(&mut self) {
        for groups in std::mem::take(&mut self.spare) {
            self.remove(&groups.name);
        }
    }

    fn remove(&self, name: &str) {
        for hierarchy in &self.hierarchies {
            let _ = fs::remove_dir(hierarchy.parent.join(name));
        }
    }

    fn is_empty(&self, name: &str) -> bool {
        self.hierarchies.iter().all(|hierarchy| {
            let members = hierarchy.parent.join(name).join("cgroup.procs");
            fs::read(members).is_ok_and(|members| members.is_empty())
        })
    }

    /// Whether the named limit is enforced.
    pub(super) fn enforces(&self, name: &str) -> bool {
        self.limits
            .iter()
            .any(|limit| limit.name == name && limit.active)
    }

    /// Removes groups that launchers left behind which are gone without having had the chance to
    /// clean up.
    pub(super) fn sweep(&self) {
        for hierarchy in &self.hierarchies {
            let Ok(entries) = fs::read_dir(&hierarchy.parent) else {
                continue;
            };
            for entry in entries.flatten() {
                if entry.file_name().to_str().is_some_and(is_abandoned) {
                    let _ = fs::remove_dir(entry.path());
                }
            }
        }
    }

    fn try_controller(&mut self, controller: &str) -> Result<String, String> {
        let (version, parent) = locate(controller)?;
        let settings = settings(controller, version);
        let hierarchy = Hierarchy { parent, settings };
        let probe = format!("{}probe", self.prefix);
        let tried = hierarchy.create(&probe);
        let _ = fs::remove_dir(hierarchy.parent.join(&probe));
        if let Err(error) = tried {
            return Err(format!(
                "no group can be made in `{}` ({error}); run as root, or under `systemd-run --user --scope -p Delegate=yes`",
                hierarchy.parent.display()
            ));
        }
        match self
            .hierarchies
            .iter_mut()
            .find(|known| known.parent == hierarchy.parent)
        {
            Some(known) => known.settings.extend(hierarchy.settings),
            None => self.hierarchies.push(hierarchy),
        }
        Ok(match version {
            Version::V1 => "cgroup v1".to_owned(),
            Version::V2 => "cgroup v2".to_owned(),
        })
    }
}

impl Hierarchy {
    fn create(&self, name: &str) -> io::Result<File> {
        let group = self.parent.join(name);
        fs::create_dir(&group)?;
        for (file, value) in &self.settings {
            fs::write(group.join(file), value)?;
        }
        OpenOptions::new()
            .write(true)
            .open(group.join("cgroup.procs"))
    }
}

/// `offswitch-PID-…` whose launcher is gone.
fn is_abandoned(name: &str) -> bool {
    name.strip_prefix("offswitch-")
        .and_then(|rest| rest.split_once('-'))
        .and_then(|(pid, _)| pid.parse::<u32>().ok())
        .is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists())
}

/// What is written into a new group.
fn settings(controller: &str, version: Version) -> Vec<(&'static str, String)> {
    match (controller, version) {
        ("memory", Version::V1) => vec![("memory.limit_in_bytes", MEMORY_BYTES.to_string())],
        ("memory", Version::V2) => {
            vec![
                ("memory.max", MEMORY_BYTES.to_string()),
                ("memory.swap.max", "0".to_owned()),
            ]
        }
        ("pids", _) => vec![("pids.max", MOST_PROCESSES.to_string())],
        (_, Version::V1) => vec![
            ("cpu.cfs_period_us", CPU_PERIOD_MICROS.to_string()),
            ("cpu.cfs_quota_us", CPU_PERIOD_MICROS.to_string()),
        ],
        (_, Version::V2) => vec![(
            "cpu.max",
            format!("{CPU_PERIOD_MICROS} {CPU_PERIOD_MICROS}"),
        )],
    }
}

/// Finds the directory in which groups with this controller can be made.
fn locate(controller: &str) -> Result<(Version, PathBuf), String> {
    let read = |path: &str| {
        fs::read_to_string(path).map_err(|error| format!("cannot read `{path}`: {error}"))
    };
    let (mounts, own) = (read("/proc/self/mountinfo")?, read("/proc/self/cgroup")?);
    if let Some(path) = own_group(&own, controller)
        && let Some(mount) = find_mount(&mounts, "cgroup", Some(controller))
    {
        return Ok((Version::V1, mount.directory_of(path)));
    }
    let missing = || format!("the host has no `{controller}` controller");
    let mount = find_mount(&mounts, "cgroup2", None).ok_or_else(missing)?;
    let path = own_group(&own, "").ok_or_else(missing)?;
    // A group below the root is made without moving anybody; a delegated group is ours.
    for parent in [mount.point.clone(), mount.directory_of(path)] {
        let enabled = fs::read_to_string(parent.join("cgroup.subtree_control")).unwrap_or_default();
        if enabled.split_whitespace().any(|name| name == controller) && is_writable(&parent) {
            return Ok((Version::V2, parent));
        }
    }
    let parent = mount.directory_of(path);
    enable(&parent, controller)?;
    Ok((Version::V2, parent))
}

/// Passes a controller on to the groups below `parent`. A group that has members cannot have
/// such groups (`cgroups(7)`, "no internal processes"), so the members, if they are all ours,
/// move into a group of their own first.
fn enable(parent: &Path, controller: &str) -> Result<(), String> {
    let remedy = "run as root, or under `systemd-run --user --scope -p Delegate=yes`";
    let available = fs::read_to_string(parent.join("cgroup.controllers")).unwrap_or_default();
    if !available.split_whitespace().any(|name| name == controller) {
        return Err(format!(
            "`{}` has no `{controller}` controller; {remedy}",
            parent.display()
        ));
    }
    let members = fs::read_to_string(parent.join("cgroup.procs")).unwrap_or_default();
    let ours = [
        std::process::id().to_string(),
        nix::unistd::getppid().to_string(),
    ];
    if !members
        .split_whitespace()
        .all(|member| ours.iter().any(|own| own == member))
    {
        return Err(format!(
            "`{}` has other members; {remedy}",
            parent.display()
        ));
    }
    let failed = |error: io::Error| format!("`{}`: {error}; {remedy}", parent.display());
    let leaf = parent.join(format!("offswitch-{}-harness", std::process::id()));
    fs::create_dir_all(&leaf).map_err(failed)?;
    for member in members.split_whitespace() {
        fs::write(leaf.join("cgroup.procs"), member).map_err(failed)?;
    }
    fs::write(
        parent.join("cgroup.subtree_control"),
        format!("+{controller}"),
    )
    .map_err(failed)
}

fn is_writable(directory: &Path) -> bool {
    nix::unistd::access(directory, nix::unistd::AccessFlags::W_OK).is_ok()
}

/// A mounted hierarchy.
struct Mount {
    /// The group that is visible at the mount point.
    root: String,
    point: PathBuf,
}

impl Mount {
    /// Where the group `path` lies in the file system.
    fn directory_of(&self, path: &str) -> PathBuf {
        let below = path
            .strip_prefix(self.root.trim_end_matches('/'))
            .unwrap_or("");
        self.point.join(below.trim_start_matches('/'))
    }
}

/// This process's group, from `/proc/self/cgroup`; the empty controller is version 2.
fn own_group<'a>(groups: &'a str, controller: &str) -> Option<&'a str> {
    groups.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next()?, fields.next()?);
        controllers
            .split(',')
            .any(|name| name == controller)
            .then_some(path)
    })
}

/// A hierarchy's mount, from `/proc/self/mountinfo` (`proc_pid_mountinfo(5)`).
fn find_mount(mounts: &str, kind: &str, controller: Option<&str>) -> Option<Mount> {
    mounts.lines().find_map(|line| {
        let (mount, file_system) = line.split_once(" - ")?;
        let mut file_system = file_system.split(' ');
        if file_system.next()? != kind {
            return None;
        }
        let options = file_system.nth(1)?;
        if !controller.is_none_or(|name| options.split(',').any(|option| option == name)) {
            return None;
        }
        let mut fields = mount.split(' ').skip(3);
        Some(Mount {
            root: fields.next()?.to_owned(),
            point: PathBuf::from(fields.next()?),
        })
    })
}

#[cfg(test)]
mod tests;
