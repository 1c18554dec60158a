//! When a run has to stop so as not to cost more than it may.

use std::collections::{BTreeSet, HashMap};

use super::{PlannedModel, RunManifest, Standings};
use crate::trial::Order;

/// What a run has cost, and what it may cost.
///
/// A trial that is running is always let to its end, since what was paid for it would be lost.
/// So a trial is only started where what all running ones are expected to cost still fits: the
/// mean of the model's trials that cost anything. Until one has, nothing is known, and a model
/// runs one trial at a time: one whose answers were all in the cache, or whose machine failed,
/// says nothing of the next. A model that costs nothing never waits for that.
#[derive(Debug)]
pub(super) struct Budget {
    /// In US dollars; none where there is no bound.
    most: Option<f64>,
    /// The models that cost something.
    paid: BTreeSet<String>,
    spent: f64,
    models: HashMap<String, Costs>,
    running: HashMap<String, Running>,
}

/// What the trials of a model cost that cost anything.
#[derive(Debug, Clone, Copy, Default)]
struct Costs {
    trials: usize,
    usd: f64,
}

#[derive(Debug)]
struct Running {
    model: String,
    spent: f64,
}

/// Whether a trial may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum May {
    Start,
    /// Not before a running trial has ended.
    Wait,
    /// Never: it would cost too much.
    Never,
}

impl Budget {
    /// A budget in US dollars for these models, of which the recorded trials have used a part.
    pub(super) fn new(most: Option<f64>, paid: BTreeSet<String>, standings: &Standings) -> Self {
        let costs = standings.models().map(|(name, standing)| {
            let costs = Costs {
                trials: standing.paid,
                usd: standing.cost_usd,
            };
            (name.to_owned(), costs)
        });
        Self {
            most,
            paid,
            spent: standings.total().cost_usd,
            models: costs.collect(),
            running: HashMap::new(),
        }
    }

    /// Counts what was paid for in earlier sessions and is in no record.
    pub(super) fn and_unrecorded(mut self, usd: f64) -> Self {
        self.spent += usd;
        self
    }

    /// What the run has cost, the answers of running trials among it, in US dollars.
    pub(super) fn spent(&self) -> f64 {
        self.spent
    }

    /// The budget in US dollars, where there is one.
    pub(super) fn most(&self) -> Option<f64> {
        self.most
    }

    pub(super) fn may(&self, order: &Order) -> May {
        let Some(most) = self.most else {
            return May::Start;
        };
        let expected = self.expected(&order.model);
        let is_first = expected.is_none() && self.paid.contains(&order.model);
        let outstanding: f64 = self.running.values().map(|one| self.outstanding(one)).sum();
        let fits = self.spent + outstanding + expected.unwrap_or_default() <= most;
        let waits_for_the_first = is_first && self.runs(&order.model);
        match (fits && self.spent < most, waits_for_the_first) {
            (true, false) => May::Start,
            (true, true) => May::Wait,
            // What runs may turn out to cost less than expected.
            (false, _) if !self.running.is_empty() => May::Wait,
            (false, _) => May::Never,
        }
    }

    pub(super) fn started(&mut self, order: &Order) {
        let running = Running {
            model: order.model.clone(),
            spent: 0.0,
        };
        self.running.insert(order.trial.clone(), running);
    }

    pub(super) fn answered(&mut self, order: &Order, cost_usd: Option<f64>) {
        let cost = cost_usd.unwrap_or_default();
        self.spent += cost;
        if let Some(running) = self.running.get_mut(&order.trial) {
            running.spent += cost;
        }
    }

    /// Whether an answer of this cost keeps the budget from being held, since nobody knows it.
    pub(super) fn is_broken_by(&self, order: &Order, cost_usd: Option<f64>) -> bool {
        self.most.is_some() && cost_usd.is_none() && self.paid.contains(&order.model)
    }

    /// The trial has ended; what it cost says what the next ones are expected to.
    pub(super) fn ended(&mut self, trial: &str) {
        let ended = self.running.remove(trial);
        if let Some(ended) = ended.filter(|ended| ended.spent > 0.0) {
            let costs = self.models.entry(ended.model).or_default();
            costs.trials += 1;
            costs.usd += ended.spent;
        }
    }

    /// What a trial of the model costs on average, if one that cost anything has ended.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a mean of less than 2^52 trials"
    )]
    fn expected(&self, model: &str) -> Option<f64> {
        let costs = self.models.get(model).filter(|costs| costs.trials > 0)?;
        Some(costs.usd / costs.trials as f64)
    }

    fn outstanding(&self, running: &Running) -> f64 {
        let expected = self.expected(&running.model).unwrap_or_default();
        (expected - running.spent).max(0.0)
    }

    fn runs(&self, model: &str) -> bool {
        self.running.values().any(|running| running.model == model)
    }
}

