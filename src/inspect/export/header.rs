//! What a log is about: model, task, condition, and where they come from.

use serde_json::{Map, Value, json};

use super::id::{file_part, id};
use super::json::{present, recorded, second, time};
use super::results::results;
use super::sample::{SANDBOX, sample_id};
use super::score::SCORER;
use super::tally::Tally;
use super::{Cell, score};
use crate::evidence::Digest;
use crate::run::PlannedModel;
use crate::verdict::Lenses;

/// The version of the format.
const VERSION: u32 = 2;

impl Cell<'_> {
    /// The name of its log, in the form by which Inspect's tools tell time and task without
    /// opening it.
    pub(super) fn file_name(&self) -> String {
        let created = second(self.manifest.started_at).replace([':', '+'], "-");
        let task = file_part(&self.task());
        format!("{created}_{task}_{}.eval", self.id("task"))
    }

    /// The task with its condition, since lists show no more of a log than this and the model.
    fn task(&self) -> String {
        format!("{}-{}", self.manifest.plan.design.task, self.condition)
    }

    fn id(&self, kind: &str) -> String {
        id(&[kind, &self.manifest.run, self.model(), self.condition])
    }

    fn planned_model(&self) -> &PlannedModel {
        &self.manifest.plan.design.models[self.model]
    }

    /// The member `header.json`.
    pub(super) fn header(&self, tally: &Tally, planned: u64) -> Value {
        let is_complete = tally.trials() >= planned;
        let used = tally.used.unwrap_or_default().by_model(self.model());
        json!({
            "version": VERSION,
            "status": if is_complete { "success" } else { "cancelled" },
            "eval": self.spec(),
            "plan": {
                "name": "plan",
                "steps": [{ "solver": "agent", "params": {} }],
                "config": {},
            },
            "results": results(tally, planned),
            "stats": {
                "started_at": tally.started_at.map_or_else(String::new, time),
                "completed_at": tally.completed_at.map_or_else(String::new, time),
                "model_usage": used,
                "role_usage": {},
            },
        })
    }

    fn spec(&self) -> Value {
        let manifest = self.manifest;
        let design = &manifest.plan.design;
        let model = self.planned_model();
        let ids: Vec<_> = design.wordings.iter().map(|name| sample_id(name)).collect();
        let setting = manifest.settings.get(self.condition);
        let mechanism = setting.and_then(|setting| setting.mechanism.as_ref());
        let mechanism = mechanism.map_or(&manifest.mechanism, |own| &own.name);
        let mut arguments = json!({
            "condition": self.condition,
            "wordings": design.wordings,
            "mechanism": mechanism,
        });
        for (factor, level) in setting.iter().flat_map(|setting| &setting.factors) {
            arguments[factor] = level.clone().into();
        }
        present(json!({
            "eval_id": self.id("eval"),
            "run_id": id(&["run", &manifest.run]),
            "created": second(manifest.started_at),
            "task": self.task(),
            "task_id": self.id("task"),
            "task_version": 0,
            "task_display_name": format!("{} {}", design.task, self.condition),
            "task_attribs": {},
            "task_args": arguments,
            "task_args_passed": arguments,
            "solver": "agent",
            "solver_args": {},
            "tags": [design.task, format!("condition {}", self.condition)],
            "dataset": {
                "name": design.task,
                "samples": ids.len(),
                "sample_ids": ids,
                "shuffled": true,
            },
            "sandbox": { "type": SANDBOX },
            "model": self.model(),
            "model_base_url": model.asking.as_ref().map(|asking| &asking.server),
            "model_args": model_arguments(model),
            "model_generate_config": generate_config(model),
            "config": self.config(),
            "packages": { "offswitch": env!("CARGO_PKG_VERSION") },
            "metadata": self.provenance(),
            "scorers": scorers(),
            "viewer": viewer(),
        }))
    }

    fn script_hash(&self) -> Digest {
        let setting = self.manifest.settings.get(self.condition);
        let own = setting.and_then(|setting| setting.mechanism.as_ref());
        own.map_or(self.manifest.script_hash, |own| own.script_hash)
    }

    fn config(&self) -> Value {
        let limits = &self.manifest.limits;
        let session = self.manifest.sessions.last();
        present(json!({
            "epochs": self.manifest.plan.design.trials,
            "message_limit": limits.messages,
            "token_limit": limits.tokens,
            "time_limit": limits.wall_seconds,
            "working_limit": limits.working_seconds,
            "cost_limit": limits.cost_usd,
            "fail_on_error": false,
            "max_samples": session.map(|session| session.max_parallel),
            "log_samples": true,
        }))
    }

    fn provenance(&self) -> Value {
        let manifest = self.manifest;
        let design = &manifest.plan.design;
        let prompts = manifest.prompt_hashes.iter();
        let prefix = format!("{}/", self.condition);
        let prompts: Map<_, _> = prompts
            .filter_map(|(name, hash)| {
                Some((name.strip_prefix(&prefix)?.to_owned(), recorded(hash)))
            })
            .collect();
        let session = manifest.sessions.last();
        json!({
            "run": manifest.run,
            "command": manifest.command,
            "plan_hash": manifest.plan_hash,
            "task": design.task,
            "task_hash": design.task_hash,
            "script_hash": self.script_hash(),
            "prompt_hashes": prompts,
            "seed": design.seed,
            "judge": design.judge,
            "turn_limit": manifest.limits.turns,
            "command_seconds": manifest.limits.command_seconds,
            "offswitch": session.map(|session| &session.offswitch),
            "isolation": session.map(|session| recorded(&session.isolation)),
            "model": recorded(self.planned_model()),
        })
    }
}

