//! One session of a run, whose events are counted while it goes on.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use crate::place::until;
use crate::processes::{Process, all_gone, descendants};

/// A harness at work, with `--json`.
pub(crate) struct Session {
    child: Child,
    events: Arc<AtomicUsize>,
    readers: Option<(JoinHandle<()>, JoinHandle<String>)>,
    /// Everything that it was seen to have started.
    family: BTreeSet<Process>,
    /// Its helper's first processes, after which control groups are named.
    launchers: BTreeSet<u32>,
}

/// How a session ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stderr: String,
    pub(crate) launchers: BTreeSet<u32>,
}

impl Session {
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let events = Arc::new(AtomicUsize::new(0));
        let (stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let counter = Arc::clone(&events);
        let counting = thread::spawn(move || {
            for _ in BufReader::new(stdout).lines() {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
        let hearing = thread::spawn(move || {
            let mut said = Vec::new();
            stderr.read_to_end(&mut said).unwrap();
            String::from_utf8_lossy(&said).into_owned()
        });
        Self {
            child,
            events,
            readers: Some((counting, hearing)),
            family: BTreeSet::new(),
            launchers: BTreeSet::new(),
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn events(&self) -> usize {
        self.events.load(Ordering::Relaxed)
    }

    /// Waits until so many events have come; says whether the session still runs then.
    pub(crate) fn reaches(&mut self, events: usize) -> bool {
        let mut runs = true;
        until("so many events, or the end", || {
            runs = self.child.try_wait().unwrap().is_none();
            !runs || self.events() >= events
        });
        runs
    }

    /// Remembers what there is of its processes, to see later that they are gone.
    pub(crate) fn take_note(&mut self) {
        let harness = self.id();
        let family = descendants(harness);
        let children = family.iter().filter(|one| one.parent == harness);
        self.launchers.extend(children.map(|one| one.id));
        self.family.extend(family);
    }

    /// Waits for its end, and that nothing of it is left.
    pub(crate) fn end(mut self) -> Ended {
        let mut status = None;
        until("the end of the session", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        until("the end of all its processes", || all_gone(&self.family));
        let (counting, hearing) = self.readers.take().unwrap();
        counting.join().unwrap();
        let stderr = hearing.join().unwrap();
        Ended {
            status: status.unwrap(),
            stderr,
            launchers: self.launchers,
        }
    }
}

/// The control groups that these launchers have made and that are left in any hierarchy. What the
/// launcher itself was moved to is not removed before the next one looks.
pub(crate) fn groups_of(launchers: &BTreeSet<u32>) -> Vec<PathBuf> {
    let names: Vec<_> = launchers
        .iter()
        .map(|id| format!("offswitch-{id}-"))
        .collect();
    let is_ours = |entry: &Path| {
        let last = entry.file_name().unwrap_or_default().to_string_lossy();
        names.iter().any(|name| last.starts_with(name)) && !last.ends_with("-harness")
    };
    let mut found = Vec::new();
    let mut groups = vec![Path::new("/sys/fs/cgroup").to_owned()];
    while let Some(group) = groups.pop() {
        let entries = fs::read_dir(&group).into_iter().flatten().flatten();
        let below: Vec<_> = entries
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .map(|entry| entry.path())
            .collect();
        found.extend(below.iter().filter(|entry| is_ours(entry)).cloned());
        groups.extend(below);
    }
    found
}
