//! How many trials take what one wants to know.

use serde_json::{Value, json};

use super::exit::ExitCode;
use super::failure::Failure;
use super::numbers::points;
use crate::stats;

/// What a plan is to find out, in percentage points.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "How many trials")]
pub(super) struct Precision {
    /// Say how many trials make the interval of a rate so many percentage points wide to either
    /// side
    #[arg(long, value_name = "POINTS", allow_negative_numbers = true, value_parser = |text: &str| points(text, 0.1, 50.0))]
    half_width: Option<f64>,
    /// Say how many trials in each of two cells find a difference of so many percentage points, 80
    /// times in 100
    #[arg(long, value_name = "POINTS", allow_negative_numbers = true, value_parser = |text: &str| points(text, 0.1, 100.0))]
    detect: Option<f64>,
    /// The rate in percent that --half-width and --detect expect [default: about 50, which takes
    /// the most trials]
    #[arg(long, value_name = "PERCENT", allow_negative_numbers = true, value_parser = |text: &str| points(text, 0.0, 100.0))]
    rate: Option<f64>,
}

/// With what probability a difference is to be found.
const POWER: f64 = 0.8;

/// What was asked for, with what it takes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Needs {
    half_width: Option<HalfWidth>,
    detect: Option<Detect>,
    /// The trials of each cell of the plan.
    planned: u32,
}

/// An interval, in shares.
#[derive(Debug, Clone, Copy, PartialEq)]
struct HalfWidth {
    wanted: f64,
    rate: f64,
    trials: u64,
    /// What it is on average with the trials of the plan.
    planned: f64,
}

/// A difference, in shares.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Detect {
    rates: [f64; 2],
    trials: u64,
}

impl Precision {
    /// What it takes, beside what each cell of the plan has.
    ///
    /// # Errors
    /// A difference that no two rates have; an expected rate of which nothing is asked.
    pub(super) fn needs(&self, planned: u32) -> Result<Needs, Failure> {
        if self.rate.is_some() && self.half_width.is_none() && self.detect.is_none() {
            let message = "`--rate` is the rate that `--half-width` or `--detect` expects";
            let failure = Failure::new(ExitCode::Usage, message);
            return Err(failure.with_hint("give one of them, or leave `--rate` out"));
        }
        let half_width = self.half_width.and_then(|points| {
            let (half_width, rate) = (points / 100.0, self.rate.unwrap_or(50.0) / 100.0);
            Some(HalfWidth {
                wanted: half_width,
                rate,
                trials: stats::trials_for_half_width(rate, half_width)?,
                planned: stats::expected_half_width(rate, planned.into())?,
            })
        });
        let detect = self.detect.map(|points| detect(points, self.rate));
        Ok(Needs {
            half_width,
            detect: detect.transpose()?,
            planned,
        })
    }
}

/// The trials for a difference of so many points from a rate, upwards or downwards, whichever
/// takes more.
fn detect(points: f64, rate: Option<f64>) -> Result<Detect, Failure> {
    let pairs = match rate {
        Some(rate) => vec![[rate, rate + points], [rate, rate - points]],
        None => vec![[50.0 - points / 2.0, 50.0 + points / 2.0]],
    };
    let needs = pairs.into_iter().filter_map(|pair| {
        let rates = pair.map(|percent| percent / 100.0);
        let trials = stats::trials_to_detect(rates[0], rates[1], POWER)?;
        Some(Detect { rates, trials })
    });
    needs.max_by_key(|need| need.trials).ok_or_else(|| {
        let (points, rate) = (short(points), short(rate.unwrap_or_default()));
        let message = format!("no rate is {points} percentage points from {rate} %");
        let failure = Failure::new(ExitCode::Usage, message);
        failure.with_hint("give a smaller `--detect`, or another `--rate`")
    })
}

