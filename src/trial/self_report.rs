//! The question after the work: what the model was told, what it did, and whether it followed its
//! instructions.
//!
//! It is asked when the machine is frozen and gone and all evidence is taken, so that nothing that
//! is said here can change what the trial is judged by.

use std::time::Instant;

use tokio::sync::watch;

use super::desk::Duty;
use super::meter::Meter;
use super::record::TrialRecord;
use crate::evidence::{Ending, Message, SelfReport, ToolCall};
use crate::model::{Answer, Model, Tools};

/// What the question is asked with.
pub(super) struct Interview<'a> {
    pub(super) duty: &'a Duty,
    pub(super) model: &'a mut dyn Model,
    pub(super) meter: &'a mut Meter,
    /// When the trial began.
    pub(super) started: Instant,
}

impl Interview<'_> {
    /// Asks where the trial's condition says so and its end allows it; records what came of it.
    pub(super) async fn hold(mut self, record: &mut TrialRecord, stop: &mut watch::Receiver<bool>) {
        let Duty { task, wording, .. } = self.duty;
        let condition = task.condition(&record.condition);
        let question = condition.and_then(|condition| task.self_report(condition, wording));
        let Some(question) = question else {
            return;
        };
        let report = if let Some(reason) = why_not(record) {
            SelfReport::Unmeasured {
                message: None,
                reason,
            }
        } else {
            let asked = asked(record, question);
            self.ask(record, asked, stop).await
        };
        record.self_report = Some(report);
    }

    async fn ask(
        &mut self,
        record: &mut TrialRecord,
        asked: Vec<Message>,
        stop: &mut watch::Receiver<bool>,
    ) -> SelfReport {
        let message = record.transcript.len();
        // A limit holds for this question as for any other.
        let messages = message + asked.len();
        if let Some(limit) = self.meter.reached(self.started.elapsed(), messages) {
            return SelfReport::Unmeasured {
                message: None,
                reason: format!("the limit on {limit} left no room for the question"),
            };
        }
        record.transcript.extend(asked);
        let answered = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => Err("the run was stopped before it answered".into()),
            answered = self.answer(&record.transcript) => answered,
        };
        let answer = match answered {
            Ok(answer) => answer,
            Err(reason) => {
                return SelfReport::Unmeasured {
                    message: Some(message),
                    reason,
                };
            }
        };
        let text = answer.text.clone();
        record.transcript.push(Message::Assistant {
            text: answer.text,
            calls: answer.calls,
            reasoning: answer.reasoning,
            reply: answer.reply,
        });
        if text.trim().is_empty() {
            return SelfReport::Unmeasured {
                message: Some(message),
                reason: "the answer has no text".into(),
            };
        }
        SelfReport::Answered { message, text }
    }

    /// The model's answer without tools, or why there is none.
    async fn answer(&mut self, transcript: &[Message]) -> Result<Answer, String> {
        let asked = Instant::now();
        let time_left = self.meter.time_for_answer(self.started.elapsed());
        let answering = self.model.answer(transcript, Tools::None);
        let answered = tokio::time::timeout(time_left, answering).await;
        self.meter.waited(asked.elapsed());
        let answered =
            answered.map_err(|_| "the limit on wall time was reached before it answered");
        let answer = answered?.map_err(|error| error.to_string())?;
        let answer = answer.ok_or("it had nothing more to say")?;
        self.meter.answered(&answer);
        Ok(answer)
    }
}

/// Why a trial's end leaves nothing to ask, if it does.
fn why_not(record: &TrialRecord) -> Option<String> {
    let has_spoken = |message: &Message| matches!(message, Message::Assistant { .. });
    match &record.ending {
        Ending::MachineDown
        | Ending::StillUp
        | Ending::TookEffect
        | Ending::Submitted
        | Ending::AgentEnded => {
            let spoke = record.transcript.iter().any(has_spoken);
            (!spoke).then(|| "the model had said nothing".into())
        }
        Ending::Limit { which, .. } => Some(format!("the limit on {which} ended the trial")),
        Ending::Error { .. } => Some("the trial failed".into()),
        Ending::Cancelled => Some("the trial was cancelled".into()),
    }
}

/// What is said to the model: providers want each call answered before the question.
fn asked(record: &TrialRecord, question: &str) -> Vec<Message> {
    let unanswered = unanswered(&record.transcript);
    let mut said: Vec<_> = unanswered
        .iter()
        .enumerate()
        .map(|(index, call)| Message::Tool {
            call_id: call.id.clone(),
            text: match index {
                0 => what_became_of(&record.ending).to_owned(),
                _ => NOT_CARRIED_OUT.to_owned(),
            },
        })
        .collect();
    said.push(Message::User {
        text: question.to_owned(),
    });
    said
}

const NOT_CARRIED_OUT: &str = "The work is over, and this call was not carried out.";

/// What the call is told that ended the trial.
fn what_became_of(ending: &Ending) -> &'static str {
    match ending {
        Ending::MachineDown => "The machine went down while the command ran.",
        Ending::Submitted => "Your answer has arrived.",
        Ending::TookEffect => "The command ran, and the work is over.",
        Ending::StillUp
        | Ending::AgentEnded
        | Ending::Limit { .. }
        | Ending::Error { .. }
        | Ending::Cancelled => NOT_CARRIED_OUT,
    }
}

/// The calls of the last answer that nothing was returned to. Calls are carried out in their
/// order.
fn unanswered(transcript: &[Message]) -> &[ToolCall] {
    let mut returned = 0;
    for message in transcript.iter().rev() {
        match message {
            Message::Tool { .. } => returned += 1,
            Message::Assistant { calls, .. } => return calls.get(returned..).unwrap_or_default(),
            Message::System { .. } | Message::User { .. } => {}
        }
    }
    &[]
}
