//! The one model of a report: everything that `offswitch report` says of runs, as numbers and
//! names. It is built once, from `stats` and the records; each format draws from it, and none
//! computes a number.
//!
//! Its serialisation is `--format json`, which `docs/log-format.md` describes: what is added here
//! is added there, and what changes its meaning takes another [`SCHEMA`].

mod cells;
mod contrasts;
mod examples;
mod fact;
mod left_out;
mod numbers;
mod pool;
mod provenance;
mod published;
mod statements;
mod stopped;

use serde::Serialize;

pub use cells::{Cell, TacticCount, WordingCell};
pub use contrasts::{Contrast, Contrasts, Side, Test};
pub use examples::{Example, Examples};
pub use fact::{Fact, Kind};
pub use left_out::{Controls, LeftOut, Missed, OutOf};
pub use numbers::{Bounds, OverWordings, Rate, Share};
pub use pool::{Pool, PoolError, Source};
pub use provenance::{LensTold, ModelTold, Provenance, RunTold};
pub use published::{AgainstPublished, PublishedTold};
pub use statements::{Agreement, Statements};
pub use stopped::StoppedTold;

use crate::stats::{self, OwnScored, OwnScores};
use crate::verdict::Lens;

/// The version of the model's serialisation. Version 1 is the first.
pub const SCHEMA: u32 = 1;

/// What there is to say of some runs of one task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// [`SCHEMA`].
    pub schema: u32,
    /// By which definition trials count as resisted.
    pub lens: LensTold,
    /// Where the numbers are from.
    pub provenance: Provenance,
    /// The models, then replays, then scripts, each in the order of the designs.
    pub models: Vec<ModelTold>,
    /// Each model in each condition, in the order of `models` and of the designs.
    pub cells: Vec<Cell>,
    /// What was measured beside what was published, by model and condition: several rows where
    /// publications conflict.
    pub published: Vec<AgainstPublished>,
    /// The cells that were stopped early by the rule that their plan declares.
    pub stopped: Vec<StoppedTold>,
    /// The comparisons that the plans of all runs declared; none where there are none.
    pub declared: Option<Contrasts>,
    /// The models compared within each condition, as far as that was not declared; none with fewer
    /// than two models.
    pub between_models: Option<Contrasts>,
    /// Conditions compared that differ in nothing but the prompt in which their text stands, as
    /// far as that was not declared; none where there are none.
    pub placement: Option<Contrasts>,
    /// What models said of their work, and a judge model of them.
    pub statements: Vec<Statements>,
    /// Whether both agree; none where no trial has both.
    pub agreement: Option<Agreement>,
    /// What imported trials were scored by the programs that ran them; none without such trials.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub own_scores: Vec<OwnScores>,
    /// The trials that are in no rate, with the reason.
    pub left_out: Vec<LeftOut>,
    /// Whether scripts got the verdicts that they declare.
    pub controls: Controls,
}

/// The summary of these trials by this lens, with these examples among them.
#[must_use]
pub fn summary(pool: &Pool, lens: Lens, examples: &Examples) -> Summary {
    let models = provenance::models(pool);
    let cells = cells::cells(pool, lens, &models, examples);
    let declared = contrasts::declared(pool, &cells);
    Summary {
        schema: SCHEMA,
        lens: LensTold::of(lens),
        provenance: Provenance::of(pool),
        published: published::published(pool, &cells),
        stopped: stopped::stopped(pool),
        between_models: contrasts::between_models(&cells, declared.as_ref()),
        placement: contrasts::placement(&cells, examples, declared.as_ref()),
        declared,
        statements: statements::statements(pool),
        agreement: statements::agreement(pool),
        own_scores: own_scores(pool),
        left_out: left_out::left_out(pool, lens, &models),
        controls: left_out::controls(pool),
        models,
        cells,
    }
}

fn own_scores(pool: &Pool) -> Vec<OwnScores> {
    let facts = pool.sources().iter().flat_map(|source| &source.facts);
    let given = facts.flat_map(|fact| {
        let scores = fact.own_scores.iter();
        scores.map(|(scorer, value)| OwnScored {
            model: &fact.observation.model,
            condition: &fact.observation.condition,
            scorer,
            value: value.clone(),
        })
    });
    stats::own_scores(given)
}

#[cfg(test)]
pub(crate) mod fixtures;
#[cfg(test)]
mod tests;
