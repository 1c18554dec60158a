use serde_json::Map;

use super::ceiling::{PER_MESSAGE, PER_REQUEST};
use super::*;
use crate::model::price::PriceList;
use crate::model::provider::Settings;
use crate::run::Asking;
use crate::run::plan::tests::design;
use crate::task::{catalogue, parse_task};

fn task() -> Task {
    parse_task(&catalogue::palisade()).unwrap()
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
        answer: 10_000,
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
    assert!(grown.longest > 59 * 100 * crate::trial::LONGEST_SHOWN as u64);
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

#[test]
fn a_limit_of_messages_tokens_or_cost_lowers_the_bound() {
    let models = ["vllm/m"];
    let bound = |change: fn(&mut Limits)| {
        let mut task = task();
        change(&mut task.limits);
        let prices = prices(&models, Some(CONTEXT));
        Bounds::of(&plan(&models), &prices, &task, &asked(Some(100)))
            .models
            .remove(0)
    };
    let cost = |change| bound(change).cost_usd.unwrap();
    let free = cost(|_| {});
    // The answer, and the request that may exceed a limit: 10,000 tokens and 10 × 100.
    let last = 0.011;
    let by_cost = cost(|limits| limits.cost_usd = Some(0.02));
    assert!((by_cost - (6.0 * (0.02 + last) + last)).abs() < 1e-9);
    // At worst all tokens of the limit are received.
    let by_tokens = cost(|limits| limits.tokens = Some(1_000));
    assert!(by_tokens < free && by_tokens <= 6.0 * (0.01 + last) + last + 1e-9);
    let by_messages = bound(|limits| limits.messages = Some(11));
    assert_eq!(by_messages.tokens.unwrap().output, (1 + 6 * 5) * 100);
    assert!(by_messages.cost_usd.unwrap() < free);
    assert!((cost(|limits| limits.cost_usd = Some(1e6)) - free).abs() < 1e-9);
}
