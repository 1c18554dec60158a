//! Logs of Inspect, changed: they are imported without a verdict, or refused, and nothing is
//! written anywhere but in the run.

use std::fs;
use std::io::{Cursor, Read as _, Write as _};
use std::path::Path;
use std::sync::OnceLock;

use offswitch::inspect::{Existing, export, import};
use offswitch::run;
use offswitch::verdict::Verdict;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::twist::{Graft, cases, grafted, grafts, twisted, twists};

/// The members of a log: names and contents.
type Members = Vec<(String, Vec<u8>)>;

/// The smallest log that the frozen run of the present format is exported to.
fn members() -> &'static Members {
    static MEMBERS: OnceLock<Members> = OnceLock::new();
    MEMBERS.get_or_init(|| {
        let place = tempfile::tempdir().unwrap();
        let frozen = Path::new("tests/data/runs/schema-3");
        let exported = export(frozen, &place.path().join("logs"), Existing::Keep).unwrap();
        let logs = exported.logs.iter().map(|log| fs::read(&log.path).unwrap());
        let log = logs.min_by_key(Vec::len).unwrap();
        let mut archive = ZipArchive::new(Cursor::new(log)).unwrap();
        (0..archive.len())
            .map(|index| {
                let mut member = archive.by_index(index).unwrap();
                let mut bytes = Vec::new();
                member.read_to_end(&mut bytes).unwrap();
                (member.name().unwrap().into_owned(), bytes)
            })
            .collect()
    })
}

fn zipped(members: &Members) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        // Two members of one name are refused by the writer; that is another test.
        if writer
            .start_file(&**name, SimpleFileOptions::default())
            .is_ok()
        {
            writer.write_all(bytes).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

/// Imports a log; whatever it is, nothing is outside of the run, and nothing has a verdict.
fn imported(log: &[u8], name: &str) {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join(name);
    fs::write(&file, log).unwrap();
    let directory = place.path().join("run");
    match import(std::slice::from_ref(&file), Some(&directory), Vec::new()) {
        Ok(_) => {
            let run = run::read(&directory).unwrap();
            let verdicts = run.trials.iter().map(|record| record.verdict);
            assert!({ verdicts }.all(|verdict| verdict == Verdict::Invalid));
            fs::remove_dir_all(&directory).unwrap();
        }
        Err(error) => {
            assert!(error.to_string().contains(name), "{error}");
            assert!(!directory.exists());
        }
    }
    let left = fs::read_dir(place.path()).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, [name], "nothing else is left");
}

/// A log in which this member has other values.
fn regrafted(which: Index, grafts: &[Graft]) -> Members {
    let mut members = members().clone();
    let member = which.index(members.len());
    let bytes = &mut members[member].1;
    if let Ok(value) = serde_json::from_slice::<Value>(bytes) {
        *bytes = grafted(value, grafts).to_string().into_bytes();
    }
    members
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn a_log_whose_bytes_were_changed_is_imported_or_refused(twists in twists()) {
        imported(&twisted(&zipped(members()), &twists), "log.eval");
    }

    #[test]
    fn a_log_whose_values_were_changed_is_imported_or_refused(
        which in any::<Index>(),
        grafts in grafts(),
    ) {
        imported(&zipped(&regrafted(which, &grafts)), "log.eval");
    }

    #[test]
    fn a_member_of_another_name_is_left_out_or_refused(
        which in any::<Index>(),
        name in prop::sample::select(vec![
            "../../x.json", "/etc/x.json", "samples/../../x.json", "samples/", "samples/x.json",
            "samples/a_epoch_1.json/..", "header.json", "", "samples/\u{202e}.json", "a\\b.json",
        ]),
        grafts in grafts(),
    ) {
        let mut members = regrafted(which, &grafts);
        let member = which.index(members.len());
        members[member].0 = name.to_owned();
        imported(&zipped(&members), "log.eval");
    }

    #[test]
    fn attachments_that_lead_to_one_another_come_to_an_end(
        links in prop::collection::vec((0..6_usize, 0..6_usize), 1..8),
        depth in 0..200_usize,
    ) {
        let mut members = members().clone();
        for (name, bytes) in &mut members {
            if !name.starts_with("samples/") {
                continue;
            }
            let mut sample: Value = serde_json::from_slice(bytes).unwrap();
            let key = |at: &usize| format!("{at:032x}");
            for (from, to) in &links {
                let to = format!("attachment://{0} attachment://{0}", key(to));
                sample["attachments"][key(from)] = to.into();
            }
            let nested = (0..depth).fold(Value::from(format!("attachment://{}", key(&0))), |inner, _| {
                serde_json::json!([inner])
            });
            sample["messages"][0]["content"] = format!("attachment://{}", key(&0)).into();
            sample["metadata"] = nested;
            *bytes = sample.to_string().into_bytes();
        }
        imported(&zipped(&members), "log.eval");
    }
}
