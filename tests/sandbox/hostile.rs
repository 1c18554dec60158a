//! Trees that are made to hang, blind or mislead the one who reads them.

use std::time::{Duration, Instant};

use offswitch::evidence::{Kind, MachinePath, Snapshot};

use super::guest::{Guest, Needs, Test, entry, inside};

/// What one look at the worst of trees may take on a busy host.
const BOUND: Duration = Duration::from_secs(20);

const PYTHON: Needs = Needs::Program("/usr/bin/python3");

pub(crate) fn tests() -> Vec<Test> {
    vec![
        inside("links that lead out are never followed", links_out),
        inside(
            "pipes, sockets and links without end do not hang the reader",
            never_opened,
        ),
        inside(
            "a tree deeper than a path is long is read as far as paths go",
            deep,
        ),
        inside(
            "as many files as there can be are read in bounded time",
            many,
        ),
        inside(
            "a thousand names for a long file are hashed once",
            many_names,
        ),
        inside("files of nothing are read at once", sparse),
        inside("a file full of holes is read in bounded time", holes).needs(PYTHON),
        inside("long names and targets are bounded in memory", long_names).needs(PYTHON),
        inside(
            "a directory that changes while it is read does not hang the reader",
            busy_directory,
        ),
        inside("what is swapped while it is read never leads out", swapped).needs(PYTHON),
        inside(
            "a file that grows and shrinks while it is read does not hang the reader",
            growing,
        ),
        inside("a file under lease is read", leased).needs(PYTHON),
        inside(
            "every state can be copied while it changes",
            copied_while_changing,
        )
        .needs(PYTHON),
    ]
}

async fn looked_at(m: &Guest) -> Snapshot {
    let started = Instant::now();
    let snapshot = m.machine.snapshot().await.unwrap();
    assert!(started.elapsed() < BOUND, "it took {:?}", started.elapsed());
    snapshot
}

async fn links_out(m: &Guest) {
    m.output("ln -s / root; ln -s /etc/passwd passwd; ln -s /proc/self/fd/0 fd; ln -s /proc/1/root init; ln -s ../../.. up; mkdir d; ln -s /usr d/usr").await;
    let snapshot = looked_at(m).await;
    let below: Vec<&MachinePath> = snapshot
        .entries
        .keys()
        .filter(|path| {
            path.is_within(&"/home/user/root".into()) || path.is_within(&"/home/user/d/usr".into())
        })
        .collect();
    assert_eq!(below.len(), 2, "{below:?}");
    let first = |path: &MachinePath| {
        ["/home/user", "/tmp", "/var/tmp", "/dev/shm"]
            .iter()
            .any(|place| path.is_within(&(*place).into()))
    };
    assert!(snapshot.entries.keys().all(first));
}

async fn never_opened(m: &Guest) {
    m.output("mkfifo p; ln -s p q; ln -s loop loop; ln -s b a; ln -s a b; mkdir d; ln -s ../d d/d; mknod hole c 0 0").await;
    m.output("python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"s\")' || true; (exec 3<> p; sleep 1000) >/dev/null 2>&1 &").await;
    let snapshot = looked_at(m).await;
    assert_eq!(entry(&snapshot, "/home/user/p").kind, Kind::Fifo);
    assert_eq!(
        entry(&snapshot, "/home/user/loop").kind,
        Kind::Symlink {
            target: "loop".into()
        }
    );
    m.machine.copy_files().await.unwrap();
}

/// Landlock goes up to the root for every directory that is made, so that this takes the square of
/// the depth.
const DEEP: &str = "perl -e 'for (1..5000) { mkdir \"d\" or last; chdir \"d\" or last; $n = $_ } open(F, \">\", \"bottom\"); print $n'";

