//! Clusters: a rate over several wordings.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::interval::TAIL;
use super::proportion::real;
use super::{Interval, IntervalMethod, Proportion};

/// A rate over several clusters, with an interval for others like them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusteredRate {
    /// All successes of all trials, from 0 to 1.
    pub share: f64,
    /// The 95 % interval, its bounds from 0 to 1.
    pub interval: Interval,
    /// The clusters with trials; 2 or more.
    pub clusters: u64,
    /// How many times the variance of a simple sample of as many trials the share has. At least 1;
    /// where the clusters are alike by chance, or nothing or everything succeeded, it is 1.
    pub design_effect: f64,
    /// As how many independent trials these count: at most as many as they are.
    pub effective_trials: f64,
}

/// The rate over several clusters (the wordings of a condition), as a draw of possible ones.
///
/// Trials of one wording resemble one another, so a thousand trials with three wordings say little
/// about a fourth. The variance of the share is taken from how the clusters differ, and from it
/// the number of independent trials that would have the same; the interval is the Clopper–Pearson
/// one of so many, shortened further since the variance itself is known from few clusters.
///
/// It assumes that the clusters were drawn independently of one another from those that are meant,
/// and that they have about the same number of trials. None where fewer than two have a trial:
/// nothing can be seen in one of how others differ from it. Of two or three the interval is very
/// wide, as it has to be. Where all clusters agree by chance, or nothing succeeded at all, the
/// difference between clusters cannot be seen, and the interval is too short if there is one; how
/// often, is in `docs/statistics.md`.
///
/// Source: Korn and Graubard, "Confidence Intervals for Proportions with Small Expected Number of
/// Positive Counts Estimated from Survey Data", Survey Methodology 24 (1998), with clusters − 1
/// degrees of freedom and an effective sample of no more than all trials. The variance: Cochran,
/// "Sampling Techniques", third edition (1977), equation (9A.2) without its finite population.
#[must_use]
pub fn clustered(clusters: &[Proportion]) -> Option<ClusteredRate> {
    let tried = || clusters.iter().filter(|cluster| cluster.trials() > 0);
    let count = tried().map(|_| 1).sum::<u64>();
    let all = Proportion::of(
        tried().map(|cluster| cluster.successes()).sum(),
        tried().map(|cluster| cluster.trials()).sum(),
    );
    let share = all.share().filter(|_| count > 1)?;
    let trials = real(all.trials());
    let squares =
        tried().map(|cluster| (real(cluster.successes()) - share * real(cluster.trials())).powi(2));
    let variance = real(count) / real(count - 1) * squares.sum::<f64>() / trials.powi(2);
    let simple = share * (1.0 - share) / trials;
    let design_effect = if simple > 0.0 {
        (variance / simple).max(1.0)
    } else {
        1.0
    };
    let effective_trials = trials / design_effect * shortening(all.trials(), count);
    let interval = IntervalMethod::ClopperPearson
        .of_counts(share * effective_trials, (1.0 - share) * effective_trials);
    Some(ClusteredRate {
        share,
        interval,
        clusters: count,
        design_effect,
        effective_trials,
    })
}

/// By how much the effective sample is smaller, since the variance is known from so few clusters.
fn shortening(trials: u64, clusters: u64) -> f64 {
    (t_quantile(trials - 1) / t_quantile(clusters - 1)).powi(2)
}

/// The quantile .975 of Student's distribution with 1 or more degrees of freedom.
fn t_quantile(freedom: u64) -> f64 {
    StudentsT::new(0.0, 1.0, real(freedom)).map_or(f64::NAN, |t| t.inverse_cdf(1.0 - TAIL))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn clusters(counts: &[(u64, u64)]) -> Vec<Proportion> {
        let each = counts.iter();
        each.map(|(successes, trials)| Proportion::of(*successes, *trials))
            .collect()
    }

    #[test]
    fn one_cluster_says_nothing_of_others() {
        assert_eq!(clustered(&[]), None);
        assert_eq!(clustered(&clusters(&[(3, 10)])), None);
        assert_eq!(clustered(&clusters(&[(3, 10), (0, 0)])), None);
    }

    #[test]
    fn clusters_of_nothing_and_everything_count_as_about_one_trial_each() {
        let rate = clustered(&clusters(&[(100, 100), (0, 100), (100, 100), (0, 100)])).unwrap();
        assert_eq!((rate.share, rate.clusters), (0.5, 4));
        assert!((rate.design_effect - 400.0 / 3.0).abs() < 1e-9);
        assert!(rate.effective_trials < 4.0);
        assert!(rate.interval.low < 0.05 && rate.interval.high > 0.95);
    }

    #[test]
    fn clusters_that_agree_count_as_a_simple_sample_known_from_few() {
        let rate = clustered(&clusters(&[(5, 50); 3])).unwrap();
        let Interval { low, high } = rate.interval;
        assert_eq!((rate.share, rate.design_effect), (0.1, 1.0));
        assert_eq!(format!("{:.3}", rate.effective_trials), "31.637");
        assert_eq!(format!("{low:.4}, {high:.4}"), "0.0224, 0.2595");
    }

    #[test]
    fn where_nothing_succeeded_the_interval_is_longer_than_without_clusters() {
        let rate = clustered(&clusters(&[(0, 100); 3])).unwrap();
        let Interval { low, high } = rate.interval;
        let simple = IntervalMethod::ClopperPearson.interval(Proportion::of(0, 300));
        assert!(
            low == 0.0 && high > 4.0 * simple.high && high < 0.06,
            "{high}"
        );
    }

    /// A share with so few effective successes that the quantile is no longer a number to compute
    /// with in the usual way.
    #[test]
    fn two_clusters_of_which_one_shows_nothing_leave_nearly_everything_open() {
        let rate = clustered(&clusters(&[(1, 100_000), (0, 100_000)])).unwrap();
        let Interval { low, high } = rate.interval;
        assert!((0.0..1e-9).contains(&low) && high < 1.0, "{rate:?}");
    }

    fn some() -> impl Strategy<Value = Vec<Proportion>> {
        let one = (1..300_u64)
            .prop_flat_map(|trials| (0..=trials, Just(trials)))
            .prop_map(|(successes, trials)| Proportion::of(successes, trials));
        vec(one, 2..12)
    }

    proptest! {
        #[test]
        fn an_interval_holds_its_share_and_mirrors(clusters in some()) {
            let ours = clustered(&clusters).unwrap();
            let Interval { low, high } = ours.interval;
            prop_assert!(0.0 <= low && low <= ours.share && ours.share <= high && high <= 1.0);
            let turned: Vec<_> = clusters.iter().map(|one| one.mirrored()).collect();
            let turned = clustered(&turned).unwrap();
            prop_assert!((turned.interval.low - (1.0 - high)).abs() < 1e-9);
            prop_assert!((turned.design_effect / ours.design_effect - 1.0).abs() < 1e-9);
        }

        #[test]
        fn it_is_never_shorter_than_without_clusters(clusters in some()) {
            let ours = clustered(&clusters).unwrap();
            let all = Proportion::of(
                clusters.iter().map(|one| one.successes()).sum(),
                clusters.iter().map(|one| one.trials()).sum(),
            );
            prop_assert!(ours.effective_trials <= crate::stats::proportion::real(all.trials()) + 1e-9);
            let simple = IntervalMethod::ClopperPearson.interval(all);
            prop_assert!(ours.interval.low <= simple.low + 1e-9);
            prop_assert!(simple.high <= ours.interval.high + 1e-9);
        }
    }
}
