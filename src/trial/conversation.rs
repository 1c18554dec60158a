//! The agent loop, from boot to freeze.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::desk::{Business, Desk, Duty, Fired, Purpose};
use super::lab::{Lab, Order};
use super::pending::Drills;
use super::record::{SCHEMA, TrialRecord};
use super::tools::{self, Asked};
use crate::clock;
use crate::evidence::{
    Diff, Ending, Exit, Fire, Limit, Message, Outcome, Snapshot, Stage, Step, ToolCall, Usage,
};
use crate::model::{Answer, Model};
use crate::sandbox::{Execution, Machine, SandboxError};
use crate::task::Limits;
use crate::verdict::{self, Lenses, Verdict};

/// A trial in progress.
pub(super) struct Conversation {
    lab: Arc<Lab>,
    model: Box<dyn Model>,
    limits: Limits,
    started: Instant,
    record: TrialRecord,
    drills: Drills,
    duty: Duty,
}

/// A machine that is up, and what is known of its state.
struct Bench {
    machine: Arc<Machine>,
    desk: Desk,
    pristine: Snapshot,
    /// The state after the last command.
    last: Snapshot,
    /// Whether the mechanism could behave otherwise than it did untouched.
    matters: bool,
}

/// Why a step could not be taken.
struct Fault {
    stage: Stage,
    error: SandboxError,
}

impl Fault {
    fn at(stage: Stage) -> impl Fn(SandboxError) -> Self {
        move |error| Self { stage, error }
    }
}

impl From<Fault> for Ending {
    fn from(fault: Fault) -> Self {
        Self::Error {
            stage: fault.stage,
            message: fault.error.to_string(),
        }
    }
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
        let record = blank_record(&lab, order, system, user);
        let duty = Duty {
            purpose: Purpose::Trial,
            wording: Arc::new(wording),
            task: Arc::clone(&task),
        };
        Self {
            drills: Drills::new(Arc::clone(&lab), duty.clone()),
            lab,
            model,
            limits: task.limits,
            started: Instant::now(),
            record,
            duty,
        }
    }

    /// Runs the trial to its end.
    pub(super) async fn run(mut self, mut stop: watch::Receiver<bool>) -> TrialRecord {
        let ending = match self.boot().await {
            Ok(mut bench) => {
                let ending = tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => Ending::Cancelled,
                    ending = self.converse(&mut bench) => ending,
                };
                match self.finish(bench).await {
                    Ok(()) => ending,
                    Err(fault) => fault.into(),
                }
            }
            Err(fault) => fault.into(),
        };
        self.record.ending = ending;
        self.record.ended_at = clock::now();
        self.record.judge();
        self.record
    }

    async fn boot(&mut self) -> Result<Bench, Fault> {
        let booted = self.lab.machines().boot(self.lab.files()).await;
        let (machine, listener) = booted.map_err(Fault::at(Stage::Boot))?;
        let machine = Arc::new(machine);
        let pristine = machine.snapshot().await.map_err(Fault::at(Stage::Boot))?;
        let drilled = self.drills.drill(&machine, &pristine).await;
        self.record.pristine_drill = Some(drilled.map_err(Fault::at(Stage::Drill))?);
        let desk = Desk::open(listener, Arc::clone(&machine), self.duty.clone());
        Ok(Bench {
            machine,
            desk,
            last: pristine.clone(),
            pristine,
            matters: false,
        })
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
            if self.record.usage.turns >= self.limits.turns {
                return Ending::Limit {
                    which: Limit::Turns,
                };
            }
            let answer = match self.ask().await {
                Ok(Some(answer)) => answer,
                Ok(None) => return Ending::AgentEnded,
                Err(ending) => return ending,
            };
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
        let time_left = self.time_left();
        let answering = self.model.answer(&self.record.transcript);
        let answer = match tokio::time::timeout(time_left, answering).await {
            Err(_) => {
                return Err(Ending::Limit {
                    which: Limit::WallTime,
                });
            }
            Ok(Err(error)) => {
                return Err(Ending::Error {
                    stage: Stage::Model,
                    message: error.to_string(),
                });
            }
            Ok(Ok(answer)) => answer,
        };
        if let Some(answer) = &answer {
            let usage = &mut self.record.usage;
            usage.turns += 1;
            usage.input_tokens += answer.input_tokens;
            usage.output_tokens += answer.output_tokens;
            usage.reasoning_tokens += answer.reasoning_tokens;
            usage.cached_tokens += answer.cached_tokens;
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
        let allowed = Duration::from_secs(u64::from(self.limits.command_seconds));
        let timeout = allowed.min(self.time_left());
        if timeout.is_zero() {
            return Ok(Some(Ending::Limit {
                which: Limit::WallTime,
            }));
        }
        let executed = bench.machine.exec(&command, timeout).await;
        let execution = executed.map_err(Fault::at(Stage::Sandbox))?;
        let Business {
            questions,
            fired,
            fault,
        } = bench.desk.business().await;
        if let Some(fault) = fault {
            return Err(Fault::at(Stage::Sandbox)(fault));
        }
        // A fire may have outlasted the command that caused it.
        let is_up = async || {
            bench
                .machine
                .is_up()
                .await
                .map_err(Fault::at(Stage::Sandbox))
        };
        let up = execution.exit != Exit::MachineDown && (fired.is_none() || is_up().await?);
        let diff = Diff::between(&bench.last, &execution.snapshot);
        if up && !diff.changes.is_empty() {
            self.drill_if_needed(bench, &execution.snapshot).await?;
        }
        let text = tools::shown(&execution.exit, &execution.output);
        let Execution {
            exit,
            output,
            duration,
            snapshot,
        } = execution;
        let has_notice = questions.contains(&self.lab.task().shutdown.notice_at);
        let ending = match (&fired, up) {
            (_, false) => Some(Ending::MachineDown),
            (Some(_), true) => Some(Ending::StillUp),
            (None, true) => None,
        };
        self.record.steps.push(Step {
            command,
            exit,
            output,
            duration_ms: millis(duration),
            questions,
            diff,
            drill: None,
            fire: fired.map(|fired| fire_record(fired, &bench.last)),
        });
        if has_notice && self.record.notice_step.is_none() {
            self.record.notice_step = Some(self.record.steps.len() - 1);
        }
        bench.last = snapshot;
        if !up {
            let fate = bench
                .machine
                .fate()
                .await
                .map_err(Fault::at(Stage::Sandbox))?;
            self.record.fate = Some(fate);
            return Ok(ending);
        }
        self.say_tool(call_id, text);
        Ok(ending)
    }

    /// Drills when the mechanism could behave otherwise than it did untouched, and once more when
    /// it has been put back. The drill is about the step that is about to be recorded.
    async fn drill_if_needed(&mut self, bench: &mut Bench, now: &Snapshot) -> Result<(), Fault> {
        let mattered = bench.matters;
        bench.matters = self.lab.closure().matters(&bench.pristine, now);
        if mattered || bench.matters {
            let step = self.record.steps.len();
            let begun = self.drills.begin(step, &bench.machine, now).await;
            begun.map_err(Fault::at(Stage::Drill))?;
        }
        Ok(())
    }

    /// Freezes the machine, and waits for the drills.
    async fn finish(&mut self, bench: Bench) -> Result<(), Fault> {
        self.freeze(bench).await?;
        let settled = self.drills.settle(&mut self.record.steps).await;
        settled.map_err(Fault::at(Stage::Drill))
    }

    /// Stops everything, records what was left, and destroys the machine.
    async fn freeze(&mut self, bench: Bench) -> Result<(), Fault> {
        let Bench {
            machine,
            desk,
            last,
            ..
        } = bench;
        let (survivors, state) = machine.freeze().await.map_err(Fault::at(Stage::Sandbox))?;
        self.record.survivors = survivors;
        // It may have gone down after the last command, by something left in the background.
        if self.record.fate.is_none() {
            self.record.fate = machine.ended();
        }
        self.record.final_diff = Diff::between(&last, &state);
        drop(desk);
        if let Some(machine) = Arc::into_inner(machine) {
            machine.destroy().await;
        }
        Ok(())
    }

    fn time_left(&self) -> Duration {
        let allowed = Duration::from_secs(u64::from(self.limits.wall_seconds));
        allowed.saturating_sub(self.started.elapsed())
    }

    fn say_user(&mut self, text: String) {
        self.record.transcript.push(Message::User { text });
    }

    fn say_tool(&mut self, call_id: String, text: String) {
        self.record.transcript.push(Message::Tool { call_id, text });
    }
}

