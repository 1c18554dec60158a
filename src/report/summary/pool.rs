//! Merging: trials of several runs in one report, where they are trials of one experiment.

use std::collections::HashMap;
use std::mem;

use super::Fact;
use super::fact::fact;
use crate::run::{Design, OutlinedRun, PlannedModel, RunManifest};

/// A run as a report takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Its directory, as the user named it.
    pub name: String,
    /// What it is. Of its trials only the facts are kept.
    pub run: OutlinedRun,
    /// Its trials, in the order of their lines.
    pub facts: Vec<Fact>,
}

impl Source {
    /// The source of a run.
    #[must_use]
    pub fn of(name: String, mut run: OutlinedRun) -> Self {
        let trials = mem::take(&mut run.trials);
        let facts = trials.iter().map(fact).collect();
        Self { name, run, facts }
    }

    pub(super) fn manifest(&self) -> &RunManifest {
        &self.run.manifest
    }
}

/// Runs whose trials may be counted together.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    sources: Vec<Source>,
}

/// Why runs cannot be reported together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// Something is not the same in both that makes them trials of two experiments.
    #[error("`{first}` and `{second}` are no runs of one experiment: {difference}")]
    Differ {
        /// A run.
        first: String,
        /// Another one.
        second: String,
        /// What differs.
        difference: String,
    },
    /// Their trials were judged by different rules.
    #[error(
        "trials of `{first}` were judged by the rules of version {was}, and trials of `{second}` \
         by those of version {is}"
    )]
    Judged {
        /// A run.
        first: String,
        /// Another one, or the same.
        second: String,
        /// The rules of the first.
        was: u32,
        /// Those of the second.
        is: u32,
    },
    /// A trial is in two of them.
    #[error(
        "trial `{trial}` is in `{first}` and in `{second}`, planned with the same seed: it is one \
         trial, and not two"
    )]
    Twice {
        /// The trial.
        trial: String,
        /// A run.
        first: String,
        /// Another one.
        second: String,
    },
    /// There is no trial in any of them.
    #[error("no trial is recorded in `{}`", .names.join("`, `"))]
    Empty {
        /// The runs.
        names: Vec<String>,
    },
}

impl PoolError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Differ { .. } => "make a report of each: such trials are never counted together",
            Self::Judged { .. } => {
                "judge the older ones again: copy the run's `run.json` into a new directory, \
                 `offswitch score RUN --write NEW/trials.jsonl`, and report that directory"
            }
            Self::Twice { .. } => {
                "name each run once, and no copy of it; another draw of the same trials needs \
                 another `--seed`, and more of them `offswitch resume RUN --trials N`"
            }
            Self::Empty { .. } => "`offswitch resume RUN` does the trials that are missing",
        }
    }
}

impl Pool {
    /// The pool of these runs.
    ///
    /// # Errors
    /// They are not of one task in one version, a model was not asked alike in all of them, trials
    /// were judged by different rules, a trial is in two of them, or there is none.
    pub fn of(sources: Vec<Source>) -> Result<Self, PoolError> {
        for (at, second) in sources.iter().enumerate() {
            for first in &sources[..at] {
                if let Some(difference) = difference(first.manifest(), second.manifest()) {
                    return Err(PoolError::Differ {
                        first: first.name.clone(),
                        second: second.name.clone(),
                        difference,
                    });
                }
            }
        }
        one_judge(&sources)?;
        no_trial_twice(&sources)?;
        if sources.iter().all(|source| source.facts.is_empty()) {
            let names = sources.into_iter().map(|source| source.name);
            return Err(PoolError::Empty {
                names: names.collect(),
            });
        }
        Ok(Self { sources })
    }

    /// The runs, in the order in which they were given.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    pub(super) fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.sources.iter().flat_map(|source| &source.facts)
    }
}

fn one_judge(sources: &[Source]) -> Result<(), PoolError> {
    let judged = || {
        let each = sources.iter();
        each.flat_map(|source| source.facts.iter().map(move |fact| (source, fact.judge)))
    };
    let Some((first, was)) = judged().next() else {
        return Ok(());
    };
    match judged().find(|(_, is)| *is != was) {
        None => Ok(()),
        Some((second, is)) => Err(PoolError::Judged {
            first: first.name.clone(),
            second: second.name.clone(),
            was,
            is,
        }),
    }
}

/// Equal seeds make equal trials: those of scripts to the last step, and those of models the same
/// draw where answers come out of a cache or a recording.
fn no_trial_twice(sources: &[Source]) -> Result<(), PoolError> {
    let mut found: HashMap<(u64, &str), &Source> = HashMap::new();
    for source in sources {
        let seed = source.manifest().plan.design.seed;
        for fact in &source.facts {
            let trial = &*fact.observation.trial;
            if let Some(first) = found.insert((seed, trial), source) {
                return Err(PoolError::Twice {
                    trial: trial.into(),
                    first: first.name.clone(),
                    second: source.name.clone(),
                });
            }
        }
    }
    Ok(())
}

/// What makes two runs different experiments, in words.
fn difference(first: &RunManifest, second: &RunManifest) -> Option<String> {
    let (one, other) = (&first.plan.design, &second.plan.design);
    let differ = |what: &str, one: &str, other: &str| {
        (one != other).then(|| format!("the {what} is {one} in the one and {other} in the other"))
    };
    let hash = |first: &dyn ToString, second: &dyn ToString, what: &str| {
        differ(what, &first.to_string(), &second.to_string())
    };
    differ("task", &one.task, &other.task)
        .or_else(|| hash(&one.task_hash, &other.task_hash, "hash of the task"))
        .or_else(|| hash(&first.script_hash, &second.script_hash, "script's hash"))
        .or_else(|| programs(first, second))
        .or_else(|| prompts(first, second))
        .or_else(|| texts(one, other))
        .or_else(|| {
            let is_same = first.limits == second.limits;
            (!is_same).then(|| "their trials have different limits".into())
        })
        .or_else(|| models(&one.models, &other.models))
}

/// On two hosts, machines with the hosts' programs are taken for the same.
fn programs(first: &RunManifest, second: &RunManifest) -> Option<String> {
    let hash = |run: &RunManifest| run.rootfs.as_ref().map(|rootfs| rootfs.hash);
    let differ = hash(first) != hash(second);
    differ.then(|| "their machines have different root file systems".into())
}

fn prompts(first: &RunManifest, second: &RunManifest) -> Option<String> {
    let mut shared = first.prompt_hashes.iter();
    let changed = shared.find(|(place, hash)| {
        let other = second.prompt_hashes.get(*place);
        other.is_some_and(|other| other != *hash)
    });
    changed.map(|(place, _)| format!("the prompts of `{place}` are not the same in both"))
}

/// A wording that both have, whose texts are a user's in one of them and others in the other.
fn texts(first: &Design, second: &Design) -> Option<String> {
    let mut shared = first.wordings.iter();
    let changed = shared.find(|name| {
        let of = |design: &Design| design.own_wordings.get(*name).copied();
        second.wordings.contains(name) && of(first) != of(second)
    });
    changed.map(|name| format!("the texts of the wording `{name}` are not the same in both"))
}

fn models(first: &[PlannedModel], second: &[PlannedModel]) -> Option<String> {
    let mut changed = first.iter().filter(|model| {
        let other = second.iter().find(|other| other.name == model.name);
        other.is_some_and(|other| other != *model)
    });
    let name = &changed.next()?.name;
    Some(format!(
        "the model `{name}` is another script or recording, or was asked with other settings"
    ))
}

#[cfg(test)]
mod tests;
