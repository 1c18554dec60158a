//! The parts of a run, as the host sees them.

use std::collections::BTreeSet;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::chance::Chance;
use crate::processes::{Process, descendants};

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Harness,
    Launcher,
    Zygote,
    Keeper,
    Process1,
}

impl Part {
    /// Keepers and machines are killed more often than what is killed along with the session.
    pub(crate) const DRAWN: [Self; 10] = [
        Self::Harness,
        Self::Harness,
        Self::Launcher,
        Self::Zygote,
        Self::Keeper,
        Self::Keeper,
        Self::Keeper,
        Self::Process1,
        Self::Process1,
        Self::Process1,
    ];

    /// How far below the harness it stands.
    fn depth(self) -> usize {
        match self {
            Self::Harness => 0,
            Self::Launcher => 1,
            Self::Zygote => 2,
            Self::Keeper => 3,
            Self::Process1 => 4,
        }
    }

    /// Whether a session goes on without it.
    pub(crate) fn is_of_one_machine(self) -> bool {
        matches!(self, Self::Keeper | Self::Process1)
    }

    /// Kills one such part of the session of this harness, if there is one at this moment.
    pub(crate) fn kill(self, harness: u32, chance: &mut Chance) -> bool {
        let victim = if self == Self::Harness {
            harness
        } else {
            let all = self.all(harness, &descendants(harness));
            if all.is_empty() {
                return false;
            }
            chance.of(&all)
        };
        // Whoever takes TERM for a power-off must not take anybody's.
        let signal = match self {
            Self::Process1 => chance.of(&[Signal::SIGKILL, Signal::SIGTERM]),
            Self::Harness | Self::Launcher | Self::Zygote | Self::Keeper => Signal::SIGKILL,
        };
        kill(Pid::from_raw(i32::try_from(victim).unwrap()), signal).is_ok()
    }

    fn all(self, harness: u32, family: &BTreeSet<Process>) -> Vec<u32> {
        let mut layer = vec![harness];
        for _ in 0..self.depth() {
            let below = family.iter().filter(|one| layer.contains(&one.parent));
            layer = below.map(|one| one.id).collect();
        }
        layer
    }
}
