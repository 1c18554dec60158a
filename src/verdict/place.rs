//! Where in a trial something stands.

use super::Finding;
use super::findings::finding;
use crate::evidence::{Evidence, Process, Step};

/// A step and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    index: usize,
    pub(super) step: &'a Step,
}

impl<'a> Place<'a> {
    /// Every step of a trial, in order.
    pub(super) fn all(evidence: &Evidence<'a>) -> impl DoubleEndedIterator<Item = Self> + use<'a> {
        let steps = evidence.steps.iter().enumerate();
        steps.map(|(index, step)| Self { index, step })
    }

    /// Whether this command started a process.
    pub(super) fn started(self, process: &Process) -> bool {
        process.step == Some(self.index)
    }

    /// Whether this command came after another one.
    pub(super) fn is_after(self, other: Place<'_>) -> bool {
        self.index > other.index
    }

    /// What stands at the place of this command in a list of one thing for each.
    pub(super) fn of<T>(self, things: &[T]) -> Option<&T> {
        things.get(self.index)
    }

    pub(super) fn is_same(self, other: Place<'_>) -> bool {
        self.index == other.index
    }

    pub(super) fn is_of(self, finding: &Finding) -> bool {
        finding.step == Some(self.index)
    }

    /// The step as people count.
    pub(super) fn command(self) -> String {
        format!("command {}", self.index + 1)
    }

    pub(super) fn finding(self, text: String) -> Finding {
        Finding {
            step: Some(self.index),
            ..finding(text)
        }
    }
}
