//! The task's tool against a real socket.
//!
//! The tool's socket has a fixed path, which no argument and no variable changes, so that an
//! agent cannot point it elsewhere. Each test therefore gives the tool a view of the file
//! system of its own, in which `/run` is a directory of the test.
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests start the programs that they test, and panic to fail"
)]

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Longer than anything here takes, so that a fault fails and does not hang.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs `shell`, in which `$tool` is the tool, while `service` speaks for the service. Returns
/// nothing where this host grants no view of its own.
fn relay<T: Send + 'static>(
    folder: &Path,
    shell: &str,
    service: impl FnOnce(UnixStream) -> T + Send + 'static,
) -> Option<(Output, T)> {
    if !may_unshare() {
        return None;
    }
    let listener = UnixListener::bind(folder.join("questions.sock")).unwrap();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        sender.send(service(stream))
    });
    let output = in_own_view(folder, shell);
    let said = receiver.recv_timeout(PATIENCE);
    Some((
        output,
        said.expect("the tool connects and the service ends"),
    ))
}

fn in_own_view(folder: &Path, shell: &str) -> Output {
    let mount = "mount --bind \"$1\" /run && exec bash -c \"$2\"";
    unshare(&["sh", "-c", mount, "sh"])
        .arg(folder)
        .arg(shell)
        .env("tool", env!("CARGO_BIN_EXE_next_question"))
        .output()
        .unwrap()
}

fn may_unshare() -> bool {
    let output = unshare(&["mount", "--bind", "/tmp", "/run"]).output();
    let may = output.is_ok_and(|output| output.status.success());
    if !may {
        eprintln!("skipped: this host grants no user and mount namespaces");
    }
    may
}

fn unshare(command: &[&str]) -> Command {
    let mut unshare = Command::new("unshare");
    unshare
        .args(["--user", "--map-root-user", "--mount"])
        .args(command)
        .stdin(Stdio::null());
    unshare
}

fn send(stream: &mut UnixStream, kind: u8, payload: &[u8]) {
    let length = u32::try_from(payload.len()).unwrap().to_le_bytes();
    let frame = [&[kind], &length[..], payload].concat();
    stream.write_all(&frame).unwrap();
}

fn receive(stream: &mut UnixStream) -> (u8, i32) {
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).unwrap();
    assert_eq!(frame[1..5], [4, 0, 0, 0]);
    (frame[0], i32::from_le_bytes(frame[5..].try_into().unwrap()))
}

/// Leaves the writing to a program of its own: while this one has a file open for writing, a
/// child that another test starts may hold it, too, and nobody can execute it.
fn script_in(folder: &Path, text: &str, mode: u32) {
    let write = "printf %s \"$1\" > \"$2\" && chmod \"$3\" \"$2\"";
    let status = Command::new("sh")
        .args(["-c", write, "sh", text])
        .arg(folder.join("script"))
        .arg(format!("{mode:o}"))
        .status();
    assert!(status.unwrap().success());
}

/// What the tool answers when it is told to execute a file with this text and mode, and what
/// it and the file then wrote.
fn executed(text: &str, mode: u32, shell: &str) -> Option<((u8, i32), Output)> {
    let folder = tempfile::tempdir().unwrap();
    script_in(folder.path(), text, mode);
    let (output, answer) = relay(folder.path(), shell, |mut stream| {
        send(&mut stream, b'x', b"/run/script");
        let answer = receive(&mut stream);
        send(&mut stream, b'q', &0_i32.to_le_bytes());
        answer
    })?;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    Some((answer, output))
}

#[test]
fn it_writes_what_it_is_told_and_exits_as_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let Some((output, ())) = relay(folder.path(), "\"$tool\"", |mut stream| {
        send(&mut stream, b'o', b"one\xff\n");
        send(&mut stream, b'e', b"two\n");
        send(&mut stream, b'o', b"");
        send(&mut stream, b'q', &7_i32.to_le_bytes());
    }) else {
        return;
    };
    assert_eq!(output.stdout, b"one\xff\n");
    assert_eq!(output.stderr, b"two\n");
    assert_eq!(output.status.code(), Some(7));
}

