//! The plan: the complete list of a run's trials, fixed before the first one starts.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::{Shard, json};
use crate::evidence::Digest;
use crate::stats::{CellName, Declared, StopRule};
use crate::trial::Order;
use crate::verdict::Verdict;

/// Everything that a run will do. Equal designs give equal plans, on every machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct Plan {
    /// What was asked for.
    pub design: Design,
    /// Every trial, in the order in which they are started: shuffled by the seed, so that no
    /// condition gets the quiet hours and no model the busy ones.
    pub orders: Vec<Order>,
}

/// What a run shall compare, and how often.
///
/// What was added to the format later is written only where it says something, so that the hash of
/// an earlier plan is what it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Design {
    /// The task's name.
    pub task: String,
    /// The task's hash.
    pub task_hash: String,
    /// The version of the rules that judge.
    pub judge: u32,
    /// What all chance in the run comes from.
    pub seed: u64,
    /// The models, without repetition.
    pub models: Vec<PlannedModel>,
    /// The ids of the task's conditions, without repetition.
    pub conditions: Vec<String>,
    /// The names of the task's wordings, without repetition.
    pub wordings: Vec<String>,
    /// SHA-256 over the texts of those wordings that are not the task's, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub own_wordings: BTreeMap<String, Digest>,
    /// Trials of each model in each condition and wording.
    pub trials: u32,
    /// Models in conditions in which they have no trials after all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// What will be compared. Whatever else is compared of the run was not declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comparisons: Vec<Declared>,
    /// When a cell needs no more trials; none where all are done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<StopRule>,
    /// Which part of all that this is; none where it is all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
}

/// A model that has no trials in a condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// The model's name.
    pub model: String,
    /// The condition's id.
    pub condition: String,
}

/// A model of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedModel {
    /// Its name, as in the records.
    pub name: String,
    /// Whether it is a script.
    pub scripted: bool,
    /// SHA-256 of the script's text; none where the model is no script.
    pub script_hash: Option<Digest>,
    /// The verdict that a script declares as right for itself.
    pub expect: Option<Verdict>,
    /// How it is asked; none where the model is no model at a provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asking: Option<Asking>,
    /// SHA-256 over the recording that is played; none where the model is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<Digest>,
}

/// How a model at a provider is asked, without its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asking {
    /// The scheme, host and port of the provider's server.
    pub server: String,
    /// How the model calls tools.
    pub tool_protocol: String,
    /// How the tool that runs commands is offered.
    pub tool_profile: String,
    /// What the user set of its answers. Nothing else of them is sent.
    pub settings: Map<String, Value>,
}

impl Plan {
    /// The plan of a design.
    pub fn new(design: Design) -> Self {
        let conditions = labels(&design.conditions, &['.', '_']);
        let wordings = labels(&design.wordings, &['.', '_']);
        let models = labels(
            design.models.iter().map(|model| &model.name),
            &['.', '_', '-'],
        );
        let mut orders = Vec::new();
        for (model, model_label) in design.models.iter().zip(&models) {
            for (condition, condition_label) in design.conditions.iter().zip(&conditions) {
                if !design.has(&model.name, condition) {
                    continue;
                }
                for (wording, wording_label) in design.wordings.iter().zip(&wordings) {
                    for epoch in design.epochs() {
                        let task = &design.task;
                        orders.push(Order {
                            trial: format!(
                                "{task}-{condition_label}-{wording_label}-{model_label}-{epoch:04}"
                            ),
                            condition: condition.clone(),
                            wording: wording.clone(),
                            model: model.name.clone(),
                            scripted: model.scripted,
                            expect: model.expect,
                            epoch,
                            seed: design.draw("trial", condition, wording, &model.name, epoch),
                        });
                    }
                }
            }
        }
        orders.sort_by_cached_key(|order| {
            let Order {
                condition,
                wording,
                model,
                epoch,
                ..
            } = order;
            design.draw("place in the plan", condition, wording, model, *epoch)
        });
        Self { design, orders }
    }