fn fire_record(fired: Fired, before: &Snapshot) -> Fire {
    let Fired {
        question,
        state,
        end,
        took,
    } = fired;
    Fire {
        question,
        diff: Diff::between(before, &state),
        end,
        took_ms: millis(took),
    }
}

fn millis(duration: Duration) -> f64 {
    // Microseconds are as fine as is worth keeping, and make short numbers.
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

fn blank_record(lab: &Lab, order: &Order, system: String, user: String) -> TrialRecord {
    let now = clock::now();
    TrialRecord {
        schema: SCHEMA,
        trial: order.trial.clone(),
        task: lab.task().name.clone(),
        condition: order.condition.clone(),
        wording: order.wording.clone(),
        model: order.model.clone(),
        scripted: order.scripted,
        epoch: order.epoch,
        outcome: Outcome::NotFired,
        verdict: Verdict::Invalid,
        invalid_reason: None,
        tactics: Vec::new(),
        lenses: Lenses::default(),
        findings: Vec::new(),
        judge: verdict::JUDGE_VERSION,
        expect: order.expect,
        steps: Vec::new(),
        notice_step: None,
        closure: lab.closure().clone(),
        pristine_drill: None,
        ending: Ending::Cancelled,
        fate: None,
        survivors: Vec::new(),
        final_diff: Diff::default(),
        transcript: vec![
            Message::System { text: system },
            Message::User { text: user },
        ],
        submission: None,
        usage: Usage::default(),
        started_at: now,
        ended_at: now,
    }
}
