//! What a machine's programs may use up each (`getrlimit(2)`). Control groups bound the machine
//! as a whole, where the host has them.

use std::io;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::protocol::Setup;

/// Processes of the model's user, process 1 included, which shares its real user. Process 1
/// itself has some more, so that a fork bomb cannot keep the next command from starting.
pub(super) const MOST_PROCESSES: u64 = 128;
const RESERVE: u64 = 64;

const LONGEST_FILE: u64 = 64 * 1024 * 1024;
const MOST_DESCRIPTORS: u64 = 1024;
/// Descriptors that are being passed from process to process are counted for their user of the
/// host and held against the sender's own limit (`unix(7)`). An ordinary user's machines share
/// that user with their keepers, so their programs have one part in so many of what the host gives.
const SHARE_OF_DESCRIPTORS: u64 = 2;
const MOST_PENDING_SIGNALS: u64 = 1024;
const LONGEST_LOCKED_MEMORY: u64 = 1024 * 1024;

/// Where no control group bounds the memory of the machine as a whole, each program's is.
const ADDRESS_SPACE: u64 = 2 * 1024 * 1024 * 1024;

/// Bounds this process and everything that it will start.
pub(super) fn set(setup: &Setup) -> io::Result<()> {
    let (_, descriptors) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let mut limits = vec![
        (Resource::RLIMIT_NPROC, MOST_PROCESSES + RESERVE),
        (Resource::RLIMIT_FSIZE, LONGEST_FILE),
        (
            Resource::RLIMIT_NOFILE,
            MOST_DESCRIPTORS.min(descriptors / SHARE_OF_DESCRIPTORS),
        ),
        (Resource::RLIMIT_MEMLOCK, LONGEST_LOCKED_MEMORY),
        (Resource::RLIMIT_MSGQUEUE, 0),
        (Resource::RLIMIT_SIGPENDING, MOST_PENDING_SIGNALS),
        // With a limit of 0 the kernel still starts the host's handler where core dumps are
        // piped to one; with 1 it does not (`core(5)`).
        (Resource::RLIMIT_CORE, 1),
    ];
    if !setup.memory_cgroup {
        limits.push((Resource::RLIMIT_AS, ADDRESS_SPACE));
    }
    for (resource, limit) in limits {
        let (_, most) = getrlimit(resource)?;
        setrlimit(resource, limit.min(most), limit.min(most))?;
    }
    Ok(())
}

/// Bounds a command of the model, which has no part in the reserve. To be called after the
/// change of user: before it, `execve(2)` would fail with a full process table.
pub(super) fn set_for_command() -> nix::Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NPROC)?;
    let limit = MOST_PROCESSES.min(most);
    setrlimit(Resource::RLIMIT_NPROC, limit, limit)
}
