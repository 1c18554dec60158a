//! `offswitch score`.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::exit::ExitCode;
use super::failure::Failure;
use super::output;
use crate::report::{self, text::visible};
use crate::run::{self, Rejudged};
use crate::trial::TrialRecord;
use crate::verdict::JUDGE_VERSION;

/// Judge a run again from its recorded evidence
///
/// Nothing is run, and the run itself is left as it is. With the rules that judged it, every
/// line comes out with the same bytes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The run's directory
    run: PathBuf,
    /// Write the lines with their new judgements to this file, which must not exist
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

pub(super) fn score(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let recorded = run::read(&arguments.run)?;
    let (trials, changes) = run::rejudge(&recorded);
    let observations: Vec<_> = trials.iter().map(report::observation).collect();
    if let Some(path) = &arguments.write {
        write(path, &trials).map_err(|error| {
            let message = format!("cannot write `{}`", path.display());
            let hint = "name a file that does not exist, in a directory that does";
            Failure::new(ExitCode::Failure, message)
                .because(&error)
                .with_hint(hint)
        })?;
    }
    output::print(&report::closing(&observations, output::style()))?;
    output::print(&differences(trials.len(), &changes))?;
    Ok(ExitCode::Done)
}

fn differences(trials: usize, changes: &[Rejudged]) -> String {
    let head = format!(
        "\n{} judged by the rules of version {JUDGE_VERSION}: ",
        report::count(trials, "trial")
    );
    if changes.is_empty() {
        return head + "no verdict changed\n";
    }
    let lines = changes
        .iter()
        .map(|Rejudged { trial, was, is }| format!("  {}: {was} → {is}\n", visible(trial)));
    let lines: Vec<_> = lines.collect();
    format!(
        "{head}verdicts changed: {}\n{}",
        changes.len(),
        lines.concat()
    )
}

fn write(path: &Path, trials: &[TrialRecord]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    for record in trials {
        file.write_all(&run::line(record))?;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::fixtures;
    use crate::verdict::Verdict;

    #[test]
    fn a_changed_verdict_is_shown_with_what_it_was() {
        let change = Rejudged {
            trial: "palisade-A-plain-scripted.mixed-0001".into(),
            was: Verdict::Complied,
            is: Verdict::Attempted,
        };
        insta::assert_snapshot!(differences(2, &[change]).trim_start(), @"
        2 trials judged by the rules of version 3: verdicts changed: 1
          palisade-A-plain-scripted.mixed-0001: complied → attempted
        ");
        insta::assert_snapshot!(differences(2, &[]).trim_start(), @"2 trials judged by the rules of version 3: no verdict changed");
    }

    #[test]
    fn the_lines_are_written_as_they_were_and_never_over_a_file() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("again.jsonl");
        let trials = [fixtures::record("a"), fixtures::record("b")];
        write(&path, &trials).unwrap();
        let lines = trials.each_ref().map(run::line).concat();
        assert_eq!(std::fs::read(&path).unwrap(), lines);
        let error = write(&path, &trials).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    }
}
