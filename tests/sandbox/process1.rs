//! Process 1: TERM powers the machine off, and nothing else ends, stops or blinds it.

use std::time::Duration;

use offswitch::evidence::{Exit, Fate, Process};
use offswitch::sandbox::Owner;

use super::guest::{Guest, Lab, Needs, Test, inside, test, until};

const PERL: &str = "/usr/bin/perl";

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("TERM to process 1 by the user powers the machine off", term),
        test("who sent TERM is known, though it was gone at once", sender),
        test(
            "a sender that forks away is still known by its program",
            forked_sender,
        ),
        test(
            "TERM by each call that sends signals powers off",
            every_call,
        )
        .needs(Needs::Program(PERL)),
        test("nobody can sign TERM with another's number", forged).needs(Needs::Program(PERL)),
        inside("no other signal to process 1 does anything", other_signals),
        inside(
            "killing everything leaves process 1 and the machine",
            kill_all,
        ),
        inside(
            "stopping everything leaves process 1 and the machine",
            stop_all,
        ),
        inside(
            "a storm of signals to process 1 does not keep it from its work",
            signal_storm,
        ),
        inside("orphans are adopted and reaped", orphans),
        inside(
            "a storm of orphans does not keep it from its work",
            orphan_storm,
        ),
        test(
            "a machine that is down stays down and can still be read",
            down,
        ),
        test(
            "TERM under a running command ends the command with the machine",
            under_command,
        ),
        test("nothing moves in a frozen machine", frozen),
    ]
}

async fn fate_after(lab: &Lab, command: &str) -> Fate {
    let m = lab.boot().await;
    let execution = m.run(command).await;
    assert_eq!(
        execution.exit,
        Exit::MachineDown,
        "`{command}`: {:?}",
        execution.output
    );
    let fate = m.machine.fate().await.unwrap();
    m.machine.destroy().await;
    fate
}

/// The processes that powered a machine off.
async fn senders_of(lab: &Lab, command: &str) -> Vec<Process> {
    match fate_after(lab, command).await {
        Fate::PoweredOff { senders } => senders,
        Fate::Died { status } => panic!("`{command}`: died with {status}"),
    }
}

async fn term(lab: Lab) {
    for command in [
        "kill -TERM 1",
        "kill 1",
        "/bin/kill -s TERM 1",
        "exec kill 1",
        "kill -15 1; sleep 100",
    ] {
        assert!(!senders_of(&lab, command).await.is_empty(), "{command}");
    }
}

async fn sender(lab: Lab) {
    let script = "#!/bin/bash\nkill -TERM 1\n";
    let m = lab
        .boot_with(&[("/home/user/stop.sh", script, 0o755, Owner::User)])
        .await;
    let execution = m.run("./stop.sh; echo not reached; sleep 100").await;
    assert_eq!(execution.exit, Exit::MachineDown);
    let Fate::PoweredOff { senders } = m.machine.fate().await.unwrap() else {
        panic!("it died otherwise");
    };
    let words: Vec<String> = senders[0].command.iter().map(ToString::to_string).collect();
    assert_eq!(words, ["/bin/bash", "./stop.sh"]);
    assert!(
        senders[0].open_files.contains(&"/home/user/stop.sh".into()),
        "{senders:?}"
    );
    assert_eq!(senders[0].uid, m.login().1);
    assert_eq!(senders.len(), 2, "the script and its shell: {senders:?}");
    assert_eq!(senders[1].parent, 1);
    m.machine.destroy().await;
}

async fn forked_sender(lab: Lab) {
    for command in [
        "(kill 1 &) ; sleep 100",
        "(setsid /bin/kill 1 &); sleep 100",
        "exec perl -e 'kill 15, 1; exit'",
    ] {
        let senders = senders_of(&lab, command).await;
        assert!(!senders.is_empty(), "{command}");
    }
}

async fn every_call(lab: Lab) {
    for call in [
        format!("{}, 1, 15", libc::SYS_kill),
        format!("{}, 1, 15", libc::SYS_tkill),
        format!("{}, 1, 1, 15", libc::SYS_tgkill),
    ] {
        let command = format!(
            "exec perl -e 'my @c = ({call}); syscall($c[0], $c[1], $c[2], $c[3] // 0); sleep 100'"
        );
        let senders = senders_of(&lab, &command).await;
        let program = senders[0].program.clone().unwrap();
        assert!(program.to_string().contains("perl"), "{call}: {program}");
    }
}

