//! Inspect's versions, each in its virtual environment.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::place::skip;

/// The newest version, the last one that writes DEFLATE, and one of a year before that.
pub(crate) const VERSIONS: [&str; 3] = [NEWEST, "0.3.200", OLDEST];

pub(crate) const NEWEST: &str = "0.3.285";

/// It knows no inputs that are written once for all events, so its data frame of messages, which
/// is made of those, holds the model's answers alone.
pub(crate) const OLDEST: &str = "0.3.112";

/// Python with programs of others.
pub(crate) struct Peer {
    environment: PathBuf,
}

/// A version that is installed; none, with a word why, where it is not.
pub(crate) fn peer(version: &str) -> Option<Peer> {
    environment(&format!("inspect-{version}"))
}

/// The virtual environment of this name; none, with a word why, where it is not installed.
pub(crate) fn environment(name: &str) -> Option<Peer> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let environment = root.join("target/peers").join(name);
    if environment.join("installed").exists() {
        return Some(Peer { environment });
    }
    absent(&format!(
        "{name} is not installed; `tests/peers/install` does that"
    ));
    None
}

/// Says what a test lacks. A continuous integration has it.
pub(crate) fn absent(what: &str) {
    let is_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
    assert!(!is_ci, "{what}");
    skip(what);
}

impl Peer {
    /// What a script of this folder told when it had ended well.
    fn run(&self, script: &str, arguments: &[&Path]) -> String {
        let output = self.start(script, arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a script of this folder to its end, whatever that is.
    pub(crate) fn start(&self, script: &str, arguments: &[&Path]) -> Output {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inspect");
        let place = tempfile::tempdir().unwrap();
        Command::new(self.environment.join("bin/python"))
            .arg(scripts.join(script))
            .args(arguments)
            .current_dir(place.path())
            // Inspect keeps caches and traces in the user's directories.
            .env("HOME", place.path())
            .env("XDG_DATA_HOME", place.path())
            .env("XDG_CACHE_HOME", place.path())
            .env("PATH", self.path())
            .output()
            .unwrap()
    }

    /// What a script tells as JSON.
    pub(crate) fn told(&self, script: &str, arguments: &[&Path]) -> Value {
        serde_json::from_str(&self.run(script, arguments)).unwrap()
    }

    fn path(&self) -> String {
        let programs = self.environment.join("bin");
        format!("{}:/usr/local/bin:/usr/bin:/bin", programs.display())
    }
}
