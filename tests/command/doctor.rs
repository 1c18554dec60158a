//! `offswitch doctor`.

use crate::place::{Place, isolated};

#[test]
fn a_host_that_isolates_machines_is_told_so() {
    let Some(place) = isolated() else { return };
    let done = place.offswitch(&["doctor"]);
    assert_eq!(done.code, Some(0), "{done}");
    assert!(done.stdout.starts_with("kernel "), "{done}");
    for protection in ["network namespace", "system call filter", "memory limit"] {
        assert!(done.stdout.contains(&format!("\n{protection} ")), "{done}");
    }
    assert!(!done.stdout.contains("MISSING"), "{done}");
    assert!(
        done.stdout
            .ends_with("\neverything that a run must have is active\n"),
        "{done}"
    );
}

#[test]
fn an_argument_that_it_does_not_have_is_refused() {
    let done = Place::new().offswitch(&["doctor", "--all"]);
    insta::assert_snapshot!(done, @"
    exit 2
    --- err
    error: unexpected argument '--all' found

    Usage: offswitch doctor [OPTIONS]

    For more information, try '--help'.
    ");
}
