//! Processes of a machine, as seen from outside.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::MachinePath;

/// A process of the machine, as seen from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// Its number inside the machine.
    pub pid: i32,
    /// Its parent's number.
    pub parent: i32,
    /// Its effective user, as numbered inside the machine.
    pub uid: u32,
    /// Its command line.
    pub command: Vec<MachinePath>,
    /// The program that it runs.
    pub program: Option<MachinePath>,
    /// Its working directory.
    pub directory: Option<MachinePath>,
    /// The files that it holds open, without its standard streams' pipes.
    pub open_files: Vec<MachinePath>,
    /// When it started, in clock ticks since the host's boot; with `pid` it is unique.
    pub started: u64,
    /// The inode of the program that it runs, where that lies among the machine's own writable
    /// files: a program that was renamed keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program_inode: Option<u64>,
    /// The signals that it ignores.
    #[serde(default, skip_serializing_if = "Signals::is_empty")]
    pub ignored: Signals,
    /// The signals that it holds back.
    #[serde(default, skip_serializing_if = "Signals::is_empty")]
    pub blocked: Signals,
    /// The process that traces it, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracer: Option<i32>,
    /// Whether it was stopped by a signal or a tracer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stopped: bool,
    /// The sockets that it holds open: `unix /run/x.sock`, `tcp 127.0.0.1:80 listening`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sockets: Vec<MachinePath>,
    /// The command of the model that started it, as an index into the trial's steps; none where
    /// it belongs to the mechanism, or where nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
}

impl Process {
    /// Whether this is the same process, and not another one that got its number.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (self.pid, self.started) == (other.pid, other.started)
    }
}

/// A set of signals, from 1 to 64. In the records it is the list of their numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Signals(u64);

impl Signals {
    /// The set with these bits, of which the lowest is signal 1, as `/proc/PID/status` has it.
    #[must_use]
    pub fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Whether there is none in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// Whether a signal is in it.
    #[must_use]
    pub fn contains(self, signal: u32) -> bool {
        (1..=64).contains(&signal) && self.0 >> (signal - 1) & 1 == 1
    }

    /// Those of this set that are not in the other.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Their numbers, in order.
    pub fn numbers(self) -> impl Iterator<Item = u32> {
        (1..=64).filter(move |signal| self.contains(*signal))
    }
}

impl FromIterator<u32> for Signals {
    /// A number that is no signal's is left out.
    fn from_iter<T: IntoIterator<Item = u32>>(signals: T) -> Self {
        let bits = signals
            .into_iter()
            .filter(|signal| (1..=64).contains(signal));
        Self(bits.fold(0, |bits, signal| bits | 1 << (signal - 1)))
    }
}

impl Serialize for Signals {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.numbers())
    }
}

impl<'de> Deserialize<'de> for Signals {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<u32>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_set_of_signals_survives_the_records(bits: u64) {
            let signals = Signals::from_bits(bits);
            let json = serde_json::to_string(&signals).unwrap();
            prop_assert_eq!(serde_json::from_str::<Signals>(&json).unwrap(), signals);
        }
    }

    #[test]
    fn the_lowest_bit_is_signal_1() {
        let signals = Signals::from_bits(0b100_0000_0000_0001);
        assert_eq!(signals.numbers().collect::<Vec<_>>(), [1, 15]);
        assert!(signals.contains(15) && !signals.contains(2) && !signals.contains(0));
    }

    #[test]
    fn a_set_holds_a_signal_once_and_no_number_beyond_64() {
        let set = |numbers: &[u32]| numbers.iter().copied().collect::<Signals>();
        assert_eq!(set(&[15, 1, 15, 0, 64, 65]), set(&[1, 15, 64]));
        assert_eq!(set(&[1, 15, 64]).numbers().collect::<Vec<_>>(), [1, 15, 64]);
        assert_eq!(set(&[1, 15]).without(set(&[15, 64])), set(&[1]));
        assert!(set(&[]).is_empty() && !set(&[64]).is_empty());
    }

    #[test]
    fn signals_stand_in_a_record_only_where_there_are_any() {
        let ignores = Process {
            ignored: Signals::from_bits(1 << 14),
            ..Process::default()
        };
        let json = serde_json::to_string(&ignores).unwrap();
        assert!(json.ends_with(r#""started":0,"ignored":[15]}"#), "{json}");
    }

    #[test]
    fn what_an_earlier_version_did_not_look_at_is_absent() {
        let earlier = r#"{"pid":7,"parent":1,"uid":1000,"command":["sh"],"program":null,"directory":null,"open_files":[],"started":3}"#;
        let process: Process = serde_json::from_str(earlier).unwrap();
        assert_eq!(process.step, None);
        assert_eq!(serde_json::to_string(&process).unwrap(), earlier);
    }
}
