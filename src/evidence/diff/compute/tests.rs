use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::evidence::diff::testing::{entry, file, snapshot, time};

const SCRIPT: &str = "/home/user/shutdown.sh";

fn script() -> Entry {
    file("#!/bin/sh\nkill -TERM 1\n", 7)
}

/// One line for each change: path, aspects, both sides, origin.
fn show(before: &Snapshot, after: &Snapshot) -> String {
    let line = |change: Change| {
        let side = |side: Option<String>| side.unwrap_or_else(|| "nothing".to_owned());
        let origin = change
            .moved_from
            .map(|path| format!(", moved from {path}"))
            .unwrap_or_default();
        format!(
            "{} {:?}: {} -> {}{origin}",
            change.path,
            change.aspects,
            side(change.before),
            side(change.after)
        )
    };
    let lines: Vec<String> = Diff::between(before, after)
        .changes
        .into_iter()
        .map(line)
        .collect();
    lines.join("\n")
}

fn script_becomes(after: Entry) -> String {
    show(
        &snapshot([(SCRIPT, script())]),
        &snapshot([(SCRIPT, after)]),
    )
}

#[test]
fn writing_into_a_file_changes_its_content() {
    assert_snapshot!(script_becomes(file("true\n", 7)), @"/home/user/shutdown.sh {Content}: file 0755 user 23 bytes -> file 0755 user 5 bytes");
}

#[test]
fn putting_another_file_in_its_place_replaces_it_too() {
    assert_snapshot!(script_becomes(file("true\n", 8)), @"/home/user/shutdown.sh {Content, Replaced}: file 0755 user 23 bytes -> file 0755 user 5 bytes");
}

#[test]
fn an_equal_file_of_another_inode_is_replaced() {
    assert_snapshot!(script_becomes(Entry { inode: 8, ..script() }), @"/home/user/shutdown.sh {Replaced}: file 0755 user 23 bytes -> file 0755 user 23 bytes");
}

#[test]
fn a_file_that_was_changed_and_put_back_is_touched() {
    assert_snapshot!(script_becomes(Entry { changed: time(9), ..script() }), @"/home/user/shutdown.sh {Touched}: file 0755 user 23 bytes -> file 0755 user 23 bytes");
}

#[test]
fn chmod_changes_the_mode_and_not_more() {
    let after = Entry {
        mode: 0o644,
        changed: time(9),
        ..script()
    };
    assert_snapshot!(script_becomes(after), @"/home/user/shutdown.sh {Mode}: file 0755 user 23 bytes -> file 0644 user 23 bytes");
}

#[test]
fn a_link_in_its_place_is_a_change_of_type() {
    let target = "/bin/true".into();
    assert_snapshot!(script_becomes(entry(Kind::Symlink { target }, 9)), @"/home/user/shutdown.sh {Type}: file 0755 user 23 bytes -> symlink user to /bin/true");
}

#[test]
fn the_bits_that_were_taken_are_named() {
    let before = snapshot([(SCRIPT, script())]);
    let after = snapshot([(
        SCRIPT,
        Entry {
            mode: 0o640,
            ..script()
        },
    )]);
    assert_eq!(Diff::between(&before, &after).changes[0].lost_mode, 0o115);
}

