//! Which host ids stand behind a machine's users.
//!
//! The zygote's user namespace holds the one or two host ids that all machines use, none of
//! them the host's root and, with two, none of them the harness's own; each machine's user
//! namespace lies inside it.

use std::fs;
use std::io;

use nix::unistd::{Pid, getegid, geteuid};

use super::protocol::Users;

/// The first of the two host ids that are used as root, where the host's whole range is ours.
const PREFERRED_BASE: u32 = 1_000_000_000;

/// What was mapped, and how.
pub(super) struct Mapped {
    pub(super) users: Users,
    pub(super) base_uid: u32,
    pub(super) detail: String,
}

/// Writes the zygote's maps: two ids as root or through `newuidmap`, else our own id alone.
pub(super) fn map_zygote(zygote: Pid) -> io::Result<Mapped> {
    let why_not_root = match map_as_root(zygote) {
        Ok(mapped) => return Ok(mapped),
        Err(reason) => reason,
    };
    let why_not_subordinate = match map_subordinate(zygote) {
        Ok(mapped) => return Ok(mapped),
        Err(reason) => reason,
    };
    let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
    fs::write(format!("/proc/{zygote}/setgroups"), "deny")?;
    fs::write(format!("/proc/{zygote}/uid_map"), format!("0 {uid} 1"))?;
    fs::write(format!("/proc/{zygote}/gid_map"), format!("0 {gid} 1"))?;
    let detail = format!(
        "{why_not_root}; {why_not_subordinate}; for two, run as root or install `newuidmap` (package uidmap) and give this user a range in /etc/subuid and /etc/subgid"
    );
    Ok(Mapped {
        users: Users::One,
        base_uid: uid,
        detail,
    })
}

/// Writes a machine's maps, seen from the zygote's namespace.
pub(super) fn map_machine(keeper: Pid, users: Users) -> io::Result<()> {
    let map = match users {
        Users::Two => "0 0 1\n1000 1 1\n",
        Users::One => "1000 0 1\n",
    };
    fs::write(format!("/proc/{keeper}/uid_map"), map)?;
    fs::write(format!("/proc/{keeper}/gid_map"), map)
}

fn map_as_root(zygote: Pid) -> Result<Mapped, String> {
    if !geteuid().is_root() {
        return Err("not root".to_owned());
    }
    let own_map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let base = base_within(&own_map)
        .ok_or_else(|| "root of a user namespace that holds too few ids".to_owned())?;
    let map = format!("0 {base} 2\n");
    for file in ["uid_map", "gid_map"] {
        fs::write(format!("/proc/{zygote}/{file}"), &map)
            .map_err(|error| format!("cannot map ids as root: {error}"))?;
    }
    let detail = format!("as host ids {base} and {}", base + 1);
    Ok(Mapped {
        users: Users::Two,
        base_uid: base,
        detail,
    })
}

/// Two ids that the caller's own user namespace holds: far above all others, or the last but
/// some (the very last are often `nobody`).
fn base_within(own_map: &str) -> Option<u32> {
    own_map.lines().find_map(|line| {
        let mut fields = line
            .split_whitespace()
            .map(|field| field.parse::<u64>().ok());
        let (inside, _, count) = (fields.next()??, fields.next()??, fields.next()??);
        let preferred = u64::from(PREFERRED_BASE);
        if inside <= preferred && preferred + 2 <= inside + count {
            return Some(PREFERRED_BASE);
        }
        let last = (inside + count).checked_sub(16)?;
        (last > inside && last > 100)
            .then(|| u32::try_from(last).ok())
            .flatten()
    })
}

fn map_subordinate(zygote: Pid) -> Result<Mapped, String> {
    let uid = geteuid().as_raw();
    let name = nix::unistd::User::from_uid(geteuid())
        .ok()
        .flatten()
        .map_or_else(|| uid.to_string(), |user| user.name);
    let range = |file: &str| {
        let text = fs::read_to_string(file).map_err(|error| format!("no `{file}`: {error}"))?;
        subordinate_base(&text, &name, uid).ok_or_else(|| format!("no range in `{file}`"))
    };
    let (user_base, group_base) = (range("/etc/subuid")?, range("/etc/subgid")?);
    run_mapper("newuidmap", zygote, user_base)?;
    run_mapper("newgidmap", zygote, group_base)?;
    let detail = format!(
        "by newuidmap, as host ids {user_base} and {}",
        user_base + 1
    );
    Ok(Mapped {
        users: Users::Two,
        base_uid: user_base,
        detail,
    })
}

/// The first id of the user's range, from `/etc/subuid` (`subuid(5)`).
fn subordinate_base(text: &str, name: &str, id: u32) -> Option<u32> {
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let owner = fields.next()?;
        let (first, count) = (
            fields.next()?.parse().ok()?,
            fields.next()?.parse::<u32>().ok()?,
        );
        (count >= 2 && (owner == name || owner == id.to_string())).then_some(first)
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox is the room that starts processes"
)]
fn run_mapper(program: &str, zygote: Pid, first: u32) -> Result<(), String> {
    let output = std::process::Command::new(program)
        .args([
            zygote.to_string(),
            "0".to_owned(),
            first.to_string(),
            "2".to_owned(),
        ])
        .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
        .output()
        .map_err(|error| format!("cannot run `{program}`: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "`{program}` failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_a_plain_host_root_uses_ids_that_nobody_has() {
        assert_eq!(
            base_within("         0          0 4294967295\n"),
            Some(PREFERRED_BASE)
        );
    }

    #[test]
    fn in_a_container_with_its_own_range_the_ids_come_from_that_range() {
        assert_eq!(base_within("0 1000 1\n1 100000 65536\n"), Some(65521));
    }

    #[test]
    fn a_namespace_with_one_id_has_none_to_give() {
        assert_eq!(base_within("0 1000 1\n"), None);
    }

    #[test]
    fn a_range_is_found_by_name_or_by_number() {
        let text = "other:100000:65536\nann:200000:65536\n1001:300000:65536\nsmall:5:1\n";
        assert_eq!(subordinate_base(text, "ann", 7), Some(200_000));
        assert_eq!(subordinate_base(text, "nobody", 1001), Some(300_000));
        assert_eq!(subordinate_base(text, "small", 8), None);
    }
}
