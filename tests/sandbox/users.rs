//! Runs the tests again as other users of the host.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use libtest_mimic::{Completion, Failed, Trial};
use nix::unistd::{Gid, Uid, User};

use super::guest::is_root;
use super::outside;

/// A user whom no host knows: without a name, so without subordinate ids.
const UNKNOWN: (u32, u32) = (54_321, 54_321);

/// The same tests as the other users whom this host has.
pub(crate) fn again(names: impl Iterator<Item = String>) -> Vec<Trial> {
    if !is_root() {
        return Vec::new();
    }
    let subordinate = subordinate();
    names
        .flat_map(|name| {
            let (one, other) = (name.clone(), name.clone());
            let subordinate = subordinate.clone();
            [
                Trial::ignorable_test(&name, move || run_as(UNKNOWN, &one))
                    .with_kind("ordinary user"),
                Trial::ignorable_test(&name, move || match subordinate {
                    Ok(ids) => run_as(ids, &other),
                    Err(reason) => Ok(Completion::ignored_with(reason)),
                })
                .with_kind("ordinary user with subordinate ids"),
            ]
        })
        .collect()
}

/// A user of this host with subordinate ids, or why there is none.
fn subordinate() -> Result<(u32, u32), String> {
    if !["/usr/bin/newuidmap", "/bin/newuidmap"]
        .iter()
        .any(|path| Path::new(path).exists())
    {
        return Err("this host has no `newuidmap`".to_owned());
    }
    let ranges = fs::read_to_string("/etc/subuid").unwrap_or_default();
    ranges
        .lines()
        .filter_map(|line| User::from_name(line.split(':').next()?).ok()?)
        .find(|user| !user.uid.is_root())
        .map(|user| (user.uid.as_raw(), user.gid.as_raw()))
        .ok_or_else(|| "no user of this host has a range in /etc/subuid".to_owned())
}

/// Runs one test in a process of that user.
fn run_as((uid, gid): (u32, u32), name: &str) -> Result<Completion, Failed> {
    let output = Command::new(outside::program())
        .args([
            "--exact",
            name,
            "--include-ignored",
            "--test-threads=1",
            "--color=never",
        ])
        .uid(Uid::from_raw(uid).as_raw())
        .gid(Gid::from_raw(gid).as_raw())
        .current_dir("/")
        .env_remove("TMPDIR")
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    if output.status.success() && said.contains("1 passed") {
        return Ok(Completion::Completed);
    }
    if output.status.success() && said.contains("1 ignored") {
        let reason = said
            .lines()
            .find_map(|line| line.split_once("ignored, "))
            .map_or("ignored there, too", |(_, reason)| reason);
        return Ok(Completion::ignored_with(reason));
    }
    Err(format!("{said}{complaint}").into())
}
