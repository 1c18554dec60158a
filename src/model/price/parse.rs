//! Reads a price list.

use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;

use super::pattern::Pattern;
use super::{Entry, LongRequest, PerMillion, PriceList, Terms, Usd};
use crate::evidence::Digest;
use crate::task::{TaskError, TomlFile};

impl PriceList {
    /// Reads a list from its text; errors name `path`.
    ///
    /// # Errors
    /// The first fault found, with its line, its field and what to do.
    pub fn parse(path: &str, text: &str) -> Result<Self, TaskError> {
        let file = TomlFile { path, text };
        let table: ListTable = file.read()?;
        let Currency::Usd = table.currency;
        every_name_is_listed_once(&table.prices, file)?;
        Ok(Self {
            date: table.date.0,
            hash: Digest::of(text.as_bytes()),
            entries: table.prices.into_iter().map(entry).collect(),
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListTable {
    date: Day,
    currency: Currency,
    #[serde(rename = "price", default)]
    prices: Vec<PriceTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceTable {
    model: Spanned<Pattern>,
    #[serde(default)]
    also: Vec<Spanned<Pattern>>,
    input: Usd,
    cached_input: Option<Usd>,
    cache_write: Option<Usd>,
    output: Usd,
    long: Option<LongTable>,
    context: Option<Count>,
    answer: Option<Count>,
    source: Source,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LongTable {
    above: Count,
    input: Usd,
    cached_input: Option<Usd>,
    cache_write: Option<Usd>,
    output: Usd,
}

/// The one currency in which costs are counted. It is named so that a reader need not guess.
#[derive(Deserialize)]
enum Currency {
    #[serde(rename = "USD")]
    Usd,
}

/// The day, as a text. A date of TOML's own is not read, so that there is one way to write it.
#[derive(Deserialize)]
#[serde(try_from = "toml::Value")]
struct Day(Date);

impl TryFrom<toml::Value> for Day {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        let text = value.as_str().unwrap_or_default();
        // Other ways of writing a day are understood, too, but one is enough.
        let date = text.parse().ok();
        let date = date.filter(|date: &Date| date.to_string() == text);
        date.map(Self).ok_or_else(|| {
            format!(
                "`{}` is no date: write year, month and day in quotes, such as \"2026-11-21\"",
                value.to_string().trim_matches('"').escape_debug()
            )
        })
    }
}

/// A number of tokens. The bounds keep every sum of such numbers in range.
#[derive(Deserialize)]
#[serde(try_from = "u64")]
struct Count(u64);

impl TryFrom<u64> for Count {
    type Error = String;

    fn try_from(tokens: u64) -> Result<Self, String> {
        if (1..=1_000_000_000).contains(&tokens) {
            Ok(Self(tokens))
        } else {
            Err(format!(
                "`{tokens}` is out of range: write 1 to 1,000,000,000 tokens"
            ))
        }
    }
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Source(String);

impl TryFrom<String> for Source {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.trim().is_empty() {
            Err("a blank is no source: write where the price is from".to_owned())
        } else {
            Ok(Self(text))
        }
    }
}

fn every_name_is_listed_once(prices: &[PriceTable], file: TomlFile<'_>) -> Result<(), TaskError> {
    let mut seen: Vec<&Pattern> = Vec::new();
    for name in prices.iter().flat_map(names) {
        if seen.contains(&name.get_ref()) {
            let message = format!(
                "`{}` is listed twice: remove one of its prices",
                name.get_ref().to_string().escape_debug()
            );
            return Err(file.error_at(name.span(), message));
        }
        seen.push(name.get_ref());
    }
    Ok(())
}

fn names(price: &PriceTable) -> impl Iterator<Item = &Spanned<Pattern>> {
    std::iter::once(&price.model).chain(&price.also)
}

fn entry(table: PriceTable) -> Entry {
    let models = names(&table).map(|name| name.get_ref().clone()).collect();
    Entry {
        models,
        terms: Terms {
            per_million: PerMillion {
                input: table.input,
                cached_input: table.cached_input,
                cache_write: table.cache_write,
                output: table.output,
            },
            long: table.long.as_ref().map(long_request),
            context: table.context.map(|context| context.0),
            answer: table.answer.map(|answer| answer.0),
        },
        source: table.source.0,
    }
}

fn long_request(table: &LongTable) -> LongRequest {
    LongRequest {
        above: table.above.0,
        per_million: PerMillion {
            input: table.input,
            cached_input: table.cached_input,
            cache_write: table.cache_write,
            output: table.output,
        },
    }
}
