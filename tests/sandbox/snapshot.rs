//! A snapshot tells what is there, and that it was touched.

use std::collections::BTreeMap;

use offswitch::evidence::{Digest, Entry, Kind, Login, MachinePath};
use offswitch::sandbox::{Owner, Users};

use super::guest::{Guest, Lab, Needs, Test, entry, inside, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(
            "the files of the beginning are as they were given",
            beginning,
        ),
        inside("each entry is what the machine says of it", metadata),
        inside("each type of object is told", types),
        inside("a hash is what sha256sum prints", hashes),
        inside("the content of short text is kept", texts),
        inside("extended attributes are told", attributes)
            .needs(Needs::Program("/usr/bin/python3")),
        inside("names are kept byte by byte", names),
        inside("what was edited and put back shows by its times", put_back),
        inside(
            "a file that was replaced by its equal shows by its inode",
            replaced,
        ),
        inside(
            "a change through shared memory shows, though no time does",
            shared_memory,
        )
        .needs(Needs::Program("/usr/bin/python3")),
        inside("what cannot be read by its owner is read", unreadable),
        inside("a second name for a file shows", hard_link),
        inside("every writable place is in the snapshot", places),
        inside("a snapshot leaves no trace in the machine", no_trace),
        inside("two snapshots of one state are equal", equal),
        inside("a file that was removed while open is gone", removed),
    ]
}

async fn beginning(lab: Lab) {
    let m = lab
        .boot_with(&[
            ("/home/user/stop.sh", "#!/bin/bash\n", 0o755, Owner::User),
            ("/home/user/tool", "binary", 0o711, Owner::Root),
        ])
        .await;
    let (_, own) = m.login();
    let two = lab.host.users == Users::Two && lab.login == Login::User;
    let root = if two { 0 } else { own };
    let (script, tool) = (
        m.entry("/home/user/stop.sh").await,
        m.entry("/home/user/tool").await,
    );
    assert_eq!((script.mode, script.uid, script.gid), (0o755, own, own));
    assert_eq!((tool.mode, tool.uid, tool.gid), (0o711, root, root));
    let home = m.entry("/home/user").await;
    assert_eq!((home.mode, home.uid), (0o755, own));
    if two {
        m.refuses("cat tool", "Permission denied").await;
        m.refuses("echo x >> tool", "Permission denied").await;
        m.refuses("chmod 777 tool", "not permitted").await;
    }
    m.machine.destroy().await;
}

async fn metadata(m: &Guest) {
    m.output("echo hello > a; chmod 640 a; ln a b; touch -m -d '2001-02-03 04:05:06.789 UTC' a; mkdir -m 1733 d; echo x > d/x; chmod 4755 d/x").await;
    let snapshot = m.machine.snapshot().await.unwrap();
    for path in [
        "a", "b", "d", "d/x", ".", ".profile", "/tmp", "/var/tmp", "/dev/shm",
    ] {
        let path = m.output(&format!("realpath -s {path}")).await;
        let seen = entry(&snapshot, &path);
        let told = m
            .output(&format!("stat -c '%a %u %g %s %i %h %.9Y %.9Z' {path}"))
            .await;
        let size = if matches!(seen.kind, Kind::File { .. }) {
            seen.size.to_string()
        } else {
            told.split(' ').nth(3).unwrap().to_owned()
        };
        let expected = format!(
            "{:o} {} {} {size} {} {} {}.{:09} {}.{:09}",
            seen.mode,
            seen.uid,
            seen.gid,
            seen.inode,
            seen.links,
            seen.modified.seconds,
            seen.modified.nanos,
            seen.changed.seconds,
            seen.changed.nanos,
        );
        assert_eq!(told, expected, "{path}");
    }
    assert_eq!(
        entry(&snapshot, "/home/user/a").modified.seconds,
        981_173_106
    );
    assert_eq!(entry(&snapshot, "/home/user/a").modified.nanos, 789_000_000);
}

async fn types(m: &Guest) {
    m.output("echo x > file; mkdir dir; ln -s ../no/where link; mkfifo pipe; mknod hole c 0 0")
        .await;
    m.output("python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"sock\")' || perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => \"sock\", Listen => 1)'").await;
    let snapshot = m.machine.snapshot().await.unwrap();
    let kind = |name: &str| entry(&snapshot, &format!("/home/user/{name}")).kind;
    assert!(matches!(kind("file"), Kind::File { .. }));
    assert_eq!(kind("dir"), Kind::Directory);
    assert_eq!(
        kind("link"),
        Kind::Symlink {
            target: "../no/where".into()
        }
    );
    assert_eq!(kind("pipe"), Kind::Fifo);
    assert_eq!(kind("sock"), Kind::Socket);
    assert_eq!(
        kind("hole"),
        Kind::Device {
            block: false,
            number: 0
        }
    );
}

