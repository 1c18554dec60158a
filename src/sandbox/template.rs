//! The read-only root file system that all machines share.
//!
//! The zygote builds it once in its own mount namespace: the host's `/usr`, an `/etc` of ours, a
//! minimal `/dev`, and nothing else. With a root file system of the user's ([`pinned`]) it has
//! the programs and settings of that one, and nothing of the host but the devices. Each machine's mount namespace starts as a copy, to which
//! only its own writable files and its own `/proc` are added.

mod pinned;

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};

pub(super) use pinned::Pinned;

use super::sys;

/// The machine's host name.
pub(super) const HOST_NAME: &str = "workstation";

/// Where the machine's writable file system is put together before its parts are bound to
/// their places; empty afterwards.
pub(super) const STAGING: &str = "/mnt";

/// The directories of the machine that are writable, and their permission bits.
pub(super) const WRITABLE: [(&str, u32); 4] = [
    ("/home/user", 0o755),
    ("/tmp", 0o1777),
    ("/var/tmp", 0o1777),
    ("/dev/shm", 0o1777),
];

/// Where the task's tool finds its socket; nothing in it can be changed from inside.
pub(super) const RUN: &str = "/run";

/// How `/proc` is mounted.
pub(super) const PROC_FLAGS: MsFlags = MsFlags::MS_NOSUID
    .union(MsFlags::MS_NODEV)
    .union(MsFlags::MS_NOEXEC);

const ROOT_MODE: u32 = 0o755;
const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];
const EMPTY: [&str; 14] = [
    "home",
    "home/user",
    "tmp",
    "var",
    "var/tmp",
    "var/lib",
    "var/log",
    "run",
    "mnt",
    "media",
    "opt",
    "srv",
    "sys",
    "proc",
];

/// Builds the root file system and makes it this process's root. The host's files are then out
/// of reach, through any path. Says how the root file system that was given is shown.
pub(super) fn enter(pinned: Option<Pinned>) -> Result<Option<String>, String> {
    let root = Path::new("/tmp");
    let step = |what: &'static str| move |error: io::Error| format!("{what}: {error}");
    mount_plain(None, "/", None, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None)
        .map_err(step("make the mounts private"))?;
    mount_plain(
        Some("tmpfs"),
        "/tmp",
        Some("tmpfs"),
        MsFlags::MS_NOSUID | MsFlags::MS_NODEV,
        Some("mode=755,size=64m,nr_inodes=32768"),
    )
    .map_err(step("mount a tmpfs"))?;
    lay_directories(root).map_err(step("make directories"))?;
    let etc = root.join("etc");
    let shown = match &pinned {
        None => {
            bind_system(root).map_err(step("bind the host's programs"))?;
            take_settings(&etc).map_err(step("write /etc"))?;
            None
        }
        Some(pinned) => Some(pinned.show(root)?),
    };
    // The descriptors in it lead to the host.
    drop(pinned);
    bind_devices(root).map_err(step("bind devices"))?;
    write_etc(&etc).map_err(step("write /etc"))?;
    pivot(root).map_err(step("change the root"))?;
    Ok(shown)
}

/// Mounts the `/proc` of this process's own process namespace.
pub(super) fn mount_proc() -> io::Result<()> {
    mount_plain(Some("proc"), "/proc", Some("proc"), PROC_FLAGS, None)
}

/// `mount(2)` with string arguments.
pub(super) fn mount_plain(
    source: Option<&str>,
    target: &str,
    kind: Option<&str>,
    flags: MsFlags,
    data: Option<&str>,
) -> io::Result<()> {
    Ok(mount(source, target, kind, flags, data)?)
}

/// Makes one place show what another holds.
pub(super) fn bind(from: &str, to: &str) -> io::Result<()> {
    mount_plain(
        Some(from),
        to,
        None,
        MsFlags::MS_BIND | MsFlags::MS_REC,
        None,
    )
}

fn lay_directories(root: &Path) -> io::Result<()> {
    for directory in EMPTY
        .iter()
        .copied()
        .chain(["dev", "dev/shm", "etc", "root", "usr"])
    {
        make_directory(&root.join(directory), ROOT_MODE)?;
    }
    symlink("/run", root.join("var/run"))
}

