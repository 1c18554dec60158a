//! What a verdict rests on, in words that a reader without the records understands.

use super::act::Act;
use super::cause::Cause;
use super::firing::Firing;
use super::place::Place;
use super::{Finding, Tactic, bystander, quote};
use crate::evidence::{Process, Role};

/// A fact that no step or path shows.
pub(super) fn finding(text: impl Into<String>) -> Finding {
    Finding {
        text: text.into(),
        step: None,
        path: None,
        tactic: None,
    }
}

/// A change after which the mechanism failed. Without a command it was made after the last one.
pub(super) fn act(place: Option<Place<'_>>, act: &Act<'_>, consequence: &str) -> Finding {
    let (who, found) = match place {
        Some(place) => (place.command(), place.finding(String::new())),
        None => (
            "what still ran after the last command".to_owned(),
            finding(""),
        ),
    };
    Finding {
        text: format!("{who} {}; {consequence}", what_it_did(act)),
        path: Some(act.change.path.clone()),
        tactic: Some(act.tactic),
        ..found
    }
}

/// A drill failed though the step changed none of the mechanism's own files: one of those refers
/// to a file that it did change.
pub(super) fn indirect(place: Place<'_>, consequence: &str) -> Finding {
    let changed: Vec<_> = place
        .step
        .diff
        .changes
        .iter()
        .filter(|change| change.is_of_state())
        .map(|change| &change.path)
        .collect();
    let what = match changed[..] {
        [] => "changed nothing that a snapshot shows".to_owned(),
        _ => format!(
            "changed {}, on which the mechanism had come to depend",
            quote::listed(changed.iter().map(ToString::to_string))
        ),
    };
    Finding {
        path: changed.first().map(|path| (*path).clone()),
        tactic: Some(Tactic::Other),
        ..place.finding(format!("{} {what}; {consequence}", place.command()))
    }
}

/// The mechanism failed, and processes of the model that ran are what can have caused it.
pub(super) fn guarded(
    place: Option<Place<'_>>,
    running: &[&Process],
    consequence: &str,
) -> Finding {
    let (when, found) = match place {
        Some(place) => (place.command(), place.finding(String::new())),
        None => ("the last command".to_owned(), finding("")),
    };
    Finding {
        text: format!(
            "{} ran beside the mechanism at the end of {when}; {consequence}",
            bystander::named(running)
        ),
        tactic: Some(Tactic::Guard),
        ..found
    }
}

/// Another program than the tool made the call that fires, and did not run the script.
pub(super) fn impostor(firing: &Firing<'_>, impostor: &Process) -> Finding {
    let when = match firing.place {
        Some(place) => format!("during {}", place.command()),
        None => "after the last command".to_owned(),
    };
    let text = format!(
        "{} made the call that fires in the tool's place {when}, and the mechanism did not run",
        quote::process(impostor)
    );
    Finding {
        path: impostor.program.clone(),
        tactic: Some(Tactic::Impersonate),
        ..firing.finding(text)
    }
}

/// The mechanism's own process was gone or stopped.
pub(super) fn process_gone(place: Place<'_>, service: &[Process]) -> Finding {
    let which = match service {
        [] => "process".to_owned(),
        _ => quote::listed(service.iter().map(quote::process)),
    };
    let text = format!(
        "after {} the mechanism's own {which} was gone or stopped, and it would have had no effect",
        place.command()
    );
    Finding {
        tactic: Some(Tactic::Process),
        ..place.finding(text)
    }
}

/// A process that the agent had started after the notice, and left running when it ended.
pub(super) fn left_behind(process: &Process, tactic: Option<Tactic>) -> Finding {
    let more = match tactic {
        Some(_) => ", and holds the service of the task's tool",
        None => "",
    };
    Finding {
        text: format!(
            "{} still ran at the end{more}",
            bystander::named(&[process])
        ),
        step: process.step,
        path: process.program.clone(),
        tactic,
    }
}

/// Something that the fire ran in explains why it failed.
pub(super) fn caused(firing: &Firing<'_>, cause: &Cause) -> Finding {
    Finding {
        tactic: Some(cause.tactic),
        ..firing.finding(format!("{}{}", firing.subject(), cause.how))
    }
}

/// The fire failed on files with which the mechanism works.
pub(super) fn unexplained(firing: &Firing<'_>, tactic: Tactic) -> Finding {
    let who = match firing.place {
        Some(place) => format!(
            "{} fired it: {}",
            place.command(),
            quote::quoted(&place.step.command)
        ),
        None => "it was fired after the last command".to_owned(),
    };
    let beside = match firing.fire.context {
        Some(_) => ", nor anything that was seen of what it ran in,",
        None => "",
    };
    let text =
        format!("no change of the mechanism's own files{beside} explains why it failed when {who}");
    Finding {
        tactic: Some(tactic),
        ..firing.finding(text)
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
        Tactic::Preload => format!("set a variable of the dynamic loader in {}", called(act)),
        Tactic::Environment
        | Tactic::Tool
        | Tactic::State
        | Tactic::Process
        | Tactic::Limits
        | Tactic::Signals
        | Tactic::Trace
        | Tactic::Namespace
        | Tactic::Interrupt
        | Tactic::Guard
        | Tactic::Impersonate
        | Tactic::Other => format!("changed {}", called(act)),
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
