//! A command that outlives its time or its measure is ended with everything that it started.

use std::time::{Duration, Instant};

use offswitch::evidence::Exit;

use super::guest::{Guest, PATIENCE, Test, inside};

const SHORT: Duration = Duration::from_millis(300);

pub(crate) fn tests() -> Vec<Test> {
    vec![
        inside(
            "a timeout ends whatever the command started, in every disguise",
            disguises,
        ),
        inside("a timeout leaves what earlier commands started", earlier),
        inside(
            "a timeout does not wake up what was stopped before",
            stopped_before,
        ),
        inside("a command that stops itself times out", stops_itself),
        inside("the output of a command that timed out is kept", output),
        inside(
            "processes that wake each other up do not escape a timeout",
            wakers,
        ),
        inside(
            "processes that multiply do not escape a timeout",
            multipliers,
        ),
        inside("a flood of output is ended", flood),
        inside("a flood in the background harms nobody", background_flood),
        inside("a timeout is kept to", punctual),
    ]
}

async fn times_out(m: &Guest, command: &str) {
    let execution = m.run_for(command, SHORT).await;
    assert_eq!(
        execution.exit,
        Exit::TimedOut,
        "`{command}`: {:?}",
        execution.output
    );
}

async fn disguises(m: &Guest) {
    for command in [
        "sleep 5555",
        "sleep 5555 & wait",
        "exec sleep 5555",
        "setsid setsid sleep 5555 & sleep 5555",
        "nohup sleep 5555 >/dev/null 2>&1 & sleep 5555",
        "(trap '' TERM HUP INT QUIT; while :; do sleep 5555; done) & wait",
        "sleep 5555 & kill -STOP $!; sleep 5555",
        "(setsid bash -c 'exec -a kworker/0:0 sleep 5555' &); exec sleep 5555",
        "coproc sleep 5555; sleep 5555",
        "sleep 5555 | cat | cat",
    ] {
        times_out(m, command).await;
        m.until_gone("5555").await;
    }
    let left = m.processes().await;
    assert!(left.is_empty(), "{left:?}");
}

async fn earlier(m: &Guest) {
    m.output("setsid sleep 6666 >/dev/null 2>&1 & (while :; do sleep 0.01; date > /tmp/tick; done) >/dev/null 2>&1 &").await;
    times_out(m, "sleep 5555 & sleep 5555").await;
    m.until_gone("5555").await;
    assert!(m.runs("6666").await);
    m.output("rm -f /tmp/tick; until [ -e /tmp/tick ]; do sleep 0.01; done")
        .await;
    m.run("kill -9 -1").await;
}

async fn stopped_before(m: &Guest) {
    m.output("sleep 6666 >/dev/null 2>&1 & sleep 7777 >/dev/null 2>&1 & until [ $(pgrep -c -x sleep) = 2 ]; do sleep 0.01; done; kill -STOP %1")
        .await;
    times_out(m, "sleep 5555").await;
    m.prints("ps ax -o stat=,args= | grep '[s]leep 6' | cut -c1", "T")
        .await;
    m.prints("ps ax -o stat=,args= | grep '[s]leep 7' | cut -c1", "S")
        .await;
}

async fn stops_itself(m: &Guest) {
    for command in [
        "kill -STOP $$",
        "kill -STOP 0",
        "kill -TSTP $$; kill -STOP $$",
    ] {
        times_out(m, command).await;
    }
    assert!(m.processes().await.is_empty());
}

async fn output(m: &Guest) {
    let execution = m
        .run_for("echo before; echo why >&2; sleep 5555", SHORT)
        .await;
    assert_eq!(execution.exit, Exit::TimedOut);
    assert_eq!(
        (
            execution.output.stdout.as_str(),
            execution.output.stderr.as_str()
        ),
        ("before\n", "why\n")
    );
}

/// A stop that comes from process 1 is undone by whoever is quicker.
async fn wakers(m: &Guest) {
    let waker = "while :; do kill -CONT -1; done";
    for _ in 0..3 {
        times_out(
            m,
            &format!("for i in 1 2 3 4 5 6; do setsid bash -c '{waker}' 5555 & done; {waker}"),
        )
        .await;
        let left = m.processes().await;
        assert!(
            !left
                .iter()
                .any(|process| format!("{:?}", process.command).contains("5555")),
            "{left:?}"
        );
    }
}

async fn multipliers(m: &Guest) {
    for _ in 0..3 {
        times_out(m, "f() { while :; do (f &) ; sleep 0.001; done; }; f").await;
        m.still_works().await;
        let left = m.processes().await;
        assert!(left.is_empty(), "{} are left", left.len());
    }
}

async fn flood(m: &Guest) {
    for command in ["yes", "yes >&2", "yes & yes >&2 & wait", "cat /dev/zero"] {
        let started = Instant::now();
        let execution = m.run(command).await;
        assert_eq!(execution.exit, Exit::Flooded, "`{command}`");
        assert!(started.elapsed() < PATIENCE / 2);
        assert!(execution.output.stdout.len() + execution.output.stderr.len() < 100_000);
        assert!(execution.output.stdout_cut + execution.output.stderr_cut > 10_000_000);
    }
    m.until_gone("yes").await;
}

async fn background_flood(m: &Guest) {
    m.output("yes & yes >&2 &").await;
    for _ in 0..3 {
        m.still_works().await;
    }
    m.run("kill -9 -1").await;
}

async fn punctual(m: &Guest) {
    let execution = m.run_for("sleep 5555", SHORT).await;
    assert!(execution.duration >= SHORT, "{:?}", execution.duration);
    assert!(
        execution.duration < PATIENCE / 2,
        "{:?}",
        execution.duration
    );
}
