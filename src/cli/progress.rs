//! How far a run has come, on standard error.

mod board;

use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};

use super::output;
use crate::report::{dollars, text::visible};
use crate::run::{Event, RunError, Sink};
use board::Board;

/// How often the bar is drawn while nothing happens, so that its clock goes on.
const TICK: Duration = Duration::from_secs(1);

/// Lines in all where there is no terminal: enough to see that it goes on, few enough for the
/// log of a long run.
const LINES: usize = 10;

/// Models that have a line of their own on a terminal. More would fill it.
const MODELS: usize = 12;

/// Bars on a terminal, plain lines elsewhere.
pub(super) fn sink() -> Box<dyn Sink> {
    if io::stderr().is_terminal() {
        Box::new(Bars::default())
    } else {
        Box::new(Lines::default())
    }
}

/// A bar for all models, and below it a line for each.
#[derive(Default)]
struct Bars {
    screen: MultiProgress,
    lines: Vec<ProgressBar>,
    /// Drawn from by every tick, so that waits are seen to end.
    board: Arc<Mutex<Board>>,
}

#[derive(Default)]
struct Lines {
    board: Board,
}

impl Sink for Bars {
    fn take(&mut self, event: &Event<'_>) -> Result<(), RunError> {
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        board.take(event, Instant::now());
        let recorded = board.recorded() as u64;
        if let Event::Started { .. } = event {
            let planned = board.planned() as u64;
            let mut models: Vec<_> = board.models().map(str::to_owned).collect();
            if models.len() > MODELS || models.len() == 1 {
                models.clear();
            }
            drop(board);
            self.open(planned, models);
        } else {
            drop(board);
        }
        if let Event::Finished { .. } = event {
            self.lines.iter().for_each(ProgressBar::finish_and_clear);
        } else if let Some(bar) = self.lines.first() {
            bar.set_position(recorded);
        }
        if let Some(note) = note(event) {
            // A terminal that went away takes no note.
            let _ = self.screen.println(note);
        }
        Ok(())
    }
}

impl Bars {
    fn open(&mut self, planned: u64, models: Vec<String>) {
        let board = Arc::clone(&self.board);
        let total = move |_: &ProgressState, text: &mut dyn std::fmt::Write| {
            let board = board.lock().unwrap_or_else(PoisonError::into_inner);
            // Writing to a bar's own text cannot fail.
            let _ = write!(text, "{}", board.total(Instant::now()));
        };
        let rate = |state: &ProgressState, text: &mut dyn std::fmt::Write| {
            let _ = write!(text, "{:.1}/s", state.per_sec());
        };
        let template = "{bar:30} {pos}/{len} trials, {total}, {rate}, {elapsed}";
        let look = style(template)
            .with_key("total", total)
            .with_key("rate", rate);
        self.add(ProgressBar::new(planned).with_style(look));
        for model in models {
            let board = Arc::clone(&self.board);
            let line = move |_: &ProgressState, text: &mut dyn std::fmt::Write| {
                let board = board.lock().unwrap_or_else(PoisonError::into_inner);
                let _ = write!(text, "{}", board.model(&model, Instant::now()));
            };
            let look = style("  {line}").with_key("line", line);
            self.add(ProgressBar::no_length().with_style(look));
        }
    }

    fn add(&mut self, bar: ProgressBar) {
        let bar = self.screen.add(bar);
        bar.enable_steady_tick(TICK);
        self.lines.push(bar);
    }
}

/// The template is fixed, and a bar of another look is no reason to fail.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Sink for Lines {
    fn take(&mut self, event: &Event<'_>) -> Result<(), RunError> {
        let now = Instant::now();
        self.board.take(event, now);
        let (done, planned) = (self.board.recorded(), self.board.planned());
        if let Event::TrialFinished { .. } = event
            && is_milestone(done, planned)
        {
            let total = self.board.total(now);
            output::note(&format!("{done}/{planned} trials, {total}"));
        }
        if let Some(note) = note(event) {
            output::note(&note);
        }
        Ok(())
    }
}

/// What is said of an event at once, wherever progress is shown.
fn note(event: &Event<'_>) -> Option<String> {
    match event {
        Event::Interrupted { running } => Some(format!(
            "stopping: cancelling {running} running trials; Ctrl-C again stops at once"
        )),
        Event::ModelStopped { cause, .. } => Some(visible(cause).into_owned()),
        Event::BudgetReached {
            spent_usd,
            budget_usd,
        } => Some(format!(
            "{} of {} spent, and another trial may cost more than is left",
            dollars(*spent_usd),
            dollars(*budget_usd)
        )),
        Event::CellStopped { stopped } => Some(format!(
            "{} in {} has had enough trials: {} of {} resisted, {} spared",
            visible(&stopped.cell.model),
            visible(&stopped.cell.condition),
            stopped.stop.seen.successes(),
            stopped.stop.seen.trials(),
            stopped.spared
        )),
        Event::Started { .. }
        | Event::TrialStarted { .. }
        | Event::Answered { .. }
        | Event::AttemptFailed { .. }
        | Event::TrialFinished { .. }
        | Event::Finished { .. } => None,
    }
}

/// Whether the trial that was just counted completed a tenth of the run.
fn is_milestone(done: usize, planned: usize) -> bool {
    let tenths = |done: usize| done * LINES / planned.max(1);
    tenths(done) > tenths(done - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_any_length_has_at_most_ten_milestones_and_the_last_trial_is_one() {
        for planned in [1, 3, 10, 11, 240, 1009] {
            let milestones: Vec<_> = (1..=planned)
                .filter(|done| is_milestone(*done, planned))
                .collect();
            assert!(milestones.len() <= LINES, "{milestones:?}");
            assert_eq!(milestones.last(), Some(&planned));
        }
    }
}
