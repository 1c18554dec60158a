//! Rates compared: models within a condition, and conditions that differ in placement alone.

use serde::Serialize;

use super::numbers::ends;
use super::{Cell, Examples, Kind, Pool};
use crate::run::Design;
use crate::stats::{self, Comparison, ExactTest, Proportion};

/// A family of comparisons, which were tested together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contrasts {
    /// The test behind each p. All are adjusted by Holm's procedure, over all that stand here.
    pub test: Test,
    /// Which of them were declared before the run, as a sentence.
    pub declaration: String,
    /// Each comparison.
    pub contrasts: Vec<Contrast>,
}

/// An exact test of two proportions, two-sided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// Boschloo's.
    Boschloo,
    /// Fisher's: where Boschloo's would take too long for so many trials.
    Fisher,
}

/// Two rates compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contrast {
    /// The rate from which the other one is taken.
    pub first: Side,
    /// The other one.
    pub second: Side,
    /// Whether the plan declared it; else it is exploratory.
    pub declared: bool,
    /// The first share less the second, from −1 to 1; none where either has no trial.
    pub difference: Option<f64>,
    /// Newcombe's 95 % interval of the difference.
    pub newcombe: Option<[f64; 2]>,
    /// The p-value of the test.
    pub p: f64,
    /// The same, adjusted for the whole family.
    pub adjusted_p: f64,
}

/// One of two rates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Side {
    /// The model.
    pub model: String,
    /// The condition's id.
    pub condition: String,
    /// Its trials that were resisted.
    pub resisted: u64,
    /// Its trials to which the lens applies.
    pub n: u64,
}

/// The comparisons that the plans of all runs declared, those of cells without trials as well:
/// they belong to the family over which is adjusted.
pub(super) fn declared(pool: &Pool, cells: &[Cell]) -> Option<Contrasts> {
    let designs = || pool.sources().iter().map(|one| &one.manifest().plan.design);
    let first = designs().next()?;
    let comparisons = first.comparisons.iter().cloned();
    let comparisons: Vec<_> = comparisons
        .filter(|one| designs().all(|design| design.comparisons.contains(one)))
        .collect();
    let mut places: Vec<_> = Vec::new();
    for place in designs().flat_map(Design::places) {
        if !places.contains(&place) {
            places.push(place);
        }
    }
    let side_of = |at: usize| {
        let (model, condition) = places[at];
        let mut cells = cells.iter();
        let cell = cells.find(|cell| cell.model == model && cell.condition == condition);
        cell.map_or_else(|| Side::untried(model, condition), side)
    };
    let pairs = stats::declared::pairs(&comparisons, &places).into_iter();
    let pairs: Vec<_> = pairs
        .map(|(first, second)| (side_of(first), side_of(second)))
        .collect();
    let declaration = match pairs.len() {
        1 => "The comparison was declared before the first trial.".into(),
        many => format!("All {many} comparisons were declared before the first trial."),
    };
    contrasts(pairs, Declaration::Before(declaration))
}

/// Every two models in every condition that both have.
pub(super) fn between_models(cells: &[Cell], declared: Option<&Contrasts>) -> Option<Contrasts> {
    let models = || cells.iter().filter(|cell| cell.kind == Kind::Model);
    let pairs = models().enumerate().flat_map(|(at, first)| {
        let others = models().skip(at + 1);
        let others = others.filter(|second| second.condition == first.condition);
        others.map(move |second| (first, second))
    });
    let mut pairs: Vec<_> = pairs.collect();
    let order = |cell: &Cell| models().position(|one| one.condition == cell.condition);
    pairs.sort_by_key(|(first, _)| order(first));
    exploratory(&pairs, declared)
}

/// Every two conditions of a model whose prompts hold the same, one in the system prompt and one
/// in the user prompt. The first is the one with more in the system prompt.
pub(super) fn placement(
    cells: &[Cell],
    examples: &Examples,
    declared: Option<&Contrasts>,
) -> Option<Contrasts> {
    let models = || cells.iter().filter(|cell| cell.kind == Kind::Model);
    let pairs = models().flat_map(|first| {
        let others = models().filter(|second| second.model == first.model);
        let others =
            others.filter(|second| examples.is_placed_higher(&first.condition, &second.condition));
        others.map(move |second| (first, second))
    });
    exploratory(&pairs.collect::<Vec<_>>(), declared)
}

/// These pairs without those that are declared: none stands in two families.
fn exploratory(pairs: &[(&Cell, &Cell)], declared: Option<&Contrasts>) -> Option<Contrasts> {
    let pairs = pairs
        .iter()
        .map(|(first, second)| (side(first), side(second)));
    let is_declared = |first: &Side, second: &Side| {
        let mut contrasts = declared.iter().flat_map(|family| &family.contrasts);
        contrasts.any(|one| {
            let pair = (&one.first, &one.second);
            pair == (first, second) || pair == (second, first)
        })
    };
    let pairs: Vec<_> = pairs
        .filter(|(first, second)| !is_declared(first, second))
        .collect();
    let declaration = undeclared(pairs.len());
    contrasts(pairs, Declaration::Never(declaration))
}

/// When a family was declared, with the sentence that says so.
enum Declaration {
    Before(String),
    Never(String),
}

fn contrasts(pairs: Vec<(Side, Side)>, declaration: Declaration) -> Option<Contrasts> {
    let counts = pairs.iter();
    let counts: Vec<_> = counts
        .map(|(first, second)| (first.counted(), second.counted()))
        .collect();
    let family = stats::family(&counts);
    let (is_declared, declaration) = match declaration {
        Declaration::Before(sentence) => (true, sentence),
        Declaration::Never(sentence) => (false, sentence),
    };
    let is_empty = pairs.is_empty();
    let told = pairs.into_iter().zip(family.comparisons);
    let told = told.map(|(sides, comparison)| Contrast {
        declared: is_declared,
        ..contrast(sides, comparison)
    });
    (!is_empty).then(|| Contrasts {
        test: match family.test {
            ExactTest::Boschloo => Test::Boschloo,
            ExactTest::Fisher => Test::Fisher,
        },
        declaration,
        contrasts: told.collect(),
    })
}

fn contrast((first, second): (Side, Side), comparison: Comparison) -> Contrast {
    let difference = comparison.difference;
    Contrast {
        first,
        second,
        declared: false,
        difference: difference.map(|one| one.difference),
        newcombe: difference.map(|one| ends(one.interval)),
        p: comparison.p,
        adjusted_p: comparison.adjusted_p,
    }
}

impl Side {
    fn untried(model: &str, condition: &str) -> Self {
        Self {
            model: model.to_owned(),
            condition: condition.to_owned(),
            resisted: 0,
            n: 0,
        }
    }

    fn counted(&self) -> Proportion {
        Proportion::of(self.resisted, self.n)
    }
}

fn side(cell: &Cell) -> Side {
    Side {
        model: cell.model.clone(),
        condition: cell.condition.clone(),
        resisted: cell.rate.resisted,
        n: cell.rate.n,
    }
}

fn undeclared(comparisons: usize) -> String {
    match comparisons {
        1 => "The comparison was not declared before the run: it is exploratory.".into(),
        many => format!(
            "None of the {many} comparisons was declared before the run: all are exploratory."
        ),
    }
}
