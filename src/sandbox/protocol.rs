//! What the harness, the helper's processes and process 1 say to each other.
//!
//! ```text
//! harness ──packets──▶ launcher ──packets──▶ zygote          one of each for all machines
//!    └──────────stream──────────▶ keeper ──packets──▶ process 1   one of each per machine
//! ```

use serde::{Deserialize, Serialize};

use super::caller::Caller;
use super::record;
use crate::evidence::{Digest, Login, MachinePath, Process, Snapshot};

/// The harness to the launcher, once and first. It stands in no argument, which a machine's
/// programs could read.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct LauncherStart {
    /// The directory that holds the machines' programs; the host's own where there is none.
    pub(super) rootfs: Option<MachinePath>,
}

/// The harness to the launcher.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum LauncherOrder {
    /// Make a machine. Descriptors: the keeper's end of its stream, the archive.
    Make {
        /// The machine's number, unique for this launcher.
        machine: u64,
        /// As whom the model works in it.
        login: Login,
    },
    /// The machine is gone; remove what belonged to it.
    Release {
        /// The machine's number.
        machine: u64,
    },
}

/// The launcher to the harness, once, when machines can be made or cannot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LauncherReady {
    /// Why no machine can be made, if none can.
    pub(super) failure: Option<String>,
    /// How the machines have the root file system that was given; none where none was.
    pub(super) rootfs: Option<String>,
    /// How many users a machine can have.
    pub(super) users: Users,
    /// How the users came about, or why there is only one.
    pub(super) users_detail: String,
    /// The limits that the host's control groups enforce.
    pub(super) cgroups: Vec<CgroupLimit>,
    /// The first of the host user ids that machines use, as seen from the harness's user
    /// namespace.
    pub(super) base_uid: u32,
}

/// One limit by control group, or why it is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CgroupLimit {
    /// `memory`, `pids` or `cpu`.
    pub(super) name: String,
    /// Whether it is enforced.
    pub(super) active: bool,
    /// By which hierarchy, or why not.
    pub(super) detail: String,
}

/// How many users a machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Users {
    /// One is the system's, the other runs the model's commands.
    Two,
    /// The host gives only one id, which owns everything. System files are protected by
    /// read-only mounts alone, and the task's tool can be read and changed.
    One,
}

/// The zygote to the launcher, once, when machines can be made or cannot.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct ZygoteReady {
    /// Why no machine can be made, if none can.
    pub(super) failure: Option<String>,
    /// As in [`LauncherReady`].
    pub(super) rootfs: Option<String>,
}

/// The launcher to the zygote. Descriptors: the keeper's stream, the archive, then the open
/// `cgroup.procs` files that process 1 is to join.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ZygoteOrder {
    pub(super) setup: Setup,
}

/// What a machine is like, beside its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Setup {
    /// How many users it has.
    pub(super) users: Users,
    /// As whom the model works in it.
    pub(super) login: Login,
    /// Which of the pairs of ids that the zygote has stand behind them.
    pub(super) pair: u32,
    /// Whether a control group bounds its memory; where none does, the address space is bound.
    pub(super) memory_cgroup: bool,
}

/// The harness to a keeper.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    /// Repeated in the reply.
    pub(super) id: u64,
    pub(super) body: RequestBody,
}

/// What the harness asks of a keeper.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum RequestBody {
    /// Run a program and take a snapshot when it has ended.
    Exec { program: Program, timeout_ms: u64 },
    /// Start a command that nobody waits for.
    Serve { command: Vec<u8> },
    /// Look at who is at the other end of a connection. Descriptor: the connection.
    Caller,
    /// Read every writable file.
    Snapshot,
    /// Look whether every process waits for something.
    Rest,
    /// List the processes and read every writable file, without stopping anything.
    Look,
    /// Read every writable file with its whole content, to make a clone.
    Archive,
    /// Answer once process 1 has dealt with every signal sent to it so far.
    Settle,
    /// Stop everything, then list what ran and read every writable file.
    Freeze,
}

/// What is to be executed as the model's user.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Program {
    /// A login shell that carries out this command.
    Shell(Vec<u8>),
    /// The program at this absolute path, without arguments.
    File(Vec<u8>),
}

impl Program {
    /// On whose behalf it is executed.
    pub(super) fn lane(&self) -> Lane {
        match self {
            Self::Shell(_) => Lane::Model,
            Self::File(_) => Lane::System,
        }
    }
}

/// On whose behalf a program is executed. There is one at a time for each, and they do not wait
/// for one another: the machine's system can act while a command of the model runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Lane {
    /// The model's.
    Model,
    /// The machine's system's.
    System,
}

impl Lane {
    pub(super) const ALL: [Self; 2] = [Self::Model, Self::System];

    /// The other one.
    pub(super) fn other(self) -> Self {
        match self {
            Self::Model => Self::System,
            Self::System => Self::Model,
        }
    }
}

/// What there is for each lane.
#[derive(Debug, Default)]
pub(super) struct Lanes<T> {
    model: T,
    system: T,
}

impl<T> Lanes<T> {
    pub(super) fn of(&self, lane: Lane) -> &T {
        match lane {
            Lane::Model => &self.model,
            Lane::System => &self.system,
        }
    }

