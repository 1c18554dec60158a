//! `offswitch calibrate`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use super::calibration::{Bench, Calibrated, Calibration, Played, Standing};
use super::closing::as_word;
use super::controls::{Controls, judged};
use super::exit::ExitCode;
use super::failure::Failure;
use super::numbers::number;
use super::rootfs::{self, RootfsArgument};
use super::{output, run, tasks, tool};
use crate::report::text::visible;
use crate::report::{Align, Grid, Style};
use crate::run::{Pace, default_parallel};
use crate::verdict::Verdict;

/// Play a task's controls, whose right verdicts are known, and tell which are misjudged
///
/// Each is played once, in a machine of its own and like any model. It ends with exit code 9 where
/// one gets another verdict or other tactics than it must; the run is then kept, to be looked at.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The task; `offswitch list` names them
    #[arg(default_value = "palisade")]
    task: String,
    #[command(flatten)]
    place: tasks::Place,
    /// Trials in flight at once [default: two for each core]
    #[arg(long, value_name = "P", allow_negative_numbers = true, value_parser = |text: &str| number(text, 1_usize..=100_000))]
    max_parallel: Option<usize>,
    /// Where to write the run [default: nowhere, unless a control is misjudged]
    #[arg(long, value_name = "DIR")]
    run_dir: Option<PathBuf>,
    #[command(flatten)]
    rootfs: RootfsArgument,
    /// Start even where the host gives less isolation than a run must have
    #[arg(long)]
    allow_weak_isolation: bool,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

pub(super) fn calibrate(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let name = &arguments.task;
    let task = arguments.place.task(name)?;
    let controls = Controls::of(&arguments.place.controls_of(name)?)?;
    if controls.courses.is_empty() {
        return Err(without_controls(name));
    }
    let rootfs = arguments.rootfs.open()?;
    let helper = run::helper(rootfs.as_ref(), arguments.allow_weak_isolation)?;
    let rootfs = rootfs.as_ref().map(rootfs::planned);
    let mut words = arguments.place.words(name);
    words.extend(rootfs.as_ref().map(rootfs::word));
    let tool = tool::read()?;
    let bench = match &arguments.run_dir {
        Some(directory) => Bench::Named(directory.clone()),
        None => Bench::passing()?,
    };
    let undeclared = controls.undeclared.clone();
    let calibration = Calibration {
        task: Arc::new(task),
        controls,
        words,
        rootfs,
        max_parallel: arguments
            .max_parallel
            .unwrap_or_else(|| default_parallel(Pace::AtOnce)),
        isolation: helper.host().clone(),
        weak_isolation_allowed: arguments.allow_weak_isolation,
    };
    let calibrated = run::runtime()?.block_on(async {
        let machines = helper.into_machines()?;
        calibration.perform(&machines, &tool, bench.path()).await
    })?;
    let all_right = calibrated.misjudged().is_empty();
    let exit = if all_right {
        ExitCode::Done
    } else {
        ExitCode::Misjudged
    };
    let kept = match (&bench, all_right) {
        (Bench::Passing(_), true) => None,
        (Bench::Passing(_), false) | (Bench::Named(_), _) => Some(bench.keep()),
    };
    let told = Told {
        task: name,
        calibrated: &calibrated,
        undeclared: &undeclared,
        kept: kept.as_deref(),
    };
    if arguments.json {
        output::print(&format!("{:#}\n", told.json(exit)))?;
    } else {
        output::print(&told.text(output::style()))?;
    }
    Ok(exit)
}

fn without_controls(task: &str) -> Failure {
    let message = format!(
        "the task `{}` has no control that declares its verdict",
        visible(task)
    );
    let hint =
        "put scripts with an `expect` into the task's folder `controls`; docs/tasks.md says how";
    Failure::new(ExitCode::BadInput, message).with_hint(hint)
}

/// Misjudged controls of which more is told than that. Many mostly have one cause.
const NAMED: usize = 5;

/// What is told of a calibration.
struct Told<'a> {
    task: &'a str,
    calibrated: &'a Calibrated,
    undeclared: &'a [String],
    kept: Option<&'a Path>,
}

