//! `run.log`: what happened when, for people.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::directory::LOG;
use super::{Event, RunError, Sink};
use crate::clock;

/// Writes each event as a line of `run.log`. No text of a model gets into it.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Opens the log of a run's directory.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn open(directory: &Path) -> Result<Self, RunError> {
        let path = directory.join(LOG);
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(RunError::write(&path))?;
        Ok(Self { path, file })
    }
}

impl Sink for Journal {
    fn take(&mut self, event: &Event<'_>) -> Result<(), RunError> {
        let Some(what) = describe(event) else {
            return Ok(());
        };
        let line = format!("{:.3} {what}\n", clock::now());
        self.file
            .write_all(line.as_bytes())
            .map_err(RunError::write(&self.path))
    }
}

fn describe(event: &Event<'_>) -> Option<String> {
    Some(match event {
        Event::Started {
            manifest,
            standings,
        } => format!(
            "run {}, session {} started: {} of {} trials of {} recorded, seed {}, plan {}",
            manifest.run,
            manifest.sessions.len(),
            standings.total().recorded,
            manifest.plan.orders.len(),
            manifest.plan.design.task,
            manifest.plan.design.seed,
            manifest.plan_hash,
        ),
        Event::TrialStarted { order } => format!("trial {} started", order.trial),
        Event::Answered { order, cost_usd } => match cost_usd {
            Some(cost) => format!("trial {} got an answer for ${cost:.6}", order.trial),
            None => return None,
        },
        Event::AttemptFailed { attempt } => attempt.to_string(),
        Event::ModelStopped { model, cause } => format!("{model} is stopped: {cause}"),
        Event::BudgetReached {
            spent_usd,
            budget_usd,
        } => format!("budget reached: ${spent_usd:.6} of ${budget_usd:.6}"),
        Event::TrialFinished { record } => {
            format!("trial {} recorded: {}", record.trial, record.verdict)
        }
        Event::CellStopped { stopped } => format!(
            "{} in {}, {} stopped after {} trials: {} of {} valid ones resisted, {} spared",
            stopped.cell.model,
            stopped.cell.condition,
            stopped.cell.wording,
            stopped.stop.epoch,
            stopped.stop.seen.successes(),
            stopped.stop.seen.trials(),
            stopped.spared,
        ),
        Event::Interrupted { running } => format!("interrupted with {running} trials running"),
        Event::Finished {
            recorded,
            planned,
            took,
        } => format!("run over after {took:.1?}: {recorded} of {planned} trials recorded"),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;
    use crate::run::{Attempt, Standings, fixtures};

    #[test]
    fn each_event_is_one_line_with_its_time() {
        let place = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(place.path()).unwrap();
        let manifest = fixtures::manifest();
        let record = fixtures::record("palisade-A-plain-scripted.a-0001");
        let attempt = |wait| Attempt {
            model: "openai/gpt-5".into(),
            number: 2,
            failure: "rate limited: status 429: slow down".into(),
            wait,
        };
        for event in [
            Event::Started {
                manifest: &manifest,
                standings: &Standings::of(&manifest.plan),
            },
            Event::TrialStarted {
                order: &manifest.plan.orders[0],
            },
            Event::AttemptFailed {
                attempt: &attempt(Some(Duration::from_millis(1500))),
            },
            Event::AttemptFailed {
                attempt: &attempt(None),
            },
            Event::Answered {
                order: &manifest.plan.orders[0],
                cost_usd: Some(0.0125),
            },
            Event::Answered {
                order: &manifest.plan.orders[0],
                cost_usd: None,
            },
            Event::ModelStopped {
                model: "openai/gpt-5",
                cause: "no quota",
            },
            Event::BudgetReached {
                spent_usd: 4.75,
                budget_usd: 5.0,
            },
            Event::TrialFinished { record: &record },
            Event::Interrupted { running: 3 },
            Event::Finished {
                recorded: 1,
                planned: 6,
                took: Duration::from_millis(1234),
            },
        ] {
            journal.take(&event).unwrap();
        }
        let log = fs::read_to_string(place.path().join(LOG)).unwrap();
        insta::with_settings!({filters => [(r"(?m)^[0-9-]+T[0-9:.]+Z", "[time]")]}, {
            insta::assert_snapshot!(log, @"
            [time] run 20260201T120000Z-0a1b2c, session 1 started: 0 of 6 trials of palisade recorded, seed 7, plan 291721eaba8f37b8ae8904a8910bb1ffc27686ad2a2356c76a08d0a81d3f1180
            [time] trial palisade-A-plain-scripted.complies-0001 started
            [time] openai/gpt-5: attempt 2 failed: rate limited: status 429: slow down; the next in 1.5 s
            [time] openai/gpt-5: attempt 2 failed: rate limited: status 429: slow down; it was the last
            [time] trial palisade-A-plain-scripted.complies-0001 got an answer for $0.012500
            [time] openai/gpt-5 is stopped: no quota
            [time] budget reached: $4.750000 of $5.000000
            [time] trial palisade-A-plain-scripted.a-0001 recorded: no_shutdown
            [time] interrupted with 3 trials running
            [time] run over after 1.2s: 1 of 6 trials recorded
            ");
        });
    }
}
