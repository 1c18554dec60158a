//! `run.json`: the frozen plan and its provenance.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::lost::lost_usd;
use super::{Plan, PlannedModel, Standings};
use crate::evidence::Digest;
use crate::model::price::Price;
use crate::sandbox::HostReport;
use crate::task::{Limits, Task};
use crate::trial::record;

/// The version of this format. Version 2: factors, wordings of a user's own, declared comparisons,
/// early stopping, imported runs, root file systems. Version 1 is the first.
pub(super) const SCHEMA: u32 = 2;

/// The versions that can be read.
pub(super) const READABLE: [u32; 2] = [1, SCHEMA];

/// What a run is. It is written before the first trial; a session that goes on with the run adds
/// itself, and may add trials to the plan. Nothing else in it changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunManifest {
    /// [`SCHEMA`] of the writer.
    pub schema: u32,
    /// The format of the lines in `trials.jsonl`.
    pub trial_schema: u32,
    /// The run's id.
    pub run: String,
    /// When it was planned.
    pub started_at: Timestamp,
    /// The arguments of the command that planned it.
    pub command: Vec<String>,
    /// The plan's hash.
    pub plan_hash: String,
    /// The kill mechanism's name.
    pub mechanism: String,
    /// SHA-256 of the mechanism's script.
    pub script_hash: Digest,
    /// What the conditions differ in beside their prompts, by the condition's id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, PlannedSetting>,
    /// The files of the wordings that are not the task's, in the order in which they were named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wording_files: Vec<WordingFile>,
    /// The root file system of the machines; none where they have the host's programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rootfs: Option<PlannedRootfs>,
    /// SHA-256 of the prompts that are sent, by `condition/wording`.
    pub prompt_hashes: BTreeMap<String, Digest>,
    /// The limits of each trial.
    pub limits: Limits,
    /// Each time that a process worked on the run, in order.
    pub sessions: Vec<Session>,
    /// The files that the trials were imported from; none where this program ran them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub imported: Vec<Source>,
    /// What will be done.
    pub plan: Plan,
}

/// What a condition of a plan is beside its prompts. One of which there is nothing to say is left
/// out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedSetting {
    /// The level of each factor of which one holds, by the factor's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub factors: BTreeMap<String, String>,
    /// Its kill mechanism; none where it is the run's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mechanism: Option<PlannedMechanism>,
}

/// A user's file of wordings, kept whole, so that a run can be gone on with where it is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WordingFile {
    /// Its path, as it was named.
    pub path: String,
    /// SHA-256 of its text.
    pub hash: Digest,
    /// The names of its wordings, in its order.
    pub wordings: Vec<String>,
    /// Its text.
    pub text: String,
}

/// A root file system that machines have in place of the host's programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedRootfs {
    /// The absolute path of its directory or tar.
    pub path: String,
    /// [`crate::sandbox::Rootfs::hash`].
    pub hash: Digest,
}

/// A kill mechanism of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedMechanism {
    /// Its name.
    pub name: String,
    /// SHA-256 of its script.
    pub script_hash: Digest,
}

/// A file of another program from which trials were imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its name, without its directory.
    pub file: String,
    /// SHA-256 of the file.
    pub file_hash: Digest,
    /// The program that wrote it with its version, where the file tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_by: Option<String>,
    /// The task's name there.
    pub task: String,
    /// The model's name there.
    pub model: String,
    /// How it ended there, in that program's word; `started` where it crashed.
    pub status: String,
    /// The trials in it.
    pub trials: usize,
}

/// One time that a process works on a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// When it started.
    pub started_at: Timestamp,
    /// The version of offswitch.
    pub offswitch: String,
    /// How many trials were planned then.
    pub planned: usize,
    /// How many trials may be in flight at once.
    pub max_parallel: usize,
    /// Which protections the machines have on this host.
    pub isolation: HostReport,
    /// Whether the user allowed the run to start below the minimum of isolation.
    pub weak_isolation_allowed: bool,
    /// The model that was asked for its opinion of each trial of the session; none where none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judge_model: Option<PlannedModel>,
    /// What the models cost, as far as it was known: the costs of the session's trials were
    /// counted by it.
    #[serde(default, skip_serializing_if = "Prices::is_empty")]
    pub prices: Prices,
    /// What answers cost that are in no record, in US dollars: those of trials that were
    /// cancelled. Written when the session ends; of one that was killed, when the run is gone on
    /// with, by what its log tells, which is the least that it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unrecorded_usd: Option<f64>,
}

/// What models cost, by their names.
pub type Prices = BTreeMap<String, Price>;

/// What a session knows of itself before the plan.
#[derive(Debug, Clone)]
pub struct Circumstances {
    /// The arguments of the command.
    pub command: Vec<String>,
    /// The time.
    pub started_at: Timestamp,
    /// How many trials may be in flight at once.
    pub max_parallel: usize,
    /// Which protections the machines have on this host.
    pub isolation: HostReport,
    /// Whether the user allowed the run to start below the minimum of isolation.
    pub weak_isolation_allowed: bool,
    /// Who is asked for an opinion of each trial.
    pub judge_model: Option<PlannedModel>,
    /// What the models cost, as far as it is known.
    pub prices: Prices,
    /// The files of the wordings that are not the task's.
    pub wording_files: Vec<WordingFile>,
    /// The root file system of the machines.
    pub rootfs: Option<PlannedRootfs>,
}

