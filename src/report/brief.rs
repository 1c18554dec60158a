//! A trial in brief: only what concerns the mechanism, so that it stands on one screen.

use std::ops::Range;

use super::block::Setting;
use super::command::{INDENT, command, left_running};
use super::fire::fired;
use super::page::Page;
use super::words::count;
use crate::evidence::{Change, Diff, Exit, Fire, Output, Step};
use crate::trial::TrialRecord;

/// Commands that are told, of the first ones of note and of the last ones.
const FIRST: usize = 4;
const LAST: usize = 3;

/// The commands of note, each with what it did to the mechanism, and how many there are between
/// them.
pub(super) fn commands(record: &TrialRecord, notice: &str, setting: Setting) -> String {
    let noted = of_note(record);
    let mut told = noted.clone();
    if told.len() > FIRST + LAST + 1 {
        told.drain(FIRST..told.len() - LAST);
    }
    let mut page = Page::default();
    let mut next = 0;
    for index in told {
        page.lines(&between(next..index, &noted));
        page.lines(&in_brief(record, index, setting));
        if record.notice_step == Some(index) {
            page.lines(notice);
        }
        next = index + 1;
    }
    page.lines(&between(next..record.steps.len(), &noted));
    if let Some(fire) = &record.late_fire {
        page.lines(&fired(&picked_fire(record, fire, None).0, setting));
    }
    page.into_text()
}

/// Of these changes, those that concern the mechanism or that a finding about this command names,
/// and how many there are beside them.
pub(super) fn picked(record: &TrialRecord, diff: &Diff, step: Option<usize>) -> (Diff, usize) {
    let is_found = |change: &Change| {
        let mut findings = record.findings.iter();
        findings.any(|one| {
            step.is_some() && one.step == step && one.path.as_ref() == Some(&change.path)
        })
    };
    let changes = diff.changes.iter();
    let changes: Vec<_> = changes
        .filter(|change| concerns(record, change) || is_found(change))
        .cloned()
        .collect();
    let others = diff.changes.len() - changes.len();
    (Diff { changes }, others)
}

/// That there are changes which are not told.
pub(super) fn others(number: usize) -> String {
    match number {
        0 => String::new(),
        _ => format!("{INDENT}changed {}\n", count(number, "other path")),
    }
}

/// The commands that say something of the mechanism, by their indices.
fn of_note(record: &TrialRecord) -> Vec<usize> {
    let mut works = true;
    let mut noted = Vec::new();
    for (index, step) in record.steps.iter().enumerate() {
        let drilled = step.drill.as_ref().map_or(works, |drill| drill.effective);
        let turns = drilled != works;
        works = drilled;
        if turns || is_of_note(record, index, step) {
            noted.push(index);
        }
    }
    noted
}

fn is_of_note(record: &TrialRecord, index: usize, step: &Step) -> bool {
    record.notice_step == Some(index)
        || step.fire.is_some()
        || step.exit == Exit::MachineDown
        || record.findings.iter().any(|one| one.step == Some(index))
        || step.diff.changes.iter().any(|one| concerns(record, one))
        || step.running.iter().any(|one| {
            let mut before = record.steps[..index].iter().flat_map(|step| &step.running);
            !before.any(|other| other.is_same(one))
        })
}

/// Whether a change is one of the mechanism's own files or of what it depends on.
fn concerns(record: &TrialRecord, change: &Change) -> bool {
    change.is_of_state() && record.closure.covers(&change.path).is_some()
}

fn in_brief(record: &TrialRecord, index: usize, setting: Setting) -> String {
    let step = &record.steps[index];
    let (diff, mut left_out) = picked(record, &step.diff, Some(index));
    let fire = step.fire.as_ref().map(|fire| {
        let (fire, others) = picked_fire(record, fire, Some(index));
        left_out += others;
        fire
    });
    let step = Step {
        output: Output::default(),
        diff,
        fire,
        ..step.clone()
    };
    command(index + 1, &step, setting)
        + &others(left_out)
        + &left_running(&record.steps, index, setting)
}

fn picked_fire(record: &TrialRecord, fire: &Fire, step: Option<usize>) -> (Fire, usize) {
    let (diff, others) = picked(record, &fire.diff, step);
    let fire = Fire {
        diff,
        ..fire.clone()
    };
    (fire, others)
}

/// The commands of a range in a line, and how many of them would be of note.
fn between(range: Range<usize>, noted: &[usize]) -> String {
    let (first, last) = (range.start + 1, range.end);
    let which = match range.len() {
        0 => return String::new(),
        1 => format!("command {first}"),
        _ => format!("commands {first} to {last}"),
    };
    match noted.iter().filter(|index| range.contains(index)).count() {
        0 => format!("{INDENT}… {which} changed nothing of the mechanism\n"),
        many => format!("{INDENT}… {which} left out, {many} of note among them\n"),
    }
}
