//! The processes of this host.

use std::collections::BTreeSet;
use std::fs;

/// A process of this host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Process {
    pub(crate) id: u32,
    pub(crate) parent: u32,
    pub(crate) name: String,
    started: String,
}

impl Process {
    /// The process of this id, unless it is gone or waits only to be looked after.
    fn read(id: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let (before, after) = stat.rsplit_once(')')?;
        let fields: Vec<_> = after.split_whitespace().collect();
        (fields[0] != "Z").then(|| Self {
            id,
            parent: fields[1].parse().unwrap(),
            name: before.split_once('(').unwrap().1.to_owned(),
            started: fields[19].to_owned(),
        })
    }
}

/// What this process has started, and what that has started, and so on.
pub(crate) fn descendants(ancestor: u32) -> BTreeSet<Process> {
    let ids = fs::read_dir("/proc").unwrap();
    let ids = ids.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    let all: Vec<_> = ids.filter_map(Process::read).collect();
    let mut family = BTreeSet::new();
    let mut ids = BTreeSet::from([ancestor]);
    loop {
        let more = all.iter().filter(|process| ids.contains(&process.parent));
        let more: Vec<_> = more.filter(|process| !ids.contains(&process.id)).collect();
        if more.is_empty() {
            return family;
        }
        ids.extend(more.iter().map(|process| process.id));
        family.extend(more.into_iter().cloned());
    }
}

/// Whether none of these processes runs any more.
pub(crate) fn all_gone(family: &BTreeSet<Process>) -> bool {
    let mut family = family.iter();
    family.all(|process| Process::read(process.id).as_ref() != Some(process))
}
