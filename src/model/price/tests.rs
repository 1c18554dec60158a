use proptest::prelude::*;

use super::*;

fn list(entries: &str) -> PriceList {
    let text = format!("date = \"2026-11-21\"\ncurrency = \"USD\"\n{entries}");
    PriceList::parse("p.toml", &text).unwrap()
}

fn entry(model: &str, input: f64) -> String {
    format!("[[price]]\nmodel = \"{model}\"\ninput = {input}\noutput = 10\nsource = \"a page\"\n")
}

fn builtin() -> PriceList {
    PriceList::parse(BUILTIN_PATH, BUILTIN).unwrap()
}

fn terms(model: &str) -> Terms {
    builtin().price(model).unwrap().terms
}

/// Equal but for what rounding leaves.
fn assert_usd(cost: f64, expected: f64) {
    assert!((cost - expected).abs() < 1e-12, "{cost} is not {expected}");
}

#[test]
fn a_models_own_name_goes_before_the_beginning_of_names_and_the_longer_before_the_shorter() {
    let entries = [
        entry("openai/gpt-5*", 1.0),
        entry("openai/gpt-5", 2.0),
        entry("openai/*", 3.0),
        entry("openai/gpt-5-mini*", 4.0),
    ];
    let list = list(&entries.concat());
    for (model, listed_as) in [
        ("openai/gpt-5", Some("openai/gpt-5")),
        ("openai/gpt-5-2025-08-07", Some("openai/gpt-5*")),
        ("openai/gpt-5-mini-2025-08-07", Some("openai/gpt-5-mini*")),
        ("openai/o3", Some("openai/*")),
        ("anthropic/claude-opus-5", None),
    ] {
        let price = list.price(model);
        let found = price.as_ref().map(|price| &*price.listed_as);
        assert_eq!(found, listed_as, "{model}");
    }
}

#[test]
fn a_snapshot_has_no_price_of_a_name_without_a_star() {
    let list = list(&entry("openai/gpt-5", 1.0));
    assert_eq!(list.price("openai/gpt-5-2025-08-07"), None);
}

#[test]
fn another_name_or_protocol_of_a_provider_has_its_prices_unless_it_has_its_own() {
    let list = list(
        &[
            entry("openai/gpt-5", 1.0),
            entry("openai/o3", 2.0),
            entry("openai-responses/o3", 3.0),
            entry("grok/grok-4", 4.0),
        ]
        .concat(),
    );
    for (model, listed_as) in [
        ("openai-responses/gpt-5", "openai/gpt-5"),
        ("openai-responses/o3", "openai-responses/o3"),
        ("xai/grok-4", "grok/grok-4"),
    ] {
        assert_eq!(list.price(model).unwrap().listed_as, listed_as);
    }
}