    pub(super) fn of_mut(&mut self, lane: Lane) -> &mut T {
        match lane {
            Lane::Model => &mut self.model,
            Lane::System => &mut self.system,
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &T> {
        [&self.model, &self.system].into_iter()
    }
}

/// A keeper to the harness.
#[derive(Debug, Serialize, Deserialize)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and most of them are replies"
)]
pub(super) enum KeeperMessage {
    /// The machine is up. Sent alone, with the listening socket as its descriptor.
    Ready {
        /// Protections that could not be had.
        missing: Vec<Missing>,
    },
    /// The machine could not be made.
    Failed { reason: String },
    /// The answer to a request.
    Reply { id: u64, body: ReplyBody },
    /// Process 1 has ended.
    Down { fate: WireFate },
}

/// A protection that a machine does without.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Missing {
    /// The protection's name.
    pub(super) name: String,
    /// Why.
    pub(super) reason: String,
}

/// A keeper's answers.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum ReplyBody {
    Exec(Executed),
    /// The command has been started.
    Served,
    /// Who is at the other end; none where it is gone.
    #[serde(with = "record")]
    Caller(Option<Box<Caller>>),
    Snapshot(Taken),
    Archive(Vec<u8>),
    /// Whether the machine is still up.
    Settled(bool),
    /// Whether every process waits for something.
    AtRest(bool),
    Seen {
        #[serde(with = "record")]
        processes: Vec<Process>,
        snapshot: Taken,
    },
    /// The request could not be carried out.
    Refused(String),
}

/// A command that has ended.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Executed {
    pub(super) end: WireEnd,
    pub(super) stdout: Captured,
    pub(super) stderr: Captured,
    pub(super) micros: u64,
    #[serde(with = "record")]
    pub(super) running: Vec<Process>,
    pub(super) snapshot: Taken,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum WireEnd {
    Exited(i32),
    Signaled(i32),
    TimedOut,
    Flooded,
    MachineDown,
    NotStarted(String),
}

/// What a stream carried, with its middle cut out where it was long.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Captured {
    pub(super) head: Vec<u8>,
    pub(super) tail: Vec<u8>,
    /// How many bytes between the two were dropped.
    pub(super) cut: u64,
}

/// A snapshot, with the texts that this keeper has not sent before.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Taken {
    pub(super) snapshot: Snapshot,
    pub(super) texts: Vec<(Digest, String)>,
}

/// How process 1 ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum WireFate {
    PoweredOff {
        #[serde(with = "record")]
        senders: Vec<Process>,
    },
    Died {
        status: i32,
    },
}

/// A keeper to process 1.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum InitOrder {
    /// Start a program. Descriptors: its standard output, its standard error, and where the
    /// error's number is written when it cannot be executed.
    Start { program: Program },
    /// Start a command that nobody waits for. Descriptor: where the error's number is written
    /// when it cannot be started; it closes when it has been.
    Serve { command: Vec<u8> },
    /// Tell who is at the other end of a connection. Descriptor: the connection.
    Peer,
    /// End everything that the program of this lane has started.
    KillCall { lane: Lane },
    /// Stop everything but process 1.
    Stop,
    /// Answer once every signal sent so far has been dealt with.
    Settle,
    /// Who makes this held call has been looked at: let it pass.
    LetPass { call: u64 },
    /// The sender of TERM is known: power off.
    PowerOff,
}

/// Process 1 to a keeper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum InitMessage {
    /// It is set up and serves.
    Ready { missing: Vec<Missing> },
    /// It could not be set up.
    Failed { reason: String },
    /// The program could not be started.
    NotStarted { lane: Lane, reason: String },
    /// The program ended, with this `waitpid(2)` status.
    Ended { lane: Lane, status: CallStatus },
    /// Who is at the other end of the connection, as numbered inside; none where it is gone.
    /// With process 1's own namespaces, which nobody else can look at.
    Peer {
        pid: Option<i32>,
        namespaces: Vec<(String, String)>,
    },
    /// Everything is stopped.
    Stopped,
    /// Every signal has been dealt with.
    Settled,
    /// Somebody is about to send TERM to process 1, and is held until `LetPass`.
    Held { sender: i32, call: u64 },
    /// TERM came; everything is stopped and waits for `PowerOff`.
    Term { sender: i32 },
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum CallStatus {
    Exited(i32),
    Signaled(i32),
}

/// A file of an archive: a machine's initial or cloned state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ArchiveItem {
    /// Where it belongs.
    pub(super) path: MachinePath,
    /// What it is.
    pub(super) kind: ArchiveKind,
    /// Permission bits.
    pub(super) mode: u32,
    /// Owner inside the machine.
    pub(super) uid: u32,
    /// Group inside the machine.
    pub(super) gid: u32,
    /// Extended attributes.
    pub(super) xattrs: Vec<(MachinePath, MachinePath)>,
}

/// Bytes of a file, and where they begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) start: u64,
    pub(super) bytes: Vec<u8>,
}

impl Part {
    /// Where they end.
    pub(super) fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

/// What a file of an archive is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ArchiveKind {
    /// A regular file.
    File {
        /// Its length.
        size: u64,
        /// What is not a hole, in order.
        parts: Vec<Part>,
    },
    /// A further name of the regular file at this path.
    Link(MachinePath),
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink(MachinePath),
    /// A named pipe.
    Fifo,
    /// A socket without a listener.
    Socket,
    /// A device node.
    Device {
        /// Whether it is a block device.
        block: bool,
        /// Its number.
        number: u64,
    },
}
