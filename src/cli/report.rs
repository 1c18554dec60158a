//! `offswitch report`.

use std::fs::Permissions;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use tempfile::Builder;

use super::exit::ExitCode;
use super::failure::Failure;
use super::output;
use crate::report::summary::{self, Examples, Pool, PoolError, Source};
use crate::report::{self, Format};
use crate::run;
use crate::verdict::Lens;

/// Report on one run or on several together: rates, tactics, comparisons, and where all is from
///
/// Runs and parts of runs are counted together where they are of one experiment, and refused where
/// they are not.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The runs' directories
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// How the report is written
    #[arg(long, value_name = "F", default_value = "table", value_parser = format())]
    format: Format,
    /// By which published definition trials count as resisted
    #[arg(long, value_name = "L", default_value = "palisade", value_parser = lens())]
    lens: Lens,
    /// Write to this file and not to standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Put the report in the place of a file that is there
    #[arg(long, requires = "output")]
    overwrite: bool,
}

pub(super) fn report(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let sources: Result<Vec<_>, Failure> = arguments.runs.iter().map(|run| source(run)).collect();
    let pool = Pool::of(sources?)?;
    for source in pool.sources() {
        if let Some(line) = source.run.torn_line {
            output::note(&format!(
                "line {line} of trials.jsonl in `{}` was torn while it was written; it is left out",
                source.name
            ));
        }
    }
    let summary = summary::summary(&pool, arguments.lens, &Examples::of(&pool)?);
    let style = match arguments.output {
        Some(_) => report::Style::PLAIN,
        None => output::style(),
    };
    let text = report::document(&summary, arguments.format, style)
        .map_err(|error| Failure::of(ExitCode::Failure, &error))?;
    match &arguments.output {
        None => output::print(&text)?,
        Some(path) => write(path, text.as_bytes(), arguments)?,
    }
    Ok(ExitCode::Done)
}

fn source(directory: &Path) -> Result<Source, Failure> {
    let run = run::read_outlines(directory)?;
    Ok(Source::of(directory.display().to_string(), run))
}

/// Writes a file whole or not at all.
fn write(path: &Path, bytes: &[u8], arguments: &Arguments) -> Result<(), Failure> {
    let written = in_its_place(path, bytes, arguments.existing());
    written.map_err(|error| {
        let hint = if error.kind() == io::ErrorKind::AlreadyExists {
            "name another file, or put the report in its place with `--overwrite`"
        } else {
            "name a file in a directory that exists and that you may write to"
        };
        let message = format!("cannot write `{}`", path.display());
        let failure = Failure::new(ExitCode::Failure, message);
        failure.because(&error).with_hint(hint)
    })
}

/// What becomes of a file that is there already.
#[derive(Debug, Clone, Copy)]
enum Existing {
    Kept,
    Replaced,
}

impl Arguments {
    fn existing(&self) -> Existing {
        if self.overwrite {
            Existing::Replaced
        } else {
            Existing::Kept
        }
    }
}

fn in_its_place(path: &Path, bytes: &[u8], existing: Existing) -> io::Result<()> {
    // The name of a file alone has an empty parent.
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let mut file = Builder::new()
        .prefix(".report")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(parent.unwrap_or(Path::new(".")))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    let persisted = match existing {
        Existing::Kept => file.persist_noclobber(path),
        Existing::Replaced => file.persist(path),
    };
    persisted.map(|_| ()).map_err(|error| error.error)
}

fn format() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::name)).try_map(|name| {
        let mut formats = Format::ALL.into_iter();
        formats
            .find(|format| format.name() == name)
            .ok_or("no such format")
    })
}

fn lens() -> impl TypedValueParser<Value = Lens> {
    PossibleValuesParser::new(Lens::ALL.map(Lens::name)).try_map(|name| {
        let mut lenses = Lens::ALL.into_iter();
        lenses
            .find(|lens| lens.name() == name)
            .ok_or("no such lens")
    })
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        let hint = error.hint();
        Self::of(ExitCode::RunDirectory, &error).with_hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_only_where_that_is_asked_for_and_appears_whole() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("report.md");
        in_its_place(&path, b"one", Existing::Kept).unwrap();
        let error = in_its_place(&path, b"two", Existing::Kept).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        in_its_place(&path, b"two", Existing::Replaced).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1);
    }
}
