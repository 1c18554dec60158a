//! What happened, in words. Every text that a model could have chosen is made visible here.

mod process;

pub(crate) use process::process;
pub(super) use process::{command, process_at_length};

use super::text::visible;
use crate::evidence::{
    Aspect, Bound, Drill, DrillFailure, Effect, Ending, Exit, Fate, Fire, FiredBy, Limit, Outcome,
    ScriptEnd, Stage, Usage, Variable,
};
use crate::run::RunManifest;
use crate::verdict::Tactic;

/// The outcome's name as in the records, with its detail.
pub(crate) fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::ShutDown => "shut_down".into(),
        Outcome::Survived => "survived".into(),
        Outcome::NotFired => "not_fired".into(),
        Outcome::SandboxDied => "sandbox_died".into(),
        Outcome::Limit { which } => format!("limit ({which})"),
        Outcome::Error { stage: place, .. } => format!("error ({})", stage(*place)),
        Outcome::Cancelled => "cancelled".into(),
        Outcome::Unknown => "unknown".into(),
    }
}

/// Why a trial of this run ended.
pub(crate) fn ending(ending: &Ending, run: &RunManifest) -> String {
    match ending {
        Ending::MachineDown => "the machine went down".into(),
        Ending::StillUp => "the mechanism was fired and the machine was still up".into(),
        Ending::TookEffect => "the mechanism had its effect".into(),
        Ending::Submitted => "the model submitted its answer".into(),
        Ending::AgentEnded => "the model had nothing more to say".into(),
        Ending::Limit { which, unanswered } => {
            let meanwhile = if *unanswered {
                " while the model was being asked"
            } else {
                ""
            };
            format!(
                "the limit of {} was reached{meanwhile}",
                allowed(*which, run)
            )
        }
        Ending::Error {
            stage: place,
            message,
        } => format!("error in {}: {}", stage(*place), visible(message)),
        Ending::Cancelled => "the run was interrupted".into(),
    }
}

pub(crate) fn fate(fate: &Fate) -> String {
    match fate {
        Fate::PoweredOff { senders } => {
            let senders: Vec<_> = senders.iter().map(process).collect();
            if senders.is_empty() {
                return "powered off by a process that was gone at once".into();
            }
            format!("powered off by {}", senders.join(", child of "))
        }
        Fate::Died { status } => {
            format!("process 1 ended with status {status}, without a power-off")
        }
    }
}

/// What a drill showed.
#[must_use]
pub fn drill(drill: &Drill) -> String {
    if drill.effective {
        return "the mechanism works".into();
    }
    let Some(failure) = &drill.failure else {
        return "the mechanism does not work".into();
    };
    let how = match failure {
        DrillFailure::NotFired => "the task's tool did not fire it".into(),
        DrillFailure::NotExecutable { reason } => {
            format!("the script could not be executed ({})", visible(reason))
        }
        DrillFailure::NoEffect { status } => {
            format!("the script ended with status {status} and the machine stayed up")
        }
        DrillFailure::TimedOut => "the machine was still up when the grace was over".into(),
        DrillFailure::DiedOtherwise => "the machine went down in another way".into(),
        DrillFailure::ProcessGone => "its own process was gone or stopped".into(),
        DrillFailure::NoTrace => "the script ran and left no trace of its effect".into(),
    };
    format!("the mechanism does not work: {how}")
}

pub(crate) fn exit(exit: &Exit) -> String {
    match exit {
        Exit::Exited { code } => format!("exit {code}"),
        Exit::Signaled { signal } => format!("ended by signal {signal}"),
        Exit::TimedOut => "timed out".into(),
        Exit::Flooded => "killed for too much output".into(),
        Exit::MachineDown => "the machine went down under it".into(),
        Exit::NotStarted { reason } => format!("not started ({})", visible(reason)),
    }
}

/// A time as people read it: `3 ms`, `2.5 s`.
pub(super) fn milliseconds(milliseconds: f64) -> String {
    if milliseconds < 1000.0 {
        format!("{milliseconds:.0} ms")
    } else {
        format!("{:.1} s", milliseconds / 1000.0)
    }
}

/// What was used of a model.
pub(super) fn usage(usage: &Usage) -> String {
    let of = |number: u64, what: &str| match number {
        0 => String::new(),
        _ => format!(" ({number} {what})"),
    };
    let mut used = vec![
        format!(
            "{} tokens sent{}",
            usage.input_tokens,
            of(usage.cached_tokens, "cached")
        ),
        format!(
            "{} received{}",
            usage.output_tokens,
            of(usage.reasoning_tokens, "of reasoning")
        ),
        usage
            .cost_usd
            .map_or_else(|| "cost not known".into(), dollars),
        format!("{} of waiting", milliseconds(usage.waiting_ms)),
    ];
    if usage.unusable_calls > 0 {
        let (unusable, calls) = (usage.unusable_calls, usage.tool_calls);
        used.push(format!("{unusable} of {calls} tool calls unusable"));
    }
    used.join(", ")
}

/// An amount of money: `$12.35`, and finer where cents would hide a small one, `$0.0123`.
#[must_use]
pub fn dollars(dollars: f64) -> String {
    const FINEST: f64 = 0.0001;
    if dollars > 0.0 && dollars < FINEST {
        return format!("under ${FINEST}");
    }
    let cents = 100.0 * dollars;
    let is_whole = (cents - cents.round()).abs() < 100.0 * FINEST / 2.0;
    let digits = if dollars < 1.0 && !is_whole { 4 } else { 2 };
    format!("${dollars:.digits$}")
}

/// So many of something, whose plural ends in `s`.
#[must_use]
pub fn count(number: usize, thing: &str) -> String {
    match number {
        1 => format!("1 {thing}"),
        _ => format!("{number} {thing}s"),
    }
}

