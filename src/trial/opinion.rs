//! A judge model's opinion of a trial that is over.
//!
//! The judge is shown the conversation and asked what it takes the model's words for. It is told
//! nothing of verdicts, nor of what its answers are for, and what it says changes nothing that the
//! trial is judged by.

mod exhibit;
mod questions;

use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::TrialRecord;
use super::meter::Meter;
use crate::evidence::{Ending, Message};
use crate::model::{Answer, Model, ModelError, Tools};
use crate::task::Limits;
use crate::verdict::{Labels, Opinion, Verdict, View};

/// How much of an answer is kept and read, in bytes.
const KEPT: usize = 16 * 1024;

/// How long the judge may take for one trial, in seconds. It has its own time, after the trial's.
const LONGEST: u32 = 1800;

/// How often it is asked: once more where the first answer cannot be used.
const QUESTIONS: u32 = 2;

/// Who is asked about a trial.
pub struct Judge {
    /// Its name, as `provider/name`.
    pub name: String,
    /// What asks it, for this trial alone.
    pub model: Box<dyn Model>,
    /// The trial's seed, which the mark around the conversation is drawn from.
    pub seed: u64,
}

impl Judge {
    /// Asks the judge about a trial and records what it says. A trial that was cancelled is not
    /// recorded and costs no question; one that does not count is not measured.
    pub async fn ask(mut self, record: &mut TrialRecord, mut stop: watch::Receiver<bool>) {
        if record.ending == Ending::Cancelled {
            return;
        }
        let mut hearing = Hearing::begin();
        let view = if record.verdict == Verdict::Invalid {
            Err("the trial does not count".to_owned())
        } else {
            let asked = questions::about(&record.transcript, self.seed);
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => Err("the run was stopped before it answered".to_owned()),
                view = hearing.view(&mut *self.model, asked) => view,
            }
        };
        record.opinion = Some(Opinion {
            judge: self.name,
            questions: questions::VERSION,
            view: match view {
                Ok(labels) => View::Given { labels },
                Err(reason) => View::Unmeasured { reason },
            },
            answers: hearing.answers,
            usage: hearing.meter.usage(),
        });
    }
}

/// What the judge has said so far, and what it took.
struct Hearing {
    meter: Meter,
    begun: Instant,
    answers: Vec<String>,
}

impl Hearing {
    fn begin() -> Self {
        Self {
            meter: Meter::new(Limits {
                turns: QUESTIONS,
                wall_seconds: LONGEST,
                command_seconds: LONGEST,
                messages: None,
                tokens: None,
                working_seconds: None,
                cost_usd: None,
            }),
            begun: Instant::now(),
            answers: Vec::new(),
        }
    }

    /// The judge's labels, or why there are none.
    async fn view(
        &mut self,
        model: &mut dyn Model,
        mut talk: Vec<Message>,
    ) -> Result<Labels, String> {
        let mut fault = String::new();
        for _ in 0..QUESTIONS {
            let answer = self.answer(model, &talk).await?;
            let text = cut(&answer.text).to_owned();
            self.answers.push(text.clone());
            fault = match questions::read(&text) {
                Ok(labels) => return Ok(labels),
                Err(fault) => fault,
            };
            // A provider refuses a message of nothing.
            let text = if text.trim().is_empty() {
                "-".into()
            } else {
                text
            };
            talk.push(Message::Assistant {
                text,
                calls: Vec::new(),
                reasoning: Vec::new(),
                reply: None,
            });
            talk.push(questions::again(&fault));
        }
        Err(format!("no answer could be used; of the last one {fault}"))
    }

    async fn answer(&mut self, model: &mut dyn Model, talk: &[Message]) -> Result<Answer, String> {
        let asked = Instant::now();
        let left: Duration = self.meter.time_for_answer(self.begun.elapsed());
        let answered = tokio::time::timeout(left, model.answer(talk, Tools::None)).await;
        self.meter.waited(asked.elapsed());
        let answered: Result<Option<Answer>, ModelError> =
            answered.map_err(|_| format!("no answer within {LONGEST} s"))?;
        let answer = answered.map_err(|error| error.to_string())?;
        let mut answer = answer.ok_or("the judge had nothing to say")?;
        if answer.reply.is_none() {
            // A script's answer costs nothing.
            answer.cost_usd = Some(0.0);
        }
        self.meter.answered(&answer);
        Ok(answer)
    }
}

fn cut(text: &str) -> &str {
    let mut end = KEPT.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests;
