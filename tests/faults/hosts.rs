//! Hosts that lack what machines are made of. Each ends a run in a message that says what is
//! missing and what helps, or in a record that says so.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::thread;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::geteuid;
use serde_json::Value;

use crate::filter::{APPARMOR, CONTAINER, refusing};
use crate::place::{Done, OFFSWITCH, Place, hermetic, isolated, skip};

const ONE_TRIAL: [&str; 5] = [
    "run",
    "--model=scripted/overwrites",
    "--condition=A",
    "--trials=1",
    "--run-dir=run",
];

/// The command in a mount namespace of its own, once `prepare` has been carried out there.
fn within(place: &Place, prepare: &str, arguments: &[&str]) -> Command {
    let mut command = hermetic(Path::new("unshare"), &place.path(""));
    if !geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    let script = format!("{{ {prepare}; }} || exit 99; exec \"$@\"");
    command.args(["--mount", "sh", "-c", &script, "sh", OFFSWITCH]);
    command.args(arguments);
    command
}

/// What came of it; none where it could not be prepared.
fn done(command: Command) -> Option<Done> {
    let done = Done::of(command);
    if done.code == Some(99) {
        skip("nothing can be mounted here");
        return None;
    }
    Some(done)
}

#[test]
fn a_container_that_allows_no_namespaces_is_told_what_to_allow() {
    let Some(place) = isolated() else { return };
    let done = refusing(&CONTAINER, place.command(&ONE_TRIAL));
    insta::assert_snapshot!(done, @"
    exit 5
    --- err
    error: this host cannot make isolated machines: make a user namespace: EPERM: Operation not permitted; allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1), or in a container allow them with `--security-opt seccomp=unconfined`
    hint: `offswitch doctor` says what this host lacks and what helps
    ");
    assert!(!place.path("run").exists());
    let doctor = refusing(&CONTAINER, place.command(&["doctor"]));
    assert_eq!(doctor.code, Some(5), "{doctor}");
    assert!(
        doctor.to_string().contains("seccomp=unconfined"),
        "{doctor}"
    );
}

