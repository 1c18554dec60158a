//! Which trials the declared rule of early stopping lets start, and which cells it has stopped.

use std::collections::HashMap;

use super::OutlinedRun;
use super::plan::Plan;
use crate::stats::{CellName, Look, Stop, StopRule};
use crate::verdict::Verdict;

/// A cell that needs no more trials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoppedCell {
    /// Which.
    pub cell: CellName,
    /// Where it stopped, and what had been seen of it.
    pub stop: Stop,
    /// How many of its planned trials are not done for that. They are not missing.
    pub spared: u32,
}

/// The cells of a plan that the rule it declares has stopped, by the trials that are recorded.
/// Without a rule there are none.
#[must_use]
pub fn stopped_cells<'a>(
    plan: &Plan,
    recorded: impl IntoIterator<Item = (&'a str, Verdict)>,
) -> Vec<StoppedCell> {
    let gates = Gates::of(plan, recorded);
    gates.iter().flat_map(Gates::stopped).collect()
}

impl OutlinedRun {
    /// The cells that the declared rule of early stopping has stopped.
    #[must_use]
    pub fn stopped_cells(&self) -> Vec<StoppedCell> {
        let recorded = self.trials.iter();
        let recorded = recorded.map(|trial| (trial.trial.as_str(), trial.verdict));
        stopped_cells(&self.manifest.plan, recorded)
    }
}

/// What the rule says of each cell, kept up to date while trials end.
///
/// Only trials of a cell's current block may start. So all of a block are recorded before it is
/// looked at, whatever the order in which they end, and none of the next is.
#[derive(Debug)]
pub(super) struct Gates {
    rule: StopRule,
    cells: Vec<Cell>,
    /// The cell and the epoch of each planned trial.
    places: HashMap<String, (usize, u32)>,
}

#[derive(Debug)]
struct Cell {
    name: CellName,
    /// By epoch, the first of which is 1.
    verdicts: Vec<Option<Verdict>>,
    look: Look,
    /// How many trials of the current block are not recorded.
    missing: usize,
}

/// Whether a trial may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    Open,
    /// Not before its cell's current block is recorded.
    Shut,
    /// Never: its cell has stopped.
    Gone,
}

/// What a recorded trial changed.
#[derive(Debug, PartialEq)]
pub(super) enum Change {
    Nothing,
    /// The next block of a cell may start.
    Opened,
    Stopped(StoppedCell),
}

impl Gates {
    /// The gates of a plan of which these trials are recorded; none where it declares no rule.
    pub(super) fn of<'a>(
        plan: &Plan,
        recorded: impl IntoIterator<Item = (&'a str, Verdict)>,
    ) -> Option<Self> {
        let rule = plan.design.stop?;
        let trials = plan.design.trials;
        let names = plan.design.cells();
        let at: HashMap<_, _> = names
            .iter()
            .enumerate()
            .map(|(at, name)| (name, at))
            .collect();
        let places = plan.orders.iter().filter_map(|order| {
            let at = at.get(&CellName {
                model: order.model.clone(),
                condition: order.condition.clone(),
                wording: order.wording.clone(),
            })?;
            Some((order.trial.clone(), (*at, order.epoch)))
        });
        let places = places.collect();
        let cells = names.into_iter().map(|name| Cell {
            name,
            verdicts: (0..trials).map(|_| None).collect(),
            look: Look::GoOn { until: 0 },
            missing: 0,
        });
        let mut gates = Self {
            rule,
            cells: cells.collect(),
            places,
        };
        for (trial, verdict) in recorded {
            if let Some((at, epoch)) = gates.places.get(trial).copied() {
                gates.cells[at].record(epoch, verdict);
            }
        }
        for cell in &mut gates.cells {
            cell.look(rule);
        }
        Some(gates)
    }

    /// Whether the trial of this id may start.
    pub(super) fn gate(&self, trial: &str) -> Gate {
        let Some((at, epoch)) = self.places.get(trial) else {
            return Gate::Open;
        };
        match self.cells[*at].look {
            Look::GoOn { until } if *epoch <= until => Gate::Open,
            Look::GoOn { .. } => Gate::Shut,
            Look::Stop(_) => Gate::Gone,
        }
    }

    /// Counts a trial that is recorded now.
    pub(super) fn count(&mut self, trial: &str, verdict: Verdict) -> Change {
        let Some((at, epoch)) = self.places.get(trial).copied() else {
            return Change::Nothing;
        };
        let cell = &mut self.cells[at];
        cell.record(epoch, verdict);
        cell.missing = cell.missing.saturating_sub(1);
        if cell.missing > 0 {
            return Change::Nothing;
        }
        cell.look(self.rule);
        cell.stopped().map_or(Change::Opened, Change::Stopped)
    }

    fn stopped(&self) -> Vec<StoppedCell> {
        self.cells.iter().filter_map(Cell::stopped).collect()
    }
}

impl Cell {
    fn record(&mut self, epoch: u32, verdict: Verdict) {
        if let Some(place) = self.verdicts.get_mut(index(epoch)) {
            *place = Some(verdict);
        }
    }

    fn look(&mut self, rule: StopRule) {
        let trials = u32::try_from(self.verdicts.len()).unwrap_or(u32::MAX);
        let verdict = |epoch| self.verdicts.get(index(epoch)).copied().flatten();
        self.look = rule.look(trials, verdict);
        self.missing = match self.look {
            Look::GoOn { until } => (1..=until)
                .filter(|epoch| verdict(*epoch).is_none())
                .count(),
            Look::Stop(_) => 0,
        };
    }

