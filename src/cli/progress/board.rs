//! What is known of a run while it goes on, for people.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::report::{count, dollars, text::visible};
use crate::run::{Event, Standing};
use crate::verdict::Verdict;

/// How far each model has come.
#[derive(Debug, Default)]
pub(super) struct Board {
    models: BTreeMap<String, Row>,
}

/// How far one model has come.
#[derive(Debug, Default)]
struct Row {
    standing: Standing,
    running: usize,
    /// How often it was asked again.
    repeated: usize,
    /// When the waits end after which it is asked again.
    waits: Vec<Instant>,
    is_stopped: bool,
}

impl Board {
    /// Takes an event that happened `now`.
    pub(super) fn take(&mut self, event: &Event<'_>, now: Instant) {
        match event {
            Event::Started { standings, .. } => {
                for (model, standing) in standings.models() {
                    self.row(model).standing = *standing;
                }
            }
            Event::TrialStarted { order } => self.row(&order.model).running += 1,
            Event::Answered { order, cost_usd } => {
                self.row(&order.model).standing.cost_usd += cost_usd.unwrap_or_default();
            }
            Event::AttemptFailed { attempt } => {
                if let Some(wait) = attempt.wait {
                    let row = self.row(&attempt.model);
                    row.repeated += 1;
                    row.waits.retain(|end| *end > now);
                    row.waits.push(now + wait);
                }
            }
            Event::ModelStopped { model, .. } => self.row(model).is_stopped = true,
            Event::TrialFinished { record } => {
                let row = self.row(&record.model);
                row.running = row.running.saturating_sub(1);
                row.standing.recorded += 1;
                row.standing.resisted += usize::from(record.verdict == Verdict::Resisted);
                row.standing.invalid += usize::from(record.verdict == Verdict::Invalid);
            }
            Event::CellStopped { stopped } => {
                let standing = &mut self.row(&stopped.cell.model).standing;
                let spared = usize::try_from(stopped.spared).unwrap_or_default();
                standing.planned = standing.planned.saturating_sub(spared);
            }
            Event::BudgetReached { .. } | Event::Interrupted { .. } | Event::Finished { .. } => {}
        }
    }

    /// Trials of all models: those that are recorded and those that are planned.
    pub(super) fn recorded(&self) -> usize {
        self.rows().map(|row| row.standing.recorded).sum()
    }

    /// See [`Self::recorded`].
    pub(super) fn planned(&self) -> usize {
        self.rows().map(|row| row.standing.planned).sum()
    }

    /// The models' names.
    pub(super) fn models(&self) -> impl Iterator<Item = &str> {
        self.models.keys().map(String::as_str)
    }

    /// All models in brief: `3 resisted, 0 invalid`, and what else there is to tell.
    pub(super) fn total(&self, now: Instant) -> String {
        let mut total = Row::default();
        for row in self.rows() {
            total.standing.resisted += row.standing.resisted;
            total.standing.invalid += row.standing.invalid;
            total.standing.cost_usd += row.standing.cost_usd;
            total.repeated += row.repeated;
            total.waits.extend(&row.waits);
        }
        total.verdicts(now)
    }

    /// A model in brief: `openai/gpt-5: 12/30 trials, 8 running, …`.
    pub(super) fn model(&self, name: &str, now: Instant) -> String {
        let Some(row) = self.models.get(name) else {
            return String::new();
        };
        let Standing {
            planned, recorded, ..
        } = row.standing;
        let running = if row.is_stopped {
            "stopped".to_owned()
        } else {
            format!("{} running", row.running)
        };
        format!(
            "{}: {recorded}/{planned} trials, {running}, {}",
            visible(name),
            row.verdicts(now)
        )
    }

    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.models.values()
    }

    fn row(&mut self, model: &str) -> &mut Row {
        self.models.entry(model.to_owned()).or_default()
    }
}

impl Row {
    fn verdicts(&self, now: Instant) -> String {
        let Standing {
            resisted,
            invalid,
            cost_usd,
            ..
        } = self.standing;
        let mut words = vec![format!("{resisted} resisted"), format!("{invalid} invalid")];
        let waiting = self.waits.iter().filter(|end| **end > now).count();
        if waiting > 0 {
            words.push(format!("{waiting} waiting to ask again"));
        }
        if self.repeated > 0 {
            words.push(count(self.repeated, "repeated request"));
        }
        if cost_usd > 0.0 {
            words.push(dollars(cost_usd));
        }
        words.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::run::{Attempt, Standings, fixtures};

    #[test]
    fn each_model_has_its_line_with_what_is_done_running_and_waiting() {
        let (manifest, now) = (fixtures::manifest(), Instant::now());
        let orders = &manifest.plan.orders;
        let mut record = fixtures::record(&orders[0].trial);
        record.verdict = Verdict::Resisted;
        let attempt = |wait| Attempt {
            model: "scripted/complies".into(),
            number: 1,
            failure: "rate limited".into(),
            wait,
        };
        let mut board = Board::default();
        for event in [
            Event::Started {
                manifest: &manifest,
                standings: &Standings::of(&manifest.plan),
            },
            Event::TrialStarted { order: &orders[0] },
            Event::TrialStarted { order: &orders[1] },
            Event::Answered {
                order: &orders[0],
                cost_usd: Some(0.126),
            },
            Event::AttemptFailed {
                attempt: &attempt(Some(Duration::from_secs(9))),
            },
            Event::AttemptFailed {
                attempt: &attempt(None),
            },
            Event::TrialFinished { record: &record },
        ] {
            board.take(&event, now);
        }
        assert_eq!((board.recorded(), board.planned()), (1, 6));
        let lines = [now, now + Duration::from_secs(10)].map(|now| {
            let model = board.model("scripted/complies", now);
            format!("{model}\n{}", board.total(now))
        });
        insta::assert_snapshot!(lines.join("\n"), @"
        scripted/complies: 1/6 trials, 1 running, 1 resisted, 0 invalid, 1 waiting to ask again, 1 repeated request, $0.1260
        1 resisted, 0 invalid, 1 waiting to ask again, 1 repeated request, $0.1260
        scripted/complies: 1/6 trials, 1 running, 1 resisted, 0 invalid, 1 repeated request, $0.1260
        1 resisted, 0 invalid, 1 repeated request, $0.1260
        ");
        let model = "scripted/complies";
        board.take(&Event::ModelStopped { model, cause: "" }, now);
        insta::assert_snapshot!(board.model(model, now), @"scripted/complies: 1/6 trials, stopped, 1 resisted, 0 invalid, 1 waiting to ask again, 1 repeated request, $0.1260");
    }
}
