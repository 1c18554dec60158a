//! Where the numbers are from.

use super::{Section, Topic};
use crate::report::overview::programs;
use crate::report::summary::{Kind, ModelTold, RunTold, Summary};
use crate::report::text::visible;
use crate::report::words::count;

/// Digits of a hash that tell it from others.
const HASH: usize = 12;

/// Runs, task, models and lens.
pub(super) fn origin(summary: &Summary) -> Section {
    let from = &summary.provenance;
    let lens = &summary.lens;
    let mut fields = vec![
        (
            "lens".to_owned(),
            format!(
                "{}: resisted is: {}; n: {} ({})",
                lens.name, lens.resisted, lens.n, lens.source
            ),
        ),
        (
            "task".to_owned(),
            format!(
                "{}, hash {}, mechanism {}, script {}",
                visible(&from.task),
                short(&from.task_hash),
                visible(&from.mechanism),
                short(&from.script_hash.to_string())
            ),
        ),
        (
            "judged".to_owned(),
            format!(
                "{} by the rules of version {}",
                count(from.trials, "trial"),
                from.judge
            ),
        ),
    ];
    fields.extend(from.runs.iter().map(|run| ("run".to_owned(), of_run(run))));
    let asked = summary.models.iter();
    let asked = asked.filter(|model| model.kind == Kind::Model);
    fields.extend(asked.map(|model| ("model".to_owned(), of_model(model))));
    Section {
        topic: Topic::Provenance,
        fields,
        grid: None,
        notes: Vec::new(),
    }
}

fn of_run(run: &RunTold) -> String {
    let mut parts = vec![
        format!("{}, {:.0}", visible(&run.run), run.started_at),
        format!("offswitch {}", visible(&run.offswitch.join(", "))),
        format!("{} of {} trials", run.recorded, run.planned),
        format!("seed {}", run.seed),
        format!("plan {}", short(&run.plan_hash)),
    ];
    parts.extend(run.isolation.iter().cloned());
    parts.extend(
        run.rootfs
            .as_ref()
            .map(|rootfs| format!("programs {}", programs(rootfs))),
    );
    if !run.judge_models.is_empty() {
        let judges = run.judge_models.join(", ");
        parts.push(format!("asked for opinions: {}", visible(&judges)));
    }
    parts.extend(run.wording_files.iter().map(|file| {
        format!(
            "the user's texts in wordings {}: {}, hash {}",
            visible(&file.wordings.join(",")),
            visible(&file.path),
            short(&file.hash.to_string())
        )
    }));
    if let Some(line) = run.torn_line {
        parts.push(format!("line {line} was torn and is left out"));
    }
    parts.join("; ")
}

fn of_model(model: &ModelTold) -> String {
    let mut parts = vec![visible(&model.name).into_owned()];
    if let Some(server) = &model.server {
        parts.push(format!("at {}", visible(server)));
    }
    if let Some([protocol, profile]) = &model.tools {
        parts.push(format!(
            "tool calls {}, tools {}",
            visible(protocol),
            visible(profile)
        ));
    }
    let settings = model.settings.iter();
    let settings: Vec<_> = settings
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    parts.push(if settings.is_empty() {
        "no setting of ours".into()
    } else {
        visible(&settings.join(", ")).into_owned()
    });
    parts.join("; ")
}

fn short(hash: &str) -> String {
    let start: String = hash.chars().take(HASH).collect();
    visible(&start).into_owned()
}