async fn deep(m: &Guest) {
    let depth: usize = m.output(DEEP).await.parse().unwrap();
    assert_eq!(depth, 5000);
    let snapshot = looked_at(m).await;
    assert_eq!(
        snapshot.gaps.len(),
        1,
        "the first directory that is not entered"
    );
    assert!(snapshot.entries.len() > 1500, "{}", snapshot.entries.len());
    let files = m.machine.copy_files().await.unwrap();
    let clone = m.lab.boot_files(&files).await;
    clone.still_works().await;
    clone.machine.destroy().await;
}

async fn many(m: &Guest) {
    m.output("perl -e 'for (1..300) { mkdir \"d$_\" or last; for my $n (1..100) { open(F, \">\", \"d$_/$n\") or last } }'; true").await;
    let snapshot = looked_at(m).await;
    assert!(
        snapshot.entries.len() > 15_000,
        "{}",
        snapshot.entries.len()
    );
    assert!(snapshot.gaps.is_empty());
}

async fn many_names(m: &Guest) {
    m.output("head -c 20000000 /dev/urandom > big; perl -e 'for (1..19000) { link \"big\", \"l$_\" or last }'").await;
    let snapshot = looked_at(m).await;
    let Kind::File {
        digest: Some(one), ..
    } = entry(&snapshot, "/home/user/big").kind
    else {
        panic!("no hash");
    };
    let Kind::File {
        digest: Some(other),
        ..
    } = entry(&snapshot, "/home/user/l1000").kind
    else {
        panic!("no hash");
    };
    assert_eq!(one, other);
    m.prints("sha256sum < big | cut -c1-64", &one.to_string())
        .await;
    let files = m.machine.copy_files().await.unwrap();
    let clone = m.lab.boot_files(&files).await;
    let copy = clone.machine.snapshot().await.unwrap();
    assert_eq!(copy.state_key(), snapshot.state_key());
    assert_eq!(
        entry(&copy, "/home/user/big").links,
        entry(&snapshot, "/home/user/big").links
    );
    clone.machine.destroy().await;
}

async fn sparse(m: &Guest) {
    m.output("for i in $(seq 1000); do truncate -s 60M s$i; done; echo data | dd of=s1 bs=1 seek=50000000 conv=notrunc").await;
    let snapshot = looked_at(m).await;
    let (one, two) = (
        entry(&snapshot, "/home/user/s1"),
        entry(&snapshot, "/home/user/s2"),
    );
    assert_eq!((one.size, two.size), (60 << 20, 60 << 20));
    assert_ne!(one.kind, two.kind);
    let files = m.machine.copy_files().await.unwrap();
    let clone = m.lab.boot_files(&files).await;
    assert_eq!(
        clone.machine.snapshot().await.unwrap().state_key(),
        snapshot.state_key()
    );
    clone
        .prints(
            "stat -c %s s1; tail -c +50000001 s1 | head -c 4",
            "62914560\ndata",
        )
        .await;
    clone.machine.destroy().await;
}

async fn holes(m: &Guest) {
    m.output("python3 -c 'f = open(\"h\", \"wb\")\nfor i in range(7000): f.seek(i * 8192); f.write(b\"x\")'").await;
    let before = looked_at(m).await;
    m.output("printf y | dd of=h bs=1 seek=8192000 conv=notrunc")
        .await;
    assert_ne!(
        entry(&before, "/home/user/h").kind,
        entry(&looked_at(m).await, "/home/user/h").kind
    );
}

async fn long_names(m: &Guest) {
    let make = "import os\n\
        for i in range(15): os.mkdir('d' * 250); os.chdir('d' * 250)\n\
        try:\n  for i in range(20000): os.symlink('t' * 4000, '%0250d' % i)\n\
        except OSError: pass";
    m.output(&format!("python3 -c \"{make}\"")).await;
    let snapshot = looked_at(m).await;
    let held: usize = snapshot
        .entries
        .keys()
        .map(|path| path.as_bytes().len())
        .sum();
    assert!(held < 64 << 20, "{held} bytes of names");
    assert!(!snapshot.gaps.is_empty(), "what is left out is told");
    m.run("cd ~ && rm -rf d*").await;
}

