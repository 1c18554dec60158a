//! Process 1 of a machine.
//!
//! It takes TERM as a power-off, adopts and reaps orphans, and starts the model's commands when
//! its keeper asks for it over a socket that nothing inside can reach. It has no capability, is
//! not dumpable (so nothing inside can trace it or read its memory and descriptors), and as
//! process 1 of its namespace no signal from inside ends or stops it, except the one that it
//! listens to.
//!
//! Its *real* user is the model's and its effective user is root: `kill(2)` compares the
//! sender's user with the target's real and saved one, so the unprivileged user may send TERM,
//! as in the published setup, and nothing more.

use std::collections::HashSet;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{Gid, Pid, Uid, setgroups, setresgid, setresuid};

use super::archive::USER;
use super::command;
use super::limits;
use super::process;
use super::protocol::{CallStatus, InitMessage, InitOrder, Missing, Setup, Users};
use super::signallers::{Held, Signallers};
use super::sys::{self, Forked};
use super::template;
use super::wire;

/// Processes that are reaped before somebody else has a turn; more than there can be at a time.
const MOST_REAPED: usize = 1000;

/// Rounds of ending a call's processes, and of waiting for their end. Only earlier background
/// processes that go on making new ones need more than a few, and those are not the call's.
const MOST_ROUNDS: usize = 500;
const ROUND_MILLIS: u8 = 2;

/// What the kernel tells everybody about the host through `/proc`, and the doors in it.
const MASKED: [&str; 11] = [
    "/proc/cmdline",
    "/proc/config.gz",
    "/proc/kallsyms",
    "/proc/kcore",
    "/proc/keys",
    "/proc/key-users",
    "/proc/kmsg",
    "/proc/kpagecount",
    "/proc/sched_debug",
    "/proc/sysrq-trigger",
    "/proc/timer_list",
];

/// What process 1 is given.
pub(super) struct Init {
    pub(super) keeper: OwnedFd,
    pub(super) cgroups: Vec<OwnedFd>,
    pub(super) setup: Setup,
    pub(super) filter: seccompiler::BpfProgram,
}

/// Becomes process 1; never returns.
pub(super) fn run(init: &Init) -> ! {
    let keeper = init.keeper.as_fd();
    let outcome = set_up(init).and_then(|mut machine| machine.serve());
    if let Err(error) = outcome {
        let reason = error.to_string();
        let _ = wire::send_packet(keeper, &InitMessage::Failed { reason }, &[]);
    }
    sys::exit_now(1)
}

/// Process 1 at work.
struct Machine<'a> {
    keeper: BorrowedFd<'a>,
    signals: SignalFd,
    /// None where the host has no system call filters.
    signallers: Option<Signallers>,
    null: OwnedFd,
    /// The command that the keeper waits for.
    call: Option<Pid>,
    /// What ran before that command was started: number and start time.
    before_call: Vec<(i32, u64)>,
}

fn set_up(init: &Init) -> io::Result<Machine<'_>> {
    let Init {
        keeper,
        cgroups,
        setup,
        filter,
    } = init;
    for group in cgroups {
        nix::unistd::write(group, b"0")?;
    }
    sys::close_all_but(&[keeper.as_fd()])?;
    let mut missing = Vec::new();
    if let Err(error) = unshare(CloneFlags::CLONE_NEWCGROUP) {
        missing.push(Missing::of("cgroup namespace", error));
    }
    template::mount_proc()?;
    mask_proc()?;
    if let Err(error) = sys::join_new_session_keyring() {
        missing.push(Missing::of("own keyring", error));
    }
    limits::set(setup)?;
    give_up_privileges(setup.users)?;
    nix::sys::prctl::set_name(c"init")?;
    // The terminal's name and the host's directories are not inherited.
    nix::unistd::setsid()?;
    let null = nix::fcntl::open(
        "/dev/null",
        nix::fcntl::OFlag::O_RDWR | nix::fcntl::OFlag::O_CLOEXEC,
        nix::sys::stat::Mode::empty(),
    )?;
    for stream in 0..3 {
        sys::place_descriptor(null.as_fd(), stream)?;
    }
    let signals = listen()?;
    nix::sys::prctl::set_dumpable(false)?;
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
    let signallers = Signallers::install(filter)
        .map_err(|error| missing.push(Missing::of("system call filter", error)))
        .ok();
    wire::send_packet(keeper, &InitMessage::Ready { missing }, &[])?;
    Ok(Machine {
        keeper: keeper.as_fd(),
        signals,
        signallers,
        null,
        call: None,
        before_call: Vec::new(),
    })
}