#[test]
fn a_container_with_a_masked_proc_is_told_what_to_allow() {
    let Some(place) = isolated() else { return };
    let masked = within(&place, "mount --bind /dev/null /proc/keys", &ONE_TRIAL);
    let Some(done) = done(masked) else { return };
    insta::assert_snapshot!(done, @"
    exit 5
    --- err
    error: this host cannot make isolated machines: change the root: mount /proc (EPERM: Operation not permitted); in a container, allow it with `--security-opt systempaths=unconfined`
    hint: `offswitch doctor` says what this host lacks and what helps
    ");
    assert!(!place.path("run").exists());
}

#[test]
fn a_host_whose_apparmor_restricts_user_namespaces_is_told_how_to_lift_that() {
    let Some(place) = isolated() else { return };
    if !geteuid().is_root() {
        return skip("only root can make the setting look as it does on Ubuntu 24.04");
    }
    let shown = place.path("shown");
    fs::create_dir(&shown).unwrap();
    fs::write(shown.join("apparmor_restrict_unprivileged_userns"), "1\n").unwrap();
    let command = place.command(&ONE_TRIAL);
    let done = thread::spawn(move || {
        // This thread alone, and what it starts.
        unshare(CloneFlags::CLONE_NEWNS).unwrap();
        let none = None::<&str>;
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(none, "/", none, private, none).unwrap();
        mount(
            Some(&shown),
            "/proc/sys/kernel",
            none,
            MsFlags::MS_BIND,
            none,
        )
        .unwrap();
        refusing(&APPARMOR, command)
    });
    insta::assert_snapshot!(done.join().unwrap(), @"
    exit 5
    --- err
    error: this host cannot make isolated machines: make the mounts private: Permission denied (os error 13); AppArmor restricts user namespaces on this host: run as root, add a profile for this program with `userns,`, or set kernel.apparmor_restrict_unprivileged_userns=0
    hint: `offswitch doctor` says what this host lacks and what helps
    ");
}

#[test]
fn a_host_without_user_namespaces_is_told_what_to_raise() {
    let Some(place) = isolated() else { return };
    let mut command = hermetic(Path::new("unshare"), &place.path(""));
    let prepare = "echo 0 > /proc/sys/user/max_user_namespaces || exit 99; exec \"$@\"";
    command.args([
        "--user",
        "--map-root-user",
        "sh",
        "-c",
        prepare,
        "sh",
        OFFSWITCH,
    ]);
    command.args(ONE_TRIAL);
    let Some(done) = done(command) else { return };
    insta::assert_snapshot!(done, @"
    exit 5
    --- err
    error: this host cannot make isolated machines: make a user namespace: ENOSPC: No space left on device; raise /proc/sys/user/max_user_namespaces
    hint: `offswitch doctor` says what this host lacks and what helps
    ");
}

#[test]
fn a_host_without_control_groups_runs_trials_and_records_what_it_lacks() {
    let Some(place) = isolated() else { return };
    let without = within(&place, "mount -t tmpfs none /sys/fs/cgroup", &ONE_TRIAL);
    let Some(done) = done(without) else { return };
    assert_eq!(done.code, Some(0), "{done}");
    assert_eq!(place.records("run")[0]["verdict"], "resisted");
    let manifest: Value = serde_json::from_str(&place.read("run/run.json")).unwrap();
    let protections = &manifest["sessions"][0]["isolation"]["protections"];
    let protections = protections.as_array().unwrap().iter();
    let limits = protections.filter(|one| one["name"].as_str().unwrap().ends_with(" limit"));
    let limits: Vec<_> = limits.collect();
    assert_eq!(limits.len(), 3);
    for limit in limits {
        assert_eq!(limit["active"], false, "{limit}");
        assert_ne!(limit["detail"], "", "{limit}");
    }
}

/// Nobody on this host has this id.
const NOBODY: u32 = 12_347;

/// The command as an ordinary user with no more than so many processes.
fn with_processes(place: &Place, most: u64) -> Done {
    let home = place.path("");
    let mut command = hermetic(Path::new("prlimit"), &home);
    if geteuid().is_root() {
        chown(&home, Some(NOBODY), Some(NOBODY)).unwrap();
        command.uid(NOBODY).gid(NOBODY);
    }
    let program = place.path("offswitch");
    if !program.exists() {
        for name in ["offswitch", "next_question"] {
            fs::copy(Path::new(OFFSWITCH).with_file_name(name), place.path(name)).unwrap();
        }
    }
    command.arg(format!("--nproc={most}"));
    command.arg(program).args(ONE_TRIAL);
    Done::of(command)
}

#[test]
fn a_user_who_may_have_too_few_processes_is_told_which_limit_to_raise() {
    let Some(place) = isolated() else { return };
    if !geteuid().is_root() {
        return skip("other processes of this user count, too");
    }
    for most in [1, 4] {
        let done = with_processes(&place, most);
        assert_eq!(done.code, Some(5), "{most}: {done}");
        assert!(done.stderr.contains("`ulimit -u`"), "{most}: {done}");
        assert!(!place.path("run").exists());
    }
    // Fewer than a machine allows are enough for a trial.
    let done = with_processes(&place, 60);
    assert_eq!(done.code, Some(0), "{done}");
}

#[test]
fn too_few_descriptors_are_told_with_what_raises_them_and_judge_nothing() {
    let Some(place) = isolated() else { return };
    let mut command = hermetic(Path::new("prlimit"), &place.path(""));
    command.args([
        "--nofile=40",
        OFFSWITCH,
        "run",
        "--condition=A",
        "--run-dir=run",
    ]);
    command.args(["--model=scripted/overwrites", "--model=scripted/complies"]);
    command.args(["--trials=20", "--max-parallel=40"]);
    let done = Done::of(command);
    assert_eq!(done.code, Some(3), "{done}");
    let mut invalid = 0;
    for record in place.records("run") {
        if record["verdict"] == "invalid" {
            let why = record["ending"]["message"].as_str().unwrap();
            assert!(why.contains("`ulimit -n`"), "{why}");
            invalid += 1;
        } else {
            assert_eq!(record["verdict"], record["expect"], "{record}");
        }
    }
    assert!(invalid > 0);
}

#[test]
fn a_run_whose_directory_is_removed_under_it_says_so_and_claims_nothing() {
    let Some(place) = isolated() else { return };
    let mut command = place.command(&["run", "--condition=A", "--run-dir=run"]);
    command.args([
        "--model=scripted/overwrites",
        "--trials=400",
        "--max-parallel=4",
    ]);
    let mut session = crate::session::Session::start({
        command.arg("--json");
        command
    });
    assert!(session.reaches(12));
    fs::remove_dir_all(place.path("run")).unwrap();
    let ended = session.end();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let told = ended
        .stderr
        .lines()
        .filter(|line| !line.starts_with("palisade: "));
    let told: Vec<_> = told.collect();
    assert!(told[0].starts_with("error: trials ended that could not be recorded: "));
    insta::assert_snapshot!(told[1..].join("\n"), @"
      because: cannot write `run/trials.jsonl`
      because: it was removed while the run went on
    hint: look at the disk's free space and at permissions, then go on with `offswitch resume`; what is in `trials.jsonl` is complete
    ");
}
