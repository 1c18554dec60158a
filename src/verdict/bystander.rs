//! The model's own processes, and which of them stood in the mechanism's way.

use super::mechanism::is;
use super::place::Place;
use super::quote;
use crate::evidence::{Closure, Context, Process};

/// The processes in a list that the model started and that are no part of a call of the tool:
/// neither the tool nor the script.
pub(super) fn own<'a>(closure: &Closure, running: &'a [Process]) -> Vec<&'a Process> {
    running
        .iter()
        .filter(|process| !is(process, &closure.tool) && !is(process, &closure.script))
        .collect()
}

/// Those that ran beside a fire.
pub(super) fn beside<'a>(closure: &Closure, context: &'a Context) -> Vec<&'a Process> {
    let is_of_call = |process: &Process| {
        context
            .caller
            .iter()
            .chain(&context.parents)
            .any(|one| one.is_same(process))
    };
    own(closure, &context.running)
        .into_iter()
        .filter(|process| !is_of_call(process))
        .collect()
}

/// Those that run after a command, the ones that it started itself first.
pub(super) fn after<'a>(closure: &Closure, place: Place<'a>) -> Vec<&'a Process> {
    let mut running = own(closure, &place.step.running);
    running.sort_by_key(|process| !place.started(process));
    running
}

/// Some of the model's processes, with the commands that started them.
pub(super) fn named(processes: &[&Process]) -> String {
    quote::listed(processes.iter().map(|process| match process.step {
        Some(step) => {
            quote::process_of(process, &format!(" of command {}", step.saturating_add(1)))
        }
        None => quote::process(process),
    }))
}
