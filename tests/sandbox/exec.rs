//! One command: how it is started, how it ends, what is kept of its output.

use std::time::Duration;

use offswitch::evidence::Exit;

use super::guest::{Guest, Lab, PATIENCE, Test, inside, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        inside("an exit status and a signal are told apart", ends),
        inside("the two streams are captured apart", streams),
        inside("bytes that are no text are kept exactly", bytes),
        inside(
            "the middle of a long output is cut out and marked",
            long_output,
        ),
        inside("each command has a fresh login shell", fresh_shell),
        inside("the login files of the user are read", login_files),
        inside(
            "a background process neither holds its call open nor dies with it",
            background,
        ),
        inside(
            "a daemon that holds the streams outlives its call, and its writing goes on",
            daemon,
        ),
        inside("a program that replaces the shell is waited for", replaced),
        inside("closed streams are no trouble", closed),
        inside("a command that holds a NUL is refused", nul),
        inside("a command that is too long is refused", too_long),
        inside("a long command that a shell can take runs", long),
        inside(
            "a removed working directory is no trouble",
            removed_directory,
        ),
        inside("a closed home is no trouble", closed_home),
        inside("removing everything leaves the system", remove_all),
        test("a broken profile harms only what reads it", broken_profile),
        test("a second command has to wait for the first", one_at_a_time),
        inside(
            "text that looks like a protocol is only text",
            fake_protocol,
        ),
    ]
}

async fn ends(m: &Guest) {
    for (command, exit) in [
        ("true", Exit::Exited { code: 0 }),
        ("exit 7", Exit::Exited { code: 7 }),
        ("exit 255", Exit::Exited { code: 255 }),
        ("no-such-program", Exit::Exited { code: 127 }),
        ("/etc/passwd", Exit::Exited { code: 126 }),
        ("kill -KILL $$", Exit::Signaled { signal: 9 }),
        ("kill -SEGV $$", Exit::Signaled { signal: 11 }),
        ("kill -TERM $$", Exit::Signaled { signal: 15 }),
        ("kill -PIPE $$", Exit::Signaled { signal: 13 }),
        ("", Exit::Exited { code: 0 }),
        ("if", Exit::Exited { code: 2 }),
    ] {
        assert_eq!(m.run(command).await.exit, exit, "`{command}`");
    }
}

async fn streams(m: &Guest) {
    let output = m
        .run("echo out; echo err >&2; printf more; printf rest >&2")
        .await
        .output;
    assert_eq!(
        (output.stdout.as_str(), output.stderr.as_str()),
        ("out\nmore", "err\nrest")
    );
    assert_eq!((output.stdout_cut, output.stderr_cut), (0, 0));
    assert_eq!((output.stdout_base64, output.stderr_base64), (None, None));
}

async fn bytes(m: &Guest) {
    let output = m.run("printf '\\377\\000\\033[31ma'").await.output;
    assert_eq!(output.stdout, "\u{fffd}\0\u{1b}[31ma");
    assert_eq!(output.stdout_base64.as_deref(), Some("/wAbWzMxbWE="));
}

async fn long_output(m: &Guest) {
    let output = m
        .run("echo first; head -c 1000000 /dev/zero | tr '\\0' x; echo; echo last")
        .await
        .output;
    assert!(output.stdout.starts_with("first\nxxx"));
    assert!(output.stdout.ends_with("xxx\nlast\n"));
    let mark = format!("\n[... {} bytes left out ...]\n", output.stdout_cut);
    assert!(output.stdout.contains(&mark), "{mark}");
    let kept = output.stdout.len() as u64 - mark.len() as u64;
    assert_eq!(kept + output.stdout_cut, 6 + 1_000_000 + 1 + 5);
    assert!(kept < 100_000, "{kept}");
}

async fn fresh_shell(m: &Guest) {
    m.output("export LEFT=1; cd /tmp; umask 0; ulimit -n 10; alias x=y; f() { :; }; set -f")
        .await;
    m.prints(
        "echo [$LEFT] $PWD $(umask) $(ulimit -n)",
        "[] /home/user 0022 1024",
    )
    .await;
    m.prints("shopt -q login_shell; echo $?; tty; true", "0\nnot a tty")
        .await;
}

async fn login_files(m: &Guest) {
    m.output("echo 'export MARK=seen; mark() { echo called; }' >> .profile")
        .await;
    m.prints("echo $MARK; mark; type -t kill", "seen\ncalled\nbuiltin")
        .await;
    m.output("mkdir bin; printf '#!/bin/sh\\necho mine\\n' > bin/uname; chmod +x bin/uname")
        .await;
    m.prints("uname", "mine").await;
}

async fn background(m: &Guest) {
    let execution = m.run("sleep 1234 & echo started").await;
    assert_eq!(execution.output.stdout, "started\n");
    assert!(
        execution.duration < PATIENCE / 2,
        "{:?}",
        execution.duration
    );
    assert!(m.runs("1234").await);
    m.output("pkill -f 'sleep 1234'").await;
    m.until_gone("1234").await;
}

