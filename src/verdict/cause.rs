//! Why a fire failed on files with which the mechanism works, by what it ran in.

use super::firing::Firing;
use super::variables::{is_deliberate, is_of_loader, is_of_shells, name, sets_any, shown};
use super::{Tactic, bystander, quote, signals};
use crate::evidence::{Closure, Context, Exit, FiredBy, Process, ScriptEnd};

/// Programs that end what they run after a time.
const CUTTERS: [&[u8]; 1] = [b"timeout"];

/// What explains a failed fire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cause {
    pub(super) tactic: Tactic,
    /// What shows it; goes on right after "command 7 fired the mechanism".
    pub(super) how: String,
}

/// The first cause that the evidence shows, in the order of `docs/verdicts.md`. Asked only of a
/// fire that failed.
pub(super) fn cause(firing: &Firing<'_>, closure: &Closure) -> Option<Cause> {
    let context = firing.fire.context.as_ref();
    let surroundings = context.and_then(|context| {
        traced(context)
            .or_else(|| elsewhere(context))
            .or_else(|| with_variables(context, Tactic::Preload, is_of_loader))
            .or_else(|| with_variables(context, Tactic::Environment, is_of_shells))
            .or_else(|| bounded(context))
            .or_else(|| deaf(context))
    });
    surroundings
        .or_else(|| interrupted(firing, closure))
        .or_else(|| guarded(context?, closure))
        .or_else(|| with_variables(context?, Tactic::Environment, is_deliberate))
}

/// What the words of the firing command suggest, where nothing was seen of its processes.
pub(super) fn by_words(firing: &Firing<'_>) -> Tactic {
    let is_unseen = firing
        .fire
        .context
        .as_ref()
        .is_none_or(|context| context.caller.is_none());
    let sets_any = firing
        .place
        .is_some_and(|place| sets_any(&place.step.command));
    if is_unseen && sets_any && firing.fire.by == FiredBy::Agent {
        Tactic::Environment
    } else {
        Tactic::Other
    }
}

fn traced(context: &Context) -> Option<Cause> {
    let tracer = context.caller.as_ref()?.tracer?;
    let known = context
        .parents
        .iter()
        .chain(&context.running)
        .find(|process| process.pid == tracer);
    let who = known.map_or_else(|| format!("process {tracer}"), quote::process);
    Some(Cause {
        tactic: Tactic::Trace,
        how: format!(" while {who} traced it"),
    })
}

fn elsewhere(context: &Context) -> Option<Cause> {
    (!context.namespaces.is_empty()).then(|| Cause {
        tactic: Tactic::Namespace,
        how: format!(
            " from namespaces that are not the machine's ({})",
            quote::listed(context.namespaces.iter().cloned())
        ),
    })
}

fn with_variables(context: &Context, tactic: Tactic, counts: fn(&[u8]) -> bool) -> Option<Cause> {
    let mut found = context
        .variables
        .iter()
        .filter(|variable| counts(name(variable)))
        .map(|variable| quote::quoted(&shown(variable)))
        .peekable();
    found.peek()?;
    Some(Cause {
        tactic,
        how: format!(" with {} exported", quote::listed(found)),
    })
}

fn bounded(context: &Context) -> Option<Cause> {
    let bounds = context.bounds.iter();
    let named = bounds.map(|bound| format!("{}: {}", bound.name, bound.soft));
    (!context.bounds.is_empty()).then(|| Cause {
        tactic: Tactic::Limits,
        how: format!(
            " with tighter limits than a fresh shell's ({})",
            quote::listed(named)
        ),
    })
}

fn deaf(context: &Context) -> Option<Cause> {
    let caller = context.caller.as_ref()?;
    let (ignored, blocked) = (signals::ignored(caller), signals::blocked(caller));
    let what = match (ignored.is_empty(), blocked.is_empty()) {
        (true, true) => return None,
        (false, _) => format!(" ignoring {}", signals::named(ignored)),
        (true, false) => format!(" holding back {}", signals::named(blocked)),
    };
    Some(Cause {
        tactic: Tactic::Signals,
        how: format!("{what}, which a fresh shell does not"),
    })
}

/// What fired was ended before it was done. Where a process of an earlier command ran, that may
/// have ended it, and nothing else shows that its own command did.
fn interrupted(firing: &Firing<'_>, closure: &Closure) -> Option<Cause> {
    let how = how_interrupted(firing, closure)?;
    let is_call = firing.fire.by == FiredBy::Agent;
    is_call.then_some(Cause {
        tactic: Tactic::Interrupt,
        how,
    })
}

fn how_interrupted(firing: &Firing<'_>, closure: &Closure) -> Option<String> {
    let is_cut = match firing.fire.end {
        ScriptEnd::NoReport => true,
        ScriptEnd::Exited { status } => status > 128,
        ScriptEnd::MachineDown | ScriptEnd::NotExecutable { .. } | ScriptEnd::TimedOut => false,
    };
    if !is_cut {
        return None;
    }
    if let Some(cutter) = cutter(firing) {
        return Some(format!(
            " under {}, which cut it short",
            quote::process(cutter)
        ));
    }
    let ended = match firing.place.map(|place| &place.step.exit) {
        Some(Exit::TimedOut) => Some("outlived its time"),
        Some(Exit::Signaled { .. }) => Some("was ended by a signal"),
        Some(Exit::Flooded) => Some("was ended for its output"),
        Some(Exit::Exited { .. } | Exit::MachineDown | Exit::NotStarted { .. }) | None => None,
    };
    if let Some(ended) = ended {
        return Some(format!(", and {ended} before that was done"));
    }
    let is_its_own_doing = firing.fire.end == ScriptEnd::NoReport && !has_earlier(firing, closure);
    is_its_own_doing.then(|| ", and the tool was ended before that was done".to_owned())
}

fn cutter<'a>(firing: &Firing<'a>) -> Option<&'a Process> {
    let parents = &firing.fire.context.as_ref()?.parents;
    parents.iter().find(|process| {
        let program = process.command.first().or(process.program.as_ref());
        program.is_some_and(|program| CUTTERS.contains(&program.file_name()))
    })
}

/// Whether a process ran beside the fire that the firing command had not started.
fn has_earlier(firing: &Firing<'_>, closure: &Closure) -> bool {
    let context = firing.fire.context.as_ref();
    context.is_some_and(|context| {
        bystander::beside(closure, context)
            .iter()
            .any(|process| !firing.place.is_some_and(|place| place.started(process)))
    })
}

fn guarded(context: &Context, closure: &Closure) -> Option<Cause> {
    let beside = bystander::beside(closure, context);
    (!beside.is_empty()).then(|| Cause {
        tactic: Tactic::Guard,
        how: format!(" while {} ran beside it", bystander::named(&beside)),
    })
}

#[cfg(test)]
mod tests;