fn make_directory(path: &Path, mode: u32) -> io::Result<()> {
    fs::create_dir(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// The host's `/usr`, and `/bin`, `/lib*` and `/sbin` as the host has them. `/usr/local` is what
/// somebody added to this host, so it is left out.
fn bind_system(root: &Path) -> io::Result<()> {
    bind_read_only("/usr", &root.join("usr"))?;
    if Path::new("/usr/local").is_dir() {
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_RDONLY;
        let local = root.join("usr/local");
        mount(
            Some("tmpfs"),
            &local,
            Some("tmpfs"),
            flags,
            Some("mode=755,size=4k"),
        )?;
    }
    for name in ["bin", "sbin", "lib", "lib32", "lib64", "libx32"] {
        let (host, here) = (PathBuf::from("/").join(name), root.join(name));
        let Ok(metadata) = fs::symlink_metadata(&host) else {
            continue;
        };
        if metadata.is_symlink() {
            symlink(fs::read_link(&host)?, here)?;
        } else if metadata.is_dir() {
            make_directory(&here, ROOT_MODE)?;
            bind_read_only(&host.to_string_lossy(), &here)?;
        }
    }
    Ok(())
}

fn bind_read_only(from: &str, to: &Path) -> io::Result<()> {
    mount(
        Some(from),
        to,
        None::<&str>,
        MsFlags::MS_BIND | MsFlags::MS_REC,
        None::<&str>,
    )?;
    let path = std::ffi::CString::new(to.as_os_str().as_encoded_bytes())?;
    Ok(sys::make_tree_read_only(&path)?)
}

fn bind_devices(root: &Path) -> io::Result<()> {
    let devices = root.join("dev");
    for name in DEVICES {
        let (host, here) = (Path::new("/dev").join(name), devices.join(name));
        fs::write(&here, "")?;
        mount(
            Some(&host),
            &here,
            None::<&str>,
            MsFlags::MS_BIND,
            None::<&str>,
        )?;
    }
    for (name, target) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "fd/0"),
        ("stdout", "fd/1"),
        ("stderr", "fd/2"),
    ] {
        symlink(target, devices.join(name))?;
    }
    Ok(())
}

fn write_etc(etc: &Path) -> io::Result<()> {
    let hosts = format!("127.0.0.1\tlocalhost\n127.0.1.1\t{HOST_NAME}\n::1\tlocalhost\n");
    let host_name = format!("{HOST_NAME}\n");
    for (name, text) in [
        ("passwd", PASSWD),
        ("group", GROUP),
        ("profile", PROFILE),
        ("shells", "/bin/sh\n/bin/bash\n"),
        (
            "nsswitch.conf",
            "passwd: files\ngroup: files\nhosts: files\n",
        ),
        ("hosts", &hosts),
        ("hostname", &host_name),
        ("login.defs", "UMASK 022\n"),
    ] {
        write_file(&etc.join(name), text.as_bytes(), 0o644)?;
    }
    symlink("/usr/share/zoneinfo/UTC", etc.join("localtime"))?;
    symlink("/proc/self/mounts", etc.join("mtab"))
}

/// What `/etc` has of the host's.
fn take_settings(etc: &Path) -> io::Result<()> {
    symlink("../usr/lib/os-release", etc.join("os-release"))?;
    // Without these two, many of the host's programs (`awk`, for one) are not found or start
    // slowly.
    copy_links(Path::new("/etc/alternatives"), &etc.join("alternatives"))?;
    if let Ok(cache) = fs::read("/etc/ld.so.cache") {
        write_file(&etc.join("ld.so.cache"), &cache, 0o644)?;
    }
    Ok(())
}

fn write_file(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    fs::write(path, content)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

fn copy_links(from: &Path, to: &Path) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(from) else {
        return Ok(());
    };
    make_directory(to, ROOT_MODE)?;
    for entry in entries.flatten() {
        if let Ok(target) = fs::read_link(entry.path()) {
            symlink(target, to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Changes the root to `root` and lets go of the old one, which `pivot_root(2)` stacks on the
/// new one when both arguments are the same directory.
fn pivot(root: &Path) -> io::Result<()> {
    nix::unistd::chdir(root)?;
    // The namespace's own `/proc` must be mounted while the host's, which shows that nothing is
    // masked, is still in view.
    mount(Some("proc"), "proc", Some("proc"), PROC_FLAGS, None::<&str>).map_err(|error| {
        io::Error::other(format!(
            "mount /proc ({error}); in a container, allow it with `--security-opt systempaths=unconfined`"
        ))
    })?;
    nix::unistd::pivot_root(".", ".")?;
    umount2(".", MntFlags::MNT_DETACH)?;
    nix::unistd::chdir("/")?;
    let flags = MsFlags::MS_REMOUNT
        | MsFlags::MS_BIND
        | MsFlags::MS_RDONLY
        | MsFlags::MS_NOSUID
        | MsFlags::MS_NODEV;
    mount_plain(None, "/", None, flags, None)
}

/// Files of the host belong to an id that no machine knows, which the kernel shows as 65534; a
/// workstation's system files belong to root.
const PASSWD: &str = "\
root:x:0:0:root:/root:/bin/bash
root:x:65533:65533:root:/root:/bin/bash
root:x:65534:65534:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
bin:x:2:2:bin:/bin:/usr/sbin/nologin
sys:x:3:3:sys:/dev:/usr/sbin/nologin
man:x:6:12:man:/var/cache/man:/usr/sbin/nologin
mail:x:8:8:mail:/var/mail:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
user:x:1000:1000:User:/home/user:/bin/bash
";

const GROUP: &str = "\
root:x:0:
root:x:65533:
root:x:65534:
daemon:x:1:
bin:x:2:
sys:x:3:
tty:x:5:
disk:x:6:
mail:x:8:
www-data:x:33:
users:x:100:user
user:x:1000:
";

const PROFILE: &str = "\
# System-wide settings of login shells.
if [ \"$EUID\" -eq 0 ]; then
  PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
else
  PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games
fi
export PATH
umask 022
";
