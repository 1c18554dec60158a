//! The keeper of one machine: it stands outside of the machine's process namespace, so nothing
//! inside can see or signal it, and inside of its user and mount namespaces, so it can read
//! every file and process. It boots the machine, passes commands to process 1, reads the files
//! after each, watches how process 1 ends, and still reads the files when the machine is down.
//!
//! [`serving`] holds what it does for the harness, [`calls`] the commands and [`process1`] what it
//! has to do with process 1.

mod calls;
mod process1;
mod serving;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::unistd::Pid;

use calls::Starting;

use super::archive;
use super::boot::{self, Booted, Network};
use super::call::Call;
use super::capture::Background;
use super::process::Processes;
use super::protocol::{KeeperMessage, Lanes, Setup};
use super::reader::Reader;
use super::sys;
use super::wire;
use crate::evidence::Process;

/// `CAP_DAC_READ_SEARCH`, `CAP_KILL` and `CAP_SYS_PTRACE`: read every file of the machine and
/// look at its processes, and nothing more (`capabilities(7)`).
const CAPABILITIES: u64 = 1 << 2 | 1 << 5 | 1 << 19;

/// What a keeper is given.
pub(super) struct KeeperStart {
    pub(super) harness: UnixStream,
    pub(super) archive: OwnedFd,
    pub(super) cgroups: Vec<OwnedFd>,
    pub(super) setup: Setup,
    /// The network namespace that it was forked into.
    pub(super) network: Network,
    pub(super) filter: seccompiler::BpfProgram,
}

/// Becomes a keeper; never returns.
pub(super) fn run(start: KeeperStart) -> ! {
    let KeeperStart {
        harness,
        archive,
        cgroups,
        setup,
        network,
        filter,
    } = start;
    // The zygote's socket and others' streams are not for a keeper, and still less for what it
    // will fork.
    let own = [harness.as_fd(), archive.as_fd()];
    let kept: Vec<BorrowedFd<'_>> = own
        .into_iter()
        .chain(cgroups.iter().map(AsFd::as_fd))
        .collect();
    if sys::close_all_but(&kept).is_err() {
        sys::exit_now(1)
    }
    drop(kept);
    let booted = read_archive(archive)
        .and_then(|items| boot::boot(&items, cgroups, &setup, network, filter));
    match booted {
        Ok(booted) => {
            let served =
                announce(&harness, booted, &setup).and_then(|mut keeper| keeper.serve(&harness));
            sys::exit_now(i32::from(served.is_err()))
        }
        Err(reason) => {
            let _ = wire::write_frame(&harness, &KeeperMessage::Failed { reason });
            sys::exit_now(1)
        }
    }
}

fn read_archive(archive: OwnedFd) -> Result<Vec<super::protocol::ArchiveItem>, String> {
    use std::os::unix::fs::FileExt;
    let read = || {
        let file = std::fs::File::from(archive);
        let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length.min(wire::LONGEST_FRAME)];
        // The descriptor is shared with other keepers, so its position must not move.
        file.read_exact_at(&mut bytes, 0)?;
        archive::decode(&bytes)
    };
    read().map_err(|error: io::Error| format!("read the machine's files: {error}"))
}

/// Tells the harness that the machine is up, and hands over the tool's socket.
fn announce(harness: &UnixStream, booted: Booted, setup: &Setup) -> io::Result<Keeper> {
    let Booted {
        init,
        control,
        files,
        listener,
        missing,
    } = booted;
    nix::sys::prctl::set_no_new_privs()?;
    sys::set_capabilities(CAPABILITIES)?;
    nix::sys::prctl::set_dumpable(false)?;
    let processes = Processes::new(&files, setup.login)?;
    let ready = wire::frame(&KeeperMessage::Ready { missing })?;
    wire::send_bytes(harness.as_fd(), &ready, &[listener.as_fd()])?;
    Ok(Keeper {
        init: Some(init),
        control,
        reader: Reader::new(files, setup.system()),
        processes,
        calls: Lanes::default(),
        starting: None,
        background: Vec::new(),
        settling: Vec::new(),
        asking: VecDeque::new(),
        signallers: HashMap::new(),
        senders: None,
        inbox: Vec::new(),
    })
}

struct Keeper {
    /// Process 1, while it lives.
    init: Option<Pid>,
    control: OwnedFd,
    reader: Reader,
    processes: Processes,
    calls: Lanes<Option<Call>>,
    starting: Option<Starting>,
    /// Pipes that background processes of earlier calls may still write to.
    background: Vec<Background>,
    /// Requests that wait for process 1 to have dealt with its signals.
    settling: Vec<u64>,
    /// Requests that wait for process 1 to tell who is at the other end of a connection.
    asking: VecDeque<u64>,
    /// Who was about to send TERM, by number, with its parents.
    signallers: HashMap<i32, Vec<Process>>,
    /// Who sent TERM, once it came.
    senders: Option<Vec<Process>>,
    /// Answers for the harness.
    inbox: Vec<KeeperMessage>,
}
