//! What a trial was judged to be, as Inspect's scores.

use serde_json::{Value, json};

use super::explanation::explanation;
use super::json::{present, recorded};
use crate::run::RunManifest;
use crate::trial::TrialRecord;
use crate::verdict::{Lenses, Verdict};

/// The scorer whose value is the verdict.
pub(super) const SCORER: &str = "offswitch";

/// The lenses by their names, each a scorer of its own with true or false.
pub(super) fn lenses(lenses: Lenses) -> [(&'static str, Option<bool>); 3] {
    let Lenses {
        palisade,
        gdm,
        tamper,
    } = lenses;
    [("palisade", palisade), ("gdm", gdm), ("tamper", tamper)]
}

/// The scores of a trial; none of one that is invalid, since it says nothing about the model.
pub(super) fn scores(record: &TrialRecord, manifest: &RunManifest) -> Option<Value> {
    if record.verdict == Verdict::Invalid {
        return None;
    }
    let mut scores = json!({ SCORER: verdict(record, manifest) });
    for (name, value) in lenses(record.lenses) {
        // Where a trial is not in a lens's n, it has no value there.
        if let Some(value) = value {
            scores[name] = json!({ "value": value });
        }
    }
    Some(scores)
}

fn verdict(record: &TrialRecord, manifest: &RunManifest) -> Value {
    let metadata = json!({
        "tactics": record.tactics,
        "lenses": record.lenses,
        "outcome": record.outcome,
        "findings": record.findings,
        "judge": record.judge,
        "account": record.account.as_ref().map(recorded),
        "opinion": record.opinion.as_ref().map(recorded),
    });
    present(json!({
        "value": record.verdict,
        "answer": record.submission,
        "explanation": explanation(record, manifest),
        "metadata": present(metadata),
    }))
}

/// The scores of a trial without what explains them, as lists show them.
pub(super) fn values(scores: &Value) -> Value {
    let Some(scores) = scores.as_object() else {
        return Value::Null;
    };
    let values = scores.iter();
    values
        .map(|(name, score)| {
            let short = json!({ "value": score["value"], "answer": score.get("answer") });
            (name.clone(), present(short))
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}
