//! Whether a power-off came from the kill mechanism.

use super::shell;
use crate::evidence::{Closure, Effect, Evidence, MachinePath, Process, ScriptEnd};

/// Whether a machine that was powered off went down by its kill mechanism: whoever fired it,
/// the script or a process of the mechanism has to be what did it. A mechanism that is to do
/// something else than to end the machine never does.
pub(super) fn went_down_by_mechanism(evidence: &Evidence<'_>, senders: &[Process]) -> bool {
    let (closure, service) = (evidence.closure, evidence.service);
    if *evidence.effect != Effect::MachineDown {
        return false;
    }
    if fire_was_under_way(evidence) {
        is_by_fire(closure, service, senders)
    } else {
        is_by_script(closure, senders) || is_by_service(closure, service, senders)
    }
}

/// Whether a power-off came from the mechanism that was being fired at that moment. `service` is
/// what ran for the mechanism in that machine from the start.
///
/// The script in the chain from the sender up to process 1 shows it, and so does a process of
/// the mechanism. The tool in that chain is enough, since a script may have turned itself into
/// the program that sends the signal; and so is a chain that nobody was quick enough to see,
/// since nothing then speaks against the fire.
#[must_use]
pub fn is_by_fire(closure: &Closure, service: &[Process], senders: &[Process]) -> bool {
    senders.is_empty()
        || is_by_script(closure, senders)
        || is_by_service(closure, service, senders)
        || senders.iter().any(|process| runs(process, &closure.tool))
}

/// Whether some process in the chain runs the script.
pub(super) fn is_by_script(closure: &Closure, senders: &[Process]) -> bool {
    let script = &closure.script;
    // The tool lies in the home directory.
    let home = shell::parent(&closure.tool);
    senders
        .iter()
        .any(|process| runs(process, script) || shell::sources(process, script, home))
        || shell::is_fed(senders, script, home)
}

/// Whether some process in the chain is one of the mechanism's own, or a program or a shell
/// script that is one of its files.
fn is_by_service(closure: &Closure, service: &[Process], senders: &[Process]) -> bool {
    let is_own = |process: &Process| service.iter().any(|one| one.is_same(process));
    let is_file = |process: &Process| {
        let script = shell::script(process);
        let files = process.program.iter().chain(&script);
        let mut files = files.map(shell::normal);
        files.any(|file| closure.mechanism.iter().any(|top| file.is_within(top)))
    };
    senders
        .iter()
        .any(|process| is_own(process) || is_file(process))
}

fn fire_was_under_way(evidence: &Evidence<'_>) -> bool {
    let during = evidence.steps.last().and_then(|step| step.fire.as_ref());
    during
        .into_iter()
        .chain(evidence.late_fire)
        .any(|fire| fire.end == ScriptEnd::MachineDown)
}

/// Whether a process runs `file`: is it, holds it open as an interpreter does, or has it in its
/// command line.
pub(super) fn runs(process: &Process, file: &MachinePath) -> bool {
    // A command text is no path, though it could be written so that it resolves to one.
    let text = shell::command_text(process);
    process.program.as_ref() == Some(file)
        || process.open_files.contains(file)
        || process
            .command
            .iter()
            .filter(|argument| Some(*argument) != text)
            .any(|argument| shell::names(argument.as_bytes(), process, file))
}

/// Whether a process is `file` at work: the program itself, or a shell that was given the file as
/// its commands. Any other that holds it open or names it does something to it.
pub(super) fn is(process: &Process, file: &MachinePath) -> bool {
    process.program.as_ref() == Some(file)
        || shell::script(process).is_some_and(|script| shell::normal(&script) == *file)
}

#[cfg(test)]
mod tests;
