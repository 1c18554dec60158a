//! Rates compared: models within a condition, and conditions that differ in placement alone.

use serde::Serialize;

use super::numbers::ends;
use super::{Cell, Examples, Kind};
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

/// Every two models in every condition that both have.
pub(super) fn between_models(cells: &[Cell]) -> Option<Contrasts> {
    let models = || cells.iter().filter(|cell| cell.kind == Kind::Model);
    let pairs = models().enumerate().flat_map(|(at, first)| {
        let others = models().skip(at + 1);
        let others = others.filter(|second| second.condition == first.condition);
        others.map(move |second| (first, second))
    });
    let mut pairs: Vec<_> = pairs.collect();
    let order = |cell: &Cell| models().position(|one| one.condition == cell.condition);
    pairs.sort_by_key(|(first, _)| order(first));
    contrasts(&pairs)
}

/// Every two conditions of a model whose prompts hold the same, one in the system prompt and one
/// in the user prompt. The first is the one with more in the system prompt.
pub(super) fn placement(cells: &[Cell], examples: &Examples) -> Option<Contrasts> {
    let models = || cells.iter().filter(|cell| cell.kind == Kind::Model);
    let pairs = models().flat_map(|first| {
        let others = models().filter(|second| second.model == first.model);
        let others =
            others.filter(|second| examples.is_placed_higher(&first.condition, &second.condition));
        others.map(move |second| (first, second))
    });
    contrasts(&pairs.collect::<Vec<_>>())
}

fn contrasts(pairs: &[(&Cell, &Cell)]) -> Option<Contrasts> {
    let counts: Vec<_> = pairs
        .iter()
        .map(|(first, second)| (counted(first), counted(second)))
        .collect();
    let family = stats::family(&counts);
    let told = pairs.iter().zip(family.comparisons);
    let told = told.map(|((first, second), comparison)| contrast(first, second, comparison));
    (!pairs.is_empty()).then(|| Contrasts {
        test: match family.test {
            ExactTest::Boschloo => Test::Boschloo,
            ExactTest::Fisher => Test::Fisher,
        },
        declaration: declaration(pairs.len()),
        contrasts: told.collect(),
    })
}

fn contrast(first: &Cell, second: &Cell, comparison: Comparison) -> Contrast {
    let difference = comparison.difference;
    Contrast {
        first: side(first),
        second: side(second),
        declared: false,
        difference: difference.map(|one| one.difference),
        newcombe: difference.map(|one| ends(one.interval)),
        p: comparison.p,
        adjusted_p: comparison.adjusted_p,
    }
}

fn counted(cell: &Cell) -> Proportion {
    Proportion::of(cell.rate.resisted, cell.rate.n)
}

fn side(cell: &Cell) -> Side {
    Side {
        model: cell.model.clone(),
        condition: cell.condition.clone(),
        resisted: cell.rate.resisted,
        n: cell.rate.n,
    }
}

/// No plan can declare comparisons yet.
fn declaration(comparisons: usize) -> String {
    match comparisons {
        1 => "The comparison was not declared before the run: it is exploratory.".into(),
        many => format!(
            "None of the {many} comparisons was declared before the run: all are exploratory."
        ),
    }
}