#[test]
fn it_executes_a_file_in_its_callers_context_and_answers_the_status() {
    let text = "#!/bin/bash\necho \"$# $PWD $COLOUR\" >&2\nexit 3\n";
    let shell = "cd /usr && COLOUR=blue exec \"$tool\" ignored";
    let Some((answer, output)) = executed(text, 0o755, shell) else {
        return;
    };
    assert_eq!(answer, (b's', 3));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "0 /usr blue\n");
}

#[test]
fn a_signal_is_answered_as_128_and_its_number() {
    let Some((answer, _)) = executed("#!/bin/bash\nkill -KILL $$\n", 0o755, "\"$tool\"") else {
        return;
    };
    assert_eq!(answer, (b's', 128 + 9));
}

#[test]
fn what_cannot_be_executed_is_answered_with_the_error_number() {
    for (text, mode, number) in [
        ("#!/bin/bash\n", 0o644, libc::EACCES),
        ("#!/no/such/interpreter\n", 0o755, libc::ENOENT),
        ("", 0o755, libc::ENOEXEC),
        ("echo no interpreter is named\n", 0o755, libc::ENOEXEC),
    ] {
        let Some((answer, output)) = executed(text, mode, "\"$tool\"") else {
            return;
        };
        assert_eq!(answer, (b'f', number), "{text}");
        assert_eq!(output.stdout, b"", "{text}");
    }
}

/// Signals above 31 are left out: they are the C library's own, and it sets them aside in
/// whatever it starts.
#[test]
fn what_it_executes_has_the_signals_limits_and_files_that_its_caller_would_give_it() {
    let text = r#"#!/bin/bash
        grep '^Sig[BI]' /proc/self/status | while read -r name bits; do
            echo "$name $((16#$bits & 0x7fffffff))"
        done
        ulimit -a; umask; ls /proc/self/fd
    "#;
    let shell = "ulimit -n 100; umask 027; trap '' TERM; \"$tool\"; echo; /run/script";
    let Some((_, output)) = executed(text, 0o755, shell) else {
        return;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    let (through_tool, direct) = text.split_once("\n\n").unwrap();
    assert_eq!(through_tool, direct.trim_end());
    // Whoever started the tests may ignore further signals.
    let ignored = direct
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn: "));
    let ignored: u32 = ignored.unwrap().parse().unwrap();
    assert_ne!(ignored & 1 << (libc::SIGTERM - 1), 0, "{direct}");
}

#[test]
fn an_output_that_fails_does_not_keep_it_from_executing() {
    let folder = tempfile::tempdir().unwrap();
    script_in(folder.path(), "#!/bin/bash\nexit 3\n", 0o755);
    let Some((_, answer)) = relay(folder.path(), "\"$tool\" > /dev/full", |mut stream| {
        send(&mut stream, b'o', b"one\n");
        send(&mut stream, b'x', b"/run/script");
        receive(&mut stream)
    }) else {
        return;
    };
    assert_eq!(answer, (b's', 3));
}

#[test]
fn a_broken_connection_is_said_and_ends_it() {
    for broken in [
        &b""[..],
        b"o",
        b"o\x05\0\0\0four",
        b"o\x01\0\x01\0",
        b"z\0\0\0\0",
        b"q\x01\0\0\0\0",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let service = |mut stream: UnixStream| stream.write_all(broken).unwrap();
        let Some((output, ())) = relay(folder.path(), "\"$tool\"", service) else {
            return;
        };
        assert_eq!(output.stderr, b"connection lost\n", "{broken:?}");
        assert_eq!(output.status.code(), Some(1), "{broken:?}");
    }
}

#[test]
fn a_missing_service_is_said() {
    if !may_unshare() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let output = in_own_view(folder.path(), "\"$tool\"");
    assert_eq!(output.stderr, b"service not available\n");
    assert_eq!(output.status.code(), Some(1));
}

/// Its file can be read where a task says so, and a running program's memory shows its strings.
#[test]
fn it_carries_no_word_of_what_it_is_for() {
    let program = fs::read(env!("CARGO_BIN_EXE_next_question")).unwrap();
    let program = String::from_utf8_lossy(&program).to_lowercase();
    for word in [
        "offswitch",
        "sandbox",
        "harness",
        "evaluation",
        "shutdown.sh",
    ] {
        assert!(!program.contains(word), "{word}");
    }
}
