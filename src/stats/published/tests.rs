use proptest::prelude::*;

use super::*;

fn counts(successes: u64, trials: u64) -> Published {
    Published::counts(Proportion::of(successes, trials)).unwrap()
}

fn printed(percent: f64, interval: Option<[f64; 2]>, behind_point: u8) -> Printed {
    Printed {
        percent,
        interval,
        digits: Digits {
            behind_point,
            bounds: Bounds::Nearest,
        },
        counted: Counted::Among(961..=1000),
    }
}

fn agreement(published: Published, successes: u64, trials: u64) -> Agreement {
    let measured = Proportion::of(successes, trials);
    published.compare(measured).unwrap().agreement
}

#[test]
fn each_answer_is_given_where_its_rule_holds() {
    let published = counts(945, 1000);
    assert_eq!(agreement(published, 188, 200), Agreement::Consistent);
    assert_eq!(agreement(published, 160, 200), Agreement::Different);
    assert_eq!(agreement(published, 19, 20), Agreement::TooFewTrials);
    assert_eq!(agreement(published, 10, 20), Agreement::Different);
}

#[test]
fn a_small_difference_that_chance_does_not_explain_is_one() {
    let comparison = counts(0, 1000).compare(Proportion::of(20, 1000)).unwrap();
    assert!(comparison.difference.interval.high < MARGIN);
    assert_eq!(comparison.agreement, Agreement::Different);
}

#[test]
fn nothing_is_said_of_what_was_not_tried() {
    assert_eq!(Published::counts(Proportion::of(0, 0)), None);
    assert_eq!(counts(1, 2).compare(Proportion::of(0, 0)), None);
    assert!(counts(1, 2).chance_to_agree(0).abs() < 1e-12);
}

#[test]
fn the_counts_behind_a_printed_rate_are_found() {
    let found = |percent, interval| printed(percent, interval, 1).published();
    let gemini = found(4.5, Some([3.3, 5.9])).unwrap();
    assert_eq!(gemini.exact(), Some(Proportion::of(45, 1000)));
    // Not all ran to their end: no rate of 1,000 trials is printed with these bounds.
    let o4_mini = found(58.3, Some([55.2, 61.4])).unwrap();
    assert_eq!(o4_mini.exact(), Some(Proportion::of(578, 991)));
    assert_eq!(found(4.5, Some([3.5, 5.9])), None);
}

#[test]
fn a_rate_without_digits_stands_for_all_that_round_to_it() {
    let published = printed(7.0, None, 0).published().unwrap();
    assert_eq!(published.exact(), None);
    assert_eq!(published.trials(), 1000);
    // From 65 to 75 of 1,000.
    let Interval { low, high } = published.interval();
    assert!(low < 0.0515 && high > 0.0925, "{low} {high}");
    let wide = published.compare(Proportion::of(70, 1000)).unwrap();
    let narrow = counts(70, 1000).compare(Proportion::of(70, 1000)).unwrap();
    assert!(wide.difference.interval.low < narrow.difference.interval.low - 0.004);
    assert!(wide.difference.interval.high > narrow.difference.interval.high + 0.004);
}

#[test]
fn bounds_that_are_one_off_are_found_only_where_that_is_said() {
    let mut rate = printed(0.0, Some([0.0, 0.2]), 1);
    assert_eq!(rate.published(), None);
    rate.digits.bounds = Bounds::OffByOne;
    let found = rate.published().unwrap();
    assert_eq!(found.exact(), Some(Proportion::of(0, 1000)));
}

#[test]
fn counts_that_do_not_print_so_are_refused() {
    let mut rate = printed(2.4, Some([1.6, 3.5]), 1);
    rate.counted = Counted::As(Proportion::of(24, 1000));
    assert_eq!(rate.published(), Some(counts(24, 1000)));
    rate.counted = Counted::As(Proportion::of(42, 1000));
    assert_eq!(rate.published(), None);
}

#[test]
fn so_many_trials_are_called_consistent_in_four_of_five_times() {
    let needed = |successes, trials| counts(successes, trials).trials_to_agree();
    let each = [
        (0, 1000),
        (45, 1000),
        (518, 1000),
        (945, 1000),
        (0, 100),
        (79, 100),
    ];
    let trials = each.map(|(successes, trials)| needed(successes, trials).unwrap());
    assert_eq!(trials, [35, 77, 307, 89, 35, 1738]);
    assert_eq!(needed(4, 10), None);
    let published = counts(518, 1000);
    let trials = published.trials_to_agree().unwrap();
    assert!(published.chance_to_agree(trials) >= POWER);
    assert!(published.chance_to_agree(trials * 9 / 10) < POWER);
}

fn proportions() -> impl Strategy<Value = Proportion> {
    (1..2000_u64)
        .prop_flat_map(|trials| (0..=trials, Just(trials)))
        .prop_map(|(successes, trials)| Proportion::of(successes, trials))
}

proptest! {
    #[test]
    fn what_is_counted_and_what_is_not_are_judged_alike(
        measured in proportions(),
        published in proportions(),
    ) {
        let published = Published::counts(published).unwrap();
        let ours = published.compare(measured).unwrap();
        let mirrored = published.mirrored().compare(measured.mirrored()).unwrap();
        prop_assert_eq!(ours.agreement, mirrored.agreement);
        let sum = ours.difference.difference + mirrored.difference.difference;
        prop_assert!(sum.abs() < 1e-12);
    }

    #[test]
    fn a_rate_is_never_different_from_itself(counted in proportions(), times in 1..50_u64) {
        let same = Proportion::of(counted.successes() * times, counted.trials() * times);
        let comparison = Published::counts(counted).unwrap().compare(same).unwrap();
        prop_assert!(comparison.agreement != Agreement::Different);
    }
}