impl Missing {
    /// A protection that could not be had, for this reason.
    pub(super) fn of(name: &str, reason: impl std::fmt::Display) -> Self {
        Self {
            name: name.to_owned(),
            reason: reason.to_string(),
        }
    }
}

fn mask_proc() -> io::Result<()> {
    for path in MASKED {
        match template::bind("/dev/null", path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn give_up_privileges(users: Users) -> io::Result<()> {
    nix::sys::prctl::set_no_new_privs()?;
    sys::lock_noroot()?;
    sys::drop_bounding_set()?;
    if users == Users::Two {
        let (user, root) = (USER, 0);
        setgroups(&[Gid::from_raw(user)])?;
        setresgid(
            Gid::from_raw(user),
            Gid::from_raw(root),
            Gid::from_raw(root),
        )?;
        setresuid(
            Uid::from_raw(user),
            Uid::from_raw(root),
            Uid::from_raw(root),
        )?;
    }
    Ok(sys::set_capabilities(0)?)
}

/// Blocks the two signals that matter and reads them from a descriptor. Every other signal has
/// its default action, which the kernel does not carry out on process 1 of a namespace.
fn listen() -> io::Result<SignalFd> {
    let mut mask = SigSet::empty();
    mask.add(Signal::SIGTERM);
    mask.add(Signal::SIGCHLD);
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&mask), None)?;
    Ok(SignalFd::with_flags(
        &mask,
        SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC,
    )?)
}

impl Machine<'_> {
    fn serve(&mut self) -> io::Result<()> {
        loop {
            let (has_order, has_held) = self.wait()?;
            self.deal_with_signals()?;
            if has_held {
                self.look_at_signaller()?;
            }
            if !has_order {
                continue;
            }
            let Some((order, descriptors)) = wire::receive_packet(self.keeper)? else {
                return Ok(());
            };
            match order {
                InitOrder::Start { command } => self.start(&command, descriptors)?,
                InitOrder::KillCall => self.kill_call()?,
                InitOrder::Stop => {
                    let _ = kill(Pid::from_raw(-1), Signal::SIGSTOP);
                    self.say(&InitMessage::Stopped)?;
                }
                InitOrder::Settle => {
                    self.deal_with_signals()?;
                    self.say(&InitMessage::Settled)?;
                }
                InitOrder::LetPass { call } => {
                    if let Some(signallers) = &self.signallers {
                        signallers.let_pass(call)?;
                    }
                }
                InitOrder::PowerOff => sys::exit_now(0),
            }
        }
    }

    /// Waits for something to happen; says whether the keeper has an order and whether somebody
    /// is held who signals process 1.
    fn wait(&self) -> io::Result<(bool, bool)> {
        let mut sources = vec![
            PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.keeper, PollFlags::POLLIN),
        ];
        let held = self.signallers.as_ref().map(AsFd::as_fd);
        sources.extend(held.map(|held| PollFd::new(held, PollFlags::POLLIN)));
        match poll(&mut sources, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let is_ready = |at: usize| {
            let events = sources.get(at).and_then(PollFd::revents);
            // The filter's descriptor hangs up while nobody is left whom it binds.
            events.is_some_and(|events| {
                events.contains(PollFlags::POLLIN) || at == 1 && !events.is_empty()
            })
        };
        Ok((is_ready(1), is_ready(2)))
    }

    /// Tells the keeper who is about to send TERM; other signals do nothing to process 1.
    fn look_at_signaller(&self) -> io::Result<()> {
        let Some(signallers) = &self.signallers else {
            return Ok(());
        };
        match signallers.next()? {
            Some(held) if held.signal == Signal::SIGTERM as i32 => {
                let Held { call, sender, .. } = held;
                self.say(&InitMessage::Held { sender, call })
            }
            Some(held) => Ok(signallers.let_pass(held.call)?),
            None => Ok(()),
        }
    }

    fn say(&self, message: &InitMessage) -> io::Result<()> {
        wire::send_packet(self.keeper, message, &[])
    }

    fn deal_with_signals(&mut self) -> io::Result<()> {
        while let Some(signal) = self.signals.read_signal()? {
            if signal.ssi_signo == Signal::SIGTERM as u32 {
                self.power_off(i32::try_from(signal.ssi_pid).unwrap_or(0))?;
            }
        }
        self.reap()
    }

    /// Everything is stopped first, so that the keeper can look at the sender and its parents
    /// before they vanish.
    fn power_off(&self, sender: i32) -> io::Result<()> {
        let _ = kill(Pid::from_raw(-1), Signal::SIGSTOP);
        self.say(&InitMessage::Term { sender })?;
        while let Some((order, _)) = wire::receive_packet(self.keeper)? {
            if let InitOrder::PowerOff = order {
                break;
            }
        }
        sys::exit_now(0)
    }

    /// Takes note of every process that has ended. The command's end is told last, so that
    /// nothing of what ended with it is in sight any more.
    fn reap(&mut self) -> io::Result<()> {
        let mut call = None;
        // A storm of orphans is dealt with in parts.
        for _ in 0..MOST_REAPED {
            let (pid, status) = match waitpid(Pid::from_raw(-1), Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, code)) => (pid, CallStatus::Exited(code)),
                Ok(WaitStatus::Signaled(pid, signal, _)) => {
                    (pid, CallStatus::Signaled(signal as i32))
                }
                Ok(_) | Err(Errno::ECHILD) => break,
                Err(error) => return Err(error.into()),
            };
            if self.call == Some(pid) {
                self.call = None;
                call = Some(status);
            }
        }
        match call {
            Some(status) => self.say(&InitMessage::Ended { status }),
            None => Ok(()),
        }
    }

    fn start(&mut self, command: &[u8], streams: Vec<OwnedFd>) -> io::Result<()> {
        self.reap()?;
        self.before_call = running();
        let Ok([stdout, stderr]) = <[OwnedFd; 2]>::try_from(streams) else {
            return Err(io::Error::other("a command needs two streams"));
        };
        // Prepared here, since the child must not fail for want of memory.
        let Ok(command) = CString::new(command) else {
            return self.say(&InitMessage::NotStarted {
                reason: "the command contains a NUL byte".to_owned(),
            });
        };
        match sys::fork_into(CloneFlags::empty()) {
            Ok(Forked::Child) => {
                let error = command::become_command(&command, &self.null, &stdout, &stderr);
                let reason = format!("bash: {}\n", error.desc());
                let _ = nix::unistd::write(io::stderr(), reason.as_bytes());
                sys::exit_now(126)
            }
            Ok(Forked::Parent(pid)) => {
                self.call = Some(pid);
                Ok(())
            }
            Err(error) => self.say(&InitMessage::NotStarted {
                reason: error.desc().to_owned(),
            }),
        }
    }

    /// Ends everything that was not there before the last command was started. The command's
    /// own end is told after that of all others.
    fn kill_call(&mut self) -> io::Result<()> {
        let doomed = if self.before_call.is_empty() {
            let _ = kill(Pid::from_raw(-1), Signal::SIGKILL);
            running().into_iter().collect()
        } else {
            self.kill_new()
        };
        let is_alive = |process: &(i32, u64)| match process::start_and_state(process.0) {
            Some((started, state)) => started == process.1 && state != 'Z',
            None => false,
        };
        // The rounds are short, and the keeper has a limit of its own for what does not end.
        for _ in 0..MOST_ROUNDS {
            if !doomed.iter().any(is_alive) {
                break;
            }
            let _ = poll(&mut [], PollTimeout::from(ROUND_MILLIS));
        }
        self.reap()
    }

    /// Kills every process that was not there before the last command was started, and returns
    /// them.
    fn kill_new(&self) -> HashSet<(i32, u64)> {
        let is_stopped = |pid| process::start_and_state(pid).is_some_and(|(_, state)| state == 'T');
        let to_continue: Vec<i32> = self
            .before_call
            .iter()
            .map(|(pid, _)| *pid)
            .filter(|pid| !is_stopped(*pid))
            .collect();
        let _ = kill(Pid::from_raw(-1), Signal::SIGSTOP);
        // Who was quick enough to wake another up, which then forked, is found in a later round.
        // A process with a pending signal cannot fork, so after a round without news all is done.
        let mut doomed = HashSet::new();
        for _ in 0..MOST_ROUNDS {
            let news: Vec<(i32, u64)> = running()
                .into_iter()
                .filter(|process| !self.before_call.contains(process) && doomed.insert(*process))
                .collect();
            if news.is_empty() {
                break;
            }
            for (pid, _) in news {
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
        }
        for pid in to_continue {
            let _ = kill(Pid::from_raw(pid), Signal::SIGCONT);
        }
        doomed
    }
}

/// Every process but process 1. Without a child there is none: orphans become process 1's.
fn running() -> Vec<(i32, u64)> {
    let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    if waitid(Id::All, look) == Err(Errno::ECHILD) {
        return Vec::new();
    }
    process::numbers()
        .filter(|pid| *pid != 1)
        .filter_map(|pid| Some((pid, process::start_and_state(pid)?.0)))
        .collect()
}
