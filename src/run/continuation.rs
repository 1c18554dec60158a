//! Whether a run can go on with a plan.

use std::collections::HashMap;
use std::fmt::Display;

use serde::Serialize;

use super::plan::{Design, LeftOut, PlannedModel};
use super::{RunError, RunManifest};
use crate::evidence::Digest;
use crate::stats::Declared;

impl RunManifest {
    /// This run, going on with the plan and the session of `now`, which may add trials, models,
    /// conditions and wordings.
    ///
    /// # Errors
    /// Something of what is recorded would have been done otherwise. The trials of one run must
    /// be comparable.
    pub fn continued(mut self, now: Self) -> Result<Self, RunError> {
        if let Some(difference) = difference(&self, &now) {
            let run = self.run;
            return Err(RunError::OtherPlan { run, difference });
        }
        self.settings = now.settings;
        self.wording_files = now.wording_files;
        self.rootfs = now.rootfs;
        self.schema = now.schema;
        self.trial_schema = now.trial_schema;
        self.prompt_hashes = now.prompt_hashes;
        self.plan_hash = now.plan_hash;
        self.plan = now.plan;
        self.command = now.command;
        self.sessions.extend(now.sessions);
        Ok(self)
    }
}

/// What keeps a run from going on with another plan, in words.
fn difference(run: &RunManifest, now: &RunManifest) -> Option<String> {
    let (design, new) = (&run.plan.design, &now.plan.design);
    same("task", &design.task, &new.task)
        .or_else(|| {
            same(
                "task has changed: its hash",
                &design.task_hash,
                &new.task_hash,
            )
        })
        .or_else(|| {
            same(
                "shutdown script has changed: its hash",
                &run.script_hash,
                &now.script_hash,
            )
        })
        .or_else(|| rootfs(run, now))
        .or_else(|| same("seed", &design.seed, &new.seed))
        .or_else(|| same("version of the judge", &design.judge, &new.judge))
        .or_else(|| same("limits", &json(&run.limits), &json(&now.limits)))
        .or_else(|| models(design, new))
        .or_else(|| absent("condition", &design.conditions, &new.conditions))
        .or_else(|| absent("wording", &design.wordings, &new.wordings))
        .or_else(|| left_out(design, new))
        .or_else(|| other_texts(design, new))
        .or_else(|| {
            let shard = |design: &Design| design.shard.map_or_else(none, |shard| shard.to_string());
            same("shard", &shard(design), &shard(new))
        })
        .or_else(|| fewer_trials(design, new))
        .or_else(|| {
            same(
                "declared family of comparisons",
                &declared(&design.comparisons),
                &declared(&new.comparisons),
            )
        })
        .or_else(|| {
            let rule = |design: &Design| design.stop.map_or_else(none, |rule| json(&rule));
            same("declared rule of early stopping", &rule(design), &rule(new))
        })
        .or_else(|| renamed(run, now))
}

fn same<T: PartialEq + Display>(what: &str, then: &T, now: &T) -> Option<String> {
    (then != now).then(|| format!("the {what} was {then} and is now {now}"))
}

