//! Commands that nobody waits for, and programs that the system itself runs.

use std::time::Duration;

use offswitch::evidence::{Exit, Process};
use offswitch::sandbox::{Execution, Owner};

use super::guest::{Guest, Lab, PATIENCE, Test, inside, test, until};

const SHORT: Duration = Duration::from_millis(300);

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("the first process of a machine has number 2", first),
        inside("a service is not waited for, and writes to nobody", service),
        inside("a service is started as a command is", like_a_command),
        test("what is at rest is past its beginning", at_rest),
        inside(
            "a timeout ends neither a service nor what it starts",
            outlives_timeouts,
        ),
        inside("what a service cannot be is refused", refused),
        test("a machine that is down starts no service", down),
        inside("no service is started under a command", under_command),
        test("a program is run without a shell", without_shell),
        inside("a program starts with what a shell starts with", program),
        test("a program that cannot be executed says why", not_executable),
        test("a program is bounded as a command is", bounded),
    ]
}

async fn first(lab: Lab) {
    for _ in 0..10 {
        let m = lab.boot().await;
        m.machine.serve("exec sleep 1000").await.unwrap();
        let second = m.run("echo $$").await;
        assert_eq!(second.output.stdout, "3\n");
        until("it sleeps", async || m.runs("1000").await).await;
        let numbers: Vec<i32> = m.processes().await.iter().map(|one| one.pid).collect();
        assert_eq!(numbers, [2]);
        m.machine.destroy().await;
    }
}

async fn service(m: &Guest) {
    let command = "echo out; echo err >&2; readlink /proc/$$/fd/[012] > /tmp/half; mv /tmp/half /tmp/streams; sleep 1000";
    m.machine.serve(command).await.unwrap();
    let wait = "until [ -e /tmp/streams ]; do sleep 0.01; done; sort -u /tmp/streams";
    m.prints(wait, "/dev/null").await;
    assert!(m.runs("1000").await);
}

async fn at_rest(lab: Lab) {
    for _ in 0..40 {
        let m = lab.boot().await;
        let service = "for i in 1 2 3 4 5; do (:) & wait $!; done; exec sleep 1000";
        m.machine.serve(service).await.unwrap();
        until("it waits", async || m.machine.is_at_rest().await.unwrap()).await;
        let running = m.processes().await;
        let words: Vec<_> = running.iter().map(|one| &one.command).collect();
        assert_eq!(words, [&["sleep".into(), "1000".into()]]);
        m.machine.destroy().await;
    }
}

async fn like_a_command(m: &Guest) {
    let look = "{ id; pwd; env | grep -v -e ^_= -e ^SHLVL=; ulimit -a; umask; grep -e ^SigIgn -e ^SigBlk -e ^Cap /proc/self/status; } 2>&1";
    let served = format!("{look} > /tmp/half; mv /tmp/half /tmp/served");
    m.machine.serve(&served).await.unwrap();
    let served = m
        .output("until [ -e /tmp/served ]; do sleep 0.01; done; cat /tmp/served")
        .await;
    let command = m.output(look).await;
    assert_eq!(served, command);
}

async fn outlives_timeouts(m: &Guest) {
    let service = "(setsid sleep 8888 &); sleep 7777; sleep 6666; true";
    m.machine.serve(service).await.unwrap();
    until("it waits", async || m.processes().await.len() == 3).await;
    let before = m.processes().await;
    for command in ["sleep 5555 & sleep 5555", "yes"] {
        let execution = m.run_for(command, SHORT).await;
        assert_ne!(execution.exit, Exit::Exited { code: 0 });
        assert_same(&before, &execution.running);
    }
    // What a service starts under a command belongs to the service.
    let wait = "pkill -x sleep; until pgrep -xf 'sleep 6666' > /tmp/new; do :; done; \
        exec tail -f /dev/null";
    let execution = m.run_for(wait, SHORT).await;
    assert_eq!(execution.exit, Exit::TimedOut);
    let new: i32 = m.output("cat /tmp/new").await.parse().unwrap();
    let after: Vec<i32> = execution.running.iter().map(|one| one.pid).collect();
    assert_eq!(after, [before[0].pid, new]);
}

fn assert_same(before: &[Process], after: &[Process]) {
    let are_same = before
        .iter()
        .zip(after)
        .all(|(one, other)| one.is_same(other));
    assert!(
        are_same && before.len() == after.len(),
        "{before:?}, then {after:?}"
    );
}

