//! What `run` says when it is over.

use std::path::Path;

use super::exit::ExitCode;
use super::failure::Failure;
use super::site::{Audience, Site};
use super::{json, output};
use crate::report::{self, text::visible};
use crate::run::End;
use crate::stats::Observation;
use crate::verdict::Verdict;

/// Prints what came out of a run, and what is missing of it.
pub(super) fn close(site: &Site, end: &End, audience: Audience) -> Result<ExitCode, Failure> {
    let trials = &site.observations;
    let exit = exit(end, trials);
    match audience {
        Audience::People => {
            output::print(&report::closing(trials, output::style()))?;
            let methods = report::methods_in_brief(trials, output::style());
            if !methods.is_empty() {
                output::print(&format!("\n{methods}"))?;
            }
            let statements = report::statements(&site.statements, output::style());
            if !statements.is_empty() {
                output::print(&format!("\n{statements}"))?;
            }
            let rule = site.manifest.plan.design.stop;
            let stopped = report::stopped(rule, &site.stopped_cells(), output::style());
            if !stopped.is_empty() {
                output::print(&format!("\n{stopped}"))?;
            }
            let spending = report::spending(&site.spending, output::style());
            if !spending.is_empty() {
                output::print(&format!("\n{spending}"))?;
            }
            output::print(&next(&site.path, trials))?;
        }
        Audience::Programs => json::close(site, exit)?,
    }
    if let Some(missing) = missing(site, end) {
        output::note(&missing);
    }
    Ok(exit)
}

fn exit(end: &End, trials: &[Observation]) -> ExitCode {
    let is_invalid = |trial: &Observation| trial.verdict == Verdict::Invalid;
    match end {
        End::Interrupted => ExitCode::Interrupted,
        End::BudgetReached => ExitCode::BudgetReached,
        End::ModelsStopped(_) => ExitCode::Provider,
        End::Complete if trials.iter().any(is_invalid) => ExitCode::InvalidTrials,
        End::Complete => ExitCode::Done,
    }
}

/// Why trials are missing, and what does them.
fn missing(site: &Site, end: &End) -> Option<String> {
    let (why, more) = match end {
        End::Complete => return None,
        End::Interrupted => ("interrupted".to_owned(), ""),
        End::BudgetReached => ("the budget is reached".to_owned(), " --budget USD"),
        End::ModelsStopped(models) => {
            let models: Vec<_> = models.iter().map(|model| visible(model)).collect();
            (format!("stopped for failures: {}", models.join(", ")), "")
        }
    };
    let (recorded, planned) = (site.observations.len(), site.manifest.plan.orders.len());
    let path = as_word(&site.path.display().to_string());
    Some(format!(
        "{why}: {recorded} of {planned} trials recorded; `offswitch resume {path}{more}` does the others"
    ))
}

/// Where the run is, and what to look at next: a trial in which something happened, if any.
fn next(path: &Path, trials: &[Observation]) -> String {
    let path = as_word(&path.display().to_string());
    let gravest = trials
        .iter()
        .min_by_key(|trial| (trial.verdict, &trial.trial));
    let story = gravest.map_or_else(String::new, |trial| {
        format!("  offswitch show {path} {}\n", visible(&trial.trial))
    });
    format!(
        "\nThe run is in {path}. Look at it, at a trial of it, report on it, or judge it again:\n  offswitch show {path}\n{story}  offswitch report {path}\n  offswitch score {path}\n"
    )
}

/// A path as one word of a shell's command.
pub(super) fn as_word(path: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./+,:@%=".contains(c);
    let path = visible(path);
    if path.chars().all(is_plain) {
        return path.into_owned();
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::fixtures;

    #[test]
    fn a_path_can_be_pasted_into_a_shell() {
        for (path, word) in [
            (
                "runs/20260201T120000Z-0a1b2c",
                "runs/20260201T120000Z-0a1b2c",
            ),
            ("my run", "'my run'"),
            ("it's", r"'it'\''s'"),
        ] {
            assert_eq!(as_word(path), word);
        }
    }

    #[test]
    fn the_end_of_a_run_says_where_it_is_and_what_to_look_at() {
        let trials = ["a", "b"].map(|trial| {
            let mut record = fixtures::outline(trial);
            if trial == "b" {
                record.verdict = Verdict::Resisted;
            }
            report::observation(&record)
        });
        insta::assert_snapshot!(next(Path::new("runs/one"), &trials).trim_start(), @"
        The run is in runs/one. Look at it, at a trial of it, report on it, or judge it again:
          offswitch show runs/one
          offswitch show runs/one b
          offswitch report runs/one
          offswitch score runs/one
        ");
    }
}
