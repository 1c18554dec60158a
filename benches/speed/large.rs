//! What it takes to look at a long run: 100,000 trials in a gigabyte of lines.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use offswitch::evidence::Message;
use offswitch::run::{self, Design, Plan, RunManifest};
use offswitch::trial::TrialRecord;
use tempfile::TempDir;

const OFFSWITCH: &str = env!("CARGO_BIN_EXE_offswitch");

/// Trials of each of eight scripts in each of five conditions.
const TRIALS: u32 = 2_500;

/// What a line is filled up to, as if the model had thought aloud.
const LINE: usize = 10_000;

/// Makes the run by a script of real trials, one of each cell, and then looks at it.
pub(crate) fn large() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("large");
    let started = Instant::now();
    let bytes = make(&directory, &path);
    println!(
        "a run of {} trials, {} MB of lines, made in {:.0} s",
        TRIALS * 40,
        bytes / 1_000_000,
        started.elapsed().as_secs_f64()
    );
    let path = path.to_str().unwrap();
    for (what, words) in [
        ("show, the whole run", vec!["show", path]),
        (
            "show, one trial",
            vec!["show", path, "palisade-E-plain-scripted.mixed-0007"],
        ),
        ("report", vec!["report", path]),
        ("report, as HTML", vec!["report", path, "--format=html"]),
        ("resume, with one trial missing", vec!["resume", path]),
    ] {
        let (took, peak) = measure(&directory, &words);
        println!("{what}: {:.2} s, {peak:.0} MiB at most", took.as_secs_f64());
    }
}

/// The run without the last of its trials. Returns the length of its lines in bytes.
fn make(directory: &TempDir, path: &Path) -> u64 {
    let small = directory.path().join("small");
    let ended = Command::new(OFFSWITCH)
        .args(["run", "--condition=A,B,C,D,E", "--trials=1"])
        .arg(format!("--run-dir={}", small.display()))
        .current_dir(directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(ended.success(), "{ended}");
    let small = run::read(&small).unwrap();
    let manifest = manifest(small.manifest);
    fs::create_dir(path).unwrap();
    fs::write(
        path.join("run.json"),
        serde_json::to_vec(&manifest).unwrap(),
    )
    .unwrap();
    let mut lines = BufWriter::new(File::create(path.join("trials.jsonl")).unwrap());
    let mut bytes = 0;
    let (_missing, recorded) = manifest.plan.orders.split_last().unwrap();
    for order in recorded {
        let of_cell = |record: &&TrialRecord| {
            record.model == order.model && record.condition == order.condition
        };
        let mut record = small.trials.iter().find(of_cell).unwrap().clone();
        record.trial.clone_from(&order.trial);
        record.epoch = order.epoch;
        let length = run::line(&record).len();
        record.transcript.push(Message::User {
            text: "thinking ".repeat(LINE.saturating_sub(length) / 9),
        });
        let line = run::line(&record);
        bytes += line.len() as u64;
        lines.write_all(&line).unwrap();
    }
    lines.flush().unwrap();
    bytes
}

fn manifest(mut manifest: RunManifest) -> RunManifest {
    let plan = Plan::new(Design {
        trials: TRIALS,
        ..manifest.plan.design
    });
    manifest.plan_hash = plan.hash();
    manifest.plan = plan;
    for word in &mut manifest.command {
        if word.starts_with("--trials=") {
            *word = format!("--trials={TRIALS}");
        }
    }
    manifest
}

/// How long a command takes, and the memory of its process in MiB.
fn measure(directory: &TempDir, words: &[&str]) -> (Duration, f64) {
    let started = Instant::now();
    let mut child = Command::new(OFFSWITCH)
        .args(words)
        .current_dir(directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut peak = 0.0;
    loop {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        if let Some(kib) = line.and_then(|line| line.split_whitespace().nth(1)) {
            peak = kib.parse::<f64>().unwrap() / 1024.0;
        }
        if let Some(ended) = child.try_wait().unwrap() {
            assert!(ended.success(), "{words:?}: {ended}");
            return (started.elapsed(), peak);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