#[test]
fn a_price_says_which_list_it_is_from() {
    let list = list(&entry("ollama/*", 0.0));
    let price = list.price("ollama/qwen3").unwrap();
    assert_eq!((price.date, price.list_hash), (list.date, list.hash));
    let json = serde_json::to_string_pretty(&price).unwrap();
    assert_eq!(serde_json::from_str::<Price>(&json).unwrap(), price);
    insta::assert_snapshot!(json, @r#"
    {
      "date": "2026-11-21",
      "list_hash": "f6fc78b76f9807702c3443a4e75367209e961c23fc3d29b473fbc5f0dffc2f81",
      "listed_as": "ollama/*",
      "source": "a page",
      "terms": {
        "per_million": {
          "input": 0.0,
          "output": 10.0
        }
      }
    }
    "#);
}

#[test]
fn the_built_in_list_names_a_page_for_every_price_and_asks_more_of_long_requests() {
    let list = builtin();
    assert!(!list.entries.is_empty());
    for Entry { source, terms, .. } in &list.entries {
        assert!(source.starts_with("https://"), "{source}");
        if let Some(long) = terms.long {
            assert!(
                long.per_million.dearer(terms.per_million) == long.per_million,
                "{source}"
            );
        }
    }
}

#[test]
fn the_documented_list_is_valid() {
    let docs = include_str!("../../../docs/models.md");
    let text = docs.split("```toml\n").nth(1).unwrap();
    let text = text.split("```").next().unwrap();
    let list = PriceList::parse("p.toml", text).unwrap();
    assert!(list.price("openai/gpt-6-sol").is_some());
    assert!(list.price("ollama/qwen3").is_some());
}

#[test]
fn cached_and_written_tokens_have_their_own_prices() {
    let tokens = Tokens {
        input: 10_000,
        cached: 6_000,
        written: 3_000,
        output: 500,
    };
    // 1,000 × 2 + 6,000 × 0.2 + 3,000 × 2.5 + 500 × 10, of a million.
    assert_usd(terms("openai/gpt-6-sol").cost_usd(tokens), 0.0157);
}

#[test]
fn where_no_other_price_is_given_tokens_cost_what_others_cost() {
    let tokens = Tokens {
        input: 10_000,
        cached: 6_000,
        written: 3_000,
        output: 0,
    };
    let terms = list(&entry("openai/m", 3.0))
        .price("openai/m")
        .unwrap()
        .terms;
    assert_usd(terms.cost_usd(tokens), 0.03);
}

#[test]
fn a_long_request_is_dearer_as_a_whole() {
    let cost = |input| {
        terms("google/gemini-3.1-pro-preview").cost_usd(Tokens {
            input,
            output: 1_000,
            ..Tokens::default()
        })
    };
    assert_usd(cost(200_000), 0.412);
    assert_usd(cost(200_001), 0.818_004);
}

#[test]
fn an_error_names_its_line_its_field_and_what_to_do() {
    let price = |line: &str| {
        let entry = entry("openai/m", 1.0).replace("input = 1\n", &format!("{line}\n"));
        format!("date = \"2026-11-21\"\ncurrency = \"USD\"\n{entry}")
    };
    let twice = price("input = 1\nalso = [\"openai/*\", \"openai/m\"]");
    let texts = [
        "currency = \"USD\"",
        "date = \"2026-02-30\"\ncurrency = \"USD\"",
        "date = \"20261121\"\ncurrency = \"USD\"",
        "date = 2026-11-21\ncurrency = \"USD\"",
        "date = \"2026-11-21\"\ncurrency = \"EUR\"",
        "date = \"2026-11-21\"\ncurrency = \"USD\"\nprices = []",
        &price("in = 1"),
        &price(""),
        &price("input = -1"),
        &price("input = nan"),
        &price("input = inf"),
        &price("input = 1e7"),
        &price("input = \"1\""),
        &price("input = 1\ncached_input = -0.1"),
        &price("input = 1\ncontext = 0"),
        &price("input = 1\nlong = { above = 1, input = 1 }"),
        &price("input = 1\nalso = [\"gpt-5\"]"),
        &price("input = 1\nalso = [\"acme/m\"]"),
        &price("input = 1\nalso = [\"xai/m\"]"),
        &price("input = 1\nalso = [\"openai/\"]"),
        &price("input = 1\nalso = [\"openai/*-mini\"]"),
        &price("input = 1").replace("a page", " "),
        &twice,
    ];
    let errors = texts.map(|text| PriceList::parse("p.toml", text).unwrap_err().to_string());
    insta::assert_snapshot!(errors.join("\n"), @r#"
    p.toml:1:1: missing field `date`
    p.toml:1:8: `date`: `2026-02-30` is no date: write year, month and day in quotes, such as "2026-11-21"
    p.toml:1:8: `date`: `20261121` is no date: write year, month and day in quotes, such as "2026-11-21"
    p.toml:1:8: `date`: `2026-11-21` is no date: write year, month and day in quotes, such as "2026-11-21"
    p.toml:2:12: `currency`: unknown variant `EUR`, expected `USD`
    p.toml:3:1: unknown field `prices`, expected one of `date`, `currency`, `price`
    p.toml:5:1: `price`: unknown field `in`, expected one of `model`, `also`, `input`, `cached_input`, `cache_write`, `output`, `long`, `context`, `answer`, `source`
    p.toml:3:1: `price`: missing field `input`
    p.toml:5:9: `price.input`: `-1` is no price: write US dollars for a million tokens, from 0 to 1000000
    p.toml:5:9: `price.input`: `NaN` is no price: write US dollars for a million tokens, from 0 to 1000000
    p.toml:5:9: `price.input`: `inf` is no price: write US dollars for a million tokens, from 0 to 1000000
    p.toml:5:9: `price.input`: `10000000` is no price: write US dollars for a million tokens, from 0 to 1000000
    p.toml:5:9: `price.input`: invalid type: string "1", expected f64
    p.toml:6:16: `price.cached_input`: `-0.1` is no price: write US dollars for a million tokens, from 0 to 1000000
    p.toml:6:11: `price.context`: `0` is out of range: write 1 to 1,000,000,000 tokens
    p.toml:6:8: `price.long`: missing field `output`
    p.toml:6:8: `price.also`: `gpt-5` is no model's name: write `provider/name`, with a `*` at its end for all names that begin so
    p.toml:6:8: `price.also`: `acme/m`: there is no provider `acme`: `offswitch models` lists them
    p.toml:6:8: `price.also`: `xai/m`: `xai` is another name of `grok`: write that
    p.toml:6:8: `price.also`: `openai/` names no model: write one after the `/`
    p.toml:6:8: `price.also`: `openai/*-mini`: a `*` stands at the end and nowhere else
    p.toml:7:10: `price.source`: a blank is no source: write where the price is from
    p.toml:6:21: `openai/m` is listed twice: remove one of its prices
    "#);
}

fn any_terms() -> impl Strategy<Value = Terms> {
    let usd = || (0.0..100.0_f64).prop_map(|amount| Usd::try_from(amount).unwrap());
    let maybe = || prop::option::of(usd());
    let per_million = move || {
        (usd(), maybe(), maybe(), usd()).prop_map(|(input, cached_input, cache_write, output)| {
            PerMillion {
                input,
                cached_input,
                cache_write,
                output,
            }
        })
    };
    let long = (1..2_000_u64, per_million())
        .prop_map(|(above, per_million)| LongRequest { above, per_million });
    (per_million(), prop::option::of(long)).prop_map(|(per_million, long)| Terms {
        per_million,
        long,
        context: None,
        answer: None,
    })
}

fn any_tokens() -> impl Strategy<Value = Tokens> {
    (0..4_000_u64, 0..5_000_u64, 0..5_000_u64, 0..1_000_u64).prop_map(
        |(input, cached, written, output)| Tokens {
            input,
            cached,
            written,
            output,
        },
    )
}

proptest! {
    #[test]
    fn no_requests_cost_more_than_the_most_that_their_tokens_can_cost(
        terms in any_terms(),
        requests in prop::collection::vec(any_tokens(), 0..8),
    ) {
        let cost: f64 = requests.iter().map(|tokens| terms.cost_usd(*tokens)).sum();
        let input = requests.iter().map(|tokens| tokens.input).sum();
        let output = requests.iter().map(|tokens| tokens.output).sum();
        let longest = requests.iter().map(|tokens| tokens.input).max().unwrap_or(0);
        prop_assert!(cost >= 0.0);
        prop_assert!(cost <= terms.most_usd(input, output, longest) + 1e-9);
    }

    #[test]
    fn reading_any_text_never_panics(text in ".*") {
        let _ = PriceList::parse("p.toml", &text);
    }

    /// Lines of the right kind, in any order, reach deeper than noise.
    #[test]
    fn reading_any_lines_never_panics(lines in prop::collection::vec(
        prop::sample::select(vec![
            "date = \"2026-11-21\"", "currency = \"USD\"", "[[price]]", "model = \"openai/*\"",
            "model = \"é/*\"", "also = [\"openai/m\", \"openai/m\"]", "input = 1", "output = 1e308",
            "source = \"a\"", "long = { above = 3, input = 1, output = 2 }", "context = -1", "é = [",
        ]),
        0..12,
    )) {
        let _ = PriceList::parse("p.toml", &lines.join("\n"));
    }

    #[test]
    fn a_name_finds_an_entry_exactly_when_it_is_the_name_or_begins_like_it(
        names in prop::collection::btree_set("vllm/[ab]{0,3}\\*?", 1..6),
        asked in "vllm/[ab]{1,4}",
    ) {
        let names: Vec<_> = names.into_iter().filter(|name| name != "vllm/").collect();
        let entries: String = names.iter().map(|name| entry(name, 1.0)).collect();
        let found = list(&entries).price(&asked).map(|price| price.listed_as);
        let fits = |name: &&String| match name.strip_suffix('*') {
            Some(beginning) => asked.starts_with(beginning),
            None => **name == asked,
        };
        let best = names.iter().filter(fits).max_by_key(|name| (*name == &asked, name.len()));
        prop_assert_eq!(found.as_ref(), best);
    }
}