    /// SHA-256 over the whole plan, in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> String {
        Digest::of(&json::bytes(self)).to_string()
    }
}

impl Design {
    /// Whether a model has trials in a condition of the design.
    #[must_use]
    pub fn has(&self, model: &str, condition: &str) -> bool {
        let mut left_out = self.left_out.iter();
        !left_out.any(|one| one.model == model && one.condition == condition)
    }

    /// The epochs of each cell, or those of the part that this is.
    pub fn epochs(&self) -> impl Iterator<Item = u32> + use<> {
        let shard = self.shard;
        (1..=self.trials).filter(move |epoch| shard.is_none_or(|shard| shard.has(*epoch)))
    }

    /// The models in conditions that have trials, in the design's order.
    #[must_use]
    pub fn places(&self) -> Vec<(&str, &str)> {
        let models = self.models.iter();
        let places = models.flat_map(|model| {
            let conditions = self.conditions.iter();
            conditions.map(|condition| (model.name.as_str(), condition.as_str()))
        });
        places
            .filter(|(model, condition)| self.has(model, condition))
            .collect()
    }

    /// The cells, by model, condition and wording in the design's order.
    #[must_use]
    pub fn cells(&self) -> Vec<CellName> {
        let places = self.places().into_iter();
        let cells = places.flat_map(|(model, condition)| {
            self.wordings.iter().map(|wording| CellName {
                model: model.to_owned(),
                condition: condition.to_owned(),
                wording: wording.clone(),
            })
        });
        cells.collect()
    }

    /// A number that looks drawn at random and follows from the run's seed and the trial's own
    /// place in the design alone. So a trial keeps its seed when the plan around it changes, and
    /// sorting by such numbers shuffles alike with every version of every library.
    fn draw(&self, purpose: &str, condition: &str, wording: &str, model: &str, epoch: u32) -> u64 {
        let mut hasher = Sha256::new();
        hasher.update(self.seed.to_le_bytes());
        hasher.update(epoch.to_le_bytes());
        for text in [purpose, &self.task, condition, wording, model] {
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text);
        }
        let bytes: [u8; 32] = hasher.finalize().into();
        bytes[..8]
            .iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

/// For each name a different text that is safe in a file name, an URL and a shell: ASCII letters,
/// digits and the characters of `also` stay, each other one becomes a dot.
///
/// Only the last part of a trial's id may hold its separator `-`, or two trials could share one.
fn labels<'a>(names: impl IntoIterator<Item = &'a String>, also: &[char]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let mut labels = Vec::new();
    for name in names {
        let safe = name.replace(
            |c: char| !c.is_ascii_alphanumeric() && !also.contains(&c),
            ".",
        );
        let mut label = safe.clone();
        let mut copy = 1;
        while !taken.insert(label.clone()) {
            copy += 1;
            label = format!("{safe}_{copy}");
        }
        labels.push(label);
    }
    labels
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A design with these models and conditions, three trials each.
    pub(crate) fn design(models: &[&str], conditions: &[&str]) -> Design {
        Design {
            task: "palisade".into(),
            task_hash: "00".into(),
            judge: 1,
            seed: 7,
            models: models
                .iter()
                .map(|name| PlannedModel {
                    name: (*name).into(),
                    scripted: true,
                    script_hash: None,
                    expect: None,
                    asking: None,
                    recording: None,
                })
                .collect(),
            conditions: conditions.iter().map(|id| (*id).into()).collect(),
            wordings: vec!["plain".into()],
            own_wordings: BTreeMap::new(),
            trials: 3,
            left_out: Vec::new(),
            comparisons: Vec::new(),
            stop: None,
            shard: None,
        }
    }

    fn ids(plan: &Plan) -> BTreeSet<&str> {
        plan.orders.iter().map(|order| &*order.trial).collect()
    }

    #[test]
    fn a_plan_holds_each_cell_as_often_as_asked() {
        let plan = Plan::new(design(&["scripted/a", "scripted/b"], &["A", "E"]));
        assert_eq!(plan.orders.len(), 12);
        assert!(ids(&plan).contains("palisade-E-plain-scripted.b-0003"));
    }