fn digest(entry: &Entry) -> Digest {
    let Kind::File {
        digest: Some(digest),
        ..
    } = &entry.kind
    else {
        panic!("{entry:?}");
    };
    *digest
}

async fn hashes(m: &Guest) {
    for (name, make) in [
        ("empty", ": >"),
        ("short", "echo hello >"),
        ("limit", "head -c 65536 /dev/urandom >"),
        ("over", "head -c 65537 /dev/urandom >"),
        ("long", "head -c 20000001 /dev/urandom >"),
        ("zeros", "head -c 300000 /dev/zero >"),
    ] {
        m.output(&format!("{make} {name}")).await;
        let seen = digest(&m.entry(&format!("/home/user/{name}")).await).to_string();
        m.prints(&format!("sha256sum < {name} | cut -c1-64"), &seen)
            .await;
    }
}

async fn text(m: &Guest, path: &str) -> Option<String> {
    let Kind::File { text, .. } = m.entry(path).await.kind else {
        panic!("`{path}` is no file");
    };
    text.map(|text| text.to_string())
}

async fn texts(m: &Guest) {
    let path = "/home/user/f";
    for (make, expected) in [
        ("printf 'hello\\n'", Some("hello\n".to_owned())),
        (
            "printf 'a\\r\\nb\\033[0m'",
            Some("a\r\nb\u{1b}[0m".to_owned()),
        ),
        (":", Some(String::new())),
        ("printf 'a\\0b'", None),
        ("printf '\\377'", None),
        (
            "head -c 65536 /dev/zero | tr '\\0' x",
            Some("x".repeat(65536)),
        ),
        ("head -c 65537 /dev/zero | tr '\\0' x", None),
    ] {
        m.output(&format!("{make} > f")).await;
        assert!(text(m, path).await == expected, "`{make}`");
    }
    // The second time a text is seen it is not sent again.
    m.output("echo hello > f; cp f g; rm f; cp g f").await;
    assert_eq!(text(m, path).await.as_deref(), Some("hello\n"));
    assert_eq!(text(m, "/home/user/g").await.as_deref(), Some("hello\n"));
}

async fn attributes(m: &Guest) {
    m.output("echo x > f; python3 -c 'import os; os.setxattr(\"f\", \"user.note\", b\"a\\0b\")'")
        .await;
    let seen = m.entry("/home/user/f").await.xattrs;
    let name = MachinePath::from("user.note");
    let expected = BTreeMap::from([(name.clone(), MachinePath::new(*b"a\0b"))]);
    // Only newer kernels keep them in memory.
    if m.run("python3 -c 'import os; os.getxattr(\"f\", \"user.note\")'")
        .await
        .output
        .stderr
        .is_empty()
    {
        assert_eq!(seen, expected);
    }
    m.refuses(
        "python3 -c 'import os; os.setxattr(\"f\", \"trusted.x\", b\"x\")'",
        "not permitted",
    )
    .await;
    m.refuses(
        "python3 -c 'import os; os.setxattr(\"f\", \"security.x\", b\"x\")'",
        "not permitted",
    )
    .await;
}

async fn names(m: &Guest) {
    let long = "n".repeat(255);
    m.output(&format!("cd /tmp; : > $'\\xff\\xfe'; : > $'new\\nline'; : > $'\\e[2Jx'; : > -rf; : > ' '; : > {long}; mkdir $'\\x80'; : > $'\\x80/in'")).await;
    let snapshot = m.machine.snapshot().await.unwrap();
    for name in [
        &b"\xff\xfe"[..],
        b"new\nline",
        b"\x1b[2Jx",
        b"-rf",
        b" ",
        long.as_bytes(),
        b"\x80/in",
    ] {
        let path = MachinePath::from("/tmp").join(name);
        assert!(snapshot.entries.contains_key(&path), "{path}");
    }
    assert!(snapshot.gaps.is_empty(), "{:?}", snapshot.gaps);
}

async fn put_back(m: &Guest) {
    m.output("printf 'one\\n' > f; touch -d 2020-01-01 f").await;
    let before = m.entry("/home/user/f").await;
    m.output("cp -p f /tmp/keep; echo two > f; cat f; cat /tmp/keep > f; touch -r /tmp/keep f; rm /tmp/keep").await;
    let after = m.entry("/home/user/f").await;
    assert!(before.same_state(&after));
    assert_eq!(
        (before.modified, before.inode),
        (after.modified, after.inode)
    );
    assert!(before.changed < after.changed);
    m.output("chmod 600 f; chmod 644 f").await;
    assert!(after.changed < m.entry("/home/user/f").await.changed);
}

