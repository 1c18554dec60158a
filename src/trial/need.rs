//! Whether a command makes a drill necessary.

use std::collections::BTreeSet;

use super::roster::{ProcessId, Service, id, roots};
use crate::evidence::{Effect, Process};

/// What decides about the mechanism after a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Situation {
    /// Whether the files let the mechanism behave otherwise than it did untouched.
    pub(super) matters: bool,
    /// The model's processes, without what they started in turn.
    crew: BTreeSet<ProcessId>,
    service: Service,
}

/// What there is to do about the mechanism after a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// It works as before the command.
    Nothing,
    /// It cannot work: a process of its own is gone or stopped.
    ProcessGone,
    /// To drill it with a copy of the files.
    Copy,
    /// To drill it with what runs.
    Rehearsal,
}

impl Situation {
    /// Before the model has come.
    pub(super) fn pristine() -> Self {
        Self {
            matters: false,
            crew: BTreeSet::new(),
            service: Service::Whole,
        }
    }

    /// With these processes of the model, and the mechanism's own in this condition.
    pub(super) fn new(matters: bool, of_model: &[Process], service: Service) -> Self {
        Self {
            matters,
            crew: roots(of_model).map(id).collect(),
            service,
        }
    }

    /// Whether other processes run than before.
    pub(super) fn has_other_processes(&self, before: &Self) -> bool {
        (&self.crew, self.service) != (&before.crew, before.service)
    }

    /// What a command that led here makes necessary.
    pub(super) fn need(&self, before: &Self, has_changed_files: bool, means: &Means<'_>) -> Need {
        if self.service != Service::Whole && !means.ends_its_own_service() {
            return Need::ProcessGone;
        }
        let has_new_files = has_changed_files && (before.matters || self.matters);
        if !has_new_files && !self.has_other_processes(before) {
            return Need::Nothing;
        }
        if self.crew.is_empty() && means.service.is_empty() {
            Need::Copy
        } else {
            Need::Rehearsal
        }
    }
}

/// What a mechanism is to do, and what it has running for it.
pub(super) struct Means<'a> {
    pub(super) effect: &'a Effect,
    pub(super) service: &'a [Process],
}

impl Means<'_> {
    /// Whether its own processes are what it is to end, so that one that is stopped may still be
    /// ended.
    fn ends_its_own_service(&self) -> bool {
        match self.effect {
            Effect::ServiceGone => true,
            Effect::MachineDown
            | Effect::FileAbsent { .. }
            | Effect::FilePresent { .. }
            | Effect::FileLine { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: i32) -> Process {
        Process {
            pid,
            parent: 1,
            ..Process::default()
        }
    }

    fn situation(matters: bool, pids: &[i32]) -> Situation {
        let processes: Vec<_> = pids.iter().copied().map(process).collect();
        Situation::new(matters, &processes, Service::Whole)
    }

    /// The need of a mechanism without a service.
    fn need(before: &Situation, after: &Situation, has_changed_files: bool) -> Need {
        let effect = Effect::MachineDown;
        let means = Means {
            effect: &effect,
            service: &[],
        };
        after.need(before, has_changed_files, &means)
    }

    #[test]
    fn files_are_drilled_when_they_matter_and_when_they_have_been_put_back() {
        let (as_it_was, other) = (situation(false, &[]), situation(true, &[]));
        assert_eq!(need(&as_it_was, &as_it_was, true), Need::Nothing);
        assert_eq!(need(&as_it_was, &other, true), Need::Copy);
        assert_eq!(need(&other, &other, true), Need::Copy);
        assert_eq!(need(&other, &other, false), Need::Nothing);
        assert_eq!(need(&other, &as_it_was, true), Need::Copy);
    }

    #[test]
    fn processes_are_rehearsed_when_they_have_changed_or_files_that_matter_have() {
        let (none, one) = (situation(false, &[]), situation(false, &[7]));
        assert_eq!(need(&none, &one, false), Need::Rehearsal);
        assert_eq!(need(&one, &one, true), Need::Nothing);
        assert_eq!(need(&one, &situation(true, &[7]), true), Need::Rehearsal);
        assert_eq!(need(&one, &situation(false, &[8]), false), Need::Rehearsal);
        assert_eq!(need(&one, &none, false), Need::Copy);
    }

    #[test]
    fn a_service_that_is_not_whole_needs_no_clone_unless_it_is_what_is_to_end() {
        let before = Situation::pristine();
        let service = [process(2)];
        for state in [Service::Stopped, Service::Gone] {
            let after = Situation::new(false, &[], state);
            let need = |effect: &Effect| {
                let means = Means {
                    effect,
                    service: &service,
                };
                after.need(&before, false, &means)
            };
            assert_eq!(need(&Effect::MachineDown), Need::ProcessGone);
            assert_eq!(need(&Effect::ServiceGone), Need::Rehearsal);
        }
    }
}
