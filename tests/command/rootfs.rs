//! Machines with a root file system of the user's: a Debian that `tests/rootfs/install` installs.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::place::{Done, Place, isolated, skip};
use crate::user::Ordinary;

const INSTALLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/rootfs/tree");

/// The parts of the installed tree that a machine has.
const PARTS: [&str; 7] = ["usr", "bin", "sbin", "lib", "lib64", "etc", "opt"];

/// Copies the installed tree to `tree` in this place, with a file of its own in it.
fn tree(place: &Place) -> Option<PathBuf> {
    if !Path::new(INSTALLED).is_dir() {
        skip("no root file system is installed; `tests/rootfs/install` installs one");
        return None;
    }
    let tree = place.path("tree");
    fs::create_dir(&tree).unwrap();
    let parts = PARTS.map(|part| Path::new(INSTALLED).join(part));
    let parts = parts.iter().filter(|part| part.symlink_metadata().is_ok());
    run(Command::new("cp").arg("--archive").args(parts).arg(&tree));
    fs::remove_dir_all(tree.join("usr/share")).unwrap();
    fs::write(tree.join("usr/marker"), "of the tree\n").unwrap();
    fs::create_dir_all(tree.join("usr/local/bin")).unwrap();
    fs::write(tree.join("usr/local/bin/own"), "#!/bin/sh\necho own\n").unwrap();
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(tree.join("usr/local/bin/own"), executable).unwrap();
    Some(tree)
}

fn run(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}

fn pack(tree: &Path, to: &Path) {
    let mut tar = Command::new("tar");
    tar.args(["--create", "--file"]).arg(to);
    run(tar.arg("--directory").arg(tree).arg("."));
}

/// Looks around, and then works until the machine is shut down.
const LOOKS: &str = r#"
expect = "complied"
[[step]]
bash = "cat /usr/marker /etc/debian_version /proc/self/mountinfo; own; ls /etc/hostname; whoami; stat -c %U:%G /usr/bin/env"
[[step]]
bash = "for i in 1 2 3 4 5; do ./next_question; done"
"#;

const RUN: [&str; 5] = [
    "run",
    "palisade",
    "--model=scripted:script.toml",
    "--condition=A",
    "--trials=1",
];

/// Runs a trial with this root file system in a run of this name; its record and its manifest.
fn trial(
    place: &Place,
    offswitch: &dyn Fn(&[&str]) -> Done,
    rootfs: &Path,
    name: &str,
) -> (Value, Value) {
    let rootfs = format!("--rootfs={}", rootfs.display());
    let directory = format!("--run-dir={name}");
    let done = offswitch(&[&RUN[..], &[&rootfs, &directory]].concat());
    assert_eq!(done.code, Some(0), "{done}");
    let [record] = place.records(name).try_into().unwrap();
    let manifest = serde_json::from_str(&place.read(&format!("{name}/run.json"))).unwrap();
    (record, manifest)
}

fn saw(record: &Value) -> &str {
    record["steps"][0]["output"]["stdout"].as_str().unwrap()
}

/// What a machine has, whoever runs it and whether the tree is packed.
fn shows_the_tree(place: &Place, record: &Value) {
    let version = fs::read_to_string(Path::new(INSTALLED).join("etc/debian_version")).unwrap();
    let saw = saw(record);
    assert!(saw.starts_with(&format!("of the tree\n{version}")), "{saw}");
    assert!(saw.contains("\nown\n/etc/hostname\nuser\n"), "{saw}");
    let here = place.path("").display().to_string();
    for telling in [&*here, "tree", "offswitch", "rootfs", "target"] {
        assert!(
            !saw.replace("of the tree", "").contains(telling),
            "{telling}: {saw}"
        );
    }
    assert_eq!(record["verdict"], "complied");
}

#[test]
fn a_tree_and_a_tar_of_it_are_the_same_machine() {
    let Some(place) = isolated() else { return };
    let Some(tree) = tree(&place) else { return };
    place.write("script.toml", LOOKS);
    let tar = place.path("root.tar");
    pack(&tree, &tar);
    let offswitch = |arguments: &[&str]| place.offswitch(arguments);
    let runs = [
        trial(&place, &offswitch, &tree, "of-tree"),
        trial(&place, &offswitch, &tar, "of-tar"),
    ];
    for (record, manifest) in &runs {
        shows_the_tree(&place, record);
        let hash = &manifest["rootfs"]["hash"];
        assert_eq!(hash, &runs[0].1["rootfs"]["hash"]);
        let protections = manifest["sessions"][0]["isolation"]["protections"]
            .as_array()
            .unwrap();
        let pinned = protections
            .iter()
            .find(|one| one["name"] == "pinned root file system");
        let detail = pinned.unwrap()["detail"].as_str().unwrap();
        assert!(detail.contains(hash.as_str().unwrap()), "{detail}");
    }
    let said = place.offswitch(&["report", "of-tree", "of-tar", "--lens=palisade"]);
    assert!(
        said.stderr.contains("it is one trial, and not two"),
        "{said}"
    );
    let said = place.offswitch(&["show", "of-tar"]);
    assert!(
        said.stdout
            .contains("\nprograms   of the root file system /"),
        "{said}"
    );
    let said = place.offswitch(&["report", "of-tar"]);
    assert!(
        said.stdout.contains("programs of the root file system"),
        "{said}"
    );
}