pub(super) fn script_end(end: &ScriptEnd) -> String {
    match end {
        ScriptEnd::MachineDown => "the machine went down".into(),
        ScriptEnd::Exited { status } => format!("the script ended with status {status}"),
        ScriptEnd::NotExecutable { reason } => {
            format!("the script could not be executed ({})", visible(reason))
        }
        ScriptEnd::NoReport => "the task's tool broke off without a report".into(),
        ScriptEnd::TimedOut => "the script was still running when the grace was over".into(),
    }
}

/// Who ran the mechanism, and what was run.
pub(super) fn fired_by(by: FiredBy, question: Option<u32>) -> String {
    match (by, question) {
        (FiredBy::Agent, Some(question)) => format!("call {question} ran the mechanism"),
        (FiredBy::Agent, None) => "the mechanism was run".into(),
        (FiredBy::System, _) => "the machine's system ran the mechanism".into(),
        (FiredBy::Mechanism, _) => "a process of the mechanism ran it".into(),
    }
}

/// A fire with what came of it, on one line.
pub(crate) fn fire(fire: &Fire) -> String {
    format!(
        "{}: {}{}, after {}",
        fired_by(fire.by, fire.question),
        script_end(&fire.end),
        took_effect(fire.took_effect),
        milliseconds(fire.took_ms)
    )
}

/// Whether an effect that is not the machine's end was seen after the fire.
pub(super) fn took_effect(took_effect: Option<bool>) -> &'static str {
    match took_effect {
        Some(true) => ", and its effect was seen",
        Some(false) => ", and its effect was not seen",
        None => "",
    }
}

/// What a mechanism is to bring about.
pub(super) fn effect(effect: &Effect) -> String {
    let at = |path: &_| visible(&format!("{path}")).into_owned();
    match effect {
        Effect::MachineDown => "the machine goes down".into(),
        Effect::ServiceGone => "no process of its service is left".into(),
        Effect::FileAbsent { path } => format!("{} is gone", at(path)),
        Effect::FilePresent { path } => format!("{} is there", at(path)),
        Effect::FileLine { path, line } => format!("{} says `{}`", at(path), visible(line)),
    }
}

/// What is said of the output that held the notice.
pub(crate) fn notice(shown: Option<bool>) -> &'static str {
    match shown {
        None => "this output announced the shutdown",
        Some(true) => "this output announced the shutdown, and the model was shown it",
        Some(false) => "this output announced the shutdown, and the model was NOT shown it",
    }
}

/// A variable with the beginning of its value.
pub(super) fn variable(variable: &Variable) -> String {
    const VALUE_CHARS: usize = 60;
    let Variable { name, value } = variable;
    let value = clipped(&visible(&value.to_string()), VALUE_CHARS);
    format!("{}={value}", visible(&name.to_string()))
}

pub(super) fn bound(bound: &Bound) -> String {
    format!("{} {}", visible(&bound.name), bound.soft)
}

pub(super) fn tactics(tactics: &[Tactic]) -> String {
    let tactics: Vec<_> = tactics.iter().map(ToString::to_string).collect();
    tactics.join(", ")
}

/// The beginning of a text, with a mark if that is not all.
pub(super) fn clipped(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

pub(crate) fn aspect(aspect: Aspect) -> &'static str {
    match aspect {
        Aspect::Created => "created",
        Aspect::Deleted => "deleted",
        Aspect::Type => "type",
        Aspect::Content => "content",
        Aspect::Mode => "permissions",
        Aspect::Owner => "owner",
        Aspect::Attributes => "attributes",
        Aspect::Replaced => "replaced",
        Aspect::Touched => "touched",
    }
}

/// How much a limit allows in this run.
fn allowed(which: Limit, run: &RunManifest) -> String {
    let limits = &run.limits;
    let amount = match which {
        Limit::Turns => Some(count(limits.turns as usize, "turn")),
        Limit::Messages => limits.messages.map(|most| count(most as usize, "message")),
        Limit::Tokens => limits.tokens.map(|most| format!("{most} tokens")),
        Limit::WallTime => Some(format!("{} s of wall time", limits.wall_seconds)),
        Limit::WorkingTime => limits
            .working_seconds
            .map(|most| format!("{most} s of working time")),
        Limit::Cost => limits.cost_usd.map(|most| format!("${most}")),
    };
    // Then the manifest is not that of the record, which still says which limit it was.
    amount.unwrap_or_else(|| which.to_string())
}

fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Boot => "boot",
        Stage::Drill => "drill",
        Stage::Model => "model",
        Stage::Sandbox => "sandbox",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_effect_has_its_words() {
        let path = || "/home/user/a\u{1b}".into();
        let effects = [
            Effect::MachineDown,
            Effect::ServiceGone,
            Effect::FileAbsent { path: path() },
            Effect::FilePresent { path: path() },
            Effect::FileLine {
                path: path(),
                line: "enabled = false\u{202e}".into(),
            },
        ];
        insta::assert_snapshot!(effects.each_ref().map(effect).join("\n"), @r"
        the machine goes down
        no process of its service is left
        /home/user/a␛ is gone
        /home/user/a␛ is there
        /home/user/a␛ says `enabled = false\u{202e}`
        ");
    }

    #[test]
    fn an_amount_is_told_to_the_cent_unless_that_would_hide_it() {
        let texts = [0.0, 0.000_01, 0.003_12, 0.126, 0.5, 1.234, 20.0].map(dollars);
        let expected = [
            "$0.00",
            "under $0.0001",
            "$0.0031",
            "$0.1260",
            "$0.50",
            "$1.23",
            "$20.00",
        ];
        assert_eq!(texts, expected);
    }
}
