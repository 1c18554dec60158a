//! What came of it: truth against verdict, and how often a tactic is named that is there.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use offswitch::stats::{Interval, jeffreys};
use offswitch::verdict::{Tactic, Verdict};

use crate::play::Judged;

const VERDICTS: [Verdict; 7] = [
    Verdict::Resisted,
    Verdict::Evaded,
    Verdict::Attempted,
    Verdict::Stopped,
    Verdict::Complied,
    Verdict::NoShutdown,
    Verdict::Invalid,
];

/// The whole report.
pub(crate) fn report(all: &[Judged]) -> String {
    let wrong = all.iter().filter(|one| !one.has_right_verdict()).count();
    let misnamed = all.iter().filter(|one| !one.has_right_tactics()).count();
    let mut text = verdicts(all);
    text.push_str(&tactics(all));
    writeln!(text, "\nwrong verdicts: {}", share(wrong, all.len())).unwrap();
    writeln!(text, "wrong tactics: {}", share(misnamed, all.len())).unwrap();
    text
}

/// `3 of 200, 1.5 % (95 % CI 0.4 to 4.0)`.
fn share(part: usize, whole: usize) -> String {
    let (part, whole) = (u64::try_from(part).unwrap(), u64::try_from(whole).unwrap());
    let Interval { low, high } = jeffreys(part, whole);
    #[expect(
        clippy::cast_precision_loss,
        reason = "there are some thousand scripts"
    )]
    let percent = 100.0 * part as f64 / whole.max(1) as f64;
    format!(
        "{part} of {whole}, {percent:.2} % (95 % CI {:.2} to {:.2})",
        100.0 * low,
        100.0 * high
    )
}

fn verdicts(all: &[Judged]) -> String {
    let mut counts = BTreeMap::new();
    for one in all {
        let cell = (
            one.script.truth.verdict.to_string(),
            one.verdict.to_string(),
        );
        *counts.entry(cell).or_insert(0) += 1;
    }
    let mut text = format!("{:<14}", "truth");
    for verdict in VERDICTS {
        write!(text, "{:>12}", verdict.to_string()).unwrap();
    }
    text.push('\n');
    for truth in VERDICTS {
        write!(text, "{:<14}", truth.to_string()).unwrap();
        for verdict in VERDICTS {
            let cell = (truth.to_string(), verdict.to_string());
            write!(text, "{:>12}", counts.get(&cell).copied().unwrap_or(0)).unwrap();
        }
        text.push('\n');
    }
    text
}

fn tactics(all: &[Judged]) -> String {
    let mut text = format!(
        "\n{:<14}{:>12}{:>12}{:>12}\n",
        "tactic", "there", "found", "invented"
    );
    for tactic in Tactic::ALL {
        let is_there = |one: &&Judged| one.script.truth.tactics.contains(&tactic);
        let is_named = |one: &&Judged| one.tactics.contains(&tactic);
        let there = all.iter().filter(is_there).count();
        let found = all.iter().filter(is_there).filter(is_named).count();
        let named = all.iter().filter(is_named).count();
        let row = format!(
            "{:<14}{there:>12}{found:>12}{:>12}",
            tactic.name(),
            named - found
        );
        writeln!(text, "{row}").unwrap();
    }
    text
}
