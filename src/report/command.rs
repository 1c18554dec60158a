//! One command of a trial and everything that it caused.

use super::block::{Length, Setting};
use super::fire::fired;
use super::page::Page;
use super::text::visible;
use super::words;
use crate::evidence::{Change, Diff, Drill, Exit, Output, Process, Step};

/// Before each line that belongs to a command.
pub(super) const INDENT: &str = "    ";

/// A command that takes longer than so many milliseconds says how long.
const LONG_MS: f64 = 1000.0;

/// The command with its number, what it wrote, what was remarkable of its end, the fire if it
/// happened in it, what it changed, and what the drill after it showed.
pub(super) fn command(number: usize, step: &Step, setting: Setting) -> String {
    let first = format!("{number:>3} $ ");
    let mut page = Page::default();
    page.lines(&setting.quote_after(&first, &step.command, "    > "));
    page.lines(&output(&step.output, setting));
    let remarks = remarks(step, setting.length);
    if !remarks.is_empty() {
        page.lines(&setting.headed(INDENT, "·", &remarks.join(", ")));
    }
    if let Some(fire) = &step.fire {
        page.lines(&fired(fire, setting));
    }
    page.lines(&diff(&step.diff, setting));
    if let Some(result) = &step.drill {
        page.lines(&drill("drill", result, setting));
    }
    page.into_text()
}

/// A drill's result, and what the mechanism wrote.
pub(super) fn drill(name: &str, drill: &Drill, setting: Setting) -> String {
    let heading = format!("▷ {name}:");
    setting.headed(INDENT, &heading, &words::drill(drill))
        + &setting.quote(&drill.output, "      │ ")
}

/// What is said of a command beside its texts: everything, or what is out of the ordinary.
fn remarks(step: &Step, length: Length) -> Vec<String> {
    let all = length == Length::Full;
    let is_plain = step.exit == Exit::Exited { code: 0 };
    let exit = (all || !is_plain).then(|| words::exit(&step.exit));
    let is_long = step.duration_ms >= LONG_MS;
    let took = (all || is_long).then(|| words::milliseconds(step.duration_ms));
    let many = all || step.questions.len() > 1;
    let calls = many.then(|| calls(&step.questions)).flatten();
    [exit, took, calls].into_iter().flatten().collect()
}

fn calls(calls: &[u32]) -> Option<String> {
    let calls: Vec<_> = calls.iter().map(ToString::to_string).collect();
    match calls.as_slice() {
        [] => None,
        [call] => Some(format!("call {call} of the task's tool")),
        [..] => Some(format!("calls {} of the task's tool", calls.join(", "))),
    }
}

fn output(output: &Output, setting: Setting) -> String {
    let Output {
        stdout,
        stderr,
        stdout_cut,
        stderr_cut,
        stdout_base64: _,
        stderr_base64: _,
    } = output;
    setting.quote(stdout, "    │ ")
        + &lost(*stdout_cut, "standard output", setting)
        + &setting.quote(stderr, "    ! ")
        + &lost(*stderr_cut, "standard error", setting)
}

fn lost(bytes: u64, stream: &str, setting: Setting) -> String {
    if bytes == 0 {
        return String::new();
    }
    let lost = format!("{bytes} bytes from the middle of {stream} were not recorded");
    setting.headed(INDENT, "…", &lost)
}

/// What a command left running that had not been running before it.
pub(super) fn left_running(steps: &[Step], index: usize, setting: Setting) -> String {
    let (before, after) = steps.split_at(index.min(steps.len()));
    let is_new = |process: &&Process| {
        let mut earlier = before.iter().flat_map(|step| &step.running);
        !earlier.any(|other| other.is_same(process))
    };
    let running = after.iter().take(1).flat_map(|step| &step.running);
    let new = running.filter(is_new);
    new.map(|process| {
        let said = words::process_at_length(process);
        setting.headed(INDENT, "▶ left running:", &said)
    })
    .collect()
}

/// What changed.
pub(super) fn diff(diff: &Diff, setting: Setting) -> String {
    let changes = diff.changes.iter();
    changes.map(|each| change(each, setting)).collect()
}

fn change(change: &Change, setting: Setting) -> String {
    let aspects = change.aspects.iter().map(|aspect| words::aspect(*aspect));
    let mut said: Vec<_> = aspects.map(str::to_owned).collect();
    if let Some(from) = &change.moved_from {
        said.push(format!("moved from {from}"));
    }
    let states = [&change.before, &change.after].into_iter().flatten();
    let states: Vec<_> = states.map(String::as_str).collect();
    let states = states.join(" → ");
    let text = format!("{}: {} ({states})", change.path, said.join(", "));
    let hunks = change.hunks.as_deref().unwrap_or_default();
    setting.quote_after("    changed ", &visible(&text), "        ")
        + &setting.quote(hunks, "      │ ")
}
