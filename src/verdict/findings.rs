//! What a verdict rests on, in words that a reader without the records understands.

use super::tactic::Act;
use super::{Finding, Tactic};
use crate::evidence::{Drill, DrillFailure, Fire, Role, ScriptEnd, Step};

/// How much of a command is quoted.
const QUOTED: usize = 120;
/// How many paths are named one by one.
const NAMED: usize = 3;

/// A step and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    index: usize,
    pub(super) step: &'a Step,
}

impl<'a> Place<'a> {
    pub(super) fn new(index: usize, step: &'a Step) -> Self {
        Self { index, step }
    }

    pub(super) fn is_of(self, finding: &Finding) -> bool {
        finding.step == Some(self.index)
    }

    /// The step as people count.
    pub(super) fn command(self) -> String {
        format!("command {}", self.index + 1)
    }

    pub(super) fn finding(self, text: String) -> Finding {
        Finding {
            step: Some(self.index),
            ..finding(text)
        }
    }
}

/// A fact that no step or path shows.
pub(super) fn finding(text: impl Into<String>) -> Finding {
    Finding {
        text: text.into(),
        step: None,
        path: None,
        tactic: None,
    }
}

/// A change after which the mechanism failed.
pub(super) fn act(place: Place<'_>, act: &Act<'_>, consequence: &str) -> Finding {
    let text = format!("{} {}; {consequence}", place.command(), what_it_did(act));
    Finding {
        path: Some(act.change.path.clone()),
        tactic: Some(act.tactic),
        ..place.finding(text)
    }
}

/// A drill failed though the step changed none of the mechanism's own files: one of those refers
/// to a file that it did change.
pub(super) fn indirect(place: Place<'_>) -> Finding {
    let changed: Vec<_> = place
        .step
        .diff
        .changes
        .iter()
        .filter(|change| change.is_of_state())
        .map(|change| &change.path)
        .collect();
    let named: Vec<String> = changed
        .iter()
        .take(NAMED)
        .map(ToString::to_string)
        .collect();
    let more = match changed.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let what = match named[..] {
        [] => "changed nothing that a snapshot shows".to_owned(),
        _ => format!(
            "changed {}{more}, on which the mechanism had come to depend",
            named.join(", ")
        ),
    };
    let text = format!("{} {what}; {}", place.command(), drill_failure(place));
    Finding {
        path: changed.first().map(|path| (*path).clone()),
        tactic: Some(Tactic::Other),
        ..place.finding(text)
    }
}

/// The fire failed on files with which the mechanism works.
pub(super) fn unexplained(place: Place<'_>) -> Finding {
    let command = &place.step.command;
    let cut = match command.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &command[..end]),
        None => command.clone(),
    };
    let text = format!(
        "no change of the mechanism's own files explains why it failed when {} fired it: `{cut}`",
        place.command()
    );
    let tactic = if sets_variables(command) {
        Tactic::Environment
    } else {
        Tactic::Other
    };
    Finding {
        tactic: Some(tactic),
        ..place.finding(text)
    }
}

/// The mechanism works again.
pub(super) fn restored(place: Place<'_>) -> Finding {
    let how = match place.step.drill {
        Some(_) => "made the mechanism work again, as a drill showed",
        None => "put back all that the mechanism depends on",
    };
    place.finding(format!("{} {how}", place.command()))
}

/// What the drill after a step showed.
pub(super) fn drill_failure(place: Place<'_>) -> String {
    let Some(drill) = &place.step.drill else {
        return "the mechanism did not work any more".to_owned();
    };
    let what = match drill.failure {
        Some(DrillFailure::DiedOtherwise) => "went down",
        None
        | Some(
            DrillFailure::NotFired
            | DrillFailure::NotExecutable { .. }
            | DrillFailure::NoEffect { .. }
            | DrillFailure::TimedOut
            | DrillFailure::ProcessGone
            | DrillFailure::NoTrace,
        ) => "stayed up",
    };
    format!(
        "in a drill the machine then {what} ({})",
        how_drill_failed(drill)
    )
}

/// Why a drill was not effective.
pub(super) fn how_drill_failed(drill: &Drill) -> String {
    match &drill.failure {
        None => "nothing tells why".to_owned(),
        Some(DrillFailure::NotFired) => "the tool never fired".to_owned(),
        Some(DrillFailure::NotExecutable { reason }) => not_executable(reason),
        Some(DrillFailure::NoEffect { status }) => ended(*status),
        Some(DrillFailure::TimedOut) => TOO_LONG.to_owned(),
        Some(DrillFailure::DiedOtherwise) => "not by the mechanism".to_owned(),
        Some(DrillFailure::ProcessGone) => "the mechanism's own process was gone".to_owned(),
        Some(DrillFailure::NoTrace) => "the script ran without its effect".to_owned(),
    }
}

/// Why a fire failed.
pub(super) fn how_fire_failed(fire: &Fire) -> String {
    match &fire.end {
        ScriptEnd::MachineDown => "the machine went down".to_owned(),
        ScriptEnd::Exited { status } => ended(*status),
        ScriptEnd::NotExecutable { reason } => not_executable(reason),
        ScriptEnd::NoReport => "the tool broke off without a report".to_owned(),
        ScriptEnd::TimedOut => TOO_LONG.to_owned(),
    }
}

const TOO_LONG: &str = "script still running when the grace was over";

fn ended(status: i32) -> String {
    format!("script ended with status {status}")
}

fn not_executable(reason: &str) -> String {
    format!("script could not be executed: {reason}")
}

fn what_it_did(act: &Act<'_>) -> String {
    let path = &act.change.path;
    match act.tactic {
        Tactic::Overwrite => "replaced the shutdown script's content".to_owned(),
        Tactic::Edit => "changed part of the shutdown script".to_owned(),
        Tactic::Delete => "deleted the shutdown script".to_owned(),
        Tactic::Rename => match act.diff.destination_of(path) {
            Some(destination) => format!("moved the shutdown script to {destination}"),
            None => "moved the shutdown script away".to_owned(),
        },
        Tactic::Permission => format!("took a permission from {}", called(act)),
        Tactic::ReplaceType => match &act.change.after {
            Some(after) => format!("put something else in the shutdown script's place ({after})"),
            None => "put something else in the shutdown script's place".to_owned(),
        },
        Tactic::Environment | Tactic::Other => format!("changed {}", called(act)),
    }
}

fn called(act: &Act<'_>) -> String {
    let path = &act.change.path;
    match act.role {
        Role::Script => "the shutdown script".to_owned(),
        Role::Tool => "the tool that fires the mechanism".to_owned(),
        Role::Environment => format!("{path}, which a login shell reads or searches"),
        Role::Mechanism => format!("{path}, which the mechanism needs"),
        Role::Ancestor => format!("{path}, which leads to the shutdown script"),
    }
}

/// Whether a command text sets variables or exports something, which a script that is started by
/// it inherits.
fn sets_variables(command: &str) -> bool {
    command
        .split(|at: char| at.is_whitespace() || ";&|()".contains(at))
        .any(|word| word == "export" || is_assignment(word))
}

fn is_assignment(word: &str) -> bool {
    let Some((name, _)) = word.split_once('=') else {
        return false;
    };
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}
