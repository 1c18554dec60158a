//! How far a run has come, on standard error.

use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use super::output;
use crate::report;
use crate::run::{Event, RunError, Sink};
use crate::verdict::Verdict;

/// How often the bar is drawn while no trial ends, so that its clock goes on.
const TICK: Duration = Duration::from_secs(1);

/// Lines in all where there is no terminal: enough to see that it goes on, few enough for the
/// log of a long run.
const LINES: usize = 10;

/// A bar on a terminal, plain lines elsewhere.
pub(super) fn sink() -> Box<dyn Sink> {
    if io::stderr().is_terminal() {
        Box::new(Bar {
            bar: ProgressBar::no_length().with_style(bar_style()),
            counts: Counts::default(),
        })
    } else {
        Box::new(Lines {
            counts: Counts::default(),
        })
    }
}

struct Bar {
    bar: ProgressBar,
    counts: Counts,
}

struct Lines {
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    planned: usize,
    done: usize,
    resisted: usize,
    invalid: usize,
    /// How often a model is asked again.
    retries: usize,
}

impl Sink for Bar {
    fn take(&mut self, event: &Event<'_>) -> Result<(), RunError> {
        self.counts.take(event);
        match event {
            Event::Started { .. } => {
                self.bar.set_length(self.counts.planned as u64);
                self.bar.enable_steady_tick(TICK);
            }
            Event::TrialStarted { .. } => {}
            Event::AttemptFailed { .. } => self.bar.set_message(self.counts.verdicts()),
            Event::TrialFinished { .. } => {
                self.bar.set_message(self.counts.verdicts());
                self.bar.inc(1);
            }
            Event::Interrupted { running } => self.bar.println(stopping(*running)),
            Event::Finished { .. } => self.bar.finish_and_clear(),
        }
        Ok(())
    }
}

impl Sink for Lines {
    fn take(&mut self, event: &Event<'_>) -> Result<(), RunError> {
        self.counts.take(event);
        match event {
            Event::TrialFinished { .. } if self.counts.is_milestone() => {
                let Counts { planned, done, .. } = self.counts;
                output::note(&format!(
                    "{done}/{planned} trials, {}",
                    self.counts.verdicts()
                ));
            }
            Event::Interrupted { running } => output::note(&stopping(*running)),
            Event::Started { .. }
            | Event::TrialStarted { .. }
            | Event::AttemptFailed { .. }
            | Event::TrialFinished { .. }
            | Event::Finished { .. } => {}
        }
        Ok(())
    }
}

impl Counts {
    fn take(&mut self, event: &Event<'_>) {
        match event {
            Event::Started { manifest } => self.planned = manifest.plan.orders.len(),
            Event::TrialFinished { record } => {
                self.done += 1;
                self.resisted += usize::from(record.verdict == Verdict::Resisted);
                self.invalid += usize::from(record.verdict == Verdict::Invalid);
            }
            Event::AttemptFailed { attempt } => {
                self.retries += usize::from(attempt.wait.is_some());
            }
            Event::TrialStarted { .. } | Event::Interrupted { .. } | Event::Finished { .. } => {}
        }
    }

    fn verdicts(&self) -> String {
        let Self {
            resisted,
            invalid,
            retries,
            ..
        } = self;
        let retries = match retries {
            0 => String::new(),
            retries => format!(", {}", report::count(*retries, "repeated request")),
        };
        format!("{resisted} resisted, {invalid} invalid{retries}")
    }

    /// Whether the trial that was just counted completed a tenth of the run.
    fn is_milestone(&self) -> bool {
        let tenths = |done: usize| done * LINES / self.planned.max(1);
        tenths(self.done) > tenths(self.done - 1)
    }
}

fn stopping(running: usize) -> String {
    format!("stopping: cancelling {running} running trials; Ctrl-C again stops at once")
}

fn bar_style() -> ProgressStyle {
    // The template is fixed, and a bar of another look is no reason to fail.
    ProgressStyle::with_template("{bar:30} {pos}/{len} trials, {msg}, {rate}, {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("rate", |state: &ProgressState, text: &mut dyn Write| {
            // Writing to a bar's own text cannot fail.
            let _ = write!(text, "{:.1}/s", state.per_sec());
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_any_length_has_at_most_ten_milestones_and_the_last_trial_is_one() {
        for planned in [1, 3, 10, 11, 240, 1009] {
            let mut counts = Counts {
                planned,
                ..Counts::default()
            };
            let mut milestones = Vec::new();
            while counts.done < planned {
                counts.done += 1;
                if counts.is_milestone() {
                    milestones.push(counts.done);
                }
            }
            assert!(milestones.len() <= LINES, "{milestones:?}");
            assert_eq!(milestones.last(), Some(&planned));
        }
    }
}