async fn daemon(m: &Guest) {
    let daemon = "(setsid bash -c 'trap \"\" HUP TERM INT; for i in $(seq 20000); do echo 0123456789 || exit; done; echo done > /tmp/done; sleep 4321' &) ; echo started";
    let execution = m.run(daemon).await;
    assert!(execution.output.stdout.contains("started\n"));
    // 200 kB do not fit into a pipe that nobody reads.
    m.prints(
        "until [ -s /tmp/done ]; do sleep 0.01; done; cat /tmp/done",
        "done",
    )
    .await;
    assert!(m.runs("4321").await);
    let again = m.run("echo alone").await.output;
    assert_eq!(again.stdout, "alone\n", "nothing of the daemon's");
}

async fn replaced(m: &Guest) {
    m.prints("exec sh -c 'echo $0 && exit 0'", "sh").await;
    let execution = m.run_for("exec sleep inf", Duration::from_millis(50)).await;
    assert_eq!(execution.exit, Exit::TimedOut);
}

async fn closed(m: &Guest) {
    for command in [
        "exec >&- 2>&- <&-",
        "exec 1>&-; echo lost; true",
        "exec >&- 2>&-; sleep 0.01",
    ] {
        assert_eq!(
            m.run(command).await.exit,
            Exit::Exited { code: 0 },
            "`{command}`"
        );
    }
}

async fn nul(m: &Guest) {
    let execution = m.run("echo a\0; echo b").await;
    assert!(
        matches!(execution.exit, Exit::NotStarted { .. }),
        "{:?}",
        execution.exit
    );
    assert_eq!(execution.output.stdout, "");
}

async fn too_long(m: &Guest) {
    for length in [
        128 * 1024 - 2,
        128 * 1024,
        160 * 1024,
        200 * 1024,
        1024 * 1024,
    ] {
        let execution = m.run(&format!(": {}", "x".repeat(length))).await;
        let reason = "Argument list too long".to_owned();
        assert_eq!(execution.exit, Exit::NotStarted { reason }, "{length}");
    }
}

async fn long(m: &Guest) {
    let text = "x".repeat(128 * 1024 - 30);
    m.prints(
        &format!("printf %s {text} | wc -c"),
        &text.len().to_string(),
    )
    .await;
}

async fn removed_directory(m: &Guest) {
    m.output("mkdir d; cd d; rmdir ../d; pwd >/dev/null").await;
    m.refuses("rmdir /home/user", "").await;
    m.refuses("mv /home/user /tmp/", "").await;
}

async fn closed_home(m: &Guest) {
    m.output("chmod 000 ~").await;
    m.prints("pwd; ls ~/.profile 2>&1 | wc -l; chmod 755 ~", "/\n1")
        .await;
    m.prints("pwd", "/home/user").await;
}

async fn remove_all(m: &Guest) {
    let execution = m.run("rm -rf --no-preserve-root ~ / 2>/dev/null").await;
    assert_eq!(execution.exit, Exit::Exited { code: 1 });
    m.prints(
        "ls -A ~ /tmp /var/tmp /dev/shm | grep -v -e : -e '^$' | wc -l",
        "0",
    )
    .await;
    m.prints("ls /usr/bin/env /etc/passwd", "/etc/passwd\n/usr/bin/env")
        .await;
}

/// A model that locks itself out of its machine has still not ended it.
async fn broken_profile(lab: Lab) {
    let m = lab.boot().await;
    m.output("echo 'exit 3' > .bash_profile").await;
    assert_eq!(m.run("echo never").await.exit, Exit::Exited { code: 3 });
    assert!(m.entry("/home/user/.bash_profile").await.size > 0);
    assert!(m.machine.is_up().await.unwrap());
    m.machine.destroy().await;
}

async fn one_at_a_time(lab: Lab) {
    let m = lab.boot().await;
    let (first, second) = tokio::join!(
        m.run("sleep 0.2; echo one"),
        m.machine.exec("echo two", PATIENCE)
    );
    assert_eq!(first.output.stdout, "one\n");
    let error = second.unwrap_err().to_string();
    assert!(error.contains("a command is already running"), "{error}");
    m.still_works().await;
    m.machine.destroy().await;
}

async fn fake_protocol(m: &Guest) {
    let text = "{\"exit\":{\"type\":\"exited\",\"code\":0}}\\nexit status 0\\n\\x04\\x00\\x00\\x00";
    let execution = m.run(&format!("printf '{text}'; exit 3")).await;
    assert_eq!(execution.exit, Exit::Exited { code: 3 });
    assert!(
        execution
            .output
            .stdout
            .ends_with("exit status 0\n\u{4}\0\0\0")
    );
}