async fn refused(m: &Guest) {
    for (command, reason) in [
        ("a\0b".to_owned(), "Invalid argument"),
        ("x".repeat(200_000), "Argument list too long"),
    ] {
        let error = m.machine.serve(&command).await.unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

async fn down(lab: Lab) {
    let m = lab.boot().await;
    m.run("kill 1").await;
    let error = m.machine.serve("true").await.unwrap_err().to_string();
    assert!(error.contains("the machine is down"), "{error}");
    m.machine.destroy().await;
}

async fn under_command(m: &Guest) {
    let (execution, served) = tokio::join!(m.run_for("exec sleep 1000", SHORT), async {
        until("it runs", async || m.runs("1000").await).await;
        m.machine.serve("true").await
    });
    assert_eq!(execution.exit, Exit::TimedOut);
    let error = served.unwrap_err().to_string();
    assert!(error.contains("a command is already running"), "{error}");
}

async fn run_program(m: &Guest, path: &str) -> Execution {
    m.machine.run_program(path, PATIENCE).await.unwrap()
}

async fn without_shell(lab: Lab) {
    let file = |path, text, mode| (path, text, mode, Owner::User);
    let script = "#!/bin/sh\necho out; echo err >&2; echo $0 $#; pwd; grep -e ^SigIgn -e ^SigBlk /proc/self/status; exit 7\n";
    let m = lab
        .boot_with(&[
            file("/home/user/.bash_profile", "exit 3\n", 0o644),
            file("/home/user/work/script", script, 0o755),
        ])
        .await;
    let execution = run_program(&m, "/home/user/work/script").await;
    assert_eq!(execution.exit, Exit::Exited { code: 7 });
    assert_eq!(execution.output.stderr, "err\n");
    assert_eq!(
        execution.output.stdout,
        "out\n/home/user/work/script 0\n/home/user\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n"
    );
    m.machine.destroy().await;
}

async fn program(m: &Guest) {
    let environment = run_program(m, "/usr/bin/env").await;
    assert_eq!(environment.exit, Exit::Exited { code: 0 });
    let mut lines: Vec<&str> = environment.output.stdout.lines().collect();
    lines.sort_unstable();
    let expected = [
        "HOME=/home/user",
        "LOGNAME=user",
        "PATH=/usr/local/bin:/usr/bin:/bin",
        "SHELL=/bin/bash",
        "TERM=dumb",
        "USER=user",
    ];
    assert_eq!(lines, expected);
}

async fn not_executable(lab: Lab) {
    let file = |path, text, mode| (path, text, mode, Owner::User);
    let m = lab
        .boot_with(&[
            file("/home/user/plain", "#!/bin/sh\n", 0o644),
            file("/home/user/words", "only words\n", 0o755),
            file("/home/user/lost", "#!/no/such/shell\n", 0o755),
        ])
        .await;
    for (path, reason) in [
        ("/home/user/plain", "Permission denied"),
        ("/home/user", "Permission denied"),
        ("/home/user/words", "Exec format error"),
        ("/home/user/lost", "No such file or directory"),
        ("/home/user/none", "No such file or directory"),
        ("/home/user/\0", "the command contains a NUL byte"),
    ] {
        let execution = run_program(&m, path).await;
        let reason = reason.to_owned();
        assert_eq!(execution.exit, Exit::NotStarted { reason }, "{path}");
        assert_eq!(execution.output.stderr, "");
    }
    m.still_works().await;
    m.machine.destroy().await;
}

async fn bounded(lab: Lab) {
    let daemon = "#!/bin/sh\nsetsid sleep 5555 &\nsleep 5555\n";
    let m = lab
        .boot_with(&[("/home/user/daemon", daemon, 0o755, Owner::User)])
        .await;
    let execution = m.machine.run_program("/home/user/daemon", SHORT).await;
    let execution = execution.unwrap();
    assert_eq!(execution.exit, Exit::TimedOut);
    assert!(execution.running.is_empty(), "{:?}", execution.running);
    m.run("kill 1").await;
    let execution = run_program(&m, "/home/user/daemon").await;
    assert_eq!(execution.exit, Exit::MachineDown);
    assert!(execution.running.is_empty());
    m.machine.destroy().await;
}
