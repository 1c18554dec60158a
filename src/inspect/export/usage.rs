//! What was used of a model, as Inspect counts it.

use serde_json::{Value, json};

use super::json::present;
use crate::evidence::Usage;

/// Tokens and cost of several trials.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Used {
    input: u64,
    cached: u64,
    output: u64,
    reasoning: u64,
    /// None once a cost was not known.
    cost_usd: Option<f64>,
}

impl Used {
    pub(super) fn of(usage: &Usage) -> Self {
        Self {
            input: usage.input_tokens,
            cached: usage.cached_tokens,
            output: usage.output_tokens,
            reasoning: usage.reasoning_tokens,
            cost_usd: usage.cost_usd,
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        let costs = self.cost_usd.zip(other.cost_usd);
        Self {
            input: self.input.saturating_add(other.input),
            cached: self.cached.saturating_add(other.cached),
            output: self.output.saturating_add(other.output),
            reasoning: self.reasoning.saturating_add(other.reasoning),
            cost_usd: costs.map(|(one, other)| one + other),
        }
    }

    /// By the model's name; empty where nobody counted, as with a script.
    ///
    /// Inspect's input tokens are those that were not cached.
    pub(super) fn by_model(&self, model: &str) -> Value {
        if self.input == 0 && self.output == 0 {
            return json!({});
        }
        let fresh = self.input.saturating_sub(self.cached);
        let usage = present(json!({
            "input_tokens": fresh,
            "output_tokens": self.output,
            "total_tokens": self.input.saturating_add(self.output),
            "input_tokens_cache_read": (self.cached > 0).then_some(self.cached),
            "reasoning_tokens": (self.reasoning > 0).then_some(self.reasoning),
            "total_cost": self.cost_usd,
        }));
        json!({ model: usage })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(input: u64, cached: u64, cost_usd: Option<f64>) -> Used {
        Used::of(&Usage {
            input_tokens: input,
            output_tokens: 7,
            reasoning_tokens: 3,
            cached_tokens: cached,
            cost_usd,
            ..Usage::default()
        })
    }

    #[test]
    fn cached_tokens_stand_beside_the_input_and_in_the_total() {
        let both = usage(100, 60, Some(0.5)).and(usage(10, 0, Some(0.25)));
        let expected = json!({ "m": {
            "input_tokens": 50,
            "output_tokens": 14,
            "total_tokens": 124,
            "input_tokens_cache_read": 60,
            "reasoning_tokens": 6,
            "total_cost": 0.75,
        } });
        assert_eq!(both.by_model("m"), expected);
    }

    #[test]
    fn a_sum_with_an_unknown_cost_has_none() {
        let both = usage(1, 0, Some(0.5)).and(usage(1, 0, None));
        assert_eq!(both.by_model("m")["m"].get("total_cost"), None);
    }

    #[test]
    fn what_nobody_counted_is_not_told() {
        assert_eq!(Used::default().by_model("m"), json!({}));
    }
}
