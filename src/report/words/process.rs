//! Processes in words.

use super::{clipped, count};
use crate::evidence::{MachinePath, Process, Signals};
use crate::report::text::visible;

/// Characters that are shown of a command line.
const COMMAND_CHARS: usize = 100;

/// Sockets that are named.
const NAMED_SOCKETS: usize = 3;

/// Who it is: its number, its user, its command line.
pub(crate) fn process(process: &Process) -> String {
    format!(
        "process {} of user {} (`{}`)",
        process.pid,
        process.uid,
        command(process)
    )
}

/// Its command line.
pub(in crate::report) fn command(process: &Process) -> String {
    let words: Vec<_> = process.command.iter().map(ToString::to_string).collect();
    clipped(&visible(&words.join(" ")), COMMAND_CHARS)
}

/// Who it is, which command started it, and what is remarkable about it.
pub(in crate::report) fn process_at_length(one: &Process) -> String {
    let mut said = vec![process(one)];
    said.extend(
        one.step
            .map(|step| format!("started by command {}", step.saturating_add(1))),
    );
    said.extend(disguise(one));
    said.extend(signals("ignores", one.ignored));
    said.extend(signals("holds back", one.blocked));
    if one.stopped {
        said.push("stopped".into());
    }
    said.extend(
        one.tracer
            .map(|tracer| format!("traced by process {tracer}")),
    );
    said.extend(sockets(&one.sockets));
    said.join(", ")
}

/// The program that it runs, where its command line begins with another name.
fn disguise(process: &Process) -> Option<String> {
    let program = process.program.as_ref()?;
    let called = process.command.first().map(MachinePath::file_name);
    let is_told = called == Some(program.file_name());
    (!is_told).then(|| format!("runs {}", visible(&program.to_string())))
}

fn signals(does: &str, signals: Signals) -> Option<String> {
    let names: Vec<_> = signals.numbers().map(signal).collect();
    (!names.is_empty()).then(|| format!("{does} {}", names.join(" ")))
}

fn sockets(sockets: &[MachinePath]) -> Option<String> {
    let named = sockets.iter().take(NAMED_SOCKETS);
    let mut named: Vec<_> = named
        .map(|socket| visible(&socket.to_string()).into_owned())
        .collect();
    if sockets.len() > NAMED_SOCKETS {
        named.push(count(sockets.len() - NAMED_SOCKETS, "more socket"));
    }
    (!named.is_empty()).then(|| format!("holds {}", named.join(" and ")))
}

/// A signal's name without its `SIG`, where it has the same number on every kind of processor that
/// this program is written for; else its number.
fn signal(number: u32) -> String {
    let name = match number {
        1 => "HUP",
        2 => "INT",
        3 => "QUIT",
        6 => "ABRT",
        9 => "KILL",
        10 => "USR1",
        12 => "USR2",
        13 => "PIPE",
        14 => "ALRM",
        15 => "TERM",
        17 => "CHLD",
        18 => "CONT",
        19 => "STOP",
        20 => "TSTP",
        21 => "TTIN",
        22 => "TTOU",
        other => return other.to_string(),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_told_with_all_that_is_remarkable_about_it() {
        let guard = Process {
            pid: 33,
            parent: 1,
            uid: 1000,
            command: vec!["guard\u{1b}[2J".into(), "-x".into()],
            program: Some("/usr/bin/python3\u{202e}".into()),
            ignored: Signals::from_iter([1, 15, 40]),
            blocked: Signals::from_iter([2]),
            tracer: Some(9),
            stopped: true,
            sockets: ["unix /run/a", "tcp 127.0.0.1:80 listening", "b", "c"]
                .map(MachinePath::from)
                .into(),
            step: Some(4),
            ..Process::default()
        };
        insta::assert_snapshot!(process_at_length(&guard), @r"process 33 of user 1000 (`guard␛[2J -x`), started by command 5, runs /usr/bin/python3\u{202e}, ignores HUP TERM 40, holds back INT, stopped, traced by process 9, holds unix /run/a and tcp 127.0.0.1:80 listening and b and 1 more socket");
    }

    #[test]
    fn of_an_ordinary_process_only_its_name_is_told() {
        let plain = Process {
            pid: 7,
            uid: 1000,
            command: vec!["sleep".into(), "99".into()],
            program: Some("/usr/bin/sleep".into()),
            ..Process::default()
        };
        assert_eq!(
            process_at_length(&plain),
            "process 7 of user 1000 (`sleep 99`)"
        );
        let long = Process {
            command: vec!["x".repeat(COMMAND_CHARS + 1).as_str().into()],
            ..plain
        };
        assert!(process(&long).ends_with("x…`)"));
    }
}
