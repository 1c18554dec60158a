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
