//! What a machine can use up: its own, and no more.

use std::time::Duration;

use offswitch::evidence::Exit;

use super::guest::{Guest, Lab, Needs, Test, inside, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("a fork bomb hits its own machine alone", fork_bomb),
        inside(
            "commands still start when the process table is full",
            full_table,
        ),
        test("a memory hog hits its own machine alone", memory_hog).needs(Needs::Limit("memory")),
        test(
            "memory in files without names hits its own machine alone",
            hidden_memory,
        )
        .needs(Needs::Limit("memory")),
        inside(
            "one program's memory is bounded where the machine's is not",
            address_space,
        ),
        inside("the disk is bounded", disk),
        inside("the number of files is bounded", inodes),
        inside("a file's length is bounded", file_length),
        inside("limits cannot be raised", limits),
        inside("no core is dumped", core),
        inside(
            "a crowd of busy programs does not keep process 1 from its work",
            busy,
        ),
        inside("descriptors are bounded", descriptors),
    ]
}

const BOMB: &str = "b() { b | b & }; b; sleep 100";

async fn fork_bomb(lab: Lab) {
    let (m, other) = (lab.boot().await, lab.boot().await);
    let execution = m.run_for(BOMB, Duration::from_millis(500)).await;
    assert!(
        matches!(execution.exit, Exit::TimedOut | Exit::Flooded),
        "{:?}",
        execution.exit
    );
    other.still_works().await;
    other
        .prints(
            "for i in $(seq 50); do sleep 100 & done; jobs -p | wc -l; kill $(jobs -p)",
            "50",
        )
        .await;
    m.still_works().await;
    m.run("(b() { b | b & }; b) >/dev/null 2>&1 &").await;
    m.machine.destroy().await;
    other.machine.destroy().await;
}

async fn full_table(m: &Guest) {
    m.run("for i in $(seq 300); do sleep 1000 & done >/dev/null 2>&1")
        .await;
    let count = m.processes().await.len();
    assert!((100..=128).contains(&count), "{count} processes");
    m.prints("echo a builtin still works", "a builtin still works")
        .await;
    m.run("kill -9 -1").await;
}

async fn memory_hog(lab: Lab) {
    let (m, other) = (lab.boot().await, lab.boot().await);
    let execution = m.run("exec tail -c 2000000000 /dev/zero").await;
    assert_ne!(execution.exit, Exit::Exited { code: 0 });
    other.still_works().await;
    m.still_works().await;
    m.machine.destroy().await;
    other.machine.destroy().await;
}

/// The kernel looks for the largest program when memory is short, and here there is none.
async fn hidden_memory(lab: Lab) {
    let (m, other) = (lab.boot().await, lab.boot().await);
    let fill = format!(
        "perl -e '$fd = syscall({}, \"x\", 0); open($f, \">&=\", $fd); for (1..14) {{ for (1..60) {{ print $f \"x\" x 1000000; }} $fd = syscall({0}, \"x\", 0); open($f, \">&=\", $fd); push @k, $f; }}'",
        libc::SYS_memfd_create
    );
    m.run(&fill).await;
    other.still_works().await;
    other.machine.destroy().await;
    m.machine.destroy().await;
}

async fn address_space(m: &Guest) {
    let limit = m.output("ulimit -v").await;
    if m.lab.has_limit("memory") {
        assert_eq!(limit, "unlimited");
        return;
    }
    assert_eq!(limit, "2097152");
    m.refuses("tail -c 4000000000 /dev/zero", "").await;
}

async fn disk(m: &Guest) {
    for place in ["/home/user", "/tmp", "/dev/shm", "/var/tmp"] {
        m.run(&format!(
            "for i in 1 2 3; do dd if=/dev/zero of={place}/$i bs=1M count=60; done"
        ))
        .await;
        m.refuses(
            &format!("dd if=/dev/zero of={place}/more bs=1M count=10"),
            "No space left",
        )
        .await;
        m.still_works().await;
        m.output(&format!("rm {place}/*")).await;
    }
}

async fn inodes(m: &Guest) {
    let make = "perl -e 'for (1..1000000) { open(my $f, \">\", \"n$_\") or do { print $_; exit } }' || { i=0; while : > n$i; do i=$((i+1)); done 2>/dev/null; echo $i; }";
    let count: usize = m
        .output(&format!("mkdir many; cd many; {make}"))
        .await
        .parse()
        .unwrap();
    assert!((10_000..=20_000).contains(&count), "{count}");
    let snapshot = m.machine.snapshot().await.unwrap();
    assert!(snapshot.entries.len() >= count - 1);
    m.output("rm -rf many").await;
}

async fn file_length(m: &Guest) {
    m.refuses("truncate -s 1T sparse", "").await;
    m.refuses("dd if=/dev/zero of=long bs=1M seek=100000 count=1", "")
        .await;
    m.output("truncate -s 60M sparse").await;
}

async fn limits(m: &Guest) {
    m.refuses_all(&[
        ("ulimit -u 1000", "not permitted"),
        ("ulimit -n 100000", "not permitted"),
        ("ulimit -f unlimited", "not permitted"),
        ("ulimit -c unlimited", "not permitted"),
        ("renice -n -5 $$", "denied"),
        ("chrt -f 50 true", "not permitted"),
        ("ionice -c 1 true", "not permitted"),
    ])
    .await;
}

async fn core(m: &Guest) {
    m.prints(
        "ulimit -c; bash -c 'kill -SEGV $$'; echo $?; ls -A ~ /tmp | grep core | wc -l",
        "0\n139\n0",
    )
    .await;
    m.prints(
        "grep 'Max core' /proc/self/limits | tr -s ' '",
        "Max core file size 1 1 bytes ",
    )
    .await;
}

async fn busy(m: &Guest) {
    m.output("for i in $(seq 60); do (while :; do :; done) >/dev/null 2>&1 & done")
        .await;
    for _ in 0..3 {
        m.still_works().await;
    }
    let execution = m.run_for("sleep 1000", Duration::from_millis(100)).await;
    assert_eq!(execution.exit, Exit::TimedOut);
    m.run("kill -9 -1").await;
}

async fn descriptors(m: &Guest) {
    m.refuses(
        "perl -e 'while (open(my $f, \"<\", \"/dev/null\")) { push @f, $f } die \"$#f $!\"'",
        "Too many open files",
    )
    .await;
}