impl RunManifest {
    /// The manifest of a plan for this task, with its first session.
    #[must_use]
    pub fn new(plan: Plan, task: &Task, circumstances: Circumstances) -> Self {
        let Circumstances {
            command,
            started_at,
            max_parallel,
            isolation,
            weak_isolation_allowed,
            judge_model,
            prices,
            wording_files,
            rootfs,
        } = circumstances;
        let plan_hash = plan.hash();
        let session = Session {
            started_at,
            offswitch: env!("CARGO_PKG_VERSION").into(),
            planned: plan.orders.len(),
            max_parallel,
            isolation,
            weak_isolation_allowed,
            judge_model,
            prices,
            unrecorded_usd: None,
        };
        Self {
            schema: SCHEMA,
            trial_schema: record::SCHEMA,
            run: run_id(started_at, &plan_hash),
            started_at,
            command,
            plan_hash,
            mechanism: task.shutdown.mechanism.name.clone(),
            script_hash: Digest::of(task.shutdown.mechanism.script.as_bytes()),
            settings: settings(&plan, task),
            wording_files,
            rootfs,
            prompt_hashes: prompt_hashes(&plan, task),
            limits: task.limits,
            sessions: vec![session],
            imported: Vec::new(),
            plan,
        }
    }
}

impl RunManifest {
    /// The manifest of a run whose trials another program ran. What is not known of them is empty
    /// or `unknown`.
    #[must_use]
    pub fn imported(
        plan: Plan,
        sources: Vec<Source>,
        limits: Limits,
        now: Timestamp,
        command: Vec<String>,
    ) -> Self {
        let plan_hash = plan.hash();
        Self {
            schema: SCHEMA,
            trial_schema: record::SCHEMA,
            run: run_id(now, &plan_hash),
            started_at: now,
            command,
            plan_hash,
            mechanism: "unknown".into(),
            script_hash: Digest::of(b""),
            settings: BTreeMap::new(),
            rootfs: None,
            prompt_hashes: BTreeMap::new(),
            limits,
            sessions: Vec::new(),
            imported: sources,
            wording_files: Vec::new(),
            plan,
        }
    }

    /// The file that a wording is from; none where it is the task's.
    #[must_use]
    pub fn wording_file(&self, wording: &str) -> Option<&WordingFile> {
        let mut files = self.wording_files.iter();
        files.find(|file| file.wordings.iter().any(|name| name == wording))
    }

    /// Counts what earlier sessions have paid for answers that are in no record, where they were
    /// killed before they could say so, by what the run's log tells.
    pub fn count_lost(&mut self, log: &str, standings: &Standings) {
        let lost = lost_usd(log, |trial| standings.has(trial));
        for (number, session) in (1..).zip(&mut self.sessions) {
            if session.unrecorded_usd.is_none() {
                session.unrecorded_usd = lost.get(&number).copied();
            }
        }
    }

    /// What the answers cost that were paid for and are in no record, as far as it is known, in
    /// US dollars.
    #[must_use]
    pub fn unrecorded_usd(&self) -> f64 {
        let sessions = self.sessions.iter();
        sessions.filter_map(|session| session.unrecorded_usd).sum()
    }
}

/// The time to the second, for people and for sorting, and a hash that tells two runs of one
/// second apart.
fn run_id(started_at: Timestamp, plan_hash: &str) -> String {
    let digest = Digest::of(format!("{started_at} {plan_hash}").as_bytes()).to_string();
    format!("{}-{}", started_at.strftime("%Y%m%dT%H%M%SZ"), &digest[..6])
}

fn settings(plan: &Plan, task: &Task) -> BTreeMap<String, PlannedSetting> {
    let planned = &plan.design.conditions;
    let conditions = task.conditions.iter();
    let conditions = conditions.filter(|condition| planned.contains(&condition.id));
    let settings = conditions.map(|condition| {
        let setting = condition.setting.as_ref();
        let mechanism = setting.map(|setting| &setting.shutdown.mechanism);
        let mechanism = mechanism.filter(|one| one.name != task.shutdown.mechanism.name);
        let setting = PlannedSetting {
            factors: condition.factors.clone(),
            mechanism: mechanism.map(|mechanism| PlannedMechanism {
                name: mechanism.name.clone(),
                script_hash: Digest::of(mechanism.script.as_bytes()),
            }),
        };
        (condition.id.clone(), setting)
    });
    let said = |(_, setting): &(_, PlannedSetting)| *setting != PlannedSetting::default();
    settings.filter(said).collect()
}

fn prompt_hashes(plan: &Plan, task: &Task) -> BTreeMap<String, Digest> {
    let design = &plan.design;
    let conditions = task
        .conditions
        .iter()
        .filter(|condition| design.conditions.contains(&condition.id));
    conditions
        .flat_map(|condition| {
            let wordings = task
                .wordings
                .iter()
                .filter(|wording| design.wordings.contains(&wording.name));
            wordings.map(move |wording| {
                let (system, user) = task.prompts(condition, wording);
                let question = task.self_report(condition, wording);
                let question = question.map_or_else(String::new, |text| format!("\0{text}"));
                (
                    format!("{}/{}", condition.id, wording.name),
                    Digest::of(format!("{system}\0{user}{question}").as_bytes()),
                )
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::run::fixtures;

    #[test]
    fn only_the_limits_that_there_are_are_written() {
        let mut manifest = fixtures::manifest();
        let written = |manifest: &RunManifest| {
            let json = serde_json::to_value(manifest).unwrap();
            let read: RunManifest = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(read, *manifest);
            json["limits"].clone()
        };
        let least = json!({ "turns": 30, "wall_seconds": 600, "command_seconds": 15 });
        assert_eq!(written(&manifest), least);
        manifest.limits.tokens = Some(1000);
        manifest.limits.cost_usd = Some(0.1);
        assert_eq!(written(&manifest)["tokens"], 1000);
        assert_eq!(written(&manifest)["cost_usd"], 0.1);
    }
}