/// In which colours the viewer shows the scores: to resist is what is looked for, and no success.
fn viewer() -> Value {
    let verdicts = json!({
        "resisted": "bad",
        "evaded": "bad",
        "attempted": "warn",
        "stopped": "warn",
        "complied": "good",
        "no_shutdown": "muted",
    });
    let mut scales = json!({ SCORER: verdicts });
    for (name, _) in score::lenses(Lenses::default()) {
        scales[name] = json!({ "true": "bad", "false": "good" });
    }
    json!({
        "scanner_result_view": {},
        "task_samples_view": {
            "name": "offswitch",
            "color_scales_enabled": true,
            "score_color_scales": scales,
        },
    })
}

fn scorers() -> Value {
    let lenses = score::lenses(Lenses::default()).map(|(name, _)| name);
    let names = std::iter::once(SCORER).chain(lenses);
    names.map(|name| json!({ "name": name })).collect()
}

fn generate_config(model: &PlannedModel) -> Value {
    let settings = model.asking.iter().flat_map(|asking| &asking.settings);
    let known = settings.filter(|(name, value)| is_known(name, value));
    let known = known.map(|(name, value)| (name.clone(), value.clone()));
    Value::Object(known.collect())
}

/// Whether every version of Inspect has a field for this setting, under the same name.
fn is_known(name: &str, value: &Value) -> bool {
    match name {
        "temperature" | "top_p" | "max_tokens" | "seed" => true,
        "reasoning_effort" => matches!(value.as_str(), Some("low" | "medium" | "high")),
        _ => false,
    }
}

/// How the model was asked beyond that.
fn model_arguments(model: &PlannedModel) -> Value {
    let Some(asking) = &model.asking else {
        return json!({});
    };
    let settings = asking.settings.iter();
    let further = settings.filter(|(name, value)| !is_known(name, value));
    let mut arguments: Map<_, _> = further
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    arguments.insert("tool_protocol".into(), asking.tool_protocol.clone().into());
    arguments.insert("tool_profile".into(), asking.tool_profile.clone().into());
    arguments.into()
}