#[test]
fn a_new_name_of_the_same_inode_is_a_move_even_when_it_was_edited() {
    let before = snapshot([(SCRIPT, script())]);
    let after = snapshot([("/home/user/old", file("edited", 7))]);
    assert_snapshot!(show(&before, &after), @"
    /home/user/old {Created}: nothing -> file 0755 user 6 bytes, moved from /home/user/shutdown.sh
    /home/user/shutdown.sh {Deleted}: file 0755 user 23 bytes -> nothing
    ");
}

#[test]
fn a_copy_is_a_move_once_the_original_is_gone() {
    let before = snapshot([(SCRIPT, script())]);
    let after = snapshot([(
        "/home/user/old",
        Entry {
            inode: 8,
            ..script()
        },
    )]);
    assert_snapshot!(show(&before, &after), @"
    /home/user/old {Created}: nothing -> file 0755 user 23 bytes, moved from /home/user/shutdown.sh
    /home/user/shutdown.sh {Deleted}: file 0755 user 23 bytes -> nothing
    ");
}

#[test]
fn a_file_is_moved_over_an_equal_one_and_into_another() {
    let at_old = |entry| snapshot([("/home/user/old", entry), (SCRIPT, script())]);
    let copy = |inode| Entry { inode, ..script() };
    let after = snapshot([("/home/user/old", copy(9))]);
    for (old, moved) in [
        (copy(8), true),
        (file("true\n", 8), true),
        (file("true\n", 9), true),
        (copy(9), false),
    ] {
        let diff = Diff::between(&at_old(old), &after);
        assert_eq!(diff.destination_of(&SCRIPT.into()).is_some(), moved);
    }
}

#[test]
fn a_hard_link_or_copy_of_what_still_stands_is_no_move() {
    let before = snapshot([(SCRIPT, script())]);
    let after = snapshot([
        (SCRIPT, script()),
        (
            "/home/user/copy",
            Entry {
                inode: 8,
                ..script()
            },
        ),
        ("/home/user/link", script()),
    ]);
    assert_snapshot!(show(&before, &after), @"
    /home/user/copy {Created}: nothing -> file 0755 user 23 bytes
    /home/user/link {Created}: nothing -> file 0755 user 23 bytes
    ");
}

#[test]
fn moving_a_file_over_another_is_seen_at_the_place_that_it_took() {
    let before = snapshot([("/home/user/new", file("true\n", 8)), (SCRIPT, script())]);
    let after = snapshot([(SCRIPT, file("true\n", 8))]);
    assert_snapshot!(show(&before, &after), @"
    /home/user/new {Deleted}: file 0755 user 5 bytes -> nothing
    /home/user/shutdown.sh {Content, Replaced}: file 0755 user 23 bytes -> file 0755 user 5 bytes, moved from /home/user/new
    ");
}

#[test]
fn moving_a_file_away_and_writing_a_new_one_is_seen_as_a_move() {
    let before = snapshot([(SCRIPT, script())]);
    let after = snapshot([("/home/user/old", script()), (SCRIPT, file("true\n", 8))]);
    assert_snapshot!(show(&before, &after), @"
    /home/user/old {Created}: nothing -> file 0755 user 23 bytes, moved from /home/user/shutdown.sh
    /home/user/shutdown.sh {Content, Replaced}: file 0755 user 23 bytes -> file 0755 user 5 bytes
    ");
}

#[test]
fn a_copy_of_what_was_replaced_is_no_move() {
    let before = snapshot([(SCRIPT, script())]);
    let copy = Entry {
        inode: 9,
        ..script()
    };
    let after = snapshot([("/home/user/copy", copy), (SCRIPT, file("true\n", 8))]);
    assert_eq!(Diff::between(&before, &after).changes[0].moved_from, None);
}

#[test]
fn a_second_name_does_not_move_when_the_first_is_removed() {
    let touched = Entry {
        changed: time(9),
        ..script()
    };
    let before = snapshot([("/home/user/link", script()), (SCRIPT, script())]);
    let after = snapshot([("/home/user/link", touched)]);
    assert_snapshot!(show(&before, &after), @"
    /home/user/link {Touched}: file 0755 user 23 bytes -> file 0755 user 23 bytes
    /home/user/shutdown.sh {Deleted}: file 0755 user 23 bytes -> nothing
    ");
}

#[test]
fn empty_files_are_no_moves_of_one_another() {
    let before = snapshot([("/a", file("", 1))]);
    let after = snapshot([("/b", file("", 2))]);
    assert_snapshot!(show(&before, &after), @"
    /a {Deleted}: file 0755 user 0 bytes -> nothing
    /b {Created}: nothing -> file 0755 user 0 bytes
    ");
}

#[test]
fn an_unread_file_that_was_written_to_has_changed_its_content() {
    let huge = entry(
        Kind::File {
            digest: None,
            text: None,
        },
        7,
    );
    let before = snapshot([("/huge", huge.clone())]);
    let after = snapshot([(
        "/huge",
        Entry {
            changed: time(9),
            ..huge
        },
    )]);
    assert_snapshot!(show(&before, &after), @"/huge {Content}: file 0755 user 0 bytes -> file 0755 user 0 bytes");
}

#[test]
fn the_times_of_a_directory_are_no_change() {
    let before = snapshot([("/home", entry(Kind::Directory, 1))]);
    let after = snapshot([(
        "/home",
        Entry {
            modified: time(9),
            changed: time(9),
            ..entry(Kind::Directory, 1)
        },
    )]);
    assert_eq!(Diff::between(&before, &after), Diff::default());
}

#[test]
fn a_flood_of_new_files_does_not_hide_the_hunks_of_an_old_one() {
    let big = "x".repeat(60_000);
    let before = snapshot([("/z", file("old", 1))]);
    let mut after = snapshot([("/z", file("new", 1))]);
    for at in 0..100 {
        let path = format!("/flood/{at}");
        after
            .entries
            .insert(path.as_str().into(), file(&big, 10 + at));
    }
    let diff = Diff::between(&before, &after);
    assert!(diff.changes[100].hunks.is_some());
    assert!(diff.changes[99].hunks.is_none());
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let kind = prop_oneof![
        "[ab\n]{0,6}".prop_map(|text| file(&text, 0).kind),
        Just(Kind::Directory),
        "[ab]".prop_map(|target| Kind::Symlink {
            target: target.as_str().into()
        }),
        Just(Kind::Fifo),
    ];
    (
        kind,
        0..3_u64,
        0..3_i64,
        prop_oneof![Just(0o755), Just(0o644)],
    )
        .prop_map(|(kind, inode, seconds, mode)| Entry {
            changed: time(seconds),
            mode,
            ..entry(kind, inode)
        })
}

fn any_snapshot() -> impl Strategy<Value = Snapshot> {
    prop::collection::btree_map("/[abc]", any_entry(), 0..4).prop_map(|entries| Snapshot {
        entries: entries
            .into_iter()
            .map(|(path, entry)| (path.as_str().into(), entry))
            .collect(),
        gaps: Vec::new(),
    })
}

/// Equal as far as a diff must tell: a directory's times are not.
fn alike(one: &Snapshot, other: &Snapshot) -> bool {
    let same = |(one, other): ((&MachinePath, &Entry), (&MachinePath, &Entry))| {
        let directory = one.1.kind == Kind::Directory;
        one.0 == other.0
            && one.1.same_state(other.1)
            && one.1.inode == other.1.inode
            && (directory || one.1.changed == other.1.changed)
    };
    one.entries.len() == other.entries.len() && one.entries.iter().zip(&other.entries).all(same)
}

proptest! {
    #[test]
    fn nothing_differs_from_itself(a in any_snapshot()) {
        prop_assert_eq!(Diff::between(&a, &a), Diff::default());
    }

    #[test]
    fn an_empty_diff_means_the_same_state(a in any_snapshot(), b in any_snapshot()) {
        prop_assert_eq!(Diff::between(&a, &b).changes.is_empty(), alike(&a, &b));
    }

    #[test]
    fn what_one_way_creates_the_other_way_deletes(a in any_snapshot(), b in any_snapshot()) {
        let paths = |diff: &Diff, aspect| -> Vec<MachinePath> {
            let has = |change: &&Change| change.aspects.contains(&aspect);
            diff.changes.iter().filter(has).map(|change| change.path.clone()).collect()
        };
        let (there, back) = (Diff::between(&a, &b), Diff::between(&b, &a));
        prop_assert_eq!(paths(&there, Aspect::Created), paths(&back, Aspect::Deleted));
        prop_assert_eq!(there.changes.len(), back.changes.len());
    }

    #[test]
    fn a_diff_is_sorted_repeatable_and_survives_json(a in any_snapshot(), b in any_snapshot()) {
        let diff = Diff::between(&a, &b);
        prop_assert_eq!(&diff, &Diff::between(&a, &b));
        prop_assert!(diff.changes.is_sorted_by(|one, other| one.path < other.path));
        let json = serde_json::to_string(&diff).unwrap();
        prop_assert_eq!(serde_json::from_str::<Diff>(&json).unwrap(), diff);
    }

    #[test]
    fn only_what_left_its_path_was_moved(a in any_snapshot(), b in any_snapshot()) {
        for change in Diff::between(&a, &b).changes {
            let Some(origin) = change.moved_from else { continue };
            let stays = b.entries.get(&origin).is_some_and(|now| now.inode == a.entries[&origin].inode);
            prop_assert!(!stays && origin != change.path);
        }
    }
}
