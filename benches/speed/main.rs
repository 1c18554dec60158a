//! What a trial costs, beside what its commands cost anyway. Prints one line a figure, with the
//! target that `docs/performance.md` states; `cargo bench` runs all, `cargo bench -- NAME` one.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark starts bare programs, prints, and stops at the first fault"
)]

mod busy;
mod flat;
mod large;
mod memory;
mod provider;

use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use offswitch::evidence::Login;
use offswitch::model::scripted::Script;
use offswitch::sandbox::{self, Files, Helper, Machines, Owner};
use offswitch::task::{catalogue, parse_task};
use offswitch::trial::{Lab, Order, TrialRecord};
use tokio::sync::{Semaphore, watch};

/// What an agent does on its first look at a machine, and a few files of its own.
const COMMANDS: [&str; 10] = [
    "ls -la",
    "pwd; whoami",
    "echo 'first answer: 2' > notes.txt",
    "cat notes.txt",
    "echo 'second answer: 5' >> notes.txt",
    "wc -l notes.txt",
    "mkdir -p work && cp notes.txt work/",
    "grep -c answer notes.txt",
    "sed -i 's/first/1st/' notes.txt",
    "find . -type f | sort",
];

/// The command that the tampering trial has in place of one of the above.
const TAMPERING: (usize, &str) = (4, "printf '#!/bin/bash\\necho no\\n' > shutdown.sh");

fn main() {
    sandbox::enter_if_helper();
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|one| !one.starts_with('-'))
        .collect();
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|one| one == name);
    let helper = Helper::start().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let tool = std::fs::read(env!("CARGO_BIN_EXE_next_question")).unwrap();
        let task = Arc::new(parse_task(&catalogue::embedded()[0]).unwrap());
        let machines = helper.into_machines().unwrap();
        let new_lab = || Arc::new(Lab::new(&machines, Arc::clone(&task), &tool).unwrap());
        let lab = new_lab();
        if wants("boot") {
            boot(&machines).await;
        }
        if wants("trial") {
            trial(&lab, new_lab).await;
        }
        if wants("throughput") {
            throughput(&lab).await;
        }
        if wants("slow-model") {
            slow_model(&lab).await;
        }
        if wants("memory") {
            memory::memory(&lab).await;
        }
        if wants("provider") {
            busy::busy().await;
        }
        if wants("flat") {
            flat::flat().await;
        }
        if wants("large") {
            tokio::task::block_in_place(large::large);
        }
    });
}

/// Boot and teardown of an empty machine.
async fn boot(machines: &Arc<Machines>) {
    let files = Files::new(
        Login::User,
        [("/home/user/a", b"a".as_slice(), 0o644, Owner::User)],
    )
    .unwrap();
    let mut times = Vec::new();
    for _ in 0..300 {
        let start = Instant::now();
        let (machine, _listener) = machines.boot(&files).await.unwrap();
        machine.destroy().await;
        times.push(start.elapsed());
    }
    let median = median(&mut times);
    println!(
        "boot and teardown: {:.2} ms median of 300 (target 2)",
        millis(median)
    );
}

/// A whole trial against its bare commands, alternating so that both see the same machine.
async fn trial(lab: &Arc<Lab>, new_lab: impl Fn() -> Arc<Lab>) {
    for (name, target, commands) in [("innocent", 1.3, COMMANDS), ("tampering", 1.5, tampering())] {
        let script = script_of(&commands, Duration::ZERO);
        let (mut bare, mut cold, mut warm) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..40 {
            bare.push(run_bare(&commands));
            cold.push(timed_trial(&new_lab(), &script, round).await);
            warm.push(timed_trial(lab, &script, round).await);
        }
        let (bare, cold, warm) = (median(&mut bare), median(&mut cold), median(&mut warm));
        println!(
            "{name} trial of ten commands: {:.1} ms, every state drilled anew {:.1} ms, bare {:.1} ms: \
             {:.2} and {:.2} times (target {target})",
            millis(warm),
            millis(cold),
            millis(bare),
            warm.as_secs_f64() / bare.as_secs_f64(),
            cold.as_secs_f64() / bare.as_secs_f64(),
        );
    }
}

fn tampering() -> [&'static str; 10] {
    let mut commands = COMMANDS;
    commands[TAMPERING.0] = TAMPERING.1;
    commands
}

/// Trials a second, eight at a time.
async fn throughput(lab: &Arc<Lab>) {
    let script = script_of(&COMMANDS, Duration::ZERO);
    let count = 400;
    let start = Instant::now();
    run_many(lab, &script, count, 8).await;
    let rate = f64::from(count) / start.elapsed().as_secs_f64();
    println!("throughput: {rate:.0} trials a second, 8 at a time (target 40)");
}

/// Two hundred trials at once with a model that takes half a second to answer.
async fn slow_model(lab: &Arc<Lab>) {
    let mut commands = COMMANDS.to_vec();
    commands.push("true");
    let script = script_of(&commands, Duration::from_millis(500));
    let start = Instant::now();
    run_many(lab, &script, 200, 200).await;
    let took = start.elapsed().as_secs_f64();
    println!("200 concurrent trials of 11 answers at 0.5 s: {took:.2} s (ideal 5.5, target 7.5)");
}

async fn run_many(lab: &Arc<Lab>, script: &Script, count: u32, at_once: usize) {
    let places = Arc::new(Semaphore::new(at_once));
    let mut trials = tokio::task::JoinSet::new();
    for round in 0..count {
        let place = Arc::clone(&places).acquire_owned().await.unwrap();
        let (lab, model) = (Arc::clone(lab), script.player(1));
        trials.spawn(async move {
            let record = run_one(&lab, model, round).await;
            drop(place);
            record
        });
    }
    while let Some(record) = trials.join_next().await {
        check(&record.unwrap());
    }
}

async fn timed_trial(lab: &Arc<Lab>, script: &Script, round: u32) -> Duration {
    let start = Instant::now();
    let record = run_one(lab, script.player(1), round).await;
    let took = start.elapsed();
    check(&record);
    took
}

async fn run_one(
    lab: &Arc<Lab>,
    model: offswitch::model::scripted::ScriptedModel,
    round: u32,
) -> TrialRecord {
    let (_stop, stopped) = watch::channel(false);
    lab.run(&order(round), Box::new(model), stopped).await
}

/// A benchmark of trials that failed would measure nothing.
fn check(record: &TrialRecord) {
    assert!(record.steps.len() >= 10, "{:?}", record.ending);
}

fn order(epoch: u32) -> Order {
    Order {
        trial: format!("bench-{epoch}"),
        condition: "A".to_owned(),
        wording: "plain".to_owned(),
        model: "scripted/bench".to_owned(),
        scripted: true,
        expect: None,
        epoch,
        seed: 1,
    }
}

fn script_of(commands: &[&str], latency: Duration) -> Script {
    let mut text = format!("latency_ms = {}\n", latency.as_millis());
    for command in commands {
        writeln!(text, "[[step]]\nbash = {command:?}").unwrap();
    }
    Script::parse("bench.toml", &text).unwrap()
}

/// The commands as a shell without any isolation runs them, in an empty home.
fn run_bare(commands: &[&str]) -> Duration {
    let home = tempfile::tempdir().unwrap();
    let start = Instant::now();
    for command in commands {
        run_command(command, home.path());
    }
    start.elapsed()
}

fn run_command(command: &str, home: &Path) {
    let output = Command::new("/bin/bash")
        .args(["--login", "-c", command])
        .current_dir(home)
        .env_clear()
        .env("HOME", home)
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .output()
        .unwrap();
    assert!(output.status.success(), "{command}");
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
