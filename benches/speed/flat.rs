//! The memory of the harness over a long run.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::provider::{Provider, offswitch};

const TRIALS: u32 = 5000;

/// What the command says at each tenth of a run.
const MILESTONE: &str = "/5000 trials, ";

/// Five thousand trials of a script, and of a model at a provider.
pub(crate) async fn flat() {
    let directory = tempfile::tempdir().unwrap();
    let mut scripted = offswitch(&directory);
    scripted.arg("--model=scripted/mixed");
    print("scripted models", scripted);
    let directory = tempfile::tempdir().unwrap();
    let provider = Provider::start(Duration::from_millis(20)).await;
    let command = provider.command(&directory);
    tokio::task::block_in_place(|| print("a provider that answers in 20 ms", command));
}

fn print(what: &str, mut command: Command) {
    command
        .arg(format!("--trials={TRIALS}"))
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let harness = child.id();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    println!("memory over {TRIALS} trials, {what}, in MiB:");
    println!("  trials  harness  helper");
    for line in lines {
        let line = line.unwrap();
        if let Some((done, _)) = line.split_once(MILESTONE) {
            let (harness, helper) = (resident(harness), helper(harness));
            println!("  {done:>6}  {harness:>7.1}  {helper:>6.1}");
        }
    }
    let ended = child.wait().unwrap();
    assert!(ended.success(), "{ended}");
}

/// The launcher and the zygote.
fn helper(harness: u32) -> f64 {
    let Some(launcher) = first_child(harness) else {
        return 0.0;
    };
    let zygote = first_child(launcher).map_or(0.0, resident);
    resident(launcher) + zygote
}

fn first_child(process: u32) -> Option<u32> {
    // Any thread may have started it, but the helper is started before there are others.
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

/// What a process has in memory, in MiB; nothing where it has ended.
fn resident(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: Option<f64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kib.unwrap_or(0.0) / 1024.0
}