/// The models of a run that cost something, or may.
pub(super) fn paid(manifest: &RunManifest) -> BTreeSet<String> {
    let session = manifest.sessions.last();
    let is_free = |model: &str| {
        let price = session.and_then(|session| session.prices.get(model));
        price.is_some_and(|price| price.terms.are_free())
    };
    let costs = |model: &PlannedModel| model.asking.is_some() && !is_free(&model.name);
    let judge = session.and_then(|session| session.judge_model.as_ref());
    // Every trial costs what is said of it.
    let judge_costs = judge.is_some_and(costs);
    let models = manifest.plan.design.models.iter();
    let asked = models.filter(|model| judge_costs || costs(model));
    asked.map(|model| model.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::fixtures;

    fn orders() -> Vec<Order> {
        fixtures::manifest().plan.orders
    }

    fn paid() -> BTreeSet<String> {
        [orders()[0].model.clone()].into()
    }

    fn budget(most: f64) -> Budget {
        Budget::new(
            Some(most),
            paid(),
            &Standings::of(&fixtures::manifest().plan),
        )
    }

    fn finish(budget: &mut Budget, order: &Order, cost: f64) {
        budget.answered(order, Some(cost));
        budget.ended(&order.trial);
    }

    #[test]
    fn without_a_budget_everything_may_start() {
        let orders = orders();
        let mut budget = Budget::new(None, paid(), &Standings::default());
        budget.started(&orders[0]);
        budget.answered(&orders[0], Some(1e9));
        assert_eq!(budget.may(&orders[1]), May::Start);
        assert!((budget.spent() - 1e9).abs() < 1.0);
    }

    #[test]
    fn until_a_trial_has_ended_a_model_runs_one_at_a_time() {
        let orders = orders();
        let mut budget = budget(10.0);
        budget.started(&orders[0]);
        assert_eq!(budget.may(&orders[1]), May::Wait);
        finish(&mut budget, &orders[0], 1.0);
        assert_eq!(budget.may(&orders[1]), May::Start);
    }

    #[test]
    fn a_trial_that_cost_nothing_says_nothing_of_the_next() {
        let orders = orders();
        let mut standings = Standings::of(&fixtures::manifest().plan);
        let mut failed = fixtures::outline(&orders[0].trial);
        failed.usage.cost_usd = Some(0.0);
        standings.count(&failed);
        let mut budget = Budget::new(Some(10.0), paid(), &standings);
        budget.started(&orders[1]);
        assert_eq!(budget.may(&orders[2]), May::Wait);
        // All of its answers were in the cache.
        finish(&mut budget, &orders[1], 0.0);
        budget.started(&orders[2]);
        assert_eq!(budget.may(&orders[3]), May::Wait);
    }

    #[test]
    fn a_model_that_costs_nothing_waits_for_no_first_trial_and_needs_no_count() {
        let orders = orders();
        let mut budget = Budget::new(Some(1.0), BTreeSet::new(), &Standings::default());
        budget.started(&orders[0]);
        assert_eq!(budget.may(&orders[1]), May::Start);
        assert!(!budget.is_broken_by(&orders[0], None));
    }

    #[test]
    fn an_answer_whose_cost_is_not_known_breaks_a_budget() {
        let orders = orders();
        assert!(budget(1.0).is_broken_by(&orders[0], None));
        assert!(!budget(1.0).is_broken_by(&orders[0], Some(0.0)));
        let unbounded = Budget::new(None, paid(), &Standings::default());
        assert!(!unbounded.is_broken_by(&orders[0], None));
    }

    #[test]
    fn as_many_start_as_are_expected_to_fit_and_the_last_dollar_is_not_passed() {
        let orders = orders();
        let mut budget = budget(4.5);
        budget.started(&orders[0]);
        finish(&mut budget, &orders[0], 1.0);
        for order in &orders[1..4] {
            assert_eq!(budget.may(order), May::Start);
            budget.started(order);
        }
        assert_eq!(budget.may(&orders[4]), May::Wait);
        for order in &orders[1..4] {
            finish(&mut budget, order, 1.0);
        }
        assert_eq!(budget.may(&orders[4]), May::Never);
    }

    #[test]
    fn what_costs_less_than_expected_makes_room_for_more() {
        let orders = orders();
        let mut budget = budget(2.5);
        budget.started(&orders[0]);
        finish(&mut budget, &orders[0], 1.0);
        budget.started(&orders[1]);
        assert_eq!(budget.may(&orders[2]), May::Wait);
        finish(&mut budget, &orders[1], 0.2);
        assert_eq!(budget.may(&orders[2]), May::Start);
    }

    #[test]
    fn recorded_trials_count_and_a_cancelled_one_has_cost_what_it_has() {
        let orders = orders();
        let mut standings = Standings::of(&fixtures::manifest().plan);
        let mut record = fixtures::outline(&orders[0].trial);
        record.usage.cost_usd = Some(1.0);
        standings.count(&record);
        let mut budget = Budget::new(Some(2.5), paid(), &standings);
        budget.started(&orders[1]);
        budget.answered(&orders[1], Some(0.75));
        budget.ended(&orders[1].trial);
        assert!((budget.spent() - 1.75).abs() < 1e-9);
        assert_eq!(budget.may(&orders[2]), May::Never);
    }

    #[test]
    fn a_budget_of_which_nothing_is_left_starts_nothing() {
        let orders = orders();
        let mut budget = budget(1.0);
        budget.started(&orders[0]);
        finish(&mut budget, &orders[0], 1.5);
        assert_eq!(budget.may(&orders[1]), May::Never);
    }
}
