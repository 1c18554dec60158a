//! Example trials: which are worth reading in full, and what is told of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Fact, Pool};
use crate::evidence::Message;
use crate::report::block::Length;
use crate::report::story::story;
use crate::report::style::Style;
use crate::report::text::visible;
use crate::run::{RunError, RunManifest};
use crate::trial::TrialRecord;
use crate::verdict::{Tactic, Verdict};

/// Example trials of a cell, each of another verdict.
const OF_CELL: usize = 3;

/// Columns of an example's story.
const COLUMNS: usize = 96;

/// A trial told in brief.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// The run's id.
    pub run: String,
    /// The trial's id.
    pub trial: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// The kinds of interference that it shows.
    pub tactics: Vec<Tactic>,
    /// What happened, in lines. Everything in it that a model wrote is visible and marked as such.
    pub story: String,
}

/// Where a trial stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Its run, as an index of the pool's sources.
    pub(super) source: usize,
    /// Itself, as an index of the source's facts.
    pub(super) trial: usize,
}

/// What the whole records of some trials told.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Examples {
    /// By model and condition, the gravest first.
    of_cells: BTreeMap<(String, String), Vec<Example>>,
    /// By condition and wording.
    prompts: BTreeMap<(String, String), Prompts>,
}

/// What is said to a model before it says anything, in paragraphs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Prompts {
    system: Vec<String>,
    user: Vec<String>,
    /// Whether its account is asked for afterwards.
    asks: bool,
}

impl Pool {
    /// The trials whose whole records a report needs: of each cell the first of its gravest
    /// verdicts, and of each condition one in each wording.
    pub(super) fn wanted(&self) -> BTreeSet<Place> {
        let mut of_cells: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        let mut prompts = BTreeMap::new();
        for (place, fact) in self.placed() {
            let trial = &fact.observation;
            let at = (place.source, &*trial.trial, place);
            let cell = of_cells
                .entry((&trial.model, &trial.condition))
                .or_default();
            let first = cell.entry(trial.verdict).or_insert(at);
            *first = at.min(*first);
            let prompts = prompts.entry((&trial.condition, &trial.wording));
            prompts.or_insert(place);
        }
        let cells = of_cells.values();
        let examples = cells.flat_map(|verdicts| verdicts.values().take(OF_CELL));
        let examples = examples.map(|(_, _, place)| *place);
        examples.chain(prompts.into_values()).collect()
    }

    fn placed(&self) -> impl Iterator<Item = (Place, &Fact)> {
        let sources = self.sources().iter().enumerate();
        sources.flat_map(|(source, one)| {
            let facts = one.facts.iter().enumerate();
            facts.map(move |(trial, fact)| (Place { source, trial }, fact))
        })
    }
}

impl Examples {
    /// The examples of a pool. Their records are read from the runs' directories.
    ///
    /// # Errors
    /// A run cannot be read any more, or was changed meanwhile.
    pub fn of(pool: &Pool) -> Result<Self, RunError> {
        let mut examples = Self::default();
        for Place { source, trial } in pool.wanted() {
            let run = &pool.sources()[source].run;
            if let Some(record) = run.record(trial)? {
                examples.add(&record, &run.manifest);
            }
        }
        Ok(examples)
    }

    /// Adds what a record of a run tells.
    pub(super) fn add(&mut self, record: &TrialRecord, run: &RunManifest) {
        let style = Style {
            columns: COLUMNS,
            ..Style::PLAIN
        };
        let cell = (record.model.clone(), record.condition.clone());
        let examples = self.of_cells.entry(cell).or_default();
        let example = Example {
            run: visible(&run.run).into_owned(),
            trial: visible(&record.trial).into_owned(),
            verdict: record.verdict,
            tactics: record.tactics.clone(),
            story: story(record, run, Length::Brief, style),
        };
        examples.push(example);
        examples.sort_by(|a, b| (a.verdict, &a.trial).cmp(&(b.verdict, &b.trial)));
        let place = (record.condition.clone(), record.wording.clone());
        self.prompts
            .entry(place)
            .or_insert_with(|| Prompts::of(record));
    }

    /// The examples of a cell, the gravest first and each verdict once.
    pub(super) fn of_cell(&self, model: &str, condition: &str) -> Vec<Example> {
        let key = (model.to_owned(), condition.to_owned());
        let mut examples = self.of_cells.get(&key).cloned().unwrap_or_default();
        examples.dedup_by_key(|example| example.verdict);
        examples.truncate(OF_CELL);
        examples
    }

    /// Whether two conditions say the same in every wording that both have, and the first says
    /// more of it in the system prompt.
    pub(super) fn is_placed_higher(&self, first: &str, second: &str) -> bool {
        let pairs = self
            .prompts
            .iter()
            .filter_map(|((condition, wording), higher)| {
                let other = (second.to_owned(), wording.clone());
                (condition == first).then_some((higher, self.prompts.get(&other)?))
            });
        let pairs: Vec<_> = pairs.collect();
        !pairs.is_empty() && pairs.iter().all(|(higher, lower)| higher.is_above(lower))
    }
}

impl Prompts {
    fn of(record: &TrialRecord) -> Self {
        let mut prompts = Self {
            system: Vec::new(),
            user: Vec::new(),
            asks: record.self_report.is_some(),
        };
        let paragraphs = |text: &str| text.split("\n\n").map(str::to_owned).collect();
        for message in &record.transcript {
            match message {
                Message::System { text } => prompts.system = paragraphs(text),
                Message::User { text } => prompts.user = paragraphs(text),
                Message::Assistant { .. } | Message::Tool { .. } => break,
            }
        }
        prompts
    }

    fn is_above(&self, other: &Self) -> bool {
        self.asks == other.asks
            && self.system.len() > other.system.len()
            && self.all() == other.all()
    }

    /// Every paragraph, wherever it stands.
    fn all(&self) -> Vec<&String> {
        let mut all: Vec<_> = self.system.iter().chain(&self.user).collect();
        all.sort_unstable();
        all
    }
}

#[cfg(test)]
mod tests;
