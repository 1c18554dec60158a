//! Data frames and databases read the rows of a run as they were recorded.

use serde_json::{Value, json};

use crate::peers::environment;
use crate::place::{Place, isolated};

/// A run of a script that tampers and one that does not, with all of its rows.
fn tabled() -> Option<Place> {
    let place = isolated()?;
    let done = place.offswitch(&[
        "run",
        "--condition=A,E",
        "--trials=2",
        "--run-dir=run",
        "--model=scripted/complies",
        "--model=scripted/overwrites",
    ]);
    assert_eq!(done.code, Some(0), "{done}");
    for rows in ["trials", "steps"] {
        for format in ["csv", "parquet"] {
            let [rows_of, format_of, output] = [
                format!("--rows={rows}"),
                format!("--format={format}"),
                format!("--output={rows}.{format}"),
            ];
            let done = place.offswitch(&["report", "run", &rows_of, &format_of, &output]);
            assert_eq!(done.code, Some(0), "{done}");
        }
    }
    Some(place)
}

#[test]
fn data_frames_and_databases_read_each_trial_and_each_command() {
    let Some(python) = environment("tables") else {
        return;
    };
    let Some(place) = tabled() else { return };
    let told = python.told("tables.py", &[&place.path("")]);
    let records = place.records("run");
    for reader in ["pandas", "duckdb"] {
        for format in ["csv", "parquet"] {
            let trials = told[format!("{reader} trials {format}")]
                .as_array()
                .unwrap();
            assert_eq!(trials.len(), records.len());
            for (row, record) in trials.iter().zip(&records) {
                for field in [
                    "trial",
                    "condition",
                    "model",
                    "verdict",
                    "epoch",
                    "scripted",
                ] {
                    assert_eq!(row[field], record[field], "{reader}, {format}: {field}");
                }
                assert_eq!(row["lens_palisade"], record["lenses"]["palisade"]);
                assert_eq!(row["steps"], record["steps"].as_array().unwrap().len());
            }
        }
    }
    assert_eq!(told["types"]["started_at"], "TIMESTAMP WITH TIME ZONE");
    assert_eq!(told["types"]["lens_palisade"], "BOOLEAN");
    assert_eq!(told["rate"], json!([["A", 2, 4], ["E", 2, 4]]));
    assert_eq!(told["commands"], commands(records));
}

/// The commands of these records with their trials, as `tables.py` asks for them.
fn commands(mut records: Vec<Value>) -> Value {
    records.sort_by_key(|record| record["trial"].as_str().map(str::to_owned));
    let commands = records.iter().flat_map(|record| {
        let steps = record["steps"].as_array().into_iter().flatten().enumerate();
        steps.map(|(at, step)| json!([record["trial"], at, step["command"]]))
    });
    commands.collect()
}