impl Told<'_> {
    fn text(&self, style: Style) -> String {
        let mut grid = Grid::new(
            ["control", "must be judged", "was judged", ""].map(|title| (title, Align::Left)),
        );
        for trial in &self.calibrated.trials {
            let mark = match trial.standing() {
                Standing::Right => "right",
                Standing::Misjudged => "MISJUDGED",
                Standing::LeftOut => "left out",
            };
            let row = [
                &trial.model,
                &trial.expected.to_string(),
                &given(trial),
                mark,
            ];
            grid.row(row.map(|text| visible(text).into_owned()));
        }
        let mut parts = vec![grid.render(style)];
        parts.extend(self.why());
        if !self.undeclared.is_empty() {
            let names = visible(&self.undeclared.join(", ")).into_owned();
            parts.push(format!(
                "left out, since no verdict is declared as right: {names}\n"
            ));
        }
        parts.extend(self.lacking());
        let line = self.calibrated.line();
        let kept = self.kept.map(|kept| self.kept_in(kept));
        parts.push(format!("{line}\n{}", kept.unwrap_or_default()));
        parts.join("\n")
    }

    /// Which controls are misjudged, the first of them with their findings.
    fn why(&self) -> Option<String> {
        let misjudged = self.calibrated.misjudged().into_iter().take(NAMED);
        let told = misjudged.map(|trial| {
            let findings = trial.findings.iter();
            let findings = findings.map(|finding| format!("    {}\n", visible(finding)));
            let findings: Vec<_> = findings.collect();
            format!("  {}\n{}", visible(&trial.model), findings.concat())
        });
        let told: String = told.collect();
        (!told.is_empty()).then(|| format!("misjudged, with what the verdict rests on:\n{told}"))
    }

    /// Which controls could not be judged on this host.
    fn lacking(&self) -> Option<String> {
        let left_out = self.calibrated.standing(Standing::LeftOut).into_iter();
        let lines = left_out.map(|trial| {
            let needs = trial.lacks.as_deref().unwrap_or_default();
            format!("  {}: `{}`\n", visible(&trial.model), visible(needs))
        });
        let lines = lines.collect::<Vec<_>>().concat();
        let what = "left out, since what the control needs fails on this host:\n";
        (!lines.is_empty()).then(|| format!("{what}{lines}"))
    }

    /// Where the run is, and what shows it.
    fn kept_in(&self, run: &Path) -> String {
        let run = as_word(&run.display().to_string());
        let misjudged = self.calibrated.misjudged().into_iter().take(NAMED);
        let shown =
            misjudged.map(|trial| format!("  offswitch show {run} {}\n", visible(&trial.trial)));
        let mut lines = vec![format!(
            "The run is in {run}. Look at it:\n  offswitch show {run}\n"
        )];
        lines.extend(shown);
        lines.concat()
    }

    fn json(&self, exit: ExitCode) -> Value {
        let controls = self.calibrated.trials.iter().map(|trial| {
            json!({
                "model": trial.model,
                "trial": trial.trial,
                "right": match trial.standing() {
                    Standing::Right => Some(true),
                    Standing::Misjudged => Some(false),
                    Standing::LeftOut => None,
                },
                "lacks": trial.lacks,
                "expect": trial.expected.verdict,
                "expect_tactics": trial.expected.tactics,
                "near_miss": trial.expected.near_miss,
                "verdict": trial.verdict,
                "tactics": trial.tactics,
                "invalid_reason": trial.invalid_reason,
                "findings": trial.findings,
            })
        });
        json!({
            "task": self.task,
            "exit": exit as u8,
            "controls": controls.collect::<Vec<_>>(),
            "misjudged": self.calibrated.misjudged().len(),
            "left_out": self.undeclared,
            "seconds": self.calibrated.took.as_secs_f64(),
            "directory": self.kept.map(|path| path.display().to_string()),
        })
    }
}

/// What a control was judged, and why it does not count where that is no surprise of its own.
fn given(trial: &Played) -> String {
    let judged = judged(trial.verdict, &trial.tactics);
    match &trial.invalid_reason {
        Some(reason) if trial.expected.verdict != Verdict::Invalid => {
            format!("{judged} ({reason})")
        }
        Some(_) | None => judged,
    }
}
