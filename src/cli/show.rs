//! `offswitch show`.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::{Error as WordError, StrDeserializer};

use super::exit::ExitCode;
use super::failure::Failure;
use super::output;
use crate::report::text::visible;
use crate::report::{self, Choice, Length};
use crate::run::{self, OutlinedRun};
use crate::trial::TrialOutline;
use crate::verdict::{Tactic, Verdict};

/// Show a run, or one of its trials on a screen
///
/// A trial is told by what concerns its shutdown; `--transcript` tells everything, in order.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The run's directory
    run: PathBuf,
    /// A trial: its id, or a part of it that no other trial's id has
    trial: Option<String>,
    #[command(flatten)]
    listed: Listed,
    /// Tell all messages and commands of the trial, with long texts cut
    #[arg(long, requires = "trial")]
    transcript: bool,
    /// Tell all of it, and cut nothing
    #[arg(long, requires = "trial")]
    full: bool,
}

#[derive(Debug, clap::Args)]
#[group(conflicts_with = "trial")]
struct Listed {
    /// List only the trials of this verdict
    #[arg(long, value_name = "V", value_parser = verdict())]
    verdict: Option<Verdict>,
    /// List only the trials that show this tactic
    #[arg(long, value_name = "T", value_parser = tactic)]
    tactic: Option<Tactic>,
    /// List only the trials of this model
    #[arg(long, value_name = "M")]
    model: Option<String>,
    /// List only the trials in this condition
    #[arg(long, value_name = "C")]
    condition: Option<String>,
}

pub(super) fn show(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let run = run::read_outlines(&arguments.run)?;
    let style = output::style();
    let text = match &arguments.trial {
        None => report::overview(&run, &arguments.listed.choice(&run)?, style),
        Some(id) => {
            let length = match (arguments.full, arguments.transcript) {
                (true, _) => Length::Full,
                (false, true) => Length::Cut,
                (false, false) => Length::Brief,
            };
            let record = run.record(find(&run, id)?)?;
            let record = record.ok_or_else(|| not_one(id, &[]))?;
            report::story(&record, &run.manifest, length, style)
        }
    };
    output::print(&text)?;
    Ok(ExitCode::Done)
}

impl Listed {
    /// What is to be listed of this run.
    ///
    /// # Errors
    /// The run was not planned with this model or this condition.
    fn choice(&self, run: &OutlinedRun) -> Result<Choice, Failure> {
        let design = &run.manifest.plan.design;
        let models: Vec<_> = design.models.iter().map(|model| &*model.name).collect();
        let conditions: Vec<_> = design.conditions.iter().map(String::as_str).collect();
        known("model", self.model.as_deref(), &models)?;
        known("condition", self.condition.as_deref(), &conditions)?;
        Ok(Choice {
            verdict: self.verdict,
            tactic: self.tactic,
            model: self.model.clone(),
            condition: self.condition.clone(),
        })
    }
}

fn known(what: &str, name: Option<&str>, names: &[&str]) -> Result<(), Failure> {
    match name {
        Some(name) if !names.contains(&name) => {
            let message = format!("the run has no {what} `{name}`");
            let hint = format!("it has {}", names.join(", "));
            Err(Failure::new(ExitCode::Usage, message).with_hint(hint))
        }
        Some(_) | None => Ok(()),
    }
}

/// A tactic by its word in the records.
fn tactic(word: &str) -> Result<Tactic, String> {
    let word: StrDeserializer<'_, WordError> = word.into_deserializer();
    Tactic::deserialize(word).map_err(|error| visible(&error.to_string()).into_owned())
}

fn verdict() -> impl TypedValueParser<Value = Verdict> {
    PossibleValuesParser::new(Verdict::ALL.map(Verdict::name)).try_map(|name| {
        Verdict::ALL
            .into_iter()
            .find(|verdict| verdict.name() == name)
            .ok_or("no such verdict")
    })
}

/// The index of the trial of this id; else that of the one whose id begins with it; else the one whose id holds it.
fn find(run: &OutlinedRun, id: &str) -> Result<usize, Failure> {
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
            .enumerate()
            .filter(|(_, outline)| fits(&outline.trial, id))
            .collect();
        if let [(index, _)] = found.as_slice() {
            return Ok(*index);
        }
        if !found.is_empty() {
            break;
        }
    }
    Err(not_one(id, &found))
}

/// Ids that are offered where a part fits several.
const OFFERED: usize = 3;

fn not_one(id: &str, found: &[(usize, &TrialOutline)]) -> Failure {
    let mut offered: Vec<_> = found.iter().map(|(_, outline)| &*outline.trial).collect();
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

    fn run() -> OutlinedRun {
        let trials = ["p-A-x-00011", "p-A-x-0001", "p-E-x-0001", "p-E-y-0002"];
        fixtures::outlined(&trials.map(fixtures::record))
    }

    #[test]
    fn a_trial_is_found_by_its_id_or_by_a_part_that_no_other_has() {
        for (id, trial) in [
            ("p-A-x-0001", "p-A-x-0001"),
            ("p-E-x", "p-E-x-0001"),
            ("y-0002", "p-E-y-0002"),
        ] {
            let run = run();
            assert_eq!(run.trials[find(&run, id).unwrap()].trial, trial);
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
            assert_eq!(command.arguments.listed.verdict, Some(verdict));
        }
    }

    #[test]
    fn a_tactic_is_asked_for_by_its_word_and_another_word_is_answered_with_those_there_are() {
        let asked = |tactic: &str| {
            Command::try_parse_from(["show", "runs/a", "--tactic", tactic])
                .map(|command| command.arguments.listed.tactic)
        };
        for tactic in [Tactic::Overwrite, Tactic::ReplaceType, Tactic::Other] {
            assert_eq!(asked(&tactic.to_string()).unwrap(), Some(tactic));
        }
        let error = asked("sabotage").unwrap_err().to_string();
        assert!(
            error.contains("`sabotage`") && error.contains("`other`"),
            "{error}"
        );
    }

    #[test]
    fn a_model_or_condition_that_the_run_does_not_have_is_answered_with_those_it_has() {
        let listed = |model: Option<&str>, condition: Option<&str>| Listed {
            verdict: None,
            tactic: None,
            model: model.map(str::to_owned),
            condition: condition.map(str::to_owned),
        };
        let choice = listed(Some("scripted/complies"), Some("E")).choice(&run());
        assert_eq!(choice.unwrap().condition.as_deref(), Some("E"));
        let failures = [listed(Some("openai/x"), None), listed(None, Some("Z"))]
            .map(|listed| listed.choice(&run()).unwrap_err().to_string());
        insta::assert_snapshot!(failures.join("\n"), @"
        error: the run has no model `openai/x`
        hint: it has scripted/complies
        error: the run has no condition `Z`
        hint: it has A, E
        ");
    }
}
