//! Reads published results, and holds them against themselves: a rate and its interval must be
//! those of some counts.

use std::ops::{Range, RangeInclusive};

use super::schema::{FileTable, ModelTable, RowTable, SeriesTable};
use super::{Measure, PublishedModel, PublishedRow, Reference};
use crate::stats::published::{Bounds, Counted, Digits, Printed};
use crate::stats::{Proportion, Published};
use crate::task::TaskError;
use crate::task::toml_file::TomlFile;

/// No experiment had more in a cell. All counts of so many trials are tried.
const MOST_TRIALS: u64 = 10_000;

/// How far the numbers of trials of a series may be apart, all of which are tried.
const MOST_NUMBERS: u64 = 1_000;

pub(super) fn parse(file: TomlFile<'_>) -> Result<Reference, TaskError> {
    let table: FileTable = file.read()?;
    let models = table.models.iter();
    let models = models
        .map(|model| model_of(model, file))
        .collect::<Result<Vec<_>, _>>()?;
    let mut rows = Vec::new();
    for series in &table.series {
        let trials = trials_of(series, file)?;
        for row in &series.rows {
            let trials = trials.clone();
            let reader = RowReader {
                file,
                series,
                trials,
                row,
            };
            rows.push((reader.row(&models)?, row.model.span()));
        }
    }
    check_conflicts(&rows, file)?;
    Ok(Reference {
        models,
        rows: rows.into_iter().map(|(row, _)| row).collect(),
    })
}

fn model_of(model: &ModelTable, file: TomlFile<'_>) -> Result<PublishedModel, TaskError> {
    let ask = model.ask.get_ref().iter();
    let ask: Vec<_> = ask.map(|ask| ask.0.clone()).collect();
    if ask.is_empty() || ask.iter().any(|ask| !ask.contains('/')) {
        let message = "no way to ask the model: write at least one name as `PROVIDER/NAME`";
        return Err(file.error_at(model.ask.span(), message));
    }
    Ok(PublishedModel {
        name: model.name.0.clone(),
        ask,
        note: model.note.as_ref().map(|note| note.0.clone()),
    })
}

fn trials_of(series: &SeriesTable, file: TomlFile<'_>) -> Result<RangeInclusive<u64>, TaskError> {
    let [fewest, most] = *series.trials.get_ref();
    if fewest == 0 || fewest > most || most > MOST_TRIALS || most - fewest > MOST_NUMBERS {
        let message = format!(
            "`trials` is no range: write two numbers from 1 to {MOST_TRIALS}, the smaller first, \
             no more than {MOST_NUMBERS} apart"
        );
        return Err(file.error_at(series.trials.span(), message));
    }
    Ok(fewest..=most)
}

/// One row in its series.
struct RowReader<'a> {
    file: TomlFile<'a>,
    series: &'a SeriesTable,
    trials: RangeInclusive<u64>,
    row: &'a RowTable,
}

