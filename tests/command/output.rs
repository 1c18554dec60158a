//! What standard output may be.

use std::fs::File;
use std::process::Stdio;

use crate::place::isolated;

#[test]
fn a_reader_that_went_away_does_not_harm_the_run() {
    let Some(place) = isolated() else { return };
    let arguments = [
        "run",
        "--model=scripted/complies",
        "--trials=1",
        "--run-dir=run",
    ];
    let mut command = place.command(&arguments);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(place.records("run").len(), 3);
}

#[test]
fn a_full_disk_behind_standard_output_is_told() {
    let Some(place) = isolated() else { return };
    let mut command = place.command(&["list"]);
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = command.stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(String::from_utf8(output.stderr).unwrap(), @"
    error: cannot write to standard output
      because: No space left on device (os error 28)
    ");
}
