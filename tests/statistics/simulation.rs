//! How often intervals and procedures are right whose outcomes are too many to list: by drawing
//! some, with a seed, so that nothing here can fail by chance.

use offswitch::stats::{Interval, IntervalMethod, Kappa, Proportion, clustered, holm, kappa};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const SEED: u64 = 5;

fn holds(interval: Interval, truth: f64) -> bool {
    interval.low <= truth && truth <= interval.high
}

/// In what share of draws something holds.
fn share_of(draws: u32, mut holds: impl FnMut(&mut ChaCha8Rng) -> bool) -> f64 {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let held = (0..draws).filter(|_| holds(&mut random)).count();
    f64::from(u32::try_from(held).unwrap()) / f64::from(draws)
}

/// How the rates of wordings are spread.
#[derive(Debug, Clone, Copy)]
enum Spread {
    /// All wordings have this rate.
    None(f64),
    /// A beta distribution with the parameters 1 and this: with 4, the rate is 20 % on average,
    /// and two trials of a wording have a correlation of 1/6.
    Beta(u32),
    /// One wording of so many has a rate of 60 %, the others never.
    One(u32),
}

impl Spread {
    fn mean(self) -> f64 {
        match self {
            Self::None(rate) => rate,
            Self::Beta(high) => 1.0 / f64::from(1 + high),
            Self::One(of) => 0.6 / f64::from(of),
        }
    }

    fn draw(self, random: &mut ChaCha8Rng) -> f64 {
        match self {
            Self::None(rate) => rate,
            // The smallest of so many even draws has this distribution.
            Self::Beta(high) => (0..high).map(|_| random.random()).fold(1.0, f64::min),
            Self::One(of) => {
                if random.random_ratio(1, of) {
                    0.6
                } else {
                    0.0
                }
            }
        }
    }
}

/// How often an interval from the trials of so many wordings, 50 each, covers the mean rate.
fn covered(spread: Spread, wordings: u32, interval: fn(&[Proportion]) -> Interval) -> f64 {
    share_of(1000, |random| {
        let seen = (0..wordings).map(|_| {
            let rate = spread.draw(random);
            let successes = (0..50).filter(|_| random.random_bool(rate)).count();
            Proportion::of(u64::try_from(successes).unwrap(), 50)
        });
        holds(interval(&seen.collect::<Vec<_>>()), spread.mean())
    })
}

fn over_wordings(seen: &[Proportion]) -> Interval {
    clustered(seen).unwrap().interval
}

/// The interval that takes all trials as independent.
fn of_all_trials(seen: &[Proportion]) -> Interval {
    let successes = seen.iter().map(|one| one.successes()).sum();
    let trials = seen.iter().map(|one| one.trials()).sum();
    IntervalMethod::Jeffreys.interval(Proportion::of(successes, trials))
}

#[test]
fn intervals_over_wordings_cover_where_those_of_all_trials_do_not() {
    for high in [1, 4, 9, 19] {
        for wordings in [2, 3, 5, 10] {
            let over = covered(Spread::Beta(high), wordings, over_wordings);
            assert!(over >= 0.94, "{over}: {high}, {wordings}");
            let simple = covered(Spread::Beta(high), wordings, of_all_trials);
            assert!(simple < 0.75, "{simple}: {high}, {wordings}");
        }
    }
}

#[test]
fn intervals_over_wordings_cover_where_wordings_do_not_matter() {
    for rate in [0.01, 0.1, 0.5] {
        for wordings in [2, 3, 5, 10] {
            let over = covered(Spread::None(rate), wordings, over_wordings);
            assert!(over >= 0.975, "{over}: {rate}, {wordings}");
        }
    }
}

/// What `docs/statistics.md` warns of: no interval can show what no wording in it showed.
#[test]
fn a_wording_that_was_not_tried_is_missed() {
    for (wordings, few, many) in [(5, 0.15, 0.30), (10, 0.30, 0.50)] {
        let over = covered(Spread::One(20), wordings, over_wordings);
        assert!((few..=many).contains(&over), "{over}: {wordings}");
    }
}

/// How often κ is covered, with two judges who agree in the share `truth` of the cases, beside
/// those in which they do by chance.
fn agreement(shares: [f64; 3], truth: f64, cases: u32, covers: impl Fn(Kappa, f64) -> bool) -> f64 {
    let category = |draw: f64| (draw >= shares[0], draw >= shares[0] + shares[1]);
    share_of(2000, |random| {
        let judged = (0..cases).map(|_| {
            let first = category(random.random());
            let second = category(random.random());
            if random.random_bool(truth) {
                (first, first)
            } else {
                (first, second)
            }
        });
        kappa(judged).is_none_or(|kappa| covers(kappa, truth))
    })
}

#[test]
fn intervals_of_agreement_cover_where_those_by_the_standard_error_do_not() {
    let by_interval = |kappa: Kappa, truth| holds(kappa.interval, truth);
    for shares in [[0.5, 0.5, 0.0], [0.8, 0.2, 0.0], [0.6, 0.3, 0.1]] {
        for truth in [0.0, 0.5, 0.9] {
            for cases in [20, 50, 200] {
                let covered = agreement(shares, truth, cases, by_interval);
                assert!(covered >= 0.92, "{covered}: {shares:?}, {truth}, {cases}");
            }
        }
    }
    let by_error =
        |Kappa {
             kappa,
             standard_error,
             ..
         }: Kappa,
         truth: f64| { (kappa - truth).abs() <= 1.96 * standard_error };
    let covered = agreement([0.8, 0.2, 0.0], 0.9, 20, by_error);
    assert!(covered < 0.5, "{covered}");
}

/// Five comparisons without a difference, among three with one.
#[test]
fn a_family_finds_what_is_not_there_in_no_more_than_one_of_twenty() {
    let family = |random: &mut ChaCha8Rng| -> Vec<f64> {
        let scales = [1.0, 1.0, 1.0, 1.0, 1.0, 1e-4, 1e-4, 1e-4];
        scales.map(|scale| scale * random.random::<f64>()).to_vec()
    };
    let wrong = |p_values: &[f64]| p_values[..5].iter().any(|p| *p <= 0.05);
    let raw = share_of(20_000, |random| wrong(&family(random)));
    let adjusted = share_of(20_000, |random| wrong(&holm(&family(random))));
    assert!(raw > 0.2, "{raw}");
    assert!((0.045..=0.0505).contains(&adjusted), "{adjusted}");
}