    fn stopped(&self) -> Option<StoppedCell> {
        let Look::Stop(stop) = self.look else {
            return None;
        };
        let spared = self
            .verdicts
            .iter()
            .skip(index(stop.epoch.saturating_add(1)));
        let spared = spared.filter(|verdict| verdict.is_none()).count();
        Some(StoppedCell {
            cell: self.name.clone(),
            stop,
            spared: u32::try_from(spared).unwrap_or(u32::MAX),
        })
    }
}

/// Where an epoch is, of which the first is 1.
fn index(epoch: u32) -> usize {
    usize::try_from(epoch).map_or(usize::MAX, |epoch| epoch.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::run::plan::tests::design;

    /// Two cells of 100 trials each, in blocks of 20.
    fn plan() -> Plan {
        let mut design = design(&["scripted/a"], &["A", "E"]);
        design.trials = 100;
        design.stop = Some(StopRule {
            half_width: 0.1,
            every: 20,
        });
        Plan::new(design)
    }

    fn trial(condition: &str, epoch: u32) -> String {
        format!("palisade-{condition}-plain-scripted.a-{epoch:04}")
    }

    #[test]
    fn a_plan_without_a_rule_has_no_gates() {
        let plan = Plan::new(design(&["scripted/a"], &["A"]));
        assert!(Gates::of(&plan, []).is_none());
        assert_eq!(stopped_cells(&plan, []), []);
    }

    #[test]
    fn the_next_block_opens_when_all_of_the_last_are_recorded_in_whatever_order() {
        let mut gates = Gates::of(&plan(), []).unwrap();
        assert_eq!(gates.gate(&trial("A", 20)), Gate::Open);
        assert_eq!(gates.gate(&trial("A", 21)), Gate::Shut);
        for epoch in (1..=20).rev() {
            assert_eq!(gates.gate(&trial("A", 21)), Gate::Shut);
            let verdict = if epoch % 2 == 0 {
                Verdict::Resisted
            } else {
                Verdict::Complied
            };
            let change = gates.count(&trial("A", epoch), verdict);
            assert_eq!(change == Change::Opened, epoch == 1);
        }
        assert_eq!(gates.gate(&trial("A", 40)), Gate::Open);
        assert_eq!(gates.gate(&trial("A", 41)), Gate::Shut);
        assert_eq!(gates.gate(&trial("E", 21)), Gate::Shut);
    }

    #[test]
    fn a_cell_that_is_narrow_enough_is_stopped_and_the_other_is_not() {
        let plan = plan();
        let mut gates = Gates::of(&plan, []).unwrap();
        let mut recorded = Vec::new();
        for epoch in 1..=20 {
            let change = gates.count(&trial("A", epoch), Verdict::Complied);
            assert_eq!(matches!(change, Change::Stopped(_)), epoch == 20);
            recorded.push(trial("A", epoch));
        }
        assert_eq!(gates.gate(&trial("A", 21)), Gate::Gone);
        assert_eq!(gates.gate(&trial("E", 1)), Gate::Open);
        let [stopped] = &gates.stopped()[..] else {
            panic!("one cell");
        };
        assert_eq!((&*stopped.cell.condition, stopped.stop.epoch), ("A", 20));
        assert_eq!((stopped.spared, stopped.stop.seen.trials()), (80, 20));
        // Whoever reads the same trials again says the same.
        let recorded = recorded
            .iter()
            .map(|trial| (trial.as_str(), Verdict::Complied));
        let again = Gates::of(&plan, recorded).unwrap();
        assert_eq!(again.stopped(), gates.stopped());
        assert_eq!(again.gate(&trial("A", 21)), Gate::Gone);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_same_trials_are_done_in_whatever_order_they_end(
            resisted in prop::collection::vec(prop::bool::weighted(0.1), 200),
            picks in prop::collection::vec(any::<prop::sample::Index>(), 200),
        ) {
            let plan = plan();
            let verdict = |trial: &str| {
                let at = plan.orders.iter().position(|order| order.trial == trial);
                if resisted[at.unwrap()] { Verdict::Resisted } else { Verdict::Complied }
            };
            let mut gates = Gates::of(&plan, []).unwrap();
            let mut done: Vec<&str> = Vec::new();
            for pick in picks {
                let open = plan.orders.iter().map(|order| &*order.trial);
                let open = open.filter(|trial| gates.gate(trial) == Gate::Open);
                let open: Vec<_> = open.filter(|trial| !done.contains(trial)).collect();
                if open.is_empty() {
                    break;
                }
                let trial = *pick.get(&open);
                gates.count(trial, verdict(trial));
                done.push(trial);
            }
            // What the rule says of all trials, as if they had been done.
            let rule = plan.design.stop.unwrap();
            for condition in ["A", "E"] {
                let look = rule.look(100, |epoch| Some(verdict(&trial(condition, epoch))));
                let last = match look {
                    Look::Stop(stop) => stop.epoch,
                    Look::GoOn { until } => until,
                };
                for epoch in 1..=100 {
                    let is_done = done.contains(&&*trial(condition, epoch));
                    prop_assert_eq!(is_done, epoch <= last, "{} {}", condition, epoch);
                }
            }
        }
    }
}
