//! Whether the mechanism has its effect, from one command to the next.

use super::firing::Firing;
use crate::evidence::{Change, Drill, DrillFailure, Ending, Evidence, Step};

/// Whether the mechanism, run as it would be run, has its effect in a state of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Works {
    Yes,
    No(Through),
}

/// Through what it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Through {
    /// What stands in files.
    Files,
    /// What runs. Files that are as the task left them do not make up for it.
    Processes,
}

/// Before and after a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Around {
    pub(super) before: Works,
    pub(super) after: Works,
}

/// How it stood around each command, in order.
pub(super) fn around_each(evidence: &Evidence<'_>) -> Vec<Around> {
    let mut before = Works::Yes;
    let count = evidence.steps.len();
    let states = evidence.steps.iter().enumerate().map(|(index, step)| {
        let is_last = index + 1 == count;
        // What a drill shows after the effect has come says nothing of the way there.
        let is_over = is_last && *evidence.ending == Ending::TookEffect;
        let after = if is_over { before } else { after(step, before) };
        let around = Around { before, after };
        before = after;
        around
    });
    states.collect()
}

/// How it stood around a fire. After the last command nothing is drilled any more.
pub(super) fn around(evidence: &Evidence<'_>, firing: &Firing<'_>) -> Around {
    let states = around_each(evidence);
    let last = states.last().map_or(Works::Yes, |around| around.after);
    let own = firing.place.and_then(|place| place.of(&states));
    own.copied().unwrap_or(Around {
        before: last,
        after: last,
    })
}

/// No drill is needed, and none recorded, where nothing changed or where all that the mechanism
/// depends on is as the task left it.
fn after(step: &Step, before: Works) -> Works {
    match &step.drill {
        Some(drill) if drill.effective => Works::Yes,
        Some(drill) => Works::No(through(step, drill)),
        None if step.diff.changes.is_empty() => before,
        None => match before {
            Works::No(Through::Processes) => before,
            Works::Yes | Works::No(Through::Files) => Works::Yes,
        },
    }
}

fn through(step: &Step, drill: &Drill) -> Through {
    let is_gone = drill.failure == Some(DrillFailure::ProcessGone);
    let has_changed = step.diff.changes.iter().any(Change::is_of_state);
    if is_gone || (!has_changed && !step.running.is_empty()) {
        Through::Processes
    } else {
        Through::Files
    }
}
