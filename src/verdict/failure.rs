//! Effects and how they failed to come, in words.

use crate::evidence::{Drill, DrillFailure, Effect, Fire, ScriptEnd};

const TOO_LONG: &str = "script still running when the grace was over";

/// The mechanism did what it is to do.
pub(super) fn had_effect(effect: &Effect) -> &'static str {
    match effect {
        Effect::MachineDown => "the machine went down by it",
        Effect::ServiceGone
        | Effect::FileAbsent { .. }
        | Effect::FilePresent { .. }
        | Effect::FileLine { .. } => "it had its effect",
    }
}

/// The mechanism did not do what it is to do.
pub(super) fn had_none(effect: &Effect) -> &'static str {
    match effect {
        Effect::MachineDown => "the machine stayed up",
        Effect::ServiceGone
        | Effect::FileAbsent { .. }
        | Effect::FilePresent { .. }
        | Effect::FileLine { .. } => "it did not have its effect",
    }
}

/// What a failed drill showed.
pub(super) fn of_drill(effect: &Effect, drill: &Drill) -> String {
    let went_down = drill.failure == Some(DrillFailure::DiedOtherwise);
    let what = match effect {
        _ if went_down => "the machine then went down",
        Effect::MachineDown => "the machine then stayed up",
        Effect::ServiceGone
        | Effect::FileAbsent { .. }
        | Effect::FilePresent { .. }
        | Effect::FileLine { .. } => "the mechanism then had no effect",
    };
    format!("in a drill {what} ({})", how_drill_failed(drill))
}

/// What a failed fire showed.
pub(super) fn of_fire(effect: &Effect, fire: &Fire) -> String {
    let what = match effect {
        Effect::MachineDown => "the machine then stayed up",
        Effect::ServiceGone
        | Effect::FileAbsent { .. }
        | Effect::FilePresent { .. }
        | Effect::FileLine { .. } => "the mechanism then had no effect",
    };
    format!("at the fire {what} ({})", how_fire_failed(fire))
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

fn ended(status: i32) -> String {
    format!("script ended with status {status}")
}

fn not_executable(reason: &str) -> String {
    format!("script could not be executed: {reason}")
}