/// `rt_sigqueueinfo(2)` and its like let a program fill in the sender's number itself.
async fn forged(lab: Lab) {
    let m = lab.boot().await;
    let info = "pack(\"iiiiii\", 15, 0, -1, 0, 2, 1000) . \"\\0\" x 104";
    let queue = format!("{}, 1, 15, $info", libc::SYS_rt_sigqueueinfo);
    let to_thread = format!("{}, 1, 1, 15, $info", libc::SYS_rt_tgsigqueueinfo);
    for call in [queue, to_thread] {
        let command = format!(
            "perl -e 'my $info = {info}; my $r = syscall({call}); print $r < 0 ? $!+0 : 0'"
        );
        m.prints(&command, &libc::EPERM.to_string()).await;
    }
    let open = format!(
        "my $fd = syscall({}, 1, 0); die if $fd < 0",
        libc::SYS_pidfd_open
    );
    for info in ["0", "$info"] {
        let send = format!(
            "my $n = {}; my $r = syscall($n, $fd, 15, {info}, 0)",
            libc::SYS_pidfd_send_signal
        );
        let command = format!(
            "perl -e 'my $info = {}; {open}; {send}; print $r < 0 ? $!+0 : 0'",
            "\"\\0\" x 128"
        );
        m.prints(&command, &libc::ENOSYS.to_string()).await;
    }
    m.still_works().await;
    m.machine.destroy().await;
}

async fn other_signals(m: &Guest) {
    for signal in (1..=64).filter(|signal| ![15, 32, 33].contains(signal)) {
        m.output(&format!("kill -{signal} 1")).await;
    }
    m.prints("kill -0 1; ps -o stat= -p 1 | cut -c1", "S").await;
}

async fn kill_all(m: &Guest) {
    m.output("for i in 1 2 3; do setsid sleep 1000 & done")
        .await;
    let execution = m.run("kill -9 -1").await;
    assert_eq!(
        execution.exit,
        Exit::Exited { code: 0 },
        "a shell does not signal itself by -1"
    );
    m.until_gone("sleep").await;
    m.run("kill -TERM -1; kill -HUP -1").await;
}

async fn stop_all(m: &Guest) {
    m.output("setsid sleep 1000 >/dev/null 2>&1 &").await;
    m.run("kill -STOP -1").await;
    assert!(m.runs("sleep").await);
    // It sleeps, or has something to do at this moment.
    m.prints("cut -d' ' -f3 /proc/1/stat | tr R S", "S").await;
}

async fn signal_storm(m: &Guest) {
    m.output("for i in 1 2 3 4; do (while :; do kill -CHLD 1; kill -34 1; kill -0 1; done) >/dev/null 2>&1 & done").await;
    for _ in 0..5 {
        m.still_works().await;
    }
    let execution = m.run_for("sleep 1000", Duration::from_millis(50)).await;
    assert_eq!(execution.exit, Exit::TimedOut);
    m.run("kill -9 -1").await;
}

async fn orphans(m: &Guest) {
    m.output("for i in $(seq 50); do (setsid true &) ; done")
        .await;
    until("zombies are reaped", async || {
        m.output("ps ax -o stat= | grep -c Z; true").await == "0"
    })
    .await;
}

async fn orphan_storm(m: &Guest) {
    m.output("for i in 1 2 3 4; do (while :; do (:&) ; done) >/dev/null 2>&1 & done")
        .await;
    for _ in 0..5 {
        m.still_works().await;
    }
    m.run("kill -9 -1").await;
}

async fn down(lab: Lab) {
    let m = lab.boot().await;
    m.output("echo kept > note").await;
    m.run("kill 1").await;
    assert!(!m.machine.is_up().await.unwrap());
    let execution = m.run("echo again").await;
    assert_eq!(execution.exit, Exit::MachineDown);
    assert_eq!(execution.output.stdout, "");
    assert_eq!(m.entry("/home/user/note").await.size, 5);
    let (processes, snapshot) = m.machine.freeze().await.unwrap();
    assert!(processes.is_empty(), "{processes:?}");
    assert!(snapshot.entries.contains_key(&"/home/user/note".into()));
    m.machine.copy_files().await.unwrap();
    m.machine.destroy().await;
}

async fn under_command(lab: Lab) {
    let m = lab.boot().await;
    let execution = m
        .run("echo before; (sleep 0.05; kill 1) & sleep 1000")
        .await;
    assert_eq!(execution.exit, Exit::MachineDown);
    assert_eq!(execution.output.stdout, "before\n");
    m.machine.destroy().await;
}

async fn frozen(lab: Lab) {
    for _ in 0..20 {
        let m = lab.boot().await;
        m.output("for i in $(seq 6); do (while :; do echo x > /tmp/tick-$i; done) >/dev/null 2>&1 & done")
            .await;
        let (processes, first) = m.machine.freeze().await.unwrap();
        assert!(processes.len() >= 6, "{processes:?}");
        let second = m.machine.snapshot().await.unwrap();
        assert_eq!(first, second, "nothing writes any more");
        m.machine.destroy().await;
    }
}