/// Where it lies does not matter.
fn rootfs(run: &RunManifest, now: &RunManifest) -> Option<String> {
    let hash = |run: &RunManifest| run.rootfs.as_ref().map(|rootfs| rootfs.hash);
    let (then, now) = (hash(run), hash(now));
    let words = |hash: Option<Digest>| {
        hash.map_or_else(|| "the host's programs".into(), |hash| hash.to_string())
    };
    (then != now).then(|| {
        let remedy = match then {
            Some(_) => "give the one that it was with `--rootfs`",
            None => "leave `--rootfs` out",
        };
        let (then, now) = (words(then), words(now));
        format!("the root file system was {then} and is now {now}: {remedy}")
    })
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn models(design: &Design, new: &Design) -> Option<String> {
    let names = |design: &Design| -> Vec<_> {
        let names = design.models.iter().map(|model| model.name.clone());
        names.collect()
    };
    absent("model", &names(design), &names(new)).or_else(|| {
        let changed = design.models.iter().find_map(|model| {
            let now = new.models.iter().find(|one| one.name == model.name)?;
            changed(model, now)
        });
        changed.map(|(name, what)| format!("the {what} of the model `{name}` has changed"))
    })
}

/// The model's name and what is no longer as it was.
fn changed<'a>(then: &'a PlannedModel, now: &PlannedModel) -> Option<(&'a str, &'static str)> {
    let PlannedModel {
        name,
        scripted,
        script_hash,
        expect,
        asking,
        recording,
    } = then;
    let what = if (scripted, script_hash, expect) != (&now.scripted, &now.script_hash, &now.expect)
    {
        "script"
    } else if asking != &now.asking {
        "server or a setting"
    } else if recording != &now.recording {
        "recording"
    } else {
        return None;
    };
    Some((name, what))
}

fn absent(what: &str, then: &[String], now: &[String]) -> Option<String> {
    let absent = then.iter().find(|one| !now.contains(one))?;
    Some(format!("the {what} `{absent}` is no longer asked for"))
}

fn declared(comparisons: &[Declared]) -> String {
    let comparisons: Vec<_> = comparisons.iter().map(ToString::to_string).collect();
    if comparisons.is_empty() {
        return none();
    }
    comparisons.join(",")
}

fn none() -> String {
    "none".into()
}

/// A cell that had trials and is to have none.
fn left_out(design: &Design, new: &Design) -> Option<String> {
    let mut left_out = new.left_out.iter();
    let LeftOut { model, condition } = left_out.find(|one| {
        let has_model = design.models.iter().any(|model| model.name == one.model);
        has_model
            && design.conditions.contains(&one.condition)
            && design.has(&one.model, &one.condition)
    })?;
    Some(format!(
        "the model `{model}` in the condition `{condition}` is no longer asked for"
    ))
}

/// A wording whose texts were a user's, and are others now or the task's.
fn other_texts(design: &Design, new: &Design) -> Option<String> {
    let mut then = design.own_wordings.iter();
    let (name, _) = then.find(|(name, hash)| new.own_wordings.get(*name) != Some(*hash))?;
    Some(format!("the texts of the wording `{name}` have changed"))
}

fn fewer_trials(design: &Design, new: &Design) -> Option<String> {
    (new.trials < design.trials).then(|| {
        format!(
            "it has {} trials of each cell, and {} are asked for",
            design.trials, new.trials
        )
    })
}

