use proptest::prelude::*;
use serde_json::Map;

use super::*;
use crate::model::price::PriceList;
use crate::model::provider::Settings;
use crate::run::Asking;
use crate::run::plan::tests::design;
use crate::task::{catalogue, parse_task};

fn task() -> Task {
    parse_task(&catalogue::embedded()[0]).unwrap()
}

/// A plan of these models, three trials each in conditions A and E.
fn plan(models: &[&str]) -> Plan {
    let mut design = design(models, &["A", "E"]);
    for model in &mut design.models {
        model.scripted = model.name.starts_with("scripted");
        model.asking = (!model.scripted).then(|| Asking {
            server: "http://127.0.0.1:1".into(),
            tool_protocol: "native".into(),
            tool_profile: "plain".into(),
            settings: Map::new(),
        });
    }
    Plan::new(design)
}

/// This entry as the price of each of these models that is vLLM's.
fn prices(models: &[&str], price: Option<&str>) -> Prices {
    let list = price.map(|price| {
        let head = "date = \"2026-11-21\"\ncurrency = \"USD\"\n[[price]]\nmodel = \"vllm/*\"\n";
        PriceList::parse("p.toml", &format!("{head}source = \"a test\"\n{price}")).unwrap()
    });
    let priced = |model: &&str| Some(((*model).to_owned(), list.as_ref()?.price(model)?));
    models.iter().filter_map(priced).collect()
}

fn asked(max_tokens: Option<u32>) -> Setup {
    Setup {
        settings: Settings {
            max_tokens,
            ..Settings::default()
        },
        ..Setup::default()
    }
}

fn bounds(price: Option<&str>, max_tokens: Option<u32>) -> Bounds {
    let models = ["vllm/m"];
    Bounds::of(
        &plan(&models),
        &prices(&models, price),
        &task(),
        &asked(max_tokens),
    )
}

const CONTEXT: &str = "input = 1\noutput = 10\ncontext = 10_000";

#[test]
fn what_a_model_takes_at_once_bounds_every_request_but_the_first() {
    let task = task();
    let around = asked(None).explanation_bytes() as u64 + 2 * PER_MESSAGE + PER_REQUEST;
    let first = |id: &str| {
        let (system, user) = task.prompts(task.condition(id).unwrap(), &task.wordings[0]);
        around + (system.len() + user.len()) as u64
    };
    let [one] = &bounds(Some(CONTEXT), None).models[..] else {
        panic!("there is one model");
    };
    let rest = 59 * 10_000;
    let tokens = TokenBound {
        input: around + 3 * (first("A") + rest + first("E") + rest),
        output: (1 + 6 * 60) * 10_000,
        longest: 10_000,
    };
    assert_eq!(one.tokens, Some(tokens));
    assert_eq!(one.trials, 6);
    let millionths = u32::try_from(tokens.input + 10 * tokens.output).unwrap();
    assert!((one.cost_usd.unwrap() * 1e6 - f64::from(millionths)).abs() < 1e-3);
}

#[test]
fn the_length_of_an_answer_bounds_the_tokens_received_and_the_growth_of_a_conversation() {
    let tokens = |price, max| bounds(price, max).models[0].tokens;
    let short = tokens(Some(CONTEXT), Some(100)).unwrap();
    assert_eq!(short.output, (1 + 6 * 60) * 100);
    let grown = tokens(None, Some(100)).unwrap();
    assert!(grown.longest > 59 * 100 * LONGEST_SHOWN as u64);
    assert!(grown.input > short.input);
    let listed = tokens(Some(&format!("{CONTEXT}\nanswer = 50")), Some(100)).unwrap();
    assert_eq!(listed.output, (1 + 6 * 60) * 50);
}

#[test]
fn without_the_one_and_the_other_there_is_no_bound() {
    let one = bounds(Some("input = 1\noutput = 10"), None)
        .models
        .remove(0);
    assert_eq!((one.tokens, one.cost_usd), (None, None));
    let free = bounds(Some("input = 0\noutput = 0"), None).models.remove(0);
    assert_eq!((free.tokens, free.cost_usd), (None, Some(0.0)));
}

#[test]
fn the_dearer_price_holds_where_a_request_can_be_long() {
    let cost = |above: u32| {
        let long = format!("{CONTEXT}\nlong = {{ above = {above}, input = 2, output = 20 }}");
        bounds(Some(&long), None).cost_usd.unwrap()
    };
    assert!((cost(9_999) - 2.0 * cost(10_000)).abs() < 1e-9);
}

#[test]
fn scripts_cost_nothing_and_a_cost_that_is_not_known_is_in_no_sum() {
    let cost = |models: &[&str]| {
        let prices = prices(models, Some(CONTEXT));
        Bounds::of(&plan(models), &prices, &task(), &asked(None)).cost_usd
    };
    let alone = cost(&["vllm/a"]);
    assert!(alone.is_some());
    assert_eq!(cost(&["vllm/a", "scripted/complies"]), alone);
    assert_eq!(cost(&["vllm/a", "ollama/a"]), None);
}

#[test]
fn every_cell_of_the_plan_is_counted_once() {
    let plan = plan(&["vllm/a", "vllm/b"]);
    let cells = Bounds::of(&plan, &Prices::new(), &task(), &asked(None)).cells;
    assert_eq!(cells.len(), 4);
    let trials: u32 = cells.iter().map(|cell| cell.trials).sum();
    assert_eq!(trials as usize, plan.orders.len());
}

proptest! {
    #[test]
    fn a_trial_has_the_sum_of_its_requests(
        turns in 1..200_u32,
        first in 1..5_000_u64,
        growth in prop::option::of(1..3_000_u64),
        context in 1..50_000_u64,
    ) {
        let ceiling = Ceiling {
            turns,
            answer: None,
            context: Some(context),
            growth,
        };
        let growth = growth.unwrap_or(u64::MAX);
        let requests: Vec<_> = (0..u64::from(turns))
            .map(|turn| first.saturating_add(growth.saturating_mul(turn)).min(context))
            .collect();
        let bound = ceiling.trial(first, context);
        prop_assert_eq!(bound.input, requests.iter().sum::<u64>());
        prop_assert_eq!(Some(&bound.longest), requests.last());
        prop_assert_eq!(bound.output, u64::from(turns) * context);
    }
}
