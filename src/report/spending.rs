//! What a run has used of the providers.

use super::grid::{Align, Grid};
use super::numbers::grouped;
use super::style::Style;
use super::text::visible;
use super::words::dollars;
use crate::run::{Spending, Spent};

/// A line for each model at a provider: its trials, tokens and cost. Nothing where there is none.
#[must_use]
pub fn spending(spending: &Spending, style: Style) -> String {
    let mut grid = Grid::new([
        ("used", Align::Left),
        ("trials", Align::Right),
        ("tokens sent", Align::Right),
        ("tokens received", Align::Right),
        ("cost", Align::Right),
    ]);
    let mut models = 0;
    for (model, spent) in spending.models() {
        models += 1;
        grid.row(row(visible(model).into_owned(), spent));
    }
    if models > 1 {
        grid.row(row("all".into(), &spending.total()));
    }
    if models == 0 {
        String::new()
    } else {
        grid.render(style)
    }
}

fn row(name: String, spent: &Spent) -> [String; 5] {
    [
        name,
        grouped(spent.trials as u64),
        grouped(spent.input_tokens),
        grouped(spent.output_tokens),
        spent.cost_usd.map_or_else(|| "not known".into(), dollars),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::fixtures;

    #[test]
    fn each_model_at_a_provider_has_its_trials_tokens_and_cost() {
        let mut used = Spending::default();
        assert_eq!(spending(&used, Style::PLAIN), "");
        for (model, cost_usd) in [
            ("openai/gpt-x", Some(0.003_05)),
            ("anthropic/x", Some(1234.5)),
            ("vllm/m\u{1b}[8m", None),
        ] {
            let mut record = fixtures::outline("a");
            record.scripted = false;
            record.model = model.into();
            record.usage.input_tokens = 12_345;
            record.usage.output_tokens = 67;
            record.usage.cost_usd = cost_usd;
            used.count(&record);
        }
        insta::assert_snapshot!(spending(&used, Style::PLAIN), @"
        used          trials  tokens sent  tokens received       cost
        anthropic/x        1       12,345               67   $1234.50
        openai/gpt-x       1       12,345               67    $0.0031
        vllm/m␛[8m         1       12,345               67  not known
        all                3       37,035              201  not known
        ");
    }
}