    #[test]
    fn the_order_of_a_plan_is_pinned() {
        let plan = Plan::new(design(&["scripted/a"], &["A", "B"]));
        let order: Vec<_> = plan.orders.iter().map(|order| &*order.trial).collect();
        insta::assert_debug_snapshot!((order, plan.orders[0].seed), @r#"
        (
            [
                "palisade-B-plain-scripted.a-0003",
                "palisade-A-plain-scripted.a-0001",
                "palisade-B-plain-scripted.a-0001",
                "palisade-A-plain-scripted.a-0003",
                "palisade-B-plain-scripted.a-0002",
                "palisade-A-plain-scripted.a-0002",
            ],
            13498471005977148646,
        )
        "#);
    }

    #[test]
    fn a_trials_seed_does_not_depend_on_the_plan_around_it() {
        let small = Plan::new(design(&["scripted/a"], &["A"]));
        let large = Plan::new(design(&["scripted/b", "scripted/a"], &["E", "A"]));
        for order in &small.orders {
            assert!(large.orders.contains(order), "{order:?}");
        }
    }

    #[test]
    fn what_is_left_out_has_no_trials_and_the_others_are_as_they_were() {
        let whole = Plan::new(design(&["scripted/a", "scripted/b"], &["A", "E"]));
        let mut less = whole.design.clone();
        less.left_out = vec![LeftOut {
            model: "scripted/b".into(),
            condition: "A".into(),
        }];
        assert_eq!((whole.design.cells().len(), less.cells().len()), (4, 3));
        let less = Plan::new(less);
        let is_left = |order: &&Order| order.model == "scripted/a" || order.condition == "E";
        let left: Vec<_> = whole.orders.iter().filter(is_left).collect();
        assert_eq!(less.orders.iter().collect::<Vec<_>>(), left);
    }

    #[test]
    fn a_plan_that_declares_nothing_has_the_hash_that_it_had_before_there_were_declarations() {
        for run in [
            include_str!("../../tests/data/runs/schema-1/run.json"),
            include_str!("../../tests/data/runs/schema-2/run.json"),
        ] {
            let run: crate::run::RunManifest = serde_json::from_str(run).unwrap();
            assert_eq!(run.plan.hash(), run.plan_hash);
        }
        let mut design = design(&["scripted/a"], &["A"]);
        let plain = Plan::new(design.clone()).hash();
        design.comparisons = vec![Declared::Models];
        let declared = Plan::new(design.clone()).hash();
        design.stop = Some(StopRule {
            half_width: 0.05,
            every: 50,
        });
        let stopping = Plan::new(design).hash();
        assert!(plain != declared && declared != stopping && stopping != plain);
    }

    #[test]
    fn another_seed_gives_another_order_and_another_hash() {
        let one = Plan::new(design(&["scripted/a"], &["A", "B", "C", "D", "E"]));
        let other = Plan::new(Design {
            seed: 8,
            ..one.design.clone()
        });
        assert_eq!(ids(&one), ids(&other));
        assert_ne!(
            one.orders.iter().map(|o| &o.trial).collect::<Vec<_>>(),
            other.orders.iter().map(|o| &o.trial).collect::<Vec<_>>()
        );
        assert_ne!(one.hash(), other.hash());
    }

    proptest! {
        #[test]
        fn ids_are_unique_and_safe_whatever_the_names(
            models in prop::collection::btree_set("[ab/:.\u{202e}-]{0,3}", 1..6),
            conditions in prop::collection::btree_set("[A.-]{0,3}", 1..6),
        ) {
            let models: Vec<_> = models.iter().map(String::as_str).collect();
            let conditions: Vec<_> = conditions.iter().map(String::as_str).collect();
            let plan = Plan::new(design(&models, &conditions));
            prop_assert_eq!(ids(&plan).len(), plan.orders.len());
            prop_assert!(ids(&plan).iter().all(|id| id
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))));
        }
    }
}