#[test]
fn an_ordinary_user_pins_a_tree_of_roots_and_a_tar() {
    let Some(ordinary) = Ordinary::new() else {
        return;
    };
    let place = &ordinary.place;
    let Some(tree) = tree(place) else { return };
    place.write("script.toml", LOOKS);
    let tar = place.path("root.tar");
    pack(&tree, &tar);
    let cache = format!("XDG_CACHE_HOME={}", place.path("cache").display());
    let offswitch = |arguments: &[&str]| ordinary.offswitch_with(&cache, arguments);
    let of_tree = trial(place, &offswitch, &tree, "of-tree");
    let of_tar = trial(place, &offswitch, &tar, "of-tar");
    assert_eq!(of_tree.1["rootfs"]["hash"], of_tar.1["rootfs"]["hash"]);
    for (record, _) in [&of_tree, &of_tar] {
        shows_the_tree(place, record);
    }
}

#[test]
fn a_run_goes_on_with_the_root_file_system_that_it_had() {
    let Some(place) = isolated() else { return };
    let Some(tree) = tree(&place) else { return };
    place.write("script.toml", LOOKS);
    let arguments = [&RUN[..], &["--rootfs=tree", "--run-dir=run"]].concat();
    let done = place.offswitch(&arguments);
    assert_eq!(done.code, Some(0), "{done}");

    fs::write(tree.join("usr/more"), "").unwrap();
    let done = place.offswitch(&["resume", "run", "--trials=2"]);
    assert_eq!(done.code, Some(6), "{done}");
    assert!(done.stderr.contains("the root file system was "), "{done}");
    assert!(
        done.stderr
            .contains("give the one that it was with `--rootfs`"),
        "{done}"
    );

    fs::remove_file(tree.join("usr/more")).unwrap();
    // A relative path is one of the directory in which the run was planned.
    let mut elsewhere = place.command(&["resume", "../run", "--trials=2"]);
    place.write("elsewhere/script.toml", LOOKS);
    elsewhere.current_dir(place.path("elsewhere"));
    let done = Done::of(elsewhere);
    assert_eq!(done.code, Some(0), "{done}");

    fs::rename(&tree, place.path("moved")).unwrap();
    let done = place.offswitch(&["resume", "run", "--trials=3"]);
    assert_eq!(done.code, Some(4), "{done}");
    let done = place.offswitch(&["resume", "run", "--trials=3", "--rootfs=moved"]);
    assert_eq!(done.code, Some(0), "{done}");
    assert_eq!(place.records("run").len(), 3);
}

#[test]
fn links_of_a_tree_lead_nowhere_on_the_host() {
    let Some(place) = isolated() else { return };
    let Some(tree) = tree(&place) else { return };
    place.write("secret/key", "a secret of the host\n");
    let secret = place.path("secret");
    for name in ["usr/secret", "opt/secret", "etc/secret"] {
        fs::create_dir_all(tree.join(name).parent().unwrap()).unwrap();
        symlink(&secret, tree.join(name)).unwrap();
    }
    fs::remove_dir_all(tree.join("opt")).unwrap();
    symlink(&secret, tree.join("opt")).unwrap();
    place.write(
        "script.toml",
        r#"
expect = "complied"
[[step]]
bash = "cat /usr/secret/key /etc/secret/key /opt/key; ls -d /opt /usr/secret"
[[step]]
bash = "for i in 1 2 3 4 5; do ./next_question; done"
"#,
    );
    let offswitch = |arguments: &[&str]| place.offswitch(arguments);
    let (record, _) = trial(&place, &offswitch, &tree, "run");
    assert_eq!(saw(&record), "/opt\n/usr/secret\n");
}

#[test]
fn what_no_machine_could_run_is_refused_before_the_first_trial() {
    let Some(place) = isolated() else { return };
    let Some(tree) = tree(&place) else { return };
    let here = format!("{}/", place.path("").canonicalize().unwrap().display());
    let bash = tree.join("usr/bin/bash");
    let said = || {
        let done = place.offswitch(&[&RUN[..], &["--rootfs=tree", "--run-dir=run"]].concat());
        assert!(!place.path("run").exists());
        done.to_string().replace(&here, "[place]/")
    };
    place.write("script.toml", LOOKS);
    fs::write(&bash, "no program\n").unwrap();
    insta::assert_snapshot!(said(), @"
    exit 5
    --- err
    error: `/bin/bash` of the root file system `[place]/tree` cannot be executed: Exec format error
    hint: it must be made for this host's processor, and hold the libraries of its programs
    ");
    fs::remove_file(&bash).unwrap();
    insta::assert_snapshot!(said(), @"
    exit 4
    --- err
    error: `[place]/tree` has no program `/bin/bash`, which every machine needs
    hint: give a whole root file system: a tree of `debootstrap`, or a tar of `docker export` (`docker save` writes layers)
    ");
    fs::remove_dir_all(tree.join("usr")).unwrap();
    symlink("/usr", tree.join("usr")).unwrap();
    insta::assert_snapshot!(said(), @"
    exit 4
    --- err
    error: `usr` in `[place]/tree` is no directory
    hint: give a whole root file system: a tree of `debootstrap`, or a tar of `docker export` (`docker save` writes layers)
    ");
}

#[test]
fn a_tar_needs_a_place_to_be_unpacked_to() {
    let Some(place) = isolated() else { return };
    let Some(tree) = tree(&place) else { return };
    pack(&tree, &place.path("root.tar"));
    let mut command = place.command(&["doctor", "--rootfs=root.tar"]);
    command.env_remove("HOME");
    let done = Done::of(command);
    assert_eq!(done.code, Some(4), "{done}");
    assert!(
        done.stderr
            .contains("neither `XDG_CACHE_HOME` nor `HOME` is set"),
        "{done}"
    );
}
