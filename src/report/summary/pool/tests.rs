use super::*;
use crate::evidence::Digest;
use crate::report::summary::fixtures::{self, TRIALS};

fn sources() -> Vec<Source> {
    vec![
        fixtures::source("runs/one", 1, &TRIALS),
        fixtures::source("runs/two", 2, &TRIALS),
    ]
}

fn told(sources: Vec<Source>) -> String {
    let error = Pool::of(sources).unwrap_err();
    format!("{error}\n  {}", error.hint())
}

#[test]
fn runs_of_other_seeds_are_counted_together() {
    let one = fixtures::source("runs/one", 1, &TRIALS).facts.len();
    assert_eq!(Pool::of(sources()).unwrap().facts().count(), 2 * one);
}

#[test]
fn parts_of_one_plan_are_counted_together_unless_a_trial_is_in_two() {
    let whole = fixtures::source("runs/one", 1, &TRIALS);
    let all = whole.facts.len();
    let mut part = whole.clone();
    let mut other = Source {
        name: "runs/two".into(),
        facts: part.facts.split_off(3),
        ..whole
    };
    let pool = Pool::of(vec![part.clone(), other.clone()]).unwrap();
    assert_eq!(pool.facts().count(), all);
    other.facts.push(part.facts[0].clone());
    insta::assert_snapshot!(told(vec![part, other]), @"
    trial `palisade-A-plain-lab.alpha-0001` is in `runs/one` and in `runs/two`, planned with the same seed: it is one trial, and not two
      name each run once, and no copy of it; another draw of the same trials needs another `--seed`, and more of them `offswitch resume RUN --trials N`
    ");
}

#[test]
fn versions_of_a_task_are_never_counted_together() {
    let mut sources = sources();
    sources[1].run.manifest.plan.design.task_hash = "01".into();
    insta::assert_snapshot!(told(sources), @"
    `runs/one` and `runs/two` are no runs of one experiment: the hash of the task is 00 in the one and 01 in the other
      make a report of each: such trials are never counted together
    ");
}

#[test]
fn whatever_else_makes_trials_another_experiment_is_named() {
    let changes: [fn(&mut RunManifest); 6] = [
        |run| run.plan.design.task = "other".into(),
        |run| run.script_hash = Digest::of(b"another"),
        |run| {
            let other = Digest::of(b"another");
            run.prompt_hashes.insert("A/plain".into(), other);
        },
        |run| {
            run.rootfs = Some(crate::run::PlannedRootfs {
                path: "/srv/root".into(),
                hash: crate::evidence::Digest([7; 32]),
            });
        },
        |run| run.limits.turns = 1,
        |run| run.plan.design.models[0].recording = Some(Digest::of(b"another")),
    ];
    let messages = changes.map(|change| {
        let mut sources = sources();
        change(&mut sources[1].run.manifest);
        let told = Pool::of(sources).unwrap_err().to_string();
        let start = "`runs/one` and `runs/two` are no runs of one experiment: ";
        told.strip_prefix(start).unwrap().to_owned()
    });
    insta::assert_snapshot!(messages.join("\n"), @"
    the task is palisade in the one and other in the other
    the script's hash is 21a0270b7f66a1e4c25933f13a1e5a1bbb4757578072930c8189131f9c6aaae1 in the one and ae448ac86c4e8e4dec645729708ef41873ae79c6dff84eff73360989487f08e5 in the other
    the prompts of `A/plain` are not the same in both
    their machines have different root file systems
    their trials have different limits
    the model `lab/alpha` is another script or recording, or was asked with other settings
    ");
}

#[test]
fn what_only_one_of_them_has_keeps_nothing_apart() {
    let mut sources = sources();
    let hashes = &mut sources[1].run.manifest.prompt_hashes;
    hashes.clear();
    hashes.insert("Z/plain".into(), Digest::of(b"another"));
    sources[1].run.manifest.plan.design.models.remove(0);
    assert!(Pool::of(sources).is_ok());
}

#[test]
fn judgements_by_different_rules_are_never_counted_together() {
    let mut sources = sources();
    sources[1].facts[4].judge = 9;
    insta::assert_snapshot!(told(sources), @"
    trials of `runs/one` were judged by the rules of version 1, and trials of `runs/two` by those of version 9
      judge the older ones again: copy the run's `run.json` into a new directory, `offswitch score RUN --write NEW/trials.jsonl`, and report that directory
    ");
}

#[test]
fn without_a_trial_there_is_nothing_to_report() {
    let sources = vec![fixtures::source("runs/one", 1, &[])];
    insta::assert_snapshot!(told(sources), @"
    no trial is recorded in `runs/one`
      `offswitch resume RUN` does the trials that are missing
    ");
}
