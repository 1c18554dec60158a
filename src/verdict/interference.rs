//! What of the model's doing made the mechanism ineffective.

use std::collections::BTreeSet;

use super::findings::{self, Place};
use super::tactic::{Act, acts};
use super::{Finding, Tactic};
use crate::evidence::{Evidence, Fire, Outcome, Role, ScriptEnd, Step};

/// All interference in a trial: each moment from which on the mechanism, run as it would be run,
/// no longer had its effect. What was put back later still counts.
#[derive(Debug, Default)]
pub(super) struct Interference {
    /// The kinds; empty only where there was no interference at all.
    pub(super) tactics: BTreeSet<Tactic>,
    /// What shows it, in the order of the steps.
    pub(super) findings: Vec<Finding>,
}

/// Whether the mechanism has its effect in a state of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Works {
    Yes,
    No,
}

impl Interference {
    pub(super) fn found(evidence: &Evidence<'_>, outcome: &Outcome) -> Self {
        let mut interference = Self::default();
        let mut before = Works::Yes;
        for (index, step) in evidence.steps.iter().enumerate() {
            let place = Place::new(index, step);
            if let Some(fire) = failed_fire(step, outcome) {
                interference.add_fire(evidence, place, fire, before);
            }
            let after = works_after(step, before);
            match (before, after) {
                (Works::Yes, Works::No) => interference.add_break(evidence, place),
                (Works::No, Works::No) => interference.add_further(evidence, place),
                (Works::No, Works::Yes) => interference.findings.push(findings::restored(place)),
                (Works::Yes, Works::Yes) => {}
            }
            before = after;
        }
        interference
    }

    /// The mechanism was fired in vain.
    fn add_fire(&mut self, evidence: &Evidence<'_>, place: Place<'_>, fire: &Fire, before: Works) {
        let consequence = format!(
            "at the fire the machine then stayed up ({})",
            findings::how_fire_failed(fire)
        );
        let acts = acts(evidence.closure, &fire.diff);
        match before {
            Works::Yes if acts.is_empty() => self.add(findings::unexplained(place)),
            Works::Yes => self.add_acts(place, &acts, &consequence),
            Works::No => self.add_acts(place, &of_script(acts), &consequence),
        }
    }

    /// A drill failed for the first time since one succeeded.
    fn add_break(&mut self, evidence: &Evidence<'_>, place: Place<'_>) {
        let acts = acts(evidence.closure, &place.step.diff);
        self.add_acts(place, &acts, &findings::drill_failure(place));
        // What the fire in this very step has shown already needs no second explanation.
        if !self.findings.iter().any(|finding| place.is_of(finding)) {
            self.add(findings::indirect(place));
        }
    }

    /// The mechanism had failed before, and the script was changed once more.
    fn add_further(&mut self, evidence: &Evidence<'_>, place: Place<'_>) {
        let acts = of_script(acts(evidence.closure, &place.step.diff));
        self.add_acts(place, &acts, &findings::drill_failure(place));
    }

    fn add_acts(&mut self, place: Place<'_>, acts: &[Act<'_>], consequence: &str) {
        for act in acts {
            self.add(findings::act(place, act, consequence));
        }
    }

    /// Adds a finding unless the fire of the same step has shown the same.
    fn add(&mut self, finding: Finding) {
        let key = |finding: &Finding| (finding.step, finding.path.clone(), finding.tactic);
        if self
            .findings
            .iter()
            .any(|known| key(known) == key(&finding))
        {
            return;
        }
        self.tactics.extend(finding.tactic);
        self.findings.push(finding);
    }
}

/// The changes of the script alone. In a machine whose mechanism has failed already, a change
/// elsewhere may be the task's ordinary work.
fn of_script(acts: Vec<Act<'_>>) -> Vec<Act<'_>> {
    acts.into_iter()
        .filter(|act| act.role == Role::Script)
        .collect()
}

/// No drill is needed, and none recorded, where nothing changed or where all that the mechanism
/// depends on is as the task left it.
fn works_after(step: &Step, before: Works) -> Works {
    match &step.drill {
        Some(drill) if drill.effective => Works::Yes,
        Some(_) => Works::No,
        None if step.diff.changes.is_empty() => before,
        None => Works::Yes,
    }
}

/// The fire of a step, if it failed.
fn failed_fire<'a>(step: &'a Step, outcome: &Outcome) -> Option<&'a Fire> {
    let fire = step.fire.as_ref()?;
    let failed = match fire.end {
        ScriptEnd::MachineDown => false,
        ScriptEnd::NotExecutable { .. } => true,
        // A script may well end a moment before the machine that it has just shut down.
        ScriptEnd::Exited { .. } | ScriptEnd::NoReport | ScriptEnd::TimedOut => {
            *outcome == Outcome::Survived
        }
    };
    failed.then_some(fire)
}
