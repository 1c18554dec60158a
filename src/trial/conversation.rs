//! The agent loop, from boot to freeze.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;

use super::bench::{Bench, Fault, Remains, Taken};
use super::desk::{Duty, Purpose};
use super::lab::{Lab, Order};
use super::meter::Meter;
use super::record::TrialRecord;
use super::self_report::Interview;
use super::tools::{self, Asked};
use crate::clock;
use crate::evidence::{Ending, Limit, Message, Stage, ToolCall};
use crate::model::{Answer, Model, ModelError, Tools};

/// A trial in progress.
pub(super) struct Conversation {
    lab: Arc<Lab>,
    model: Box<dyn Model>,
    meter: Meter,
    started: Instant,
    record: TrialRecord,
    duty: Duty,
}

impl Conversation {
    /// Prepares a trial. An order that names what the task does not have is answered with an
    /// empty prompt only if the plan was not checked against the task, which it always is.
    pub(super) fn new(lab: Arc<Lab>, order: &Order, model: Box<dyn Model>) -> Self {
        let task = Arc::clone(lab.task());
        let wording = task
            .wordings
            .iter()
            .find(|wording| wording.name == order.wording)
            .unwrap_or(&task.wordings[0])
            .clone();
        let prompts = task
            .condition(&order.condition)
            .map(|one| task.prompts(one, &wording));
        let (system, user) = prompts.unwrap_or_default();
        let record = TrialRecord::begun(&lab, order, system, user);
        let duty = Duty {
            purpose: Purpose::Trial,
            wording: Arc::new(wording),
            task: Arc::clone(&task),
        };
        Self {
            lab,
            model,
            meter: Meter::new(task.limits),
            started: Instant::now(),
            record,
            duty,
        }
    }

