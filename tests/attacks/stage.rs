//! Where attacks are played: the installed command, a user of the host, and what is known of both
//! before the first attack.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use nix::unistd::geteuid;
use serde_json::Value;
use tempfile::TempDir;

use crate::attack::Attack;
use crate::host;
use crate::place::Place;

/// Nobody on this host has this id, so nobody has a range of ids for it.
const NOBODY: u32 = 12345;

/// Who starts the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum User {
    /// Who runs the tests.
    Own,
    /// Somebody else, without any right.
    Ordinary,
}

/// The same for all attacks of one user.
pub(crate) struct Stage {
    pub(crate) user: User,
    /// The command, where everybody may run it.
    pub(crate) program: PathBuf,
    /// Whether trials can be run here.
    plays: bool,
    /// What is noticed of the bystander where nobody attacks, by the condition.
    bystanders: Mutex<BTreeMap<String, Value>>,
    /// Limits by control group that are in force.
    limits: Vec<String>,
    /// Holds the programs.
    _folder: TempDir,
}

impl User {
    pub(crate) fn all() -> Vec<Self> {
        if geteuid().is_root() {
            vec![Self::Own, Self::Ordinary]
        } else {
            vec![Self::Own]
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Own if geteuid().is_root() => "root",
            Self::Own | Self::Ordinary => "ordinary user",
        }
    }

    /// The id to change to, where that is another.
    pub(crate) fn id(self) -> Option<u32> {
        match self {
            Self::Own => None,
            Self::Ordinary => Some(NOBODY),
        }
    }
}

impl Stage {
    pub(crate) fn new(user: User) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut stage = Self {
            user,
            program: install(folder.path()),
            plays: false,
            bystanders: Mutex::default(),
            limits: Vec::new(),
            _folder: folder,
        };
        let place = Place::new(&stage);
        match place.alone(&stage, "A") {
            Ok(noticed) => {
                stage.limits = limits(&place.manifest());
                stage
                    .bystanders
                    .get_mut()
                    .unwrap()
                    .insert("A".to_owned(), noticed);
                stage.plays = true;
            }
            Err(done) => println!("{}: no attack can be played: {done}", user.name()),
        }
        stage
    }

    /// What is noticed of a bystander of this attack if it is not disturbed.
    pub(crate) fn bystander(&self, attack: &Attack) -> Value {
        let mut bystanders = self.bystanders.lock().unwrap();
        let alone = || {
            let noticed = Place::new(self).alone(self, &attack.condition);
            noticed.unwrap_or_else(|done| panic!("{done}"))
        };
        let noticed = bystanders.entry(attack.condition.clone());
        noticed.or_insert_with(alone).clone()
    }

    /// Why this attack cannot be played here, if it cannot.
    pub(crate) fn missing(&self, attack: &Attack) -> Option<String> {
        if !self.plays {
            return Some("this host does not isolate machines; see `offswitch doctor`".to_owned());
        }
        let lacks = |program: &&String| !Path::new("/usr/bin").join(program).exists();
        if let Some(program) = attack.needs.iter().find(lacks) {
            return Some(format!("needs /usr/bin/{program}"));
        }
        let lacks = |limit: &&String| !self.limits.contains(limit);
        if let Some(limit) = attack.limits.iter().find(lacks) {
            return Some(format!("would harm a host without a {limit} limit"));
        }
        let other = |wanted: &&String| *wanted != std::env::consts::ARCH;
        let architecture = attack.architecture.as_ref().filter(other)?;
        Some(format!("is written for {architecture}"))
    }
}

/// Copies the programs to where everybody may run them. Another program copies: while this one
/// has a file open for writing, a child may hold it, too, and nobody can execute it.
fn install(folder: &Path) -> PathBuf {
    for program in [
        env!("CARGO_BIN_EXE_offswitch"),
        env!("CARGO_BIN_EXE_next_question"),
    ] {
        let mut install = Command::new("install");
        install.args(["--mode=755", program]).arg(folder);
        assert_eq!(host::run(install), Some(0));
    }
    let mut open = Command::new("chmod");
    open.arg("755").arg(folder);
    assert_eq!(host::run(open), Some(0));
    folder.join("offswitch")
}

fn limits(manifest: &Value) -> Vec<String> {
    let protections = &manifest["sessions"][0]["isolation"]["protections"];
    let protections: BTreeMap<_, _> = protections
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["name"].as_str().unwrap(), one["active"] == true))
        .collect();
    let limits = ["memory", "pids", "cpu"].into_iter();
    limits
        .filter(|name| protections.get(format!("{name} limit").as_str()) == Some(&true))
        .map(str::to_owned)
        .collect()
}