/// Two models whose names differ in no letter that an id may have are told apart by their place
/// in the design, so that a trial could get another's id.
fn renamed(run: &RunManifest, now: &RunManifest) -> Option<String> {
    let orders = now.plan.orders.iter();
    let planned: HashMap<_, _> = orders.map(|order| (&order.trial, order)).collect();
    let mut orders = run.plan.orders.iter();
    let lost = orders.find(|order| planned.get(&order.trial) != Some(order))?;
    Some(format!("the trial `{}` would be another one", lost.trial))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::plan::tests::design;
    use crate::run::{Plan, PlannedRootfs, fixtures};
    use crate::stats::StopRule;

    /// The fixture's run, planned by this design.
    fn planned(change: impl FnOnce(&mut Design)) -> RunManifest {
        let mut design = design(&["scripted/complies"], &["A", "E"]);
        change(&mut design);
        let plan = Plan::new(design);
        RunManifest {
            plan_hash: plan.hash(),
            plan,
            ..fixtures::manifest()
        }
    }

    #[test]
    fn a_run_goes_on_with_the_same_plan_or_a_larger_one() {
        let larger = |design: &mut Design| {
            design.trials += 2;
            design.conditions.insert(0, "B".into());
            design.models.insert(0, {
                let mut model = design.models[0].clone();
                model.name = "scripted/mixed".into();
                model
            });
        };
        for now in [planned(|_| {}), planned(larger)] {
            let run = fixtures::manifest();
            let (before, orders) = (run.run.clone(), run.plan.orders.clone());
            let run = run.continued(now.clone()).unwrap();
            assert_eq!((&run.plan, &run.plan_hash), (&now.plan, &now.plan_hash));
            assert_eq!((run.run, run.sessions.len()), (before, 2));
            assert!(orders.iter().all(|order| run.plan.orders.contains(order)));
        }
    }

    #[test]
    fn whatever_would_make_recorded_trials_another_experiment_is_named() {
        let differences = [
            planned(|design| design.task = "other".into()),
            planned(|design| design.task_hash = "11".into()),
            RunManifest {
                script_hash: Digest::of(b"other"),
                ..planned(|_| {})
            },
            RunManifest {
                rootfs: Some(pinned(b"tree")),
                ..planned(|_| {})
            },
            planned(|design| design.seed = 8),
            planned(|design| design.judge = 2),
            planned(|design| design.models[0].name = "scripted/mixed".into()),
            planned(|design| design.models[0].script_hash = Some(Digest::of(b"other"))),
            planned(|design| design.conditions.truncate(1)),
            planned(|design| design.wordings = vec!["terse".into()]),
            planned(|design| design.trials = 2),
            planned(|design| {
                design.left_out = vec![LeftOut {
                    model: "scripted/complies".into(),
                    condition: "E".into(),
                }];
            }),
            planned(|design| design.comparisons = vec![Declared::Models]),
            planned(|design| {
                design.stop = Some(StopRule {
                    half_width: 0.05,
                    every: 50,
                });
            }),
        ]
        .map(|now| difference(&fixtures::manifest(), &now).unwrap_or_default());
        insta::with_settings!({filters => [(r"[0-9a-f]{64}", "[hash]")]}, {
            insta::assert_snapshot!(differences.join("\n"), @r#"
            the task was palisade and is now other
            the task has changed: its hash was 00 and is now 11
            the shutdown script has changed: its hash was [hash] and is now [hash]
            the root file system was the host's programs and is now [hash]: leave `--rootfs` out
            the seed was 7 and is now 8
            the version of the judge was 1 and is now 2
            the model `scripted/complies` is no longer asked for
            the script of the model `scripted/complies` has changed
            the condition `E` is no longer asked for
            the wording `plain` is no longer asked for
            it has 3 trials of each cell, and 2 are asked for
            the model `scripted/complies` in the condition `E` is no longer asked for
            the declared family of comparisons was none and is now models
            the declared rule of early stopping was none and is now {"half_width":0.05,"every":50}
            "#);
        });
    }

    fn pinned(tree: &[u8]) -> PlannedRootfs {
        PlannedRootfs {
            path: "/srv/root".into(),
            hash: Digest::of(tree),
        }
    }

    #[test]
    fn a_root_file_system_may_move_and_not_change() {
        let at = |path: &str, tree: &[u8]| RunManifest {
            rootfs: Some(PlannedRootfs {
                path: path.into(),
                ..pinned(tree)
            }),
            ..planned(|_| {})
        };
        let run = at("/srv/root", b"tree");
        assert_eq!(difference(&run, &at("/mnt/root.tar", b"tree")), None);
        for now in [at("/srv/root", b"other"), planned(|_| {})] {
            let difference = difference(&run, &now).unwrap();
            assert!(
                difference.ends_with(": give the one that it was with `--rootfs`"),
                "{difference}"
            );
        }
    }

    #[test]
    fn a_trial_whose_id_another_model_would_get_is_named() {
        let run = planned(|design| design.models[0].name = "a/b".into());
        let now = planned(|design| {
            design.models[0].name = "a/b".into();
            let mut model = design.models[0].clone();
            model.name = "a.b".into();
            design.models.insert(0, model);
        });
        let difference = difference(&run, &now).unwrap();
        assert!(difference.contains("would be another one"), "{difference}");
    }
}
