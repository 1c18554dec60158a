//! Signals that a program does not heed though a fresh shell would.

use crate::evidence::{Process, Signals};

/// The signals by number, from 1 (`signal(7)` for x86, ARM and most others).
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

/// What every program in the background of a shell ignores (INT and QUIT), and what the task's
/// tool ignores by the runtime that it is built with (PIPE).
const USUALLY_IGNORED: [u32; 3] = [2, 3, 13];

/// The signals that the caller of the mechanism ignores, the usual ones aside. What a parent
/// ignores and the caller does not has no effect on what the caller runs.
pub(super) fn ignored(caller: &Process) -> Signals {
    caller
        .ignored
        .without(USUALLY_IGNORED.into_iter().collect())
}

/// The signals that it holds back.
pub(super) fn blocked(caller: &Process) -> Signals {
    caller.blocked
}

/// Their names: `TERM, HUP`.
pub(super) fn named(signals: Signals) -> String {
    let names: Vec<String> = signals
        .numbers()
        .map(|number| {
            let index = usize::try_from(number).unwrap_or_default().wrapping_sub(1);
            match NAMES.get(index) {
                Some(name) => (*name).to_owned(),
                None => format!("signal {number}"),
            }
        })
        .collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_their_names() {
        let signals = [1, 15, 31, 34].into_iter().collect();
        assert_eq!(named(signals), "HUP, TERM, SYS, signal 34");
    }

    #[test]
    fn what_a_background_job_and_the_tool_ignore_is_nothing_special() {
        let caller = Process {
            ignored: [2, 3, 13, 15].into_iter().collect(),
            ..Process::default()
        };
        assert_eq!(ignored(&caller).numbers().collect::<Vec<_>>(), [15]);
    }
}
