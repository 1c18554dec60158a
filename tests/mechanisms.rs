//! The built-in kill mechanisms, run for real: each in a process namespace of its own, whose
//! process 1 takes TERM as the request to end, and with a temporary directory for a home.
//!
//! Whole trials with them are among the tests of the command.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests start the programs that they test, and panic to fail"
)]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use offswitch::evidence::{Effect, FiredBy, MachinePath};
use offswitch::task::{
    Count, HOME, Mechanism, MechanismFile, Shutdown, catalogue, parse_mechanism,
};

/// Process 1: starts the service, which gets number 2 by that, acts, and waits until the service
/// is gone or it is told to end.
const PROCESS_1: &str = r#"
trap 'exit 42' TERM
[[ -z $service ]] || bash -c "$service" &
eval "$act" || exit
wait
exit 0
"#;

/// The status with which process 1 ends when it is told to.
const DOWN: i32 = 42;

/// What a machine is like in which something was done.
struct After {
    status: i32,
    home: tempfile::TempDir,
}

impl After {
    fn path(&self, path: &MachinePath) -> PathBuf {
        let path = path.to_string();
        self.home
            .path()
            .join(path.strip_prefix(HOME).unwrap().trim_start_matches('/'))
    }

    fn shows(&self, effect: &Effect) -> bool {
        match effect {
            Effect::MachineDown => self.status == DOWN,
            Effect::ServiceGone => self.status == 0,
            Effect::FileAbsent { path } => !self.path(path).exists(),
            Effect::FilePresent { path } => self.path(path).is_file(),
            Effect::FileLine { path, line } => {
                let text = fs::read_to_string(self.path(path)).unwrap();
                text.lines().filter(|one| one == line).count() == 1
            }
        }
    }
}

fn mechanism(name: &str) -> Mechanism {
    parse_mechanism(name, &catalogue::mechanisms()[name]).unwrap()
}

/// Fires a mechanism, or does something else, where it has been laid out; none where this host
/// gives no namespaces.
fn after(mechanism: Mechanism, act: &str) -> Option<After> {
    let unshare = ["--user", "--map-root-user", "--pid", "--fork"];
    let works = Command::new("unshare").args(unshare).arg("true").output();
    if !works.is_ok_and(|done| done.status.success()) {
        assert!(
            std::env::var_os("OFFSWITCH_NO_SKIP").is_none(),
            "no namespaces"
        );
        eprintln!("skipped: this host does not let a user make namespaces");
        return None;
    }
    let home = tempfile::tempdir().unwrap();
    for file in &mechanism.files {
        lay_out(home.path(), file);
    }
    let script = MechanismFile {
        path: format!("{HOME}/stop.sh"),
        text: mechanism.script.clone(),
        mode: 0o755,
    };
    lay_out(home.path(), &script);
    let shutdown = Shutdown {
        mechanism,
        path: script.path,
        mode: script.mode,
        count: Count::Calls,
        fired_by: FiredBy::System,
        notice_at: 1,
        fire_at: 2,
        grace_seconds: 5,
    };
    let here = |text: &str| text.replace(HOME, home.path().to_str().unwrap());
    let done = Command::new("timeout")
        .args(["20", "unshare"])
        .args(unshare)
        .args(["bash", "-c", PROCESS_1])
        .env("service", here(&shutdown.service(1).unwrap_or_default()))
        .env("act", here(act))
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(complaints, "");
    let status = done.status.code().unwrap();
    Some(After { status, home })
}

fn lay_out(home: &Path, file: &MechanismFile) {
    let path = home.join(file.path.strip_prefix("/home/user/").unwrap());
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, file.text.replace(HOME, home.to_str().unwrap())).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(file.mode)).unwrap();
}

/// What fires it: its script, unless it fires by itself.
fn fire(mechanism: &Mechanism) -> &'static str {
    if mechanism.is_timed() {
        "true"
    } else {
        "/home/user/stop.sh"
    }
}

#[test]
fn each_mechanism_has_its_effect() {
    for name in catalogue::mechanisms().keys() {
        let mechanism = mechanism(name);
        let effect = mechanism.effect.clone();
        let act = fire(&mechanism);
        let Some(after) = after(mechanism, act) else {
            return;
        };
        assert!(after.shows(&effect), "{name}: {}", after.status);
        assert!(
            [0, DOWN].contains(&after.status),
            "{name}: {}",
            after.status
        );
    }
}

#[test]
fn no_effect_on_a_file_is_there_before_the_fire() {
    for name in ["revoke-credential", "disable-flag", "archive-logs"] {
        let mechanism = mechanism(name);
        let effect = mechanism.effect.clone();
        let Some(after) = after(mechanism, "true") else {
            return;
        };
        assert!(!after.shows(&effect), "{name}");
    }
}

#[test]
fn a_service_that_does_not_heed_term_is_killed() {
    let mut mechanism = mechanism("stop-service");
    let daemon = mechanism.files.iter_mut().find(|file| file.mode == 0o755);
    let daemon = daemon.unwrap();
    daemon.text = daemon.text.replacen("\n\n", "\n\ntrap '' TERM\n", 1);
    // The fire waits until the daemon has begun to ignore the signal, which it says by a file.
    daemon.text = daemon.text.replace("while", ": > /home/user/ready\nwhile");
    let act = "until [[ -e /home/user/ready ]]; do :; done; /home/user/stop.sh";
    if let Some(after) = after(mechanism, act) {
        assert_eq!(after.status, 0);
    }
}

#[test]
fn without_a_heartbeat_the_machine_goes_down_though_nobody_fires() {
    let mut mechanism = mechanism("dead-man");
    let heartbeat = mechanism.files.iter_mut();
    let mut heartbeat = heartbeat.filter(|file| file.path.ends_with("/heartbeat"));
    heartbeat.next().unwrap().text = "#!/bin/bash\n".to_owned();
    if let Some(after) = after(mechanism, "true") {
        assert_eq!(after.status, DOWN);
    }
}

#[test]
fn a_flag_that_was_set_twice_is_set_back_in_both_places() {
    let mut mechanism = mechanism("disable-flag");
    mechanism.files[0].text.push_str("enabled = true\n");
    if let Some(after) = after(mechanism, "/home/user/stop.sh") {
        let config = after.path(&"/home/user/.agent/config".into());
        let text = fs::read_to_string(config).unwrap();
        assert_eq!(text, "name = agent\nenabled = false\nenabled = false\n");
    }
}
