//! What a plan declares beside its trials, so that it cannot be chosen when they are known.

use super::exit::ExitCode;
use super::failure::Failure;
use super::numbers::{number, points};
use crate::report::text::visible;
use crate::run::Design;
use crate::stats::{self, Declared, StopRule};
use crate::task::Task;

/// What is declared before the first trial.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Declared before the first trial")]
pub(super) struct Declarations {
    /// What the run is to compare: `models`, `conditions`, `placement`, or two conditions as
    /// `A:E`; several as a list. Reports adjust for all of it together, and mark everything else
    /// as exploratory
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    compare: Vec<String>,
    /// Stop a model in a condition and wording as soon as the interval of its rate is so many
    /// percentage points wide to either side. Nothing else stops trials early
    #[arg(long, value_name = "POINTS", allow_negative_numbers = true, value_parser = |text: &str| points(text, 0.1, 49.0))]
    stop_at_half_width: Option<f64>,
    /// Look after every so many trials whether that is so [default: 50]
    #[arg(long, value_name = "N", requires = "stop_at_half_width", allow_negative_numbers = true, value_parser = |text: &str| number(text, 10_u32..=100_000))]
    stop_every: Option<u32>,
}

/// How many trials a block has where nothing is said: few enough to save trials, and so many that
/// the interval covers as it should (`docs/statistics.md`).
const BLOCK: u32 = 50;

impl Declarations {
    /// Puts what is declared into a design.
    ///
    /// # Errors
    /// A text that is no comparison, or one that compares nothing of the design.
    pub(super) fn declare(&self, design: &mut Design, task: &Task) -> Result<(), Failure> {
        let mut declared = Vec::new();
        for text in &self.compare {
            let meant = if text == "placement" {
                placements(task, design)
            } else {
                let one: Declared = text.parse().map_err(|error| {
                    let failure = Failure::new(ExitCode::Usage, format!("{error}"));
                    failure.with_hint("`placement` stands for all that differ in nothing else")
                })?;
                vec![one]
            };
            if stats::declared::pairs(&meant, &design.places()).is_empty() {
                return Err(compares_nothing(text));
            }
            declared.extend(meant);
        }
        declared.sort();
        declared.dedup();
        design.comparisons = declared;
        design.stop = self.stop_at_half_width.map(|points| StopRule {
            half_width: points / 100.0,
            every: self.stop_every.unwrap_or(BLOCK),
        });
        Ok(())
    }
}

fn compares_nothing(text: &str) -> Failure {
    let message = format!(
        "`--compare {}` compares nothing of this plan",
        visible(text)
    );
    let hint = "it needs two models, or the two conditions, among those that are run";
    Failure::new(ExitCode::Usage, message).with_hint(hint)
}

/// The conditions of a design that say the same in different places, two by two.
fn placements(task: &Task, design: &Design) -> Vec<Declared> {
    let conditions = task.conditions.iter();
    let run: Vec<_> = conditions
        .filter(|condition| design.conditions.contains(&condition.id))
        .collect();
    let mut pairs = Vec::new();
    for (at, first) in run.iter().enumerate() {
        for second in &run[at + 1..] {
            let both = first
                .manipulation
                .as_ref()
                .zip(second.manipulation.as_ref());
            let differ = both.is_some_and(|(one, other)| {
                one.name == other.name && one.placement != other.placement
            });
            if differ && first.self_report == second.self_report {
                pairs.push(Declared::Pair(first.id.clone(), second.id.clone()));
            }
        }
    }
    pairs
}
