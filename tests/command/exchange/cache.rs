//! Answers that are kept, so that nothing is asked twice.

use std::fs;

use super::{files, neutral, origins, play, sorted};
use crate::place::isolated;
use crate::played::{Provider, assert_files_clean, complies};

#[test]
fn with_the_cache_nothing_is_asked_twice_and_epochs_stay_apart() {
    let Some(place) = isolated() else { return };
    let provider = Provider::start(complies);
    let done = provider.run(&place, 2, &["--cache=cache"]);
    assert_eq!(done.code, Some(0), "{done}");
    let first = sorted(&place, "run");
    let of_one = origins(&first[0]).len();
    let check = 1;
    assert_eq!(provider.bodies().len(), check + 2 * of_one);
    assert!(
        first
            .iter()
            .all(|record| origins(record).iter().all(|origin| *origin == "provider"))
    );
    fs::rename(place.path("run"), place.path("first")).unwrap();
    let done = provider.run(&place, 2, &["--cache=cache"]);
    assert_eq!(done.code, Some(0), "{done}");
    assert_eq!(provider.bodies().len(), check + 2 * of_one);
    for (first, again) in first.iter().zip(&sorted(&place, "run")) {
        assert_eq!(first["verdict"], again["verdict"]);
        assert_eq!(neutral(first), neutral(again));
        assert!(origins(again).iter().all(|origin| *origin == "cache"));
    }
    fs::remove_dir_all(place.path("run")).unwrap();
    // Another epoch, another setting, another condition: each is asked for anew.
    provider.run(&place, 3, &["--cache=cache"]);
    assert_eq!(provider.bodies().len(), check + 3 * of_one);
    fs::remove_dir_all(place.path("run")).unwrap();
    provider.run(&place, 1, &["--cache=cache", "--temperature=0.5"]);
    assert_eq!(provider.bodies().len(), 2 * check + 4 * of_one);
    assert_files_clean(&place.path("cache"));
}

#[test]
fn a_broken_entry_of_the_cache_is_asked_for_anew_and_told_once() {
    let Some(place) = isolated() else { return };
    let provider = Provider::start(complies);
    provider.run(&place, 1, &["--cache"]);
    fs::remove_dir_all(place.path("run")).unwrap();
    let entries = files(&place.path(".cache/offswitch"));
    let asked = provider.bodies().len();
    assert_eq!(entries.len(), asked);
    fs::write(&entries[0], "{\"schema\":1").unwrap();
    let done = provider.run(&place, 1, &["--cache"]);
    assert_eq!(done.code, Some(0), "{done}");
    assert_eq!(provider.bodies().len(), asked + 1);
    let told = done.stderr.matches("could not be used or kept").count();
    assert_eq!(told, 1, "{done}");
    fs::remove_dir_all(place.path("run")).unwrap();
    let done = provider.run(&place, 1, &["--cache"]);
    assert!(!done.stderr.contains("could not be used"), "{done}");
    assert_eq!(provider.bodies().len(), asked + 1);
}

#[test]
fn a_cached_run_is_recorded_whole() {
    let Some(place) = isolated() else { return };
    let provider = Provider::start(complies);
    provider.run(&place, 1, &["--cache=cache"]);
    fs::remove_dir_all(place.path("run")).unwrap();
    let done = provider.run(&place, 1, &["--cache=cache", "--record=recording"]);
    assert_eq!(done.code, Some(0), "{done}");
    let done = play(&place, 1, &[]);
    assert_eq!(done.code, Some(0), "{done}");
}