impl RowReader<'_> {
    fn row(&self, models: &[PublishedModel]) -> Result<PublishedRow, TaskError> {
        let Self { series, row, .. } = self;
        let name = &row.model.get_ref().0;
        let Some(model) = models.iter().find(|model| model.name == *name) else {
            return Err(self.fault(format!(
                "there is no model `{name}`: add a `[[model]]` that says how to ask it"
            )));
        };
        Ok(PublishedRow {
            experiment: series.experiment.0.clone(),
            task: series.task.0.clone(),
            condition: row.condition.0.clone(),
            model: model.clone(),
            lens: series.lens,
            measure: series.measure,
            printed: self.printed(),
            resisted: self.counted()?.map(|counted| match series.measure {
                Measure::Resisted => counted,
                Measure::Complied => counted.mirrored(),
            }),
            source: series.source.0.clone(),
            date: series.date.0.clone(),
            conflict: row.conflict,
        })
    }

    /// The rate of what was counted; none where it was read off a figure.
    fn counted(&self) -> Result<Option<Published>, TaskError> {
        let row = self.row;
        let counted = self.counts()?;
        let Some(percent) = row.percent else {
            return match (counted, row.ci, row.off, row.figure) {
                (Counted::As(counts), None, false, false) => Ok(Published::counts(counts)),
                _ => Err(self.fault("give `k`, or `percent`, or both".into())),
            };
        };
        if row.figure {
            return Ok(None);
        }
        let behind_point = self.series.digits.0;
        let printed = |bounds| Printed {
            percent,
            interval: row.ci,
            digits: Digits {
                behind_point,
                bounds,
            },
            counted: counted.clone(),
        };
        let nearest = printed(Bounds::Nearest).published();
        let found = match (nearest, row.off) {
            (found, false) => found,
            (None, true) => printed(Bounds::OffByOne).published(),
            (Some(_), true) => {
                return Err(self.fault("the interval is right: drop `off`".into()));
            }
        };
        found.map(Some).ok_or_else(|| {
            self.fault(format!(
                "no counts print as {}: look for a wrong digit in the rate or its interval",
                self.printed()
            ))
        })
    }

    fn counts(&self) -> Result<Counted, TaskError> {
        let row = self.row;
        if row.n.is_some() && row.at_least.is_some() {
            return Err(self.fault("give either `n` or `at_least`".into()));
        }
        let known = row.n.or(row.at_least);
        if known.is_some_and(|n| n == 0 || n > MOST_TRIALS) {
            return Err(self.fault(format!("give a number of trials from 1 to {MOST_TRIALS}")));
        }
        let trials = known.map_or_else(|| self.trials.clone(), |n| n..=n);
        let most = *trials.end();
        match row.k {
            Some(k) if k > most => Err(self.fault(format!("{k} of {most} trials is too many"))),
            Some(k) => Ok(Counted::As(Proportion::of(k, most))),
            None => Ok(Counted::Among(trials)),
        }
    }

    /// As it was printed.
    fn printed(&self) -> String {
        let row = self.row;
        let digits = self.series.digits.0.into();
        let about = if row.figure { "≈ " } else { "" };
        let interval = row
            .ci
            .map(|[low, high]| format!(" ({low:.digits$}–{high:.digits$})"))
            .unwrap_or_default();
        let rate = row
            .percent
            .map(|percent| format!("{about}{percent:.digits$} %{interval}"));
        let (fewest, most) = (self.trials.start(), self.trials.end());
        let trials = match (row.n, row.at_least) {
            (Some(n), _) => n.to_string(),
            (None, Some(least)) => format!("{least} or more"),
            (None, None) if fewest == most => most.to_string(),
            (None, None) => format!("{fewest} to {most}"),
        };
        match (row.k, rate) {
            (Some(k), None) => format!("{k} of {trials}"),
            (Some(k), Some(rate)) => format!("{k} of {trials}, {rate}"),
            (None, rate) => format!("{} of {trials}", rate.unwrap_or_default()),
        }
    }

    fn fault(&self, message: String) -> TaskError {
        self.file.error_at(self.row.model.span(), message)
    }
}

/// Rows of one cell that were counted alike must say that they conflict, and no others.
fn check_conflicts(
    rows: &[(PublishedRow, Range<usize>)],
    file: TomlFile<'_>,
) -> Result<(), TaskError> {
    fn cell(row: &PublishedRow) -> (&str, &str, &str, crate::verdict::Lens) {
        (&row.experiment, &row.condition, &row.model.name, row.lens)
    }
    for (row, span) in rows {
        let others = rows.iter().filter(|(other, _)| cell(other) == cell(row));
        let message = match (others.count() > 1, row.conflict) {
            (true, false) => "another row is about the same cell: mark both with `conflict`",
            (false, true) => "no other row is about this cell: drop `conflict`",
            (true, true) | (false, false) => continue,
        };
        return Err(file.error_at(span.clone(), message));
    }
    Ok(())
}
