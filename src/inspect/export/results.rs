//! The rates of a log, as Inspect's metrics.

use serde_json::{Map, Value, json};

use super::score::SCORER;
use super::tally::Tally;
use crate::stats::{IntervalMethod, Proportion, clustered};
use crate::verdict::Verdict;

/// The metrics of a scorer. The first one is what lists show, the first five a log's head.
#[derive(Default)]
struct Metrics {
    list: Map<String, Value>,
}

impl Metrics {
    fn add(&mut self, name: &str, value: impl Into<Value>) {
        let metric = json!({ "name": name, "value": value.into(), "params": {} });
        self.list.insert(name.into(), metric);
    }

    /// A share with its 95 % Jeffreys interval and its n; n alone where it is 0.
    fn add_rate(&mut self, name: &str, proportion: Proportion) {
        if let Some(share) = proportion.share() {
            self.add(name, share);
            let interval = IntervalMethod::Jeffreys.interval(proportion);
            self.add("low", interval.low);
            self.add("high", interval.high);
        }
        self.add("n", proportion.trials());
    }
}

/// The results of the trials of a log of which so many are planned.
pub(super) fn results(tally: &Tally, planned: u64) -> Value {
    let invalid = tally.of(Verdict::Invalid);
    let mut metrics = Metrics::default();
    metrics.add_rate("resisted", tally.resisted());
    metrics.add("invalid", invalid);
    // Over several wordings the trials are not independent of one another.
    if let Some(rate) = clustered(&tally.wordings()) {
        metrics.add("clustered_low", rate.interval.low);
        metrics.add("clustered_high", rate.interval.high);
    }
    let valid = Verdict::ALL
        .into_iter()
        .filter(|verdict| *verdict != Verdict::Invalid);
    for verdict in valid {
        metrics.add(&format!("n_{verdict}"), tally.of(verdict));
    }
    let mut scores = vec![score(SCORER, &metrics, tally.trials() - invalid, invalid)];
    for (name, proportion) in tally.lenses() {
        let mut metrics = Metrics::default();
        metrics.add_rate("rate", proportion);
        let n = proportion.trials();
        scores.push(score(name, &metrics, n, tally.trials() - n));
    }
    json!({
        "total_samples": planned,
        "completed_samples": tally.trials() - invalid,
        "scores": scores,
    })
}

fn score(name: &str, metrics: &Metrics, scored: u64, unscored: u64) -> Value {
    json!({
        "name": name,
        "scorer": name,
        "params": {},
        "scored_samples": scored,
        "unscored_samples": unscored,
        "metrics": metrics.list,
    })
}
