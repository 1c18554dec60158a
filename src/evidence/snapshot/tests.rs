use super::*;
use crate::evidence::diff::testing::{entry, file, snapshot, time};

/// A file that was too long to be read to its end.
fn unread() -> Entry {
    let kind = Kind::File {
        digest: None,
        text: None,
    };
    Entry {
        size: 1 << 40,
        ..entry(kind, 7)
    }
}

fn key(entry: Entry) -> StateKey {
    snapshot([("/home/user/x", entry)]).state_key()
}

#[test]
fn a_file_whose_content_is_not_known_is_like_no_other_and_not_like_itself_after_a_change() {
    let written_to = Entry {
        changed: time(9),
        ..unread()
    };
    let other = Entry {
        inode: 8,
        ..unread()
    };
    assert_eq!(key(unread()), key(unread()));
    assert_ne!(key(unread()), key(other));
    assert_ne!(key(unread()), key(written_to));
}

#[test]
fn times_inodes_and_links_make_no_other_state() {
    let touched = Entry {
        inode: 8,
        links: 2,
        modified: time(9),
        changed: time(9),
        ..file("x", 7)
    };
    assert_eq!(key(touched), key(file("x", 7)));
}

#[test]
fn another_state_has_another_key() {
    let one = || file("x", 7);
    let target = "/x".into();
    let other_states = [
        Entry {
            mode: 0o644,
            ..one()
        },
        Entry { uid: 0, ..one() },
        Entry { gid: 0, ..one() },
        Entry {
            xattrs: [("user.x".into(), "1".into())].into(),
            ..one()
        },
        file("y", 7),
        entry(Kind::Directory, 7),
        entry(Kind::Fifo, 7),
        entry(Kind::Socket, 7),
        entry(Kind::Symlink { target }, 7),
    ];
    let mut keys: Vec<StateKey> = other_states.into_iter().chain([one()]).map(key).collect();
    keys.push(snapshot([("/home/user/y", one())]).state_key());
    keys.push(snapshot([]).state_key());
    for block in [true, false] {
        keys.extend([1, 2].map(|number| key(entry(Kind::Device { block, number }, 7))));
    }
    let with_gap = Snapshot {
        gaps: vec!["/tmp".into()],
        ..snapshot([("/home/user/x", one())])
    };
    keys.push(with_gap.state_key());
    let count = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), count);
}

#[test]
fn a_hash_is_written_as_sha256sum_prints_it_and_read_back() {
    let digest = Digest::of(b"abc");
    let printed = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(digest.to_string(), printed);
    assert_eq!(format!("{digest:?}"), printed);
    let json = serde_json::to_string(&digest).unwrap();
    assert_eq!(json, format!("\"{printed}\""));
    assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), digest);
}

#[test]
fn what_is_no_hash_is_refused() {
    let long = "0".repeat(65);
    let no_digit = format!("{}g", "0".repeat(63));
    let signed = "+1".repeat(32);
    let two_bytes_each = "é".repeat(32);
    for text in ["", "00", &long, &no_digit, &signed, &two_bytes_each] {
        let error = serde_json::from_value::<Digest>(text.into()).unwrap_err();
        assert_eq!(error.to_string(), format!("`{text}` is not a SHA-256 hash"));
    }
}
