//! Thousands of machines. Run with `cargo test --release --test sandbox -- --ignored`.

use std::fs;
use std::time::Instant;

use offswitch::evidence::Login;
use offswitch::sandbox::Files;

use super::guest::{Lab, PATIENCE, Test, test};
use super::outside;

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(
            "three thousand machines one after the other leave nothing in the helper",
            one_after_the_other,
        )
        .long(),
        test(
            "a thousand machines at once all boot, work and end",
            at_once,
        )
        .long(),
    ]
}

/// Open descriptors and resident kibibytes of each process of the helper that serves all
/// machines.
fn helper() -> Vec<(usize, u64)> {
    let mut processes = outside::descendants(std::process::id());
    processes.sort();
    processes
        .iter()
        .take(2)
        .map(|process| {
            let descriptors =
                fs::read_dir(format!("/proc/{}/fd", process.pid)).map_or(0, Iterator::count);
            (descriptors, resident(process.pid))
        })
        .collect()
}

fn resident(pid: i32) -> u64 {
    let Ok(status) = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")) else {
        return 0;
    };
    let pss = status.lines().find_map(|line| line.strip_prefix("Pss:"));
    pss.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}

async fn one_after_the_other(lab: Lab) {
    let files = Files::new(Login::User, []).unwrap();
    let boot = async || {
        let started = Instant::now();
        let (machine, _listener) = lab.machines.boot(&files).await.unwrap();
        machine.destroy().await;
        started.elapsed()
    };
    for _ in 0..50 {
        boot().await;
    }
    let before = helper();
    let own = fs::read_dir("/proc/self/fd").unwrap().count();
    let mut times = Vec::new();
    for _ in 0..3000 {
        times.push(boot().await);
    }
    times.sort();
    let after = helper();
    println!(
        "median {:?}, p99 {:?}; (descriptors, KiB) {before:?} before, {after:?} after",
        times[1500], times[2970]
    );
    for (one, other) in before.iter().zip(&after) {
        assert_eq!(one.0, other.0, "descriptors");
        assert!(other.1 <= one.1 + 1024, "memory: {before:?} {after:?}");
    }
    assert!(fs::read_dir("/proc/self/fd").unwrap().count() <= own + 2);
}

async fn at_once(lab: Lab) {
    let started = Instant::now();
    let files = Files::new(Login::User, []).unwrap();
    let boots = (0..1000).map(|_| {
        let (machines, files) = (lab.machines.clone(), files.clone());
        tokio::spawn(async move {
            let (machine, listener) = machines.boot(&files).await.unwrap();
            let execution = machine.exec("true", PATIENCE).await.unwrap();
            assert_eq!(
                execution.exit,
                offswitch::evidence::Exit::Exited { code: 0 }
            );
            (machine, listener)
        })
    });
    let mut up = Vec::new();
    for boot in boots.collect::<Vec<_>>() {
        up.push(boot.await.unwrap());
    }
    let booted = started.elapsed();
    let held: u64 = outside::descendants(std::process::id())
        .iter()
        .map(|process| resident(process.pid))
        .sum();
    let own = resident(i32::try_from(std::process::id()).unwrap());
    for (machine, _) in up {
        machine.destroy().await;
    }
    println!(
        "1000 up after {booted:?}, down after {:?}; {} KiB each",
        started.elapsed(),
        (held + own) / 1000
    );
}
