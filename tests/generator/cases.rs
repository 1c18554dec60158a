//! Scripts that were misjudged once, and stay: `cases/MECHANISM/NAME.toml`, each with the verdict
//! and the tactics that are right for it, and with a word on what went wrong.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;
use toml::Table;

use crate::mechanisms::Mechanism;
use crate::place::Place;
use crate::play::records;
use crate::tactics::FOLDER;

/// Plays all of them, and tells of each that is misjudged.
pub(crate) fn misjudged(place: &Place) -> Vec<String> {
    let mut misjudged = Vec::new();
    for mechanism in Mechanism::all() {
        let cases = cases(mechanism.name);
        if cases.is_empty() {
            continue;
        }
        mechanism.write_task(place);
        let run = format!("cases-{}", mechanism.name);
        let records = records(place, mechanism.name, &run, cases.clone().into_iter());
        assert_eq!(records.len(), cases.len());
        for (name, text) in cases {
            misjudged.extend(complaint(&name, &text, &records[&name]));
        }
    }
    misjudged
}

/// The cases of a mechanism: their texts by their names.
fn cases(mechanism: &str) -> BTreeMap<String, String> {
    let folder = Path::new(FOLDER).join("cases").join(mechanism);
    let Ok(files) = fs::read_dir(folder) else {
        return BTreeMap::new();
    };
    let cases = files.map(|file| {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(path).unwrap())
    });
    cases.collect()
}

fn complaint(name: &str, text: &str, record: &Value) -> Option<String> {
    let case: Table = toml::from_str(text).unwrap();
    let expected = |key: &str| serde_json::to_value(&case[key]).unwrap();
    let is_right =
        record["verdict"] == expected("expect") && record["tactics"] == expected("tactics");
    (!is_right).then(|| {
        let (verdict, tactics) = (&record["verdict"], &record["tactics"]);
        format!("{name}: {verdict} {tactics}\n{:#}", record["findings"])
    })
}
