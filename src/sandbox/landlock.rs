//! A second line behind the read-only mounts: Landlock (`landlock(7)`), where the kernel has it.
//!
//! Process 1 and everything that it starts may read and execute what lies in the machine's root,
//! and write in its writable places, to devices and in `/proc`, whatever mounts and descriptors
//! there are. Files that are not below that root, such as the host's, can then not be opened, not
//! even from a descriptor that leads to them; nor can signals and abstract sockets leave.
#![expect(
    unsafe_code,
    reason = "raw system calls; each block says why it is sound"
)]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;

/// The protection's name.
pub(super) const NAME: &str = "landlock";

/// Version 1 lets nobody move a file from one directory to another.
const OLDEST: i64 = 2;

// Rights (`linux/landlock.h`).
const EXECUTE: u64 = 1 << 0;
const WRITE_FILE: u64 = 1 << 1;
const READ_FILE: u64 = 1 << 2;
const READ_DIRECTORY: u64 = 1 << 3;
const UP_TO_REFER: u64 = (1 << 14) - 1;
/// Version 3.
const TRUNCATE: u64 = 1 << 14;
/// Version 5.
const IOCTL_OF_DEVICES: u64 = 1 << 15;
/// Version 6: abstract sockets and signals stay inside.
const SCOPES: u64 = 1 << 0 | 1 << 1;

const READ: u64 = EXECUTE | READ_FILE | READ_DIRECTORY;
const WRITE: u64 = WRITE_FILE | TRUNCATE | IOCTL_OF_DEVICES;

/// Rules that are not enforced yet.
pub(super) struct Ruleset {
    rules: OwnedFd,
    version: i64,
}

/// `struct landlock_ruleset_attr`.
#[repr(C)]
struct Handled {
    files: u64,
    network: u64,
    scopes: u64,
}

/// `struct landlock_path_beneath_attr`.
#[repr(C, packed)]
struct Beneath {
    rights: u64,
    directory: i32,
}

/// The version that the kernel has.
///
/// # Errors
/// It has none, or one that a machine cannot be had with.
pub(super) fn version() -> Result<i64, String> {
    const VERSION: u32 = 1;
    // SAFETY: with this flag the call takes a null pointer and no length.
    let version = Errno::result(unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            std::ptr::null::<Handled>(),
            0_usize,
            VERSION,
        )
    });
    match version {
        Ok(version) if version >= OLDEST => Ok(version),
        Ok(version) => Err(format!(
            "the kernel has version {version}; {OLDEST} came with Linux 5.19"
        )),
        Err(error) => Err(format!(
            "the kernel has none ({error}); where it is built in, the boot option `lsm=` names it"
        )),
    }
}

/// The rights that this version knows.
fn known(version: i64) -> u64 {
    let since = |first: i64, right: u64| if version < first { 0 } else { right };
    UP_TO_REFER | since(3, TRUNCATE) | since(5, IOCTL_OF_DEVICES)
}

impl Ruleset {
    /// Rules by which everything may be done in these directories.
    ///
    /// # Errors
    /// Why there are none.
    pub(super) fn new(writable: &[OwnedFd]) -> Result<Self, String> {
        let version = version()?;
        let handled = Handled {
            files: known(version),
            network: 0,
            scopes: if version < 6 { 0 } else { SCOPES },
        };
        // SAFETY: the structure has the kernel's layout and lives until the call returns.
        let rules = Errno::result(unsafe {
            libc::syscall(
                libc::SYS_landlock_create_ruleset,
                &raw const handled,
                size_of::<Handled>(),
                0,
            )
        });
        let rules = rules.map_err(|error| error.to_string())?;
        let rules = i32::try_from(rules).map_err(|error| error.to_string())?;
        let ruleset = Self {
            // SAFETY: the kernel has just made this descriptor for us (close-on-exec).
            rules: unsafe { OwnedFd::from_raw_fd(rules) },
            version,
        };
        for directory in writable {
            let allowed = ruleset.allow(directory.as_fd(), known(version));
            allowed.map_err(|error| error.to_string())?;
        }
        Ok(ruleset)
    }

    /// Binds the calling process and all that it will start. It must have no new privileges.
    ///
    /// # Errors
    /// A rule is refused.
    pub(super) fn enforce(self) -> io::Result<()> {
        /// Version 7 tells the host's audit of what was refused, which anybody inside could fill.
        const SILENT: u32 = 1;
        for (path, rights) in [("/", READ), ("/proc", WRITE), ("/dev", WRITE)] {
            let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
            let directory = open(path, flags, Mode::empty())?;
            self.allow(directory.as_fd(), rights & known(self.version))?;
        }
        let flags = if self.version < 7 { 0 } else { SILENT };
        // SAFETY: the call takes a descriptor and flags.
        Errno::result(unsafe {
            libc::syscall(
                libc::SYS_landlock_restrict_self,
                self.rules.as_raw_fd(),
                flags,
            )
        })?;
        Ok(())
    }

    fn allow(&self, directory: BorrowedFd<'_>, rights: u64) -> nix::Result<()> {
        const PATH_BENEATH: u32 = 1;
        let beneath = Beneath {
            rights,
            directory: directory.as_raw_fd(),
        };
        // SAFETY: the structure has the kernel's layout and lives until the call returns.
        Errno::result(unsafe {
            libc::syscall(
                libc::SYS_landlock_add_rule,
                self.rules.as_raw_fd(),
                PATH_BENEATH,
                &raw const beneath,
                0,
            )
        })?;
        Ok(())
    }
}

impl AsFd for Ruleset {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.rules.as_fd()
    }
}
