//! `show RUN TRIAL`: one trial on one screen, for a person.

mod conversation;

use conversation::Conversation;

use super::block::{Length, Setting};
use super::brief;
use super::command::diff;
use super::concealment;
use super::imported::value;
use super::page::Page;
use super::style::Style;
use super::text::visible;
use super::words;
use crate::evidence::REPLAY;
use crate::run::RunManifest;
use crate::trial::{Imported, OwnScore, TrialRecord};
use crate::verdict::{Finding, Lenses};

/// Findings and survivors that are told in brief.
const IN_BRIEF: usize = 6;

/// A trial of a run: what it means and why, what was asked, what happened, and how it ended. In
/// brief that is one screen, with what concerns the mechanism; else everything, in order.
#[must_use]
pub fn story(record: &TrialRecord, run: &RunManifest, length: Length, style: Style) -> String {
    let setting = Setting { length, style };
    let mut page = Page::default();
    page.line(style.heading(&visible(&record.trial)));
    page.lines(&head(record, run, setting));
    page.lines(&Conversation::new(record, setting).told());
    page.lines(&end(record, run, setting));
    page.lines(&concealment::told(record, setting));
    if length == Length::Brief {
        let (messages, commands) = (record.transcript.len(), record.steps.len());
        let all = format!(
            "`--transcript` tells all of it: {}, {}",
            words::count(messages, "message"),
            words::count(commands, "command")
        );
        page.lines(&field("more", &all, setting));
    }
    page.into_text()
}

fn head(record: &TrialRecord, run: &RunManifest, setting: Setting) -> String {
    let mut page = Page::default();
    page.lines(&field("verdict", &verdict(record), setting));
    page.lines(&field("lenses", &lenses(record.lenses), setting));
    page.lines(&fields(
        "findings",
        record.findings.iter().map(found),
        setting,
    ));
    match &record.imported {
        None => {
            let mechanism = format!("{}: {}", run.mechanism, words::effect(&record.effect));
            page.lines(&field("mechanism", &mechanism, setting));
        }
        Some(imported) => page.lines(&origin(imported, setting)),
    }
    let service = record.service.iter().map(words::process);
    page.lines(&fields("service", service, setting));
    let scripted = if record.scripted {
        " (a script, not a model)"
    } else if record.model.starts_with(REPLAY) {
        " (recorded answers, no fresh trial)"
    } else {
        ""
    };
    let trial = format!(
        "{}{scripted}, condition {} of {}, wording {}, epoch {}",
        record.model, record.condition, record.task, record.wording, record.epoch
    );
    page.lines(&field("trial", &trial, setting));
    let took = record.ended_at.duration_since(record.started_at);
    let took = format!(
        "{} from {:.0}, {}, {}",
        words::milliseconds(took.as_secs_f64() * 1000.0),
        record.started_at,
        words::count(record.usage.turns as usize, "turn"),
        words::count(record.steps.len(), "command")
    );
    page.lines(&field("took", &took, setting));
    // A script has no tokens, and takes no time that says anything.
    if !record.scripted {
        page.lines(&field("used", &words::usage(&record.usage), setting));
    }
    page.into_text()
}

/// Where an imported trial is from, and what was said of it there.
fn origin(imported: &Imported, setting: Setting) -> String {
    let Imported {
        file,
        file_hash,
        written_by,
        task,
        sample,
        scores,
        error,
        limit,
    } = imported;
    let by = written_by.as_ref();
    let by = by.map_or_else(String::new, |program| format!(", by {program}"));
    let from = format!("{file} (SHA-256 {file_hash}): {task}, sample {sample}{by}");
    let mut page = Page::default();
    page.lines(&field("imported", &from, setting));
    let scores = scores
        .iter()
        .map(|(scorer, score)| own_score(scorer, score));
    page.lines(&fields("scored", scores, setting));
    let ends = [("error", error), ("limit", limit)];
    for (name, text) in ends {
        if let Some(text) = text {
            page.lines(&field(name, text, setting));
        }
    }
    page.into_text()
}

/// What another program scored, on a line: its value, what it took for the answer, and why.
fn own_score(scorer: &str, score: &OwnScore) -> String {
    let mut text = format!("{scorer}: {}", value(score));
    for (what, said) in [("answer", &score.answer), ("because", &score.explanation)] {
        if let Some(said) = said {
            text = format!("{text}; {what}: {said}");
        }
    }
    text
}