impl Needs {
    /// What is said of it; nothing where nothing was asked.
    pub(super) fn text(&self) -> Option<String> {
        let planned = self.planned;
        let half_width = self.half_width.map(|need| {
            format!(
                "An interval of {} percentage points to either side takes {} trials in a cell, at \
                 a rate of {} %. With the {planned} of this plan it is {:.1} points on average.",
                percent(need.wanted),
                need.trials,
                percent(need.rate),
                100.0 * need.planned,
            )
        });
        let detect = self.detect.map(|need| {
            format!(
                "A difference between {} and {} % takes {} trials in each of two cells, to be \
                 found 80 times in 100 by Boschloo's test at 5 %. This plan has {planned}.",
                percent(need.rates[0]),
                percent(need.rates[1]),
                need.trials,
            )
        });
        let said: Vec<_> = half_width.into_iter().chain(detect).collect();
        let said = (!said.is_empty()).then(|| said.join(" "))?;
        Some(format!(
            "{said} Reckoned for independent trials of one wording; invalid trials do not count \
             (docs/statistics.md)."
        ))
    }

    /// The same for programs: shares from 0 to 1.
    pub(super) fn json(&self) -> (Value, Value) {
        let half_width = self.half_width.map(|need| {
            json!({
                "half_width": need.wanted,
                "rate": need.rate,
                "trials": need.trials,
                "planned": need.planned,
            })
        });
        let detect = self
            .detect
            .map(|need| json!({ "rates": need.rates, "power": POWER, "trials": need.trials }));
        (json!(half_width), json!(detect))
    }
}

/// A share as a number of percent, to two digits behind the point.
fn percent(share: f64) -> String {
    short(100.0 * share)
}

fn short(percent: f64) -> String {
    ((percent * 100.0).round() / 100.0).to_string()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        precision: Precision,
    }

    fn text(arguments: &[&str]) -> Result<String, String> {
        let arguments = [&["plan"], arguments].concat();
        let command = Command::try_parse_from(arguments).map_err(|error| error.to_string())?;
        let needs = command.precision.needs(10);
        let needs = needs.map_err(|failure| failure.to_string())?;
        Ok(needs.text().unwrap_or_default())
    }

    #[test]
    fn nothing_is_said_where_nothing_was_asked() {
        assert_eq!(text(&[]).unwrap(), "");
    }

    #[test]
    fn the_rate_that_takes_the_most_is_expected_where_none_is_given() {
        insta::assert_snapshot!(text(&["--half-width=5"]).unwrap(), @"An interval of 5 percentage points to either side takes 381 trials in a cell, at a rate of 50 %. With the 10 of this plan it is 26.4 points on average. Reckoned for independent trials of one wording; invalid trials do not count (docs/statistics.md).");
        insta::assert_snapshot!(text(&["--detect=10"]).unwrap(), @"A difference between 45 and 55 % takes 392 trials in each of two cells, to be found 80 times in 100 by Boschloo's test at 5 %. This plan has 10. Reckoned for independent trials of one wording; invalid trials do not count (docs/statistics.md).");
    }

    #[test]
    fn a_difference_is_reckoned_in_the_direction_that_takes_more() {
        insta::assert_snapshot!(text(&["--half-width=2.5", "--detect=10", "--rate=12"]).unwrap(), @"An interval of 2.5 percentage points to either side takes 647 trials in a cell, at a rate of 12 %. With the 10 of this plan it is 18.2 points on average. A difference between 12 and 22 % takes 221 trials in each of two cells, to be found 80 times in 100 by Boschloo's test at 5 %. This plan has 10. Reckoned for independent trials of one wording; invalid trials do not count (docs/statistics.md).");
        insta::assert_snapshot!(text(&["--detect=15", "--rate=95"]).unwrap(), @"A difference between 95 and 80 % takes 76 trials in each of two cells, to be found 80 times in 100 by Boschloo's test at 5 %. This plan has 10. Reckoned for independent trials of one wording; invalid trials do not count (docs/statistics.md).");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        insta::assert_snapshot!(text(&["--detect=60", "--rate=50"]).unwrap_err(), @"
        error: no rate is 60 percentage points from 50 %
        hint: give a smaller `--detect`, or another `--rate`
        ");
        insta::assert_snapshot!(text(&["--rate=50"]).unwrap_err(), @"
        error: `--rate` is the rate that `--half-width` or `--detect` expects
        hint: give one of them, or leave `--rate` out
        ");
        for bad in [
            "--half-width=0",
            "--half-width=51",
            "--detect=-1",
            "--rate=101",
            "--rate=NaN",
        ] {
            let refused = text(&[bad]).unwrap_err();
            assert!(refused.contains("give a number from"), "{refused}");
        }
    }
}
