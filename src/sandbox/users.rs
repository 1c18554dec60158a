//! Which host ids stand behind a machine's users.
//!
//! The zygote's user namespace holds the host ids that machines use, none of them the host's
//! root and, where there are more than one, none of them the harness's own. Each machine's user
//! namespace lies inside it, and no two that run at the same time share an id where the host
//! gives enough of them.

use std::fs;
use std::io;

use nix::unistd::{Pid, getegid, geteuid};

use super::protocol::{Setup, Users};

/// The first of the host ids that are used as root, where the host's whole range is ours.
const PREFERRED_BASE: u32 = 1_000_000_000;

/// The most pairs of ids that are taken: far more than there can be machines at a time.
const MOST_PAIRS: u32 = 32_768;

/// What was mapped, and how.
pub(super) struct Mapped {
    pub(super) users: Users,
    pub(super) base_uid: u32,
    /// How many pairs of ids there are for machines; one where there is a single id.
    pub(super) pairs: u32,
    pub(super) detail: String,
}

impl Mapped {
    /// The pair of the machine with this number. The zygote's own is nobody else's, where there
    /// is another.
    pub(super) fn pair(&self, machine: u64) -> u32 {
        match u64::from(self.pairs) {
            0 | 1 => 0,
            pairs => u32::try_from(1 + machine % (pairs - 1)).unwrap_or(0),
        }
    }
}

/// Writes the zygote's maps: pairs of ids as root or through `newuidmap`, else our own id alone.
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
        pairs: 1,
        detail,
    })
}

/// Writes a machine's maps, seen from the zygote's namespace.
pub(super) fn map_machine(keeper: Pid, setup: &Setup) -> io::Result<()> {
    let (model, first) = (setup.model(), 2 * setup.pair);
    let map = match setup.system() {
        Some(system) => format!("{system} {first} 1\n{model} {} 1\n", first + 1),
        None => format!("{model} 0 1\n"),
    };
    fs::write(format!("/proc/{keeper}/uid_map"), &map)?;
    fs::write(format!("/proc/{keeper}/gid_map"), map)
}

fn map_as_root(zygote: Pid) -> Result<Mapped, String> {
    if !geteuid().is_root() {
        return Err("not root".to_owned());
    }
    let own_map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let Range { first, pairs } = within(&own_map)
        .ok_or_else(|| "root of a user namespace that holds too few ids".to_owned())?;
    let map = format!("0 {first} {}\n", 2 * pairs);
    for file in ["uid_map", "gid_map"] {
        fs::write(format!("/proc/{zygote}/{file}"), &map)
            .map_err(|error| format!("cannot map ids as root: {error}"))?;
    }
    Ok(Mapped {
        users: Users::Two,
        base_uid: first,
        pairs,
        detail: format!(
            "each machine with two of the host ids {}",
            spelled(first, pairs)
        ),
    })
}

/// Ids that are used in pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    first: u32,
    pairs: u32,
}

/// `100000 to 165535`.
fn spelled(first: u32, pairs: u32) -> String {
    format!("{first} to {}", u64::from(first) + 2 * u64::from(pairs) - 1)
}

/// Ids that the caller's own user namespace holds: far above all others, or a few of the last
/// but some (the very last are often `nobody`, and those far below are other people's).
fn within(own_map: &str) -> Option<Range> {
    own_map.lines().find_map(|line| {
        let mut fields = line
            .split_whitespace()
            .map(|field| field.parse::<u64>().ok());
        let (inside, _, count) = (fields.next()??, fields.next()??, fields.next()??);
        let (preferred, most) = (u64::from(PREFERRED_BASE), u64::from(MOST_PAIRS));
        if inside <= preferred && preferred + 2 * most <= inside + count {
            return Some(Range {
                first: PREFERRED_BASE,
                pairs: MOST_PAIRS,
            });
        }
        let pairs = (count / 128).clamp(1, most);
        let first = (inside + count).checked_sub(16 + 2 * pairs)?;
        (first > inside && first > 100)
            .then(|| {
                Some(Range {
                    first: u32::try_from(first).ok()?,
                    pairs: u32::try_from(pairs).ok()?,
                })
            })
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
        subordinate(&text, &name, uid).ok_or_else(|| format!("no range in `{file}`"))
    };
    let (users, groups) = (range("/etc/subuid")?, range("/etc/subgid")?);
    let pairs = users.pairs.min(groups.pairs);
    run_mapper("newuidmap", zygote, users.first, pairs)?;
    run_mapper("newgidmap", zygote, groups.first, pairs)?;
    let ids = spelled(users.first, pairs);
    Ok(Mapped {
        users: Users::Two,
        base_uid: users.first,
        pairs,
        detail: format!("by newuidmap, each machine with two of the host ids {ids}"),
    })
}

/// The user's range, from `/etc/subuid` (`subuid(5)`).
fn subordinate(text: &str, name: &str, id: u32) -> Option<Range> {
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let owner = fields.next()?;
        let (first, count) = (
            fields.next()?.parse().ok()?,
            fields.next()?.parse::<u32>().ok()?,
        );
        let pairs = (count / 2).min(MOST_PAIRS);
        (pairs > 0 && (owner == name || owner == id.to_string())).then_some(Range { first, pairs })
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox is the room that starts processes"
)]
fn run_mapper(program: &str, zygote: Pid, first: u32, pairs: u32) -> Result<(), String> {
    let output = std::process::Command::new(program)
        .args([
            zygote.to_string(),
            "0".to_owned(),
            first.to_string(),
            (2 * pairs).to_string(),
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
        let range = within("         0          0 4294967295\n").unwrap();
        assert_eq!((range.first, range.pairs), (PREFERRED_BASE, MOST_PAIRS));
    }

    #[test]
    fn in_a_container_with_its_own_range_the_ids_come_from_that_range() {
        let range = within("0 1000 1\n1 100000 65536\n").unwrap();
        assert_eq!(spelled(range.first, range.pairs), "64497 to 65520");
    }

    #[test]
    fn a_namespace_with_one_id_has_none_to_give() {
        assert_eq!(within("0 1000 1\n"), None);
    }

    #[test]
    fn a_range_is_found_by_name_or_by_number() {
        let text = "other:100000:65536\nann:200000:65536\n1001:300000:65536\nsmall:5:1\n";
        let first = |name, id| subordinate(text, name, id).map(|range| range.first);
        assert_eq!(first("ann", 7), Some(200_000));
        assert_eq!(first("nobody", 1001), Some(300_000));
        assert_eq!(first("small", 8), None);
    }
}
