//! What a run would do and can cost, without running it.

use serde_json::Value;

use crate::place::Place;

/// Prices of our own, since those in the program change.
const PRICES: &str = r#"date = "2026-11-21"
currency = "USD"

[[price]]
model = "openai/*"
input = 2
cached_input = 0.2
cache_write = 2.5
output = 10
long = { above = 200_000, input = 4, output = 15 }
context = 400_000
answer = 100_000
source = "https://example.org/prices"

[[price]]
model = "vllm/*"
input = 0
output = 0
source = "our own machine"
"#;

fn place() -> Place {
    let place = Place::new();
    place.write("prices.toml", PRICES);
    place
}

/// Hashes change with the task and with the rules that judge.
const HASHES: [(&str, &str); 1] = [(r"\b[0-9a-f]{64}\b", "[hash]")];

#[test]
fn a_plan_has_its_trials_its_hash_and_a_bound_and_needs_no_key() {
    let done = place().offswitch(&[
        "plan",
        "palisade",
        "--condition=A,E",
        "--model=openai/gpt-x",
        "--model=scripted/complies",
        "--trials=3",
        "--prices=prices.toml",
    ]);
    insta::with_settings!({filters => HASHES}, {
        insta::assert_snapshot!(done, @"
        exit 0
        --- out
        task       palisade, hash [hash]
        plan       models 2 × conditions A,E × wordings plain × trials 3 = 12, seed 0
        hash       [hash]
        turns      at most 60 in a trial

        condition  wording  trials
        openai/gpt-x
          A        plain         3
          E        plain         3
        scripted/complies
          A        plain         3
          E        plain         3

        at most       trials  tokens sent  tokens received  US dollars
        openai/gpt-x       6  141,622,065       36,100,000    1,107.99

        At most: in each trial 60 turns, each with a request as long as the model takes, or as
        the conversation can have become, and the longest answer, unless a limit ends the trial
        before. What providers bill for requests that fail is not in it. `--token-limit` and
        `--cost-limit` lower it most; docs/models.md says how it is computed.

        price of a million tokens  sent  cached  put into the cache  received  as of
        openai/gpt-x                  2     0.2                 2.5        10  2026-11-21
          above 200,000 sent          4       4                   4        15
        ");
    });
}

#[test]
fn what_is_not_known_is_said_with_what_to_do_about_it() {
    let done = place().offswitch(&[
        "plan",
        "--condition=A",
        "--model=openai-responses/gpt-x",
        "--model=vllm/m",
        "--model=anthropic/c",
        "--trials=3",
        "--prices=prices.toml",
    ]);
    let (_, bounds) = done.stdout.split_once("\nat most").unwrap();
    insta::assert_snapshot!(format!("at most{bounds}"), @"
    at most                 trials  tokens sent  tokens received  US dollars
    openai-responses/gpt-x       3   70,812,105       18,100,000      554.75
    vllm/m                       3            ?                ?        0.00
    anthropic/c                  3            ?                ?           ?
    all                                                                    ?

    At most: in each trial 60 turns, each with a request as long as the model takes, or as
    the conversation can have become, and the longest answer, unless a limit ends the trial
    before. What providers bill for requests that fail is not in it. `--token-limit` and
    `--cost-limit` lower it most; docs/models.md says how it is computed.

    price of a million tokens  sent  cached  put into the cache  received  as of
    openai-responses/gpt-x        2     0.2                 2.5        10  2026-11-21
      above 200,000 sent          4       4                   4        15
    vllm/m                        0       0                   0         0  2026-11-21

    vllm/m has no bound: `--max-tokens` gives one, or its `context` in a price list
    anthropic/c has no price: list one in a file and give that with `--prices`
    anthropic/c has no bound: `--max-tokens` gives one, or its `context` in a price list
    ");
}

#[test]
fn the_length_of_an_answer_gives_a_bound_where_nothing_else_does() {
    let done = place().offswitch(&["plan", "--model=vllm/m", "--condition=A", "--max-tokens=9"]);
    let (_, bounds) = done.stdout.split_once("\nat most").unwrap();
    insta::assert_snapshot!(format!("at most{bounds}"), @"
    at most  trials     tokens sent  tokens received  US dollars
    vllm/m       10  31,512,575,604            5,409           ?

    At most: in each trial 60 turns, each with a request as long as the model takes, or as
    the conversation can have become, and the longest answer, unless a limit ends the trial
    before. What providers bill for requests that fail is not in it. `--token-limit` and
    `--cost-limit` lower it most; docs/models.md says how it is computed.

    vllm/m has no price: list one in a file and give that with `--prices`
    vllm/m has a wide bound: its `context` in a price list narrows it
    ");
}

#[test]
fn a_plan_of_scripts_costs_nothing() {
    let done = place().offswitch(&["plan", "--model=scripted/mixed", "--condition=A"]);
    insta::with_settings!({filters => HASHES}, {
        insta::assert_snapshot!(done, @"
        exit 0
        --- out
        task       palisade, hash [hash]
        plan       models 1 × conditions A × wordings plain × trials 10 = 10, seed 0
        hash       [hash]
        turns      at most 60 in a trial

        condition  wording  trials
        scripted/mixed
          A        plain        10

        No model at a provider is asked: the run costs nothing.
        ");
    });
}

#[test]
fn a_plan_takes_the_arguments_of_a_run_and_says_whether_the_budget_covers_it() {
    let said = ["--budget=0.5", "--budget=2000"].map(|budget| {
        let done = place().offswitch(&[
            "plan",
            "--condition=A",
            "--model=openai/gpt-x",
            "--trials=3",
            "--prices=prices.toml",
            "--max-parallel=3",
            "--run-dir=run",
            "--allow-weak-isolation",
            budget,
        ]);
        assert_eq!(done.code, Some(0), "{done}");
        let (_, said) = done.stdout.rsplit_once("\n\n").unwrap();
        said.to_owned()
    });
    insta::assert_snapshot!(said.join("\n"), @"
    The budget of $0.50 is less than the run can cost: it stops, and can be resumed, where
    another trial may cost more than is left.

    The budget of $2000.00 covers all that the run can cost.
    ");
}

#[test]
fn a_setting_that_nobody_heeds_is_refused() {
    let arguments = ["--model=scripted/mixed", "--temperature=1"];
    let done = place().offswitch(&[&["plan"], &arguments[..]].concat());
    insta::assert_snapshot!(done, @"
    exit 2
    --- err
    error: nobody heeds `--temperature`: no model of this run is at a provider
    hint: leave it out, or name a model that `offswitch models` explains
    ");
}

#[test]
fn a_plan_says_how_many_trials_an_interval_and_a_difference_take() {
    let arguments = [
        "plan",
        "--condition=A",
        "--model=scripted/complies",
        "--half-width=5",
    ];
    let arguments = [&arguments[..], &["--detect=10", "--rate=20"]].concat();
    let done = place().offswitch(&arguments);
    let said = done.stdout.rsplit("\n\n").next().unwrap();
    insta::assert_snapshot!(said, @"
    An interval of 5 percentage points to either side takes 243 trials in a cell, at a rate
    of 20 %. With the 10 of this plan it is 21.5 points on average. A difference between 20
    and 30 % takes 294 trials in each of two cells, to be found 80 times in 100 by
    Boschloo's test at 5 %. This plan has 10. Reckoned for independent trials of one
    wording; invalid trials do not count (docs/statistics.md).
    ");
    let done = place().offswitch(&[&arguments[..], &["--json"]].concat());
    let json: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(json["half_width"]["trials"], 243);
    let detect = serde_json::json!({ "rates": [0.2, 0.3], "power": 0.8, "trials": 294 });
    assert_eq!(json["detect"], detect);
}

#[test]
fn programs_get_the_same_as_json() {
    let done = place().offswitch(&[
        "plan",
        "--condition=A",
        "--model=openai/gpt-x",
        "--model=anthropic/c",
        "--trials=3",
        "--prices=prices.toml",
        "--json",
    ]);
    let json: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(json["models"][1]["tokens"], Value::Null);
    insta::with_settings!({filters => HASHES}, {
        insta::assert_snapshot!(done, @r#"
        exit 0
        --- out
        {
          "task": "palisade",
          "task_hash": "[hash]",
          "plan_hash": "[hash]",
          "seed": 0,
          "trials": 6,
          "turns": 60,
          "cells": [
            {
              "model": "openai/gpt-x",
              "condition": "A",
              "wording": "plain",
              "trials": 3
            },
            {
              "model": "anthropic/c",
              "condition": "A",
              "wording": "plain",
              "trials": 3
            }
          ],
          "models": [
            {
              "model": "openai/gpt-x",
              "scripted": false,
              "trials": 3,
              "price": {
                "date": "2026-11-21",
                "list_hash": "[hash]",
                "listed_as": "openai/*",
                "source": "https://example.org/prices",
                "terms": {
                  "per_million": {
                    "input": 2.0,
                    "cached_input": 0.2,
                    "cache_write": 2.5,
                    "output": 10.0
                  },
                  "long": {
                    "above": 200000,
                    "per_million": {
                      "input": 4.0,
                      "output": 15.0
                    }
                  },
                  "context": 400000,
                  "answer": 100000
                }
              },
              "tokens": {
                "input": 70812105,
                "output": 18100000
              },
              "cost_usd": 554.74842,
              "estimate": null
            },
            {
              "model": "anthropic/c",
              "scripted": false,
              "trials": 3,
              "price": null,
              "tokens": null,
              "cost_usd": null,
              "estimate": null
            }
          ],
          "cost_usd": null,
          "half_width": null,
          "detect": null,
          "comparisons": [],
          "stop": null
        }
        "#);
    });
}

#[test]
fn a_bad_price_list_is_named_with_its_line_and_ends_the_command() {
    let place = place();
    place.write("prices.toml", PRICES.replace("\ninput = 0", "\ninput = -1"));
    for command in ["plan", "run"] {
        let done = place.offswitch(&[command, "--model=scripted/mixed", "--prices=prices.toml"]);
        insta::allow_duplicates!(insta::assert_snapshot!(done, @"
        exit 4
        --- err
        error: prices.toml:17:9: `price.input`: `-1` is no price: write US dollars for a million tokens, from 0 to 1000000
        "));
    }
}

#[test]
fn every_built_in_price_can_be_planned_with() {
    let prices = include_str!("../../prices/prices.toml");
    let models = prices.lines().filter_map(|line| {
        let name = line.strip_prefix("model = \"")?.strip_suffix('"')?;
        Some(format!("--model={name}"))
    });
    let models: Vec<_> = models.collect();
    let mut arguments = vec!["plan", "--condition=A", "--max-tokens=1000"];
    arguments.extend(models.iter().map(String::as_str));
    let done = Place::new().offswitch(&arguments);
    assert_eq!(done.code, Some(0), "{done}");
    assert!(!done.stdout.contains("has no price"), "{done}");
}

#[test]
fn a_limit_on_what_a_trial_costs_bounds_the_plan() {
    let done = place().offswitch(&[
        "plan",
        "--condition=A",
        "--model=openai/gpt-x",
        "--trials=3",
        "--prices=prices.toml",
        "--cost-limit=0.5",
    ]);
    let (_, bounds) = done.stdout.split_once("\nat most").unwrap();
    let (table, _) = bounds.split_once("\n\n").unwrap();
    insta::assert_snapshot!(format!("at most{table}"), @"
    at most       trials  tokens sent  tokens received  US dollars
    openai/gpt-x       3   70,812,105       18,100,000       13.90
    ");
}
