//! What models cost: a dated list of prices, which one holds for a model, and what an answer costs
//! by it.

mod amount;
mod parse;
mod pattern;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use amount::Usd;

use self::pattern::Pattern;
use super::provider::catalogue;
use crate::evidence::Digest;

/// The path that errors name for the list that is part of the program.
pub const BUILTIN_PATH: &str = "prices/prices.toml";

/// The list that is part of the program, so that an installed binary needs no files beside it.
pub const BUILTIN: &str = include_str!("../../prices/prices.toml");

/// A list of prices, as it stood on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceList {
    /// The day.
    pub date: Date,
    /// SHA-256 of the list's text.
    pub hash: Digest,
    entries: Vec<Entry>,
}

/// A price, and the models that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    models: Vec<Pattern>,
    terms: Terms,
    source: String,
}

/// What a model's tokens cost, and where that is from, so that a cost can be defended later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// The day of the list that it is from.
    pub date: Date,
    /// SHA-256 of that list's text.
    pub list_hash: Digest,
    /// The name in the list that stood for the model.
    pub listed_as: String,
    /// Where the list has it from.
    pub source: String,
    /// What it says.
    pub terms: Terms,
}

/// What a model's tokens cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// What a million tokens cost.
    pub per_million: PerMillion,
    /// What they cost where a request is long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long: Option<LongRequest>,
    /// The most tokens that the model takes in one request and gives in its answer, together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<u64>,
    /// The most tokens of one answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<u64>,
}

/// What a million tokens cost, by what is done with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerMillion {
    /// Tokens sent.
    pub input: Usd,
    /// Tokens sent that the provider had cached; unset, they cost what others cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<Usd>,
    /// Tokens sent that the provider put into its cache; unset, they cost what others cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<Usd>,
    /// Tokens received, those of reasoning among them.
    pub output: Usd,
}

/// What a request costs as a whole, its answer included, when it is long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LongRequest {
    /// It is long when more tokens than these are sent.
    pub above: u64,
    /// What a million tokens then cost.
    pub per_million: PerMillion,
}

/// The tokens of one request and its answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tokens {
    /// All that were sent.
    pub input: u64,
    /// Of those sent, the ones that the provider had cached.
    pub cached: u64,
    /// Of those sent, the ones that the provider put into its cache.
    pub written: u64,
    /// All that were received, those of reasoning among them.
    pub output: u64,
}

impl PriceList {
    /// The price of the model of this name, as `provider/name`.
    ///
    /// A name in the list that is the model's own goes before one that ends in `*`, and of those
    /// the longest goes first.
    #[must_use]
    pub fn price(&self, model: &str) -> Option<Price> {
        let (entry, listed_as) = self.find(model).or_else(|| self.find(&billed_as(model)?))?;
        Some(Price {
            date: self.date,
            list_hash: self.hash,
            listed_as: listed_as.to_string(),
            source: entry.source.clone(),
            terms: entry.terms,
        })
    }

    fn find(&self, model: &str) -> Option<(&Entry, &Pattern)> {
        let names = self
            .entries
            .iter()
            .flat_map(|entry| entry.models.iter().map(move |name| (entry, name)));
        names
            .filter(|(_, name)| name.matches(model))
            .max_by_key(|(_, name)| name.precision())
    }
}

/// The model's name with that of the provider under whose name its prices are listed.
fn billed_as(model: &str) -> Option<String> {
    let (provider, name) = model.split_once('/')?;
    let provider = catalogue::find(provider)?;
    Some(format!("{}/{name}", provider.billed_as))
}

impl Terms {
    /// Whether no token costs anything.
    #[must_use]
    pub fn are_free(&self) -> bool {
        self.most_usd(1, 1, u64::MAX) <= 0.0
    }

    /// What a request and its answer cost, in US dollars.
    #[must_use]
    pub fn cost_usd(&self, tokens: Tokens) -> f64 {
        match self.long {
            Some(long) if tokens.input > long.above => long.per_million.cost_usd(tokens),
            Some(_) | None => self.per_million.cost_usd(tokens),
        }
    }

    /// The most that so many tokens can cost, in US dollars, whichever of them are cached and
    /// however they are shared out among requests of at most `longest` tokens.
    #[must_use]
    pub fn most_usd(&self, input: u64, output: u64, longest: u64) -> f64 {
        let per_million = match self.long {
            // Some requests may be long and others not, so each kind of token is taken at its
            // dearer price.
            Some(long) if longest > long.above => self.per_million.dearer(long.per_million),
            Some(_) | None => self.per_million,
        };
        per_million.most_usd(input, output)
    }
}

impl PerMillion {
    fn cost_usd(self, tokens: Tokens) -> f64 {
        let Tokens {
            input,
            cached,
            written,
            output,
        } = tokens;
        // No server's numbers make a cost negative.
        let cached = cached.min(input);
        let written = written.min(input - cached);
        self.input.of(input - cached - written)
            + self.cached_input.unwrap_or(self.input).of(cached)
            + self.cache_write.unwrap_or(self.input).of(written)
            + self.output.of(output)
    }

    fn most_usd(self, input: u64, output: u64) -> f64 {
        let dearest = [self.cached_input, self.cache_write]
            .into_iter()
            .flatten()
            .fold(self.input, Usd::max);
        dearest.of(input) + self.output.of(output)
    }

    fn dearer(self, other: Self) -> Self {
        let dearer = |one: Option<Usd>, two: Option<Usd>| match (one, two) {
            (Some(one), Some(two)) => Some(one.max(two)),
            (one, two) => one.or(two),
        };
        Self {
            input: self.input.max(other.input),
            cached_input: dearer(self.cached_input, other.cached_input),
            cache_write: dearer(self.cache_write, other.cache_write),
            output: self.output.max(other.output),
        }
    }
}

#[cfg(test)]
mod tests;
