//! A clone is in every respect that a program can tell what it was made from.

use offswitch::sandbox::Owner;

use super::guest::{Guest, Lab, Needs, Test, inside, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        inside(
            "a clone of an untouched machine has the same state",
            untouched,
        ),
        inside(
            "a clone has the same files, types, modes and owners",
            everything,
        ),
        inside("a clone has the same extended attributes", attributes)
            .needs(Needs::Program("/usr/bin/python3")),
        inside("a clone of a full disk is as full", full),
        inside("a clone knows nothing of what happens later", apart),
        test("a machine that is down can be cloned", after_power_off),
        test("a clone of a clone is the same", twice),
    ]
}

/// Clones the machine, and asserts that the two have one state.
async fn cloned(m: &Guest) -> Guest {
    let files = m.machine.copy_files().await.unwrap();
    let clone = m.lab.boot_files(&files).await;
    let (one, other) = (
        m.machine.snapshot().await.unwrap(),
        clone.machine.snapshot().await.unwrap(),
    );
    for (path, entry) in &one.entries {
        let same = other.entries.get(path).is_some_and(|copy| {
            entry.same_state(copy) && entry.size == copy.size
                || entry.kind == offswitch::evidence::Kind::Directory
        });
        assert!(
            same,
            "{path}: {entry:?} became {:?}",
            other.entries.get(path)
        );
    }
    assert_eq!(one.state_key(), other.state_key());
    clone
}

async fn untouched(m: &Guest) {
    let clone = cloned(m).await;
    clone.still_works().await;
    clone.machine.destroy().await;
}

async fn everything(m: &Guest) {
    m.output("mkdir -p d/e 'sp ace'; echo x > d/f; chmod 4711 d/f; chmod 000 d/e; chmod 555 d; ln -s /nowhere l; mkfifo -m 622 p; mknod hole c 0 0; : > $'\\xff'; head -c 5000000 /dev/urandom > big; echo 'echo hi' > run.sh; chmod 755 run.sh; echo t > /tmp/t; mkdir -m 3770 /var/tmp/s; echo x > /dev/shm/x; chmod 700 ~; truncate -s 1000000 hole2; printf x >> hole2; fallocate -l 3000000 reserved; ln big /tmp/big2 ; chmod 000 big").await;
    m.output("python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"sock\")' || true")
        .await;
    let clone = cloned(m).await;
    clone
        .prints(
            "./run.sh; cat /tmp/t /dev/shm/x; stat -c %a ~ d d/f /var/tmp/s",
            "hi\nt\nx\n700\n555\n4711\n3770",
        )
        .await;
    clone.still_works().await;
    clone.machine.destroy().await;
}

async fn attributes(m: &Guest) {
    m.output("echo x > f; mkdir d; python3 -c 'import os\nfor n in (\"f\", \"d\"): os.setxattr(n, \"user.a\", b\"\\xff\")' || true; chmod 000 f d").await;
    cloned(m).await.machine.destroy().await;
}

async fn full(m: &Guest) {
    m.run("dd if=/dev/urandom of=a bs=1M count=60; dd if=/dev/urandom of=b bs=1M; dd if=/dev/urandom of=c bs=1").await;
    m.refuses("echo x > d", "No space left").await;
    let clone = cloned(m).await;
    clone
        .refuses("head -c 100000 /dev/zero > e", "No space left")
        .await;
    clone.machine.destroy().await;
}

async fn apart(m: &Guest) {
    let clone = cloned(m).await;
    m.output("echo x > mine").await;
    clone.output("echo y > yours").await;
    m.prints("ls", "mine").await;
    clone.prints("ls", "yours").await;
    clone.run("kill 1").await;
    assert!(!clone.machine.is_up().await.unwrap());
    clone.machine.destroy().await;
}

async fn after_power_off(lab: Lab) {
    let m = lab
        .boot_with(&[(
            "/home/user/stop.sh",
            "#!/bin/sh\nkill 1\n",
            0o755,
            Owner::User,
        )])
        .await;
    m.run("./stop.sh").await;
    let clone = cloned(&m).await;
    clone.still_works().await;
    clone.machine.destroy().await;
    m.machine.destroy().await;
}

async fn twice(lab: Lab) {
    let m = lab
        .boot_with(&[("/home/user/tool", "x", 0o711, Owner::Root)])
        .await;
    let clone = cloned(&m).await;
    cloned(&clone).await.machine.destroy().await;
    clone.machine.destroy().await;
    m.machine.destroy().await;
}
