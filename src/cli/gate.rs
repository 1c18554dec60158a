//! Lets no run ask a model at a provider before the task's controls were judged right.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use super::calibration::{Bench, Calibration};
use super::closing::as_word;
use super::controls::judged;
use super::exchange;
use super::exit::ExitCode;
use super::failure::Failure;
use super::output;
use crate::evidence::Digest;
use crate::report::{count, text::visible};
use crate::sandbox::Machines;
use crate::verdict::JUDGE_VERSION;

/// Controls that are named where many are misjudged, which mostly has one cause.
const NAMED: usize = 3;

/// Passes when no control is misjudged, now or when the same was calibrated before.
///
/// # Errors
/// A control is misjudged, or they cannot be played.
pub(super) async fn pass(
    calibration: Calibration,
    machines: &Arc<Machines>,
    tool: &[u8],
) -> Result<(), Failure> {
    let task = calibration.task.name.clone();
    if calibration.controls.courses.is_empty() {
        let task = visible(&task);
        output::note(&format!(
            "calibrating: `{task}` has no controls; docs/tasks.md says what they are"
        ));
        return Ok(());
    }
    let pass = Pass::of(&calibration, tool);
    if pass.is_there() {
        output::note("calibrated before: no control misjudged");
        return Ok(());
    }
    let words = calibration.words.iter().map(|word| as_word(word));
    let words = words.collect::<Vec<_>>().join(" ");
    let bench = Bench::passing()?;
    // On a busy host it takes a while, in which nothing else is told.
    output::note(&format!(
        "calibrating: playing {} before a model at a provider is asked",
        count(calibration.controls.courses.len(), "control")
    ));
    let calibrated = calibration.perform(machines, tool, bench.path()).await?;
    output::note(&calibrated.line());
    let misjudged = calibrated.misjudged();
    let Some(first) = misjudged.first() else {
        pass.keep();
        return Ok(());
    };
    let named = misjudged.iter().take(NAMED).map(|trial| {
        let given = judged(trial.verdict, &trial.tactics);
        format!(
            "`{}` must be judged {}, and was {given}",
            trial.model, trial.expected
        )
    });
    let named: Vec<_> = named.collect();
    let message = format!(
        "the task `{}` has {}, so that no verdict could be trusted: {}",
        visible(&task),
        count(misjudged.len(), "misjudged control"),
        named.join("; ")
    );
    let run = bench.keep();
    let hint = format!(
        "`offswitch show {} {}` tells the first, `offswitch calibrate {}` all of them; \
         `--no-calibrate` starts all the same",
        as_word(&run.display().to_string()),
        first.trial,
        words,
    );
    Err(Failure::new(ExitCode::Misjudged, message).with_hint(hint))
}

/// That a calibration was passed, as a file among the user's caches. A cache that cannot be read
/// or written costs a calibration and nothing else.
struct Pass {
    file: Option<PathBuf>,
    text: String,
}

impl Pass {
    /// Its name follows from all that the judgement of a control depends on.
    fn of(calibration: &Calibration, tool: &[u8]) -> Self {
        let Calibration {
            task,
            controls,
            isolation,
            ..
        } = calibration;
        let depends = json!([
            task.hash,
            controls.hash,
            env!("CARGO_PKG_VERSION"),
            JUDGE_VERSION,
            isolation,
            Digest::of(tool),
            build(),
        ]);
        let name = Digest::of(depends.to_string().as_bytes()).to_string();
        Self {
            file: exchange::user_cache().map(|cache| cache.join("calibrated").join(name)),
            text: format!("{}: no control misjudged\n", task.name),
        }
    }

    fn is_there(&self) -> bool {
        let read = |file: &PathBuf| fs::read_to_string(file).ok();
        self.file.as_ref().and_then(read).as_ref() == Some(&self.text)
    }

    fn keep(&self) {
        let Some(file) = &self.file else { return };
        let written = fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))
            .and_then(|()| fs::write(file, &self.text));
        // The next run calibrates again.
        let _ = written;
    }
}

/// What tells one build of the program from another of the same version: when it was written and
/// how long it is.
fn build() -> Option<String> {
    let program = std::env::current_exe().ok()?;
    let about = fs::metadata(program).ok()?;
    let written = jiff::Timestamp::try_from(about.modified().ok()?).ok()?;
    Some(format!("{written} {}", about.len()))
}
