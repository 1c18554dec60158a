//! `offswitch report`.

use std::fs::{File, Permissions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use tempfile::Builder;

use super::exit::ExitCode;
use super::failure::Failure;
use super::output;
use super::rows::{RowFormat, Rows, RowsOf};
use crate::report::rows::RowsError;
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
    format: Form,
    /// What has a row in CSV and Parquet
    #[arg(long, value_name = "R", value_enum, default_value = "trials")]
    rows: Rows,
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
    match arguments.format {
        Form::Document(format) => document(arguments, &pool, format)?,
        Form::Rows(format) => rows(arguments, format)?,
    }
    Ok(ExitCode::Done)
}

/// In which form the trials are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// What they amount to.
    Document(Format),
    /// One by one.
    Rows(RowFormat),
}

fn document(arguments: &Arguments, pool: &Pool, format: Format) -> Result<(), Failure> {
    let summary = summary::summary(pool, arguments.lens, &Examples::of(pool)?);
    let style = match arguments.output {
        Some(_) => report::Style::PLAIN,
        None => output::style(),
    };
    let text = report::document(&summary, format, style)
        .map_err(|error| Failure::of(ExitCode::Failure, &error))?;
    match &arguments.output {
        None => output::print(&text),
        Some(path) => write(path, arguments, |file| Ok(file.write_all(text.as_bytes())?)),
    }
}

fn rows(arguments: &Arguments, format: RowFormat) -> Result<(), Failure> {
    let rows = RowsOf {
        runs: &arguments.runs,
        rows: arguments.rows,
        format,
    };
    match &arguments.output {
        None => rows.print(),
        Some(path) => write(path, arguments, |file| rows.write(BufWriter::new(file))),
    }
}

fn source(directory: &Path) -> Result<Source, Failure> {
    let run = run::read_outlines(directory)?;
    Ok(Source::of(directory.display().to_string(), run))
}

/// Writes a file whole or not at all.
fn write(
    path: &Path,
    arguments: &Arguments,
    fill: impl FnOnce(&mut File) -> Result<(), RowsError>,
) -> Result<(), Failure> {
    let written = in_its_place(path, arguments.existing(), fill);
    written.map_err(|error| {
        let error = match error {
            RowsError::Run(error) => return error.into(),
            RowsError::Write(error) => error,
        };
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

fn in_its_place(
    path: &Path,
    existing: Existing,
    fill: impl FnOnce(&mut File) -> Result<(), RowsError>,
) -> Result<(), RowsError> {
    // The name of a file alone has an empty parent.
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let mut new = Builder::new()
        .prefix(".report")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(parent.unwrap_or(Path::new(".")))?;
    fill(new.as_file_mut())?;
    new.as_file().sync_all()?;
    let persisted = match existing {
        Existing::Kept => new.persist_noclobber(path),
        Existing::Replaced => new.persist(path),
    };
    persisted.map_err(|error| error.error)?;
    Ok(())
}

fn format() -> impl TypedValueParser<Value = Form> {
    let documents = Format::ALL.map(|format| (format.name(), Form::Document(format)));
    let rows = [("csv", RowFormat::Csv), ("parquet", RowFormat::Parquet)];
    let forms: Vec<_> = documents
        .into_iter()
        .chain(rows.map(|(name, format)| (name, Form::Rows(format))))
        .collect();
    let names: Vec<_> = forms.iter().map(|(name, _)| *name).collect();
    PossibleValuesParser::new(names).try_map(move |chosen| {
        let mut forms = forms.iter();
        let form = forms.find(|(name, _)| *name == chosen);
        form.map(|(_, form)| *form).ok_or("no such format")
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
        let put =
            |text: &[u8], existing| in_its_place(&path, existing, |file| Ok(file.write_all(text)?));
        put(b"one", Existing::Kept).unwrap();
        let error = put(b"two", Existing::Kept).unwrap_err();
        let RowsError::Write(error) = error else {
            panic!("{error}")
        };
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        put(b"two", Existing::Replaced).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1);
    }
}
