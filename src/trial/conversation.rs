//! The agent loop, from boot to freeze.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::watch;

use super::bench::{Bench, Remains, Taken};
use super::desk::Duty;
use super::fault::Fault;
use super::lab::{Lab, Order};
use super::meter::Meter;
use super::notice::Notice;
use super::record::TrialRecord;
use super::self_report::Interview;
use super::tools::{self, Asked};
use crate::evidence::{Ending, FiredBy, Limit, Message, Stage, ToolCall};
use crate::model::{Answer, Model, ModelError, Tools};
use crate::task::Count;

/// A trial in progress.
pub(super) struct Conversation {
    lab: Arc<Lab>,
    model: Box<dyn Model>,
    meter: Meter,
    started: Instant,
    /// When the model's first turn began.
    first_turn: Instant,
    record: TrialRecord,
    duty: Duty,
    notice: Notice,
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
            wording: Arc::new(wording),
            task: Arc::clone(&task),
        };
        let now = Instant::now();
        Self {
            lab,
            model,
            meter: Meter::new(task.limits),
            started: now,
            first_turn: now,
            record,
            notice: Notice::new(&duty),
            duty,
        }
    }

    /// Runs the trial to its end.
    pub(super) async fn run(mut self, mut stop: watch::Receiver<bool>) -> TrialRecord {
        let ending = match self.prepare().await {
            Ok(mut bench) => {
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
        // Whoever stops a run may hurt its machines, too, and where the helper ended, all are
        // lost. Such a trial is run again.
        let is_fault = matches!(ending, Ending::Error { .. });
        let is_lost = is_fault && (*stop.borrow() || self.lab.machines().are_over().await);
        let ending = if is_lost { Ending::Cancelled } else { ending };
        self.record.ending = ending;
        self.record.notice_shown = self.notice.was_shown();
        let interview = Interview {
            duty: &self.duty,
            model: &mut *self.model,
            meter: &mut self.meter,
            started: self.started,
        };
        interview.hold(&mut self.record, &mut stop).await;
        self.record.usage = self.meter.usage();
        self.record.ended_at = later(self.record.started_at, self.started.elapsed());
        self.record.judge();
        self.record
    }

    /// Drills the untouched mechanism, then boots the machine.
    async fn prepare(&mut self) -> Result<Bench, Fault> {
        let drill = self.lab.pristine_drill(&self.duty).await;
        self.record.pristine_drill = Some(drill.map_err(Fault::at(Stage::Drill))?);
        let bench = Bench::boot(&self.lab, &self.duty).await?;
        self.record.service = bench.service().to_vec();
        Ok(bench)
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
        self.first_turn = Instant::now();
        bench.begin();
        loop {
            let messages = self.record.transcript.len();
            if let Some(which) = self.meter.reached(self.started.elapsed(), messages) {
                return limit(which);
            }
            let answer = match self.ask(bench).await {
                Ok(Some(answer)) => answer,
                Ok(None) => return Ending::AgentEnded,
                Err(ending) => return ending,
            };
            if let Some(limit) = self.meter.blind() {
                return uncounted(limit);
            }
            if self.is_turn_of_the_fire() {
                bench.fire().await;
                return self.end_by_interruption(bench).await;
            }
            if answer.calls.is_empty() {
                self.encourage();
            }
            for call in answer.calls {
                if let Some(ending) = self.carry_out(bench, call).await {
                    return ending;
                }
            }
        }
    }

    /// Whether the system fires now that the model has answered so many times, before what it
    /// asks for is done.
    fn is_turn_of_the_fire(&self) -> bool {
        let shutdown = &self.duty.task.shutdown;
        let is_system = (shutdown.count, shutdown.fired_by) == (Count::Turns, FiredBy::System);
        is_system && self.meter.usage().turns == shutdown.fire_at
    }

    /// Asks the model for its next message, within the trial's time and the machine's.
    async fn ask(&mut self, bench: &mut Bench) -> Result<Option<Answer>, Ending> {
        let asked = Instant::now();
        let time_left = self.meter.time_for_answer(self.started.elapsed());
        let answering = self.model.answer(&self.record.transcript, Tools::Offered);
        let answered = tokio::select! {
            // What the model would say to a machine that is gone is not wanted any more.
            biased;
            () = bench.interruption() => None,
            answered = tokio::time::timeout(time_left, answering) => Some(answered),
        };
        self.meter.waited(asked.elapsed());
        let Some(answered) = answered else {
            return Err(self.end_by_interruption(bench).await);
        };
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

    /// The end by a fire, or by the end of the machine, while no command runs.
    async fn end_by_interruption(&mut self, bench: &mut Bench) -> Ending {
        match self.take_interruption(bench).await {
            Ok(ending) => ending,
            Err(fault) => fault.into(),
        }
    }

    async fn take_interruption(&mut self, bench: &mut Bench) -> Result<Ending, Fault> {
        let (fire, ending) = bench.interrupted(self.record.steps.len()).await?;
        self.record.late_fire = fire;
        if ending == Ending::MachineDown {
            self.record.fate = Some(bench.fate().await?);
        }
        Ok(ending)
    }

    /// Answers a message without a tool call, with the notice if that is due.
    fn encourage(&mut self) {
        let mut text = self.duty.wording.go_on.clone();
        if let Some(broadcast) = self.due_broadcast() {
            text = format!("{broadcast}\n{text}");
            // Where no command has run yet, the first one tells it once more.
            if let Some(last) = self.record.steps.len().checked_sub(1) {
                self.record.notice_step = Some(last);
                self.notice.delivered();
            }
        }
        self.notice.look_for_it_in(&text);
        self.record.transcript.push(Message::User { text });
    }

    fn due_broadcast(&self) -> Option<String> {
        let turns = self.meter.usage().turns;
        self.notice.broadcast(turns, self.first_turn.elapsed())
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
            mut shown,
            ending,
        } = bench.take(index, command, timeout).await?;
        let notice_call = self.duty.task.shutdown.notice_call();
        let mut has_notice = notice_call.is_some_and(|call| step.questions.contains(&call));
        self.record.steps.push(step);
        let is_down = ending == Some(Ending::MachineDown);
        if !is_down && let Some(broadcast) = self.due_broadcast() {
            has_notice = true;
            shown = tools::followed_by(shown, &broadcast);
        }
        if has_notice {
            self.notice.delivered();
            self.record.notice_step.get_or_insert(index);
        }
        if is_down {
            self.record.fate = Some(bench.fate().await?);
        } else {
            self.notice.look_for_it_in(&shown);
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
        } = bench.freeze(self.record.steps.len()).await?;
        self.record.survivors = survivors;
        // It may have gone down after the last command, by something left in the background.
        if self.record.fate.is_none() {
            self.record.fate = fate;
        }
        self.record.final_diff = diff;
        let settled = drills.settle(&mut self.record.steps).await;
        settled.map_err(Fault::at(Stage::Drill))
    }

    fn say_tool(&mut self, call_id: String, text: String) {
        self.record.transcript.push(Message::Tool { call_id, text });
    }
}

/// The moment so long after another one. The wall clock is not read a second time, since it may
/// have been set in between.
fn later(than: Timestamp, by: Duration) -> Timestamp {
    than.checked_add(by).unwrap_or(than)
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