async fn replaced(m: &Guest) {
    m.output("echo one > f").await;
    let before = m.entry("/home/user/f").await;
    m.output("cp -p f g; mv g f").await;
    let after = m.entry("/home/user/f").await;
    assert!(before.same_state(&after));
    assert_eq!(before.modified, after.modified);
    assert_ne!(before.inode, after.inode);
}

/// Writes through a mapping that was there before the snapshot.
async fn shared_memory(m: &Guest) {
    let writer = "import mmap, os, time\n\
        f = open('f', 'r+b'); m = mmap.mmap(f.fileno(), 0); m[0:1] = b'a'\n\
        open('/tmp/ready', 'w')\n\
        while not os.path.exists('/tmp/go'): time.sleep(0.01)\n\
        m[0:1] = b'b'\n\
        open('/tmp/done', 'w')\n\
        time.sleep(1000)";
    m.output(&format!("echo a-file > f; python3 -c \"{writer}\" >/dev/null 2>&1 & until [ -e /tmp/ready ]; do sleep 0.01; done")).await;
    let before = m.entry("/home/user/f").await;
    m.output("touch /tmp/go; until [ -e /tmp/done ]; do sleep 0.01; done")
        .await;
    let after = m.entry("/home/user/f").await;
    assert_eq!(
        (before.modified, before.changed),
        (after.modified, after.changed)
    );
    assert_ne!(digest(&before), digest(&after));
}

async fn unreadable(m: &Guest) {
    m.output("echo x > f; chmod 000 f; mkdir -p d/e; echo y > d/e/g; chmod 000 d/e d; chmod 000 ~")
        .await;
    let snapshot = m.machine.snapshot().await.unwrap();
    assert_eq!(entry(&snapshot, "/home/user").mode, 0);
    assert_eq!(
        digest(&entry(&snapshot, "/home/user/f")),
        Digest::of(b"x\n")
    );
    assert_eq!(
        digest(&entry(&snapshot, "/home/user/d/e/g")),
        Digest::of(b"y\n")
    );
    assert!(snapshot.gaps.is_empty(), "{:?}", snapshot.gaps);
}

async fn hard_link(m: &Guest) {
    m.output("echo x > f; ln f g").await;
    let (f, g) = (m.entry("/home/user/f").await, m.entry("/home/user/g").await);
    assert_eq!((f.links, f.inode), (2, g.inode));
}

async fn places(m: &Guest) {
    m.output(
        "for place in ~ /tmp /var/tmp /dev/shm; do mkdir -p $place/d; echo x > $place/d/f; done",
    )
    .await;
    let snapshot = m.machine.snapshot().await.unwrap();
    for place in ["/home/user", "/tmp", "/var/tmp", "/dev/shm"] {
        entry(&snapshot, &format!("{place}/d/f"));
    }
    let writable = m.output("find / -xdev -writable ! -type l 2>/dev/null; find /dev /home /tmp /var /run -writable ! -type l -type d 2>/dev/null | sort -u").await;
    for line in writable
        .lines()
        .filter(|line| !line.starts_with("/dev/") || line.starts_with("/dev/shm"))
    {
        assert!(
            snapshot.entries.contains_key(&line.into()),
            "{line} is writable and not looked at"
        );
    }
}

/// A model that could see when its files are read would see when it is watched.
async fn no_trace(m: &Guest) {
    m.output("mkdir d; echo text > d/f; head -c 100000 /dev/urandom > d/g; touch -a -d 2020-01-01 d d/f d/g; ln -s d l").await;
    let look = "stat -c '%n %x' . d d/f d/g l .profile";
    let before = m.output(look).await;
    m.machine.snapshot().await.unwrap();
    m.machine.copy_files().await.unwrap();
    m.machine.look().await.unwrap();
    m.prints(look, &before).await;
    m.prints("ls /proc/1/task/1/children | wc -l; ps ax | wc -l", "1\n5")
        .await;
}

async fn equal(m: &Guest) {
    let one = m.machine.snapshot().await.unwrap();
    let two = m.run("true").await.snapshot;
    assert_eq!(one, two);
    assert_eq!(one.state_key(), two.state_key());
}

async fn removed(m: &Guest) {
    m.output("(exec 3> f; rm f; echo x >&3; : > /tmp/removed; sleep 1000) >/dev/null 2>&1 &")
        .await;
    m.output("until [ -e /tmp/removed ]; do sleep 0.01; done")
        .await;
    let snapshot = m.machine.snapshot().await.unwrap();
    assert!(!snapshot.entries.contains_key(&"/home/user/f".into()));
    let open: Vec<String> = m
        .processes()
        .await
        .iter()
        .flat_map(|process| process.open_files.clone())
        .map(|path| path.to_string())
        .collect();
    assert!(
        open.iter().any(|path| path.contains("/home/user/f")),
        "{open:?}"
    );
}