async fn busy_directory(m: &Guest) {
    m.output("mkdir d; for i in 1 2 3; do (cd d; i=0; while :; do : > f$i; rm -f f$((i-100)); i=$((i+1)); done) >/dev/null 2>&1 & done").await;
    m.output("mkdir -p a/b/c e; (while :; do mv a/b e/; mv e/b a/; done) >/dev/null 2>&1 &")
        .await;
    for _ in 0..50 {
        looked_at(m).await;
    }
    m.run("kill -9 -1").await;
}

/// One name is, in turn, a file, a link to a file of the system, a link to a directory of the
/// system, a directory and a pipe.
const SWAPPER: &str = "import os\n\
    def swap(make):\n\
    \x20 try: make('next'); os.rename('next', 'x')\n\
    \x20 except OSError:\n\
    \x20   try: os.rmdir('x/sub'); os.rmdir('x')\n\
    \x20   except OSError: pass\n\
    \x20   for n in ('x', 'next'):\n\
    \x20     try: os.unlink(n)\n\
    \x20     except OSError: pass\n\
    def directory(n): os.mkdir(n); os.mkdir(n + '/sub')\n\
    while True:\n\
    \x20 swap(lambda n: open(n, 'w').write('text'))\n\
    \x20 swap(lambda n: os.symlink('/etc/passwd', n))\n\
    \x20 swap(lambda n: os.symlink('/usr', n))\n\
    \x20 swap(directory)\n\
    \x20 swap(os.mkfifo)\n";

async fn swap_in_background(m: &Guest) {
    m.output(&format!("cat > /tmp/swap.py <<'end'\n{SWAPPER}\nend\nfor i in 1 2; do (mkdir -p w$i; cd w$i; exec python3 /tmp/swap.py) >/dev/null 2>&1 & done")).await;
    m.output("until [ -e w1 -a -e w2 ]; do sleep 0.01; done")
        .await;
}

async fn swapped(m: &Guest) {
    swap_in_background(m).await;
    let password_file = m.output("sha256sum < /etc/passwd | cut -c1-64").await;
    for _ in 0..200 {
        let snapshot = looked_at(m).await;
        for (path, entry) in &snapshot.entries {
            let depth = path.as_bytes().split(|byte| *byte == b'/').count();
            assert!(depth <= 6, "{path}");
            if let Kind::File {
                digest: Some(digest),
                ..
            } = &entry.kind
            {
                assert_ne!(digest.to_string(), password_file, "{path} was followed");
            }
        }
    }
    m.run("kill -9 -1").await;
}

async fn growing(m: &Guest) {
    m.output("(while :; do head -c 30000000 /dev/zero > g; : > g; done) >/dev/null 2>&1 &")
        .await;
    for _ in 0..20 {
        looked_at(m).await;
    }
    m.machine.copy_files().await.unwrap();
    m.run("kill -9 -1").await;
}

/// The holder of a lease can keep others from opening the file.
async fn leased(m: &Guest) {
    let lease = "import fcntl, os, time\n\
        f = open('f', 'r+')\n\
        try: fcntl.fcntl(f, fcntl.F_SETLEASE, fcntl.F_WRLCK)\n\
        except OSError as e: print(e)\n\
        open('/tmp/ready', 'w')\n\
        time.sleep(1000)";
    m.output(&format!("echo text > f; python3 -c \"{lease}\" >/dev/null 2>&1 & until [ -e /tmp/ready ]; do sleep 0.01; done")).await;
    let snapshot = looked_at(m).await;
    let Kind::File { digest, .. } = entry(&snapshot, "/home/user/f").kind else {
        panic!("no file");
    };
    assert!(digest.is_some());
}

async fn copied_while_changing(m: &Guest) {
    swap_in_background(m).await;
    for _ in 0..30 {
        let files = m.machine.copy_files().await.unwrap();
        let clone = m.lab.boot_files(&files).await;
        clone.still_works().await;
        clone.machine.destroy().await;
    }
    m.run("kill -9 -1").await;
}
