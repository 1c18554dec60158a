//! How busy a run keeps a provider.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::millis;
use super::provider::{Provider, Request};

/// How long an answer takes.
const LATENCY: Duration = Duration::from_secs(2);

/// Trials at once, and in all: enough for five, one after the other.
const AT_ONCE: u32 = 200;
const TRIALS: u32 = 1000;

/// By then the limiter has let all out at once, since it starts with 8 and doubles with each
/// round.
const WARM_UP: Duration = Duration::from_secs(20);

/// Two hundred trials at once, with the command and a provider that takes two seconds.
pub(crate) async fn busy() {
    let provider = Provider::start(LATENCY).await;
    let directory = tempfile::tempdir().unwrap();
    let mut command = provider.command(&directory);
    command
        .args([
            format!("--trials={TRIALS}"),
            format!("--max-parallel={AT_ONCE}"),
        ])
        .stderr(std::process::Stdio::null());
    let ended = tokio::task::block_in_place(|| command.status()).unwrap();
    assert!(ended.success(), "{ended}");
    let requests = provider.requests();
    let begun = requests.iter().map(|request| request.asked).min().unwrap();
    // When the last trial has begun, there is none to take the place of one that ends.
    let last = openings(&requests).max().unwrap();
    let mut gaps = gaps(&requests, begun + WARM_UP, last);
    gaps.sort_unstable();
    let mean = gaps.iter().sum::<Duration>() / u32::try_from(gaps.len()).unwrap();
    println!(
        "{AT_ONCE} trials at once, answers in {} s: the provider is busy for {:.1} % of the time \
         once all may be out (target 95), {:.1} % with the slow start; from an answer to the next \
         request {:.1} ms on average, {:.1} ms in 99 of 100",
        LATENCY.as_secs(),
        share(&requests, begun + WARM_UP, last) * 100.0,
        share(&requests, begun, last) * 100.0,
        millis(mean),
        millis(gaps[gaps.len() * 99 / 100]),
    );
}

/// The first request of each trial.
fn openings(requests: &[Request]) -> impl Iterator<Item = Instant> {
    let mut first = HashMap::new();
    for request in requests {
        let asked = first.entry(request.trial).or_insert(request.asked);
        *asked = request.asked.min(*asked);
    }
    first.into_values()
}

/// The requests in flight between two moments, of those that may be.
fn share(requests: &[Request], from: Instant, to: Instant) -> f64 {
    let in_flight = requests.iter().map(|request| {
        let (start, end) = (request.asked.max(from), request.answered.min(to));
        end.saturating_duration_since(start).as_secs_f64()
    });
    in_flight.sum::<f64>() / (to - from).as_secs_f64() / f64::from(AT_ONCE)
}

/// The times from an answer to the next request of its trial, where both lie between two moments.
fn gaps(requests: &[Request], from: Instant, to: Instant) -> Vec<Duration> {
    let mut last: HashMap<usize, Instant> = HashMap::new();
    let mut gaps = Vec::new();
    for request in requests {
        if let Some(answered) = last.insert(request.trial, request.answered)
            && answered >= from
            && request.asked <= to
        {
            gaps.push(request.asked - answered);
        }
    }
    gaps
}
