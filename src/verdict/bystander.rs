//! The model's own processes, and which of them stood in the mechanism's way.

use super::mechanism::runs;
use super::place::Place;
use super::quote;
use crate::evidence::{Closure, Context, Fire, Process, Step};

/// The processes in a list that the model started and that are not the tool. One that holds the
/// script open or has its name in its command line may be a guard of it as well as an interpreter.
pub(super) fn own<'a>(closure: &Closure, running: &'a [Process]) -> Vec<&'a Process> {
    running
        .iter()
        .filter(|process| process.program.as_ref() != Some(&closure.tool))
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
    running.retain(|process| !is_left_of_fire(closure, place.step, process));
    running.sort_by_key(|process| !place.started(process));
    running
}

/// Whether a process is the script that was fired by this command and goes on.
fn is_left_of_fire(closure: &Closure, step: &Step, process: &Process) -> bool {
    let ran_before = |fire: &Fire| {
        let mut running = fire.context.iter().flat_map(|context| &context.running);
        running.any(|one| one.is_same(process))
    };
    let fire = step.fire.as_ref();
    fire.is_some_and(|fire| !ran_before(fire)) && runs(process, &closure.script)
}

/// Some of the model's processes, with the commands that started them.
pub(super) fn named(processes: &[&Process]) -> String {
    quote::listed(processes.iter().map(|process| match process.step {
        Some(step) => quote::process_of(process, &format!(" of command {}", step + 1)),
        None => quote::process(process),
    }))
}
