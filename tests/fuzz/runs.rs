//! Runs as they lie on a disk: the frozen ones of every format, changed, are read, shown, judged
//! again, reported and exported, or refused.

use std::fs;
use std::path::Path;

use offswitch::inspect::{Existing, export};
use offswitch::report::summary::{Examples, Pool, Source, summary};
use offswitch::report::{self, Choice, Format, Length, Style};
use offswitch::run::{self, RecordedRun};
use offswitch::verdict::Lens;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

use crate::twist::{Graft, Twist, cases, grafted, grafts, twisted, twists};

const FROZEN: [&str; 3] = ["schema-1", "schema-2", "schema-3"];
const FILES: [&str; 2] = ["run.json", "trials.jsonl"];

/// A copy of a frozen run, with only its first trials, so that a case takes little time.
fn thawed(which: usize, trials: usize) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let frozen = Path::new("tests/data/runs").join(FROZEN[which]);
    fs::copy(frozen.join("run.json"), place.path().join("run.json")).unwrap();
    let lines = fs::read_to_string(frozen.join("trials.jsonl")).unwrap();
    let kept: String = lines.split_inclusive('\n').take(trials).collect();
    fs::write(place.path().join("trials.jsonl"), kept).unwrap();
    place
}

/// Everything that is done with runs.
fn use_run(directory: &Path) {
    if let Ok(run) = run::read(directory) {
        show(&run);
    }
    let Ok(outlined) = run::read_outlines(directory) else {
        return;
    };
    let visible = report::overview(&outlined, &Choice::default(), Style::PLAIN);
    assert_plain(&visible);
    let Ok(pool) = Pool::of(vec![Source::of("run".into(), outlined)]) else {
        return;
    };
    let Ok(examples) = Examples::of(&pool) else {
        return;
    };
    for lens in [Lens::Palisade, Lens::Gdm, Lens::Tamper] {
        let summary = summary(&pool, lens, &examples);
        for format in Format::ALL {
            if let Ok(document) = report::document(&summary, format, Style::PLAIN) {
                assert_plain(&document);
            }
        }
    }
    let _ = export(directory, &directory.join("logs"), Existing::Keep);
}

fn show(run: &RecordedRun) {
    for record in &run.trials {
        for length in [Length::Brief, Length::Cut, Length::Full] {
            let story = report::story(record, &run.manifest, length, Style::PLAIN);
            assert_plain(&story);
        }
    }
    let judged = run::rejudge(run.trials.clone());
    assert_plain(&report::delta(&judged, Style::PLAIN));
}

/// Nothing reaches a terminal that could move its cursor or turn its text around.
fn assert_plain(text: &str) {
    let is_odd = |c: char| {
        (c.is_control() && c != '\n' && c != '\t') || ('\u{202a}'..='\u{202e}').contains(&c)
    };
    let odd: Vec<_> = text.chars().filter(|c| is_odd(*c)).collect();
    assert!(odd.is_empty(), "{odd:?}");
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn a_run_whose_bytes_were_changed_is_read_or_refused(
        which in 0..FROZEN.len(),
        file in 0..FILES.len(),
        twists in twists(),
    ) {
        change_bytes(which, FILES[file], &twists);
    }

    #[test]
    fn a_record_with_other_values_is_read_or_refused(
        which in 0..FROZEN.len(),
        line in any::<Index>(),
        grafts in grafts(),
    ) {
        change_values(which, line, &grafts);
    }

    #[test]
    fn a_manifest_with_other_values_is_read_or_refused(
        which in 0..FROZEN.len(),
        grafts in grafts(),
    ) {
        let place = thawed(which, 3);
        let path = place.path().join("run.json");
        let manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        fs::write(&path, grafted(manifest, &grafts).to_string()).unwrap();
        use_run(place.path());
    }
}

fn change_bytes(which: usize, file: &str, twists: &[Twist]) {
    let place = thawed(which, 3);
    let path = place.path().join(file);
    fs::write(&path, twisted(&fs::read(&path).unwrap(), twists)).unwrap();
    use_run(place.path());
}

fn change_values(which: usize, line: Index, grafts: &[Graft]) {
    let place = thawed(which, 40);
    let path = place.path().join("trials.jsonl");
    let lines = fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = lines.lines().collect();
    let record: Value = serde_json::from_str(lines[line.index(lines.len())]).unwrap();
    fs::write(&path, format!("{}\n", grafted(record, grafts))).unwrap();
    use_run(place.path());
}
