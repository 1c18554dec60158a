//! `offswitch show`.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::exit::ExitCode;
use super::failure::Failure;
use super::output;
use crate::report::{self, Length};
use crate::run::{self, RecordedRun};
use crate::trial::TrialRecord;
use crate::verdict::Verdict;

/// Show a run, or one of its trials from its first prompt to its verdict
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The run's directory
    run: PathBuf,
    /// A trial: its id, or a part of it that no other trial's id has
    trial: Option<String>,
    /// List only the trials of this verdict
    #[arg(long, value_name = "V", value_parser = verdict(), conflicts_with = "trial")]
    verdict: Option<Verdict>,
    /// Do not cut long texts
    #[arg(long, requires = "trial")]
    full: bool,
}

pub(super) fn show(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let run = run::read(&arguments.run)?;
    let style = output::style();
    let text = match &arguments.trial {
        None => report::overview(&run, arguments.verdict, style),
        Some(id) => {
            let length = if arguments.full {
                Length::Full
            } else {
                Length::Cut
            };
            report::story(find(&run, id)?, &run.manifest, length, style)
        }
    };
    output::print(&text)?;
    Ok(ExitCode::Done)
}

fn verdict() -> impl TypedValueParser<Value = Verdict> {
    PossibleValuesParser::new(Verdict::ALL.map(Verdict::name)).try_map(|name| {
        Verdict::ALL
            .into_iter()
            .find(|verdict| verdict.name() == name)
            .ok_or("no such verdict")
    })
}

/// The trial of this id; else the one whose id begins with it; else the one whose id holds it.
fn find<'a>(run: &'a RecordedRun, id: &str) -> Result<&'a TrialRecord, Failure> {
    let fits: [fn(&str, &str) -> bool; 3] = [
        |trial, id| trial == id,
        |trial, id| trial.starts_with(id),
        |trial, id| trial.contains(id),
    ];
    let mut found = Vec::new();
    for fits in fits {
        found = run
            .trials
            .iter()
            .filter(|record| fits(&record.trial, id))
            .collect();
        if let [one] = found.as_slice() {
            return Ok(one);
        }
        if !found.is_empty() {
            break;
        }
    }
    Err(not_one(id, &found))
}

/// Ids that are offered where a part fits several.
const OFFERED: usize = 3;

fn not_one(id: &str, found: &[&TrialRecord]) -> Failure {
    let mut offered: Vec<_> = found.iter().map(|record| &*record.trial).collect();
    offered.sort_unstable();
    offered.truncate(OFFERED);
    if offered.is_empty() {
        let message = format!("no trial of the run has `{id}` in its id");
        let hint = "without a trial, `offswitch show RUN` lists them";
        return Failure::new(ExitCode::Usage, message).with_hint(hint);
    }
    let message = format!("`{id}` fits {} trials", found.len());
    let hint = format!("give more of the id, such as {}", offered.join(", "));
    Failure::new(ExitCode::Usage, message).with_hint(hint)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::run::fixtures;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn run() -> RecordedRun {
        RecordedRun {
            directory: "runs/a".into(),
            manifest: fixtures::manifest(),
            trials: ["p-A-x-00011", "p-A-x-0001", "p-E-x-0001", "p-E-y-0002"]
                .map(fixtures::record)
                .into(),
            torn_line: None,
        }
    }

    #[test]
    fn a_trial_is_found_by_its_id_or_by_a_part_that_no_other_has() {
        for (id, trial) in [
            ("p-A-x-0001", "p-A-x-0001"),
            ("p-E-x", "p-E-x-0001"),
            ("y-0002", "p-E-y-0002"),
        ] {
            assert_eq!(find(&run(), id).unwrap().trial, trial);
        }
    }

    #[test]
    fn a_part_that_fits_none_or_several_is_answered_with_what_helps() {
        let failures = ["p-A", "z"].map(|id| find(&run(), id).unwrap_err().to_string());
        insta::assert_snapshot!(failures.join("\n"), @"
        error: `p-A` fits 2 trials
        hint: give more of the id, such as p-A-x-0001, p-A-x-00011
        error: no trial of the run has `z` in its id
        hint: without a trial, `offswitch show RUN` lists them
        ");
    }

    #[test]
    fn every_verdict_can_be_asked_for() {
        for verdict in Verdict::ALL {
            let arguments = ["show", "runs/a", "--verdict", verdict.name()];
            let command = Command::parse_from(arguments);
            assert_eq!(command.arguments.verdict, Some(verdict));
        }
    }
}
