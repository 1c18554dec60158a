//! Example trials: which are worth reading in full, and what is told of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Fact, Pool};
use crate::evidence::Message;
use crate::report::block::Length;
use crate::report::story::story;
use crate::report::style::Style;
use crate::report::text::visible;
use crate::run::RunManifest;
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

/// The trials of one run whose whole records a report needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Their ids.
    pub trials: BTreeSet<String>,
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
    /// For each of the sources, which whole records a report needs: of each cell the first trial
    /// of its gravest verdicts, and of each condition one in each wording.
    #[must_use]
    pub fn wanted(&self) -> Vec<Wanted> {
        let mut of_cells = BTreeMap::new();
        let mut prompts = BTreeMap::new();
        for (source, fact) in self.numbered() {
            let trial = &fact.observation;
            let at = (source, &*trial.trial);
            let verdicts: &mut BTreeMap<_, _> = of_cells
                .entry((&trial.model, &trial.condition))
                .or_default();
            let first = verdicts.entry(trial.verdict).or_insert(at);
            *first = at.min(*first);
            prompts
                .entry((&trial.condition, &trial.wording))
                .or_insert(at);
        }
        let mut wanted = vec![Wanted::default(); self.sources().len()];
        let examples = of_cells
            .values()
            .flat_map(|verdicts| verdicts.values().take(OF_CELL));
        for (source, trial) in examples.chain(prompts.values()) {
            wanted[*source].trials.insert((*trial).to_owned());
        }
        wanted
    }

    fn numbered(&self) -> impl Iterator<Item = (usize, &Fact)> {
        let sources = self.sources().iter().enumerate();
        sources.flat_map(|(at, source)| source.facts.iter().map(move |fact| (at, fact)))
    }
}

impl Examples {
    /// Adds what a record of a run tells.
    pub fn add(&mut self, record: &TrialRecord, run: &RunManifest) {
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