/// A name with what is to be said of it, in lines that fit.
pub(super) fn field(name: &str, text: &str, setting: Setting) -> String {
    let first = format!("{name:<10} ");
    setting.quote_after(&first, &visible(text), &" ".repeat(first.len()))
}

/// A name with several things to be said, each on a line; in brief only the first of them.
fn fields(name: &str, texts: impl Iterator<Item = String>, setting: Setting) -> String {
    let mut texts: Vec<_> = texts.collect();
    let most = match setting.length {
        Length::Brief => IN_BRIEF,
        Length::Cut | Length::Full => usize::MAX,
    };
    // A mark that stands for one line would save none.
    if texts.len() > most.saturating_add(1) {
        let more = texts.len() - most;
        texts.truncate(most);
        texts.push(format!("and {more} more"));
    }
    let lines = texts.iter().enumerate();
    lines
        .map(|(at, text)| field(if at == 0 { name } else { "" }, text, setting))
        .collect()
}

/// The verdict with what it rests on, and whether it is the one that a script declares.
fn verdict(record: &TrialRecord) -> String {
    let by = match record.tactics.as_slice() {
        [] => String::new(),
        [..] => format!(" by {}", words::tactics(&record.tactics)),
    };
    let why = record.invalid_reason.as_ref();
    let why = why.map_or_else(String::new, |reason| format!(": {reason}"));
    let declared = match record.expect {
        None => String::new(),
        Some(expect) if expect == record.verdict => ", as its script declares".into(),
        Some(expect) => format!(", but its script declares {expect}"),
    };
    format!(
        "{}{by}{why}{declared} (rules of version {})",
        record.verdict, record.judge
    )
}

fn lenses(lenses: Lenses) -> String {
    let shown = lens_words(lenses).map(|(name, value)| format!("{name}: {value}"));
    shown.join(" · ")
}

/// Each lens with its value.
pub(super) fn lens_words(lenses: Lenses) -> [(&'static str, &'static str); 3] {
    let Lenses {
        palisade,
        gdm,
        tamper,
    } = lenses;
    [("palisade", palisade), ("gdm", gdm), ("tamper", tamper)].map(|(name, lens)| {
        let value = match lens {
            Some(true) => "resisted",
            Some(false) => "not resisted",
            None => "does not apply",
        };
        (name, value)
    })
}

/// What was found, with the command that shows it unless the text names it, and the tactic and the
/// path that it is about.
pub(crate) fn found(finding: &Finding) -> String {
    let command = finding
        .step
        .map(|step| format!("command {}", step.saturating_add(1)));
    let command = command.filter(|command| !names(&finding.text, command));
    let tactic = finding.tactic.map(|tactic| tactic.to_string());
    let path = finding.path.as_ref().map(ToString::to_string);
    let about: Vec<_> = [command, tactic, path].into_iter().flatten().collect();
    match about.as_slice() {
        [] => finding.text.clone(),
        [..] => format!("{} [{}]", finding.text, about.join(": ")),
    }
}

/// Whether a text holds this command's name, and not only that of one with more digits.
fn names(text: &str, command: &str) -> bool {
    text.match_indices(command)
        .any(|(at, _)| !text[at + command.len()..].starts_with(|c: char| c.is_ascii_digit()))
}

fn end(record: &TrialRecord, run: &RunManifest, setting: Setting) -> String {
    let mut page = Page::default();
    page.line("");
    let outcome = words::outcome(&record.outcome);
    let end = format!("{outcome}: {}", words::ending(&record.ending, run));
    page.lines(&field("end", &end, setting));
    if let Some(fate) = &record.fate {
        page.lines(&field("machine", &words::fate(fate), setting));
    }
    let survivors = record.survivors.iter().map(words::process_at_length);
    page.lines(&fields("survivor", survivors, setting));
    let (changes, left_out) = match setting.length {
        Length::Brief => brief::picked(record, &record.final_diff, None),
        Length::Cut | Length::Full => (record.final_diff.clone(), 0),
    };
    if !record.final_diff.changes.is_empty() {
        page.line("after the last command, what still ran had");
        page.lines(&diff(&changes, setting));
        page.lines(&brief::others(left_out));
    }
    page.into_text()
}

#[cfg(test)]
mod tests;
