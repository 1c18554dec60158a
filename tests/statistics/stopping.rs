//! How often intervals cover where trials stopped early by the declared rule: exactly, by the
//! probabilities of all courses that a cell can take.

use std::iter::zip;

use offswitch::stats::{Interval, Proportion, StopRule, jeffreys};
use statrs::distribution::{Binomial, Discrete};

/// What a cell comes to at one rate.
#[derive(Debug, Default)]
struct Course {
    covered: f64,
    /// How many trials it takes on average.
    trials: f64,
}

/// A rule for cells of at most so many trials, with all that can be seen at the end of each block.
struct Table {
    every: u32,
    /// The interval of each number of successes, and whether the cell ends with it.
    blocks: Vec<Vec<(Interval, bool)>>,
}

impl Table {
    fn of(rule: StopRule, most: u32) -> Self {
        let block = |number: u32| {
            let done = number * rule.every;
            let seen = (0..=done.into()).map(|k| {
                let seen = Proportion::of(k, done.into());
                let ends = done == most || rule.is_met(seen);
                (jeffreys(k, done.into()), ends)
            });
            seen.collect()
        };
        Self {
            every: rule.every,
            blocks: (1..=most / rule.every).map(block).collect(),
        }
    }

    fn course(&self, rate: f64) -> Course {
        let more = Binomial::new(rate, self.every.into()).unwrap();
        let more: Vec<f64> = (0..=self.every.into()).map(|k| more.pmf(k)).collect();
        // How probable each number of successes is, where the cell goes on.
        let mut going = vec![1.0];
        let mut course = Course::default();
        for (number, block) in zip(1.., &self.blocks) {
            let mut next = vec![0.0; block.len()];
            for (k, p) in going.iter().enumerate().filter(|(_, p)| **p > 0.0) {
                for (l, q) in more.iter().enumerate() {
                    next[k + l] += p * q;
                }
            }
            for (p, (Interval { low, high }, ends)) in zip(&mut next, block) {
                if *ends {
                    course.trials += *p * f64::from(number * self.every);
                    if *low <= rate && rate <= *high {
                        course.covered += *p;
                    }
                    *p = 0.0;
                }
            }
            going = next;
        }
        course
    }

    /// How often the interval covers on average over rates, and at the worst one.
    fn coverage(&self) -> (f64, f64) {
        let percents = (1..100).map(|percent| f64::from(percent) / 100.0);
        let rates = [0.0, 0.001, 0.003].into_iter().chain(percents);
        let covered: Vec<f64> = rates.map(|rate| self.course(rate).covered).collect();
        let count: f64 = covered.iter().map(|_| 1.0).sum();
        let least = covered.iter().copied().fold(1.0, f64::min);
        (covered.iter().sum::<f64>() / count, least)
    }
}

#[test]
fn an_interval_after_early_stopping_covers_nearly_as_often_as_one_of_a_fixed_number() {
    for (half_width, every, most) in [
        (0.05, 50, 400),
        (0.05, 10, 400),
        (0.1, 50, 400),
        (0.1, 20, 100),
        (0.1, 10, 100),
        (0.03, 50, 1000),
    ] {
        let (mean, least) = Table::of(StopRule { half_width, every }, most).coverage();
        assert!(
            (0.9475..=0.951).contains(&mean),
            "{mean} of {half_width}, {every}, {most}"
        );
        assert!(least >= 0.885, "{least} of {half_width}, {every}, {most}");
        let never = StopRule {
            half_width: 0.0,
            every,
        };
        let (fixed, least) = Table::of(never, most).coverage();
        assert!(
            (0.949..=0.951).contains(&fixed),
            "{fixed} of {every}, {most}"
        );
        assert!(least >= 0.904, "{least} of {every}, {most}");
    }
}

#[test]
fn the_rule_spares_trials_where_rates_are_near_an_end() {
    let rule = StopRule {
        half_width: 0.05,
        every: 50,
    };
    let table = Table::of(rule, 400);
    let trials = |rate| table.course(rate).trials.round();
    let seen = [0.0, 0.1, 0.5].map(trials);
    assert!(
        seen.iter()
            .zip([50.0, 159.0, 400.0])
            .all(|(ours, said)| (ours - said).abs() < 1.0),
        "{seen:?}"
    );
}
