//! `plan`: what a run would do, and the most that it can cost.

use super::grid::{Align, Grid};
use super::numbers::{dollars_at_most, grouped};
use super::page::Page;
use super::stopped::stop_rule;
use super::style::Style;
use super::text::visible;
use super::words::count;
use super::wrap::paragraph;
use crate::run::{Bounds, ModelBound, Plan};
use crate::stats::declared;

/// Stands where a number is not known.
const UNKNOWN: &str = "?";

/// A plan with its trials, its hash, and the bounds of its models.
#[must_use]
pub fn plan(plan: &Plan, bounds: &Bounds, style: Style) -> String {
    let asked: Vec<_> = bounds.models.iter().filter(|one| one.at_provider).collect();
    let mut parts = vec![head(plan, bounds, style), cells(bounds).render(style)];
    if asked.is_empty() {
        parts.push("No model at a provider is asked: the run costs nothing.\n".into());
    } else {
        parts.push(table(bounds, &asked).render(style));
        parts.extend(estimates(&asked).map(|grid| grid.render(style)));
        parts.push(explanation(bounds.turns, style));
        parts.extend(prices(&asked).map(|grid| grid.render(style)));
        parts.push(remedies(&asked));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

fn head(plan: &Plan, bounds: &Bounds, style: Style) -> String {
    let design = &plan.design;
    let part = design.shard.map(|shard| format!(", shard {shard},"));
    let part = part.unwrap_or_default();
    let mut page = Page::default();
    let (task, hash) = (visible(&design.task), visible(&design.task_hash));
    page.field_within(style, "task", &format!("{task}, hash {hash}"));
    page.field_within(
        style,
        "plan",
        &format!(
            "models {} × conditions {} × wordings {} × trials {}{part} = {}, seed {}",
            design.models.len(),
            visible(&design.conditions.join(",")),
            visible(&design.wordings.join(",")),
            design.trials,
            plan.orders.len(),
            design.seed,
        ),
    );
    page.field("hash", plan.hash());
    if !design.comparisons.is_empty() {
        let pairs = declared::pairs(&design.comparisons, &design.places()).len();
        let declared: Vec<_> = design.comparisons.iter().map(ToString::to_string).collect();
        let declared = visible(&declared.join(", ")).into_owned();
        let text = format!(
            "{declared}: {}, adjusted together",
            count(pairs, "comparison")
        );
        page.field_within(style, "compares", &text);
    }
    if let Some(rule) = design.stop {
        page.field_within(style, "stops", &stop_rule(rule));
    }
    page.field("turns", format_args!("at most {} in a trial", bounds.turns));
    page.into_text()
}

fn cells(bounds: &Bounds) -> Grid {
    let mut grid = Grid::new([
        ("condition", Align::Left),
        ("wording", Align::Left),
        ("trials", Align::Right),
    ]);
    let mut group = None;
    for cell in &bounds.cells {
        if group != Some(&cell.model) {
            group = Some(&cell.model);
            grid.group(visible(&cell.model).into_owned());
        }
        grid.row([
            format!("  {}", visible(&cell.condition)),
            visible(&cell.wording).into_owned(),
            cell.trials.to_string(),
        ]);
    }
    grid
}

fn table(bounds: &Bounds, asked: &[&ModelBound]) -> Grid {
    let mut grid = Grid::new([
        ("at most", Align::Left),
        ("trials", Align::Right),
        ("tokens sent", Align::Right),
        ("tokens received", Align::Right),
        ("US dollars", Align::Right),
    ]);
    let known = |number: Option<u64>| number.map_or_else(|| UNKNOWN.into(), grouped);
    for one in asked {
        grid.row([
            visible(&one.model).into_owned(),
            one.trials.to_string(),
            known(one.tokens.map(|tokens| tokens.input)),
            known(one.tokens.map(|tokens| tokens.output)),
            dollars(one.cost_usd),
        ]);
    }
    if asked.len() > 1 {
        let empty = String::new();
        let all = dollars(bounds.cost_usd);
        grid.row(["all".into(), empty.clone(), empty.clone(), empty, all]);
    }
    grid
}

/// An amount, to the cent above.
fn dollars(dollars: Option<f64>) -> String {
    dollars.map_or_else(|| UNKNOWN.into(), dollars_at_most)
}

/// What the models can be expected to use, if there is something to go by.
fn estimates(asked: &[&ModelBound]) -> Option<Grid> {
    let mut grid = Grid::new([
        ("as in the earlier run", Align::Left),
        ("trials there", Align::Right),
        ("tokens sent", Align::Right),
        ("tokens received", Align::Right),
        ("US dollars", Align::Right),
    ]);
    let estimated = asked
        .iter()
        .filter_map(|one| Some((one, one.estimate.as_ref()?)));
    let estimated: Vec<_> = estimated.collect();
    for (one, estimate) in &estimated {
        grid.row([
            visible(&one.model).into_owned(),
            estimate.basis.to_string(),
            grouped(estimate.input),
            grouped(estimate.output),
            dollars(estimate.cost_usd),
        ]);
    }
    (!estimated.is_empty()).then_some(grid)
}

fn explanation(turns: u32, style: Style) -> String {
    let turns = count(usize::try_from(turns).unwrap_or(usize::MAX), "turn");
    let text = format!(
        "At most: in each trial {turns}, each with a request as long as the model takes, or as the \
         conversation can have become, and the longest answer, unless a limit ends the trial \
         before. What providers bill for requests that fail is not in it. `--token-limit` and \
         `--cost-limit` lower it most; docs/models.md says how it is computed."
    );
    paragraph(&text, style)
}

/// The prices by which the costs are counted, if any is known.
fn prices(asked: &[&ModelBound]) -> Option<Grid> {
    let mut grid = Grid::new([
        ("price of a million tokens", Align::Left),
        ("sent", Align::Right),
        ("cached", Align::Right),
        ("put into the cache", Align::Right),
        ("received", Align::Right),
        ("as of", Align::Left),
    ]);
    let priced = asked
        .iter()
        .filter_map(|one| Some((one, one.price.as_ref()?)));
    let priced: Vec<_> = priced.collect();
    for (one, price) in &priced {
        let terms = &price.terms;
        let name = visible(&one.model).into_owned();
        let short = (name, terms.per_million, price.date.to_string());
        let long = terms.long.map(|long| {
            let above = format!("  above {} sent", grouped(long.above));
            (above, long.per_million, String::new())
        });
        for (name, per_million, date) in [Some(short), long].into_iter().flatten() {
            let other = |amount: Option<_>| amount.unwrap_or(per_million.input).to_string();
            grid.row([
                name,
                per_million.input.to_string(),
                other(per_million.cached_input),
                other(per_million.cache_write),
                per_million.output.to_string(),
                date,
            ]);
        }
    }
    (!priced.is_empty()).then_some(grid)
}

/// What there is to do about what is not known.
fn remedies(asked: &[&ModelBound]) -> String {
    let mut page = Page::default();
    for one in asked {
        let model = visible(&one.model);
        if one.price.is_none() {
            page.line(format_args!(
                "{model} has no price: list one in a file and give that with `--prices`"
            ));
        }
        let context = one.price.as_ref().and_then(|price| price.terms.context);
        if one.tokens.is_none() {
            page.line(format_args!(
                "{model} has no bound: `--max-tokens` gives one, or its `context` in a price list"
            ));
        } else if context.is_none() {
            page.line(format_args!(
                "{model} has a wide bound: its `context` in a price list narrows it"
            ));
        }
    }
    page.into_text()
}
