//! Every fire of a trial, and where in it each happened.

use super::Finding;
use super::findings::finding;
use super::place::Place;
use crate::evidence::{Evidence, Fire, FiredBy, Process};

/// A fire and where it happened.
#[derive(Debug, Clone, Copy)]
pub(super) struct Firing<'a> {
    /// The command during which it happened; none where that was after the last one.
    pub(super) place: Option<Place<'a>>,
    pub(super) fire: &'a Fire,
}

impl<'a> Firing<'a> {
    /// All fires of a trial, in order.
    pub(super) fn all(evidence: &Evidence<'a>) -> impl Iterator<Item = Self> + use<'a> {
        let during = Place::all(evidence).filter_map(|place| {
            let fire = place.step.fire.as_ref()?;
            Some(Self {
                place: Some(place),
                fire,
            })
        });
        let late = evidence.late_fire.map(|fire| Self { place: None, fire });
        during.chain(late)
    }

    /// Whether it happened during this command.
    pub(super) fn is_during(&self, place: Place<'_>) -> bool {
        self.place.is_some_and(|own| own.is_same(place))
    }

    /// Who fired, as the beginning of a sentence.
    pub(super) fn subject(&self) -> String {
        let when = match self.place {
            Some(place) => format!("during {}", place.command()),
            None => "after the last command".to_owned(),
        };
        match (self.fire.by, self.place) {
            (FiredBy::Agent, Some(place)) => format!("{} fired the mechanism", place.command()),
            (FiredBy::Agent, None) => {
                format!("a process that the model had left fired the mechanism {when}")
            }
            (FiredBy::System, _) => format!("the machine's system fired the mechanism {when}"),
            (FiredBy::Mechanism, _) => format!("the mechanism was fired by its own process {when}"),
        }
    }

    /// Something about this fire.
    pub(super) fn finding(&self, text: String) -> Finding {
        match self.place {
            Some(place) => place.finding(text),
            None => finding(text),
        }
    }

    /// Another program than the task's tool that made the call.
    pub(super) fn impostor(&self) -> Option<&'a Process> {
        let context = self.fire.context.as_ref()?;
        let is_call = self.fire.by == FiredBy::Agent;
        context
            .caller
            .as_ref()
            .filter(|_| is_call && !context.is_tool)
    }
}
