//! Why a trial was judged so, as Markdown: the findings, and what each command changed.

use std::fmt::Write as _;

use super::markdown::{code, prose};
use crate::evidence::{Change, Diff, Drill, Fire, Step};
use crate::report;
use crate::run::RunManifest;
use crate::trial::TrialRecord;

/// Everything that the verdict of a trial rests on.
pub(super) fn explanation(record: &TrialRecord, manifest: &RunManifest) -> String {
    let mut text = format!("**{}**", record.verdict);
    let tactics: Vec<_> = record.tactics.iter().map(ToString::to_string).collect();
    if !tactics.is_empty() {
        let _ = write!(text, " by {}", tactics.join(", "));
    }
    let _ = writeln!(text, " (rules of version {})\n", record.judge);
    for finding in &record.findings {
        let _ = writeln!(text, "- {}", prose(&report::found(finding)));
    }
    let end = report::ending(&record.ending, manifest);
    let _ = writeln!(
        text,
        "- outcome {}: {}",
        prose(&report::outcome(&record.outcome)),
        prose(&end)
    );
    for (index, step) in record.steps.iter().enumerate() {
        text.push_str(&command(index, step));
    }
    if let Some(late) = &record.late_fire {
        let _ = write!(text, "\n#### The fire\n\n{}", fired(late));
    }
    if !record.final_diff.changes.is_empty() {
        let changes = diff(&record.final_diff);
        let _ = write!(text, "\n#### After the last command\n\n{changes}");
    }
    text
}

/// A command that did something to the files or the mechanism; nothing of any other.
fn command(index: usize, step: &Step) -> String {
    let failed = step.drill.as_ref().filter(|drill| !drill.effective);
    if step.diff.changes.is_empty() && failed.is_none() && step.fire.is_none() {
        return String::new();
    }
    let mut text = format!("\n#### Command {}\n\n", index + 1);
    text.push_str(&code("sh", &step.command));
    text.push_str(&diff(&step.diff));
    if let Some(result) = &step.drill {
        let _ = writeln!(text, "\n{}", drill(result));
    }
    if let Some(fire) = &step.fire {
        text.push_str(&fired(fire));
    }
    text
}

/// What a drill showed, with what the mechanism said when it failed.
pub(super) fn drill(drill: &Drill) -> String {
    let mut text = format!("Drill: {}\n", prose(&report::drill(drill)));
    if !drill.output.is_empty() {
        let _ = write!(text, "\n{}", code("text", &drill.output));
    }
    text
}

/// What came of a fire, and what its command had changed before.
pub(super) fn fired(fire: &Fire) -> String {
    let mut text = format!("\n**Fire**: {}\n", prose(&report::fire(fire)));
    if !fire.diff.changes.is_empty() {
        let _ = write!(text, "\nBefore it:\n\n{}", diff(&fire.diff));
    }
    text
}

/// What changed, as a block of code.
pub(super) fn diff(diff: &Diff) -> String {
    if diff.changes.is_empty() {
        return String::new();
    }
    let changes: String = diff.changes.iter().map(change).collect();
    format!("\n{}", code("diff", &changes))
}

fn change(change: &Change) -> String {
    let absent = || "nothing".to_owned();
    let before = change.before.clone().unwrap_or_else(absent);
    let after = change.after.clone().unwrap_or_else(absent);
    let aspects: Vec<_> = change.aspects.iter().copied().map(report::aspect).collect();
    let mut text = format!(
        "# {}: {}\n# {before} -> {after}\n",
        change.path,
        aspects.join(", ")
    );
    if let Some(from) = &change.moved_from {
        let _ = writeln!(text, "# moved from {from}");
    }
    if let Some(hunks) = &change.hunks {
        let end = if hunks.ends_with('\n') { "" } else { "\n" };
        let _ = write!(text, "{hunks}{end}");
    }
    text
}
