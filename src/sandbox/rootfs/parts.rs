//! Which parts of a root file system a machine has.

/// The top directories of which a machine shows everything, beside `etc`.
pub(in crate::sandbox) const SYSTEM: [&str; 8] = [
    "usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "opt",
];

/// The directory of which a machine has all that is not said otherwise in [`OWN`].
pub(in crate::sandbox) const SETTINGS: &str = "etc";

/// Files of `/etc` that are the machine's own whatever its root file system, and files that tell
/// one host from another. Of a root file system they are left out.
pub(in crate::sandbox) const OWN: [&str; 26] = [
    "fstab",
    "group",
    "group-",
    "gshadow",
    "gshadow-",
    "hostname",
    "hosts",
    "ld.so.preload",
    "localtime",
    "login.defs",
    "machine-id",
    "mtab",
    "nsswitch.conf",
    "passwd",
    "passwd-",
    "profile",
    "resolv.conf",
    "shadow",
    "shadow-",
    "shells",
    "subgid",
    "subgid-",
    "subuid",
    "subuid-",
    "timezone",
    ".pwd.lock",
];

/// Whether a machine has what lies at this path, which begins at the root without a slash.
pub(super) fn is_seen(path: &[u8]) -> bool {
    let mut parts = path.splitn(3, |byte| *byte == b'/');
    let (top, second) = (parts.next().unwrap_or_default(), parts.next());
    let is = |name: &&str| name.as_bytes() == top;
    if SYSTEM.iter().any(is) {
        return true;
    }
    let is_own = |second: &[u8]| OWN.iter().any(|name| name.as_bytes() == second);
    is(&SETTINGS) && !second.is_some_and(is_own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_has_the_programs_and_those_settings_that_are_not_its_own() {
        for seen in [
            "usr",
            "usr/local/bin/x",
            "lib64",
            "opt/a",
            "etc",
            "etc/alternatives/awk",
        ] {
            assert!(is_seen(seen.as_bytes()), "{seen}");
        }
        for own in [
            "etc/passwd",
            "etc/hostname",
            "home",
            "home/usr",
            "var/lib/dpkg",
            "usrlocal",
        ] {
            assert!(!is_seen(own.as_bytes()), "{own}");
        }
    }
}
