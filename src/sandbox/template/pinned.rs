//! A root file system of the user's in the template.
//!
//! Nothing of it is opened through a symbolic link, so that none of its links can lead to the
//! host while the host is still in view; inside they lead where they should. Its directories are
//! shown through an overlay, since a bound directory tells its path on the host to whoever reads
//! `/proc/self/mountinfo`.

use std::fs;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, readlinkat};
use nix::mount::{MsFlags, mount};
use nix::sys::stat::{Mode, SFlag, fstatat};

use super::{ROOT_MODE, STAGING, bind_read_only, make_directory, write_file};
use crate::evidence::MachinePath;
use crate::sandbox::rootfs::{is_open_directory, is_open_file, parts};

/// Its parts, opened.
pub(in crate::sandbox) struct Pinned {
    directories: Vec<(&'static str, OwnedFd)>,
    links: Vec<(&'static str, std::ffi::OsString)>,
    settings: Option<OwnedFd>,
}

impl Pinned {
    /// Opens the parts below this directory.
    pub(in crate::sandbox) fn open(directory: &MachinePath) -> Result<Self, String> {
        let failed = |what: &str| {
            let path = format!("`{directory}/{what}`");
            move |error: Errno| format!("open {path} of the root file system: {error}")
        };
        let root = nix::fcntl::open(directory.as_os_str(), DIRECTORY, Mode::empty());
        let root = root.map_err(failed(""))?;
        let mut pinned = Self {
            directories: Vec::new(),
            links: Vec::new(),
            settings: None,
        };
        for part in parts::SYSTEM {
            let about = match fstatat(&root, part, AtFlags::AT_SYMLINK_NOFOLLOW) {
                Ok(about) => about,
                Err(Errno::ENOENT) => continue,
                Err(error) => return Err(failed(part)(error)),
            };
            if SFlag::from_bits_truncate(about.st_mode) & SFlag::S_IFMT == SFlag::S_IFLNK {
                let target = readlinkat(&root, part).map_err(failed(part))?;
                pinned.links.push((part, target));
            } else {
                let flags = DIRECTORY | OFlag::O_NOFOLLOW;
                let part_of = openat(&root, part, flags, Mode::empty()).map_err(failed(part))?;
                pinned.directories.push((part, part_of));
            }
        }
        let flags = DIRECTORY | OFlag::O_NOFOLLOW;
        pinned.settings = match openat(&root, parts::SETTINGS, flags, Mode::empty()) {
            Ok(settings) => Some(settings),
            Err(Errno::ENOENT) => None,
            Err(error) => return Err(failed(parts::SETTINGS)(error)),
        };
        Ok(pinned)
    }

    /// Puts the parts into the template at `root`; says how.
    pub(super) fn show(&self, root: &Path) -> Result<String, String> {
        let mut bound = None;
        for (part, directory) in &self.directories {
            let failed = |error| format!("show `{part}` of the root file system: {error}");
            let to = root.join(part);
            if !to.is_dir() {
                make_directory(&to, ROOT_MODE).map_err(failed)?;
            }
            if let Err(error) = overlay(directory, root, &to) {
                bind_read_only(&held(directory), &to).map_err(failed)?;
                bound = Some(error);
            }
        }
        for (part, target) in &self.links {
            let to = root.join(part);
            // The template has some of these directories already, empty.
            let removed = if to.is_dir() {
                fs::remove_dir(&to)
            } else {
                Ok(())
            };
            removed
                .and_then(|()| symlink(target, &to))
                .map_err(|error| format!("make the symbolic link `/{part}`: {error}"))?;
        }
        if let Some(settings) = &self.settings {
            copy(
                Path::new(&held(settings)),
                &root.join(parts::SETTINGS),
                true,
            )?;
        }
        Ok(match bound {
            None => "its place on the host is not visible inside".to_owned(),
            Some(error) => {
                format!("bound, so that its path on the host is visible inside (overlay: {error})")
            }
        })
    }
}

const DIRECTORY: OFlag = OFlag::O_PATH
    .union(OFlag::O_DIRECTORY)
    .union(OFlag::O_CLOEXEC);

/// A path to what a descriptor stands for, whatever leads to it.
fn held(descriptor: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", descriptor.as_raw_fd())
}

/// Shows a directory as the lowest layer of an overlay, which needs two; the other one is empty.
fn overlay(directory: &OwnedFd, root: &Path, to: &Path) -> io::Result<()> {
    let empty = root.join(STAGING.trim_start_matches('/'));
    let layers = format!("lowerdir={}:{}", held(directory), empty.display());
    let flags = MsFlags::MS_RDONLY | MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    Ok(mount(
        Some("overlay"),
        to,
        Some("overlay"),
        flags,
        Some(layers.as_str()),
    )?)
}

/// Copies what anybody may read of a directory of settings, but at its `top` what is the
/// machine's own.
fn copy(from: &Path, to: &Path, top: bool) -> Result<(), String> {
    let failed = |path: &Path| {
        let path = path.strip_prefix("/tmp").unwrap_or(path);
        let path = MachinePath::new(path.as_os_str().as_bytes());
        move |error: io::Error| format!("copy `{path}` of the root file system: {error}")
    };
    for entry in fs::read_dir(from).map_err(failed(to))? {
        let name = entry.map_err(failed(to))?.file_name();
        if top && parts::OWN.iter().any(|own| *own == name) {
            continue;
        }
        let (from, to) = (from.join(&name), to.join(&name));
        if let Some(below) = copy_one(&from, &to).map_err(failed(&to))? {
            copy(&from, &to, false)?;
            fs::set_permissions(&to, below).map_err(failed(&to))?;
        }
    }
    Ok(())
}

/// Copies one file; of a directory that may be entered only the directory itself, and returns
/// the permissions that it gets when it is filled.
fn copy_one(from: &Path, to: &Path) -> io::Result<Option<fs::Permissions>> {
    let about = fs::symlink_metadata(from)?;
    let mode = about.permissions().mode() & 0o7777;
    if about.is_symlink() {
        symlink(fs::read_link(from)?, to)?;
    } else if about.is_dir() {
        make_directory(to, ROOT_MODE)?;
        if is_open_directory(mode) {
            return Ok(Some(about.permissions()));
        }
        fs::set_permissions(to, about.permissions())?;
    } else {
        let mut content = Vec::new();
        if is_open_file(mode) {
            let mut options = fs::OpenOptions::new();
            let no_link = OFlag::O_NOFOLLOW.bits();
            let mut file = options.read(true).custom_flags(no_link).open(from)?;
            file.read_to_end(&mut content)?;
        }
        write_file(to, &content, mode)?;
    }
    Ok(None)
}