    /// Runs the trial to its end.
    pub(super) async fn run(mut self, mut stop: watch::Receiver<bool>) -> TrialRecord {
        let ending = match Bench::boot(&self.lab, &self.duty).await {
            Ok((mut bench, drill)) => {
                self.record.pristine_drill = Some(drill);
                let ending = tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => Ending::Cancelled,
                    ending = self.converse(&mut bench) => ending,
                };
                match self.finish(bench).await {
                    Err(fault) if ending != Ending::Cancelled => fault.into(),
                    Ok(()) | Err(_) => ending,
                }
            }
            Err(fault) => fault.into(),
        };
        // Whoever stops a run may hurt its machines, too. Such a trial is run again.
        let is_fault = matches!(ending, Ending::Error { .. });
        let was_stopped = is_fault && *stop.borrow();
        let ending = if was_stopped {
            Ending::Cancelled
        } else {
            ending
        };
        self.record.ending = ending;
        let interview = Interview {
            duty: &self.duty,
            model: &mut *self.model,
            meter: &mut self.meter,
            started: self.started,
        };
        interview.hold(&mut self.record, &mut stop).await;
        self.record.usage = self.meter.usage();
        self.record.ended_at = clock::now();
        self.record.judge();
        self.record
    }

    async fn converse(&mut self, bench: &mut Bench) -> Ending {
        // A mechanism that does not work untouched proves nothing, and costs no token.
        if !self
            .record
            .pristine_drill
            .as_ref()
            .is_some_and(|drill| drill.effective)
        {
            return Ending::AgentEnded;
        }
        loop {
            let messages = self.record.transcript.len();
            if let Some(which) = self.meter.reached(self.started.elapsed(), messages) {
                return limit(which);
            }
            let answer = match self.ask().await {
                Ok(Some(answer)) => answer,
                Ok(None) => return Ending::AgentEnded,
                Err(ending) => return ending,
            };
            if let Some(limit) = self.meter.blind() {
                return uncounted(limit);
            }
            if answer.calls.is_empty() {
                self.say_user(self.duty.wording.go_on.clone());
            }
            for call in answer.calls {
                if let Some(ending) = self.carry_out(bench, call).await {
                    return ending;
                }
            }
        }
    }

    /// Asks the model for its next message, within the trial's time.
    async fn ask(&mut self) -> Result<Option<Answer>, Ending> {
        let asked = Instant::now();
        let time_left = self.meter.time_for_answer(self.started.elapsed());
        let answering = self.model.answer(&self.record.transcript, Tools::Offered);
        let answered = tokio::time::timeout(time_left, answering).await;
        self.meter.waited(asked.elapsed());
        let answer = match answered {
            Err(_) => {
                return Err(Ending::Limit {
                    which: Limit::WallTime,
                    unanswered: true,
                });
            }
            // What the others of its trials failed by says nothing of this one, which can be run
            // again when the model answers again.
            Ok(Err(ModelError::Stopped { .. })) => return Err(Ending::Cancelled),
            Ok(Err(
                error @ (ModelError::Failed { .. }
                | ModelError::RecordingEnded { .. }
                | ModelError::Recording { .. }),
            )) => {
                return Err(Ending::Error {
                    stage: Stage::Model,
                    message: error.to_string(),
                });
            }
            Ok(Ok(answer)) => answer,
        };
        if let Some(answer) = &answer {
            self.meter.answered(answer);
            let message = Message::Assistant {
                text: answer.text.clone(),
                calls: answer.calls.clone(),
                reasoning: answer.reasoning.clone(),
                reply: answer.reply.clone(),
            };
            self.record.transcript.push(message);
        }
        Ok(answer)
    }

    /// Carries out a tool call; says how the trial ends if it ends by it.
    async fn carry_out(&mut self, bench: &mut Bench, call: ToolCall) -> Option<Ending> {
        match tools::understand(&call) {
            Asked::Bash(command) => match self.step(bench, command, call.id).await {
                Ok(ending) => ending,
                Err(fault) => Some(fault.into()),
            },
            Asked::Submit(answer) => {
                self.record.submission = Some(answer);
                Some(Ending::Submitted)
            }
            Asked::Unusable(complaint) => {
                self.say_tool(call.id, complaint);
                None
            }
        }
    }

    /// Runs a command and records everything that it caused.
    async fn step(
        &mut self,
        bench: &mut Bench,
        command: String,
        call_id: String,
    ) -> Result<Option<Ending>, Fault> {
        let timeout = match self.meter.time_for_command(self.started.elapsed()) {
            Ok(timeout) => timeout,
            Err(which) => return Ok(Some(limit(which))),
        };
        let index = self.record.steps.len();
        let Taken {
            step,
            shown,
            ending,
        } = bench.take(index, command, timeout).await?;
        let has_notice = step.questions.contains(&self.duty.task.shutdown.notice_at);
        self.record.steps.push(step);
        if has_notice && self.record.notice_step.is_none() {
            self.record.notice_step = Some(index);
        }
        if ending == Some(Ending::MachineDown) {
            self.record.fate = Some(bench.fate().await?);
        } else {
            self.say_tool(call_id, shown);
        }
        Ok(ending)
    }

    /// Freezes the machine, and waits for the drills.
    async fn finish(&mut self, bench: Bench) -> Result<(), Fault> {
        let Remains {
            survivors,
            fate,
            diff,
            mut drills,
        } = bench.freeze().await?;
        self.record.survivors = survivors;
        // It may have gone down after the last command, by something left in the background.
        if self.record.fate.is_none() {
            self.record.fate = fate;
        }
        self.record.final_diff = diff;
        let settled = drills.settle(&mut self.record.steps).await;
        settled.map_err(Fault::at(Stage::Drill))
    }

    fn say_user(&mut self, text: String) {
        self.record.transcript.push(Message::User { text });
    }

    fn say_tool(&mut self, call_id: String, text: String) {
        self.record.transcript.push(Message::Tool { call_id, text });
    }
}

/// The end by a limit that leaves nothing unanswered.
fn limit(which: Limit) -> Ending {
    Ending::Limit {
        which,
        unanswered: false,
    }
}

/// The end by a provider that does not count what a limit is on: it can neither be held nor passed
/// over.
fn uncounted(which: Limit) -> Ending {
    Ending::Error {
        stage: Stage::Model,
        message: format!(
            "the provider did not say how many tokens its answer took, so the limit on {which} \
             cannot be held"
        ),
    }
}
