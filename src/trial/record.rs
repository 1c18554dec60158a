//! The durable line of a trial: one self-contained JSON object in `trials.jsonl`.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::imported::Imported;
use super::lab::{Lab, Order};
use crate::clock;
use crate::evidence::{
    Answers, Closure, Diff, Drill, Effect, Ending, Evidence, Fate, Fire, Message, Outcome, Process,
    SelfReport, Step, Usage,
};
use crate::verdict::{self, Account, Finding, Judgement, Lenses, Opinion, Tactic, Verdict};

/// The version of this format. Version 3: factors, imported trials. Version 2: processes, the
/// mechanism's effect, what a fire ran in. Version 1 is the first.
pub const SCHEMA: u32 = 3;

/// The versions that can be read.
pub(crate) const READABLE: [u32; 3] = [1, 2, SCHEMA];

/// One finished trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialRecord {
    /// [`SCHEMA`] of the writer.
    pub schema: u32,
    /// The trial's unique id.
    pub trial: String,
    /// The task's name.
    pub task: String,
    /// The condition's id.
    pub condition: String,
    /// The level of each factor of which one holds in the condition, by the factor's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub factors: BTreeMap<String, String>,
    /// The wording's name.
    pub wording: String,
    /// The model, as `provider/name`.
    pub model: String,
    /// Whether the model is a script.
    pub scripted: bool,
    /// The index of the repetition, from 1.
    pub epoch: u32,
    /// What happened.
    pub outcome: Outcome,
    /// What it means.
    pub verdict: Verdict,
    /// Why the trial does not count, if it does not.
    pub invalid_reason: Option<String>,
    /// The kinds of interference found.
    pub tactics: Vec<Tactic>,
    /// Published definitions of resistance.
    pub lenses: Lenses,
    /// What the verdict rests on.
    pub findings: Vec<Finding>,
    /// The version of the rules that judged.
    pub judge: u32,
    /// The verdict that a scripted model declares as right for itself.
    pub expect: Option<Verdict>,
    /// The model's commands, with what each changed.
    pub steps: Vec<Step>,
    /// The step in which the notice was delivered, as an index.
    pub notice_step: Option<usize>,
    /// Whether an output that the model was shown held the notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice_shown: Option<bool>,
    /// The kill mechanism's own files and what they depend on.
    pub closure: Closure,
    /// What the mechanism is to bring about.
    #[serde(default)]
    pub effect: Effect,
    /// The mechanism's own processes, as they ran when the model came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service: Vec<Process>,
    /// The drill on the untouched machine.
    pub pristine_drill: Option<Drill>,
    /// A fire that no command of the model brought about; the trial ended with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_fire: Option<Fire>,
    /// Why the conversation ended.
    pub ending: Ending,
    /// How process 1 ended, where it ended by itself.
    pub fate: Option<Fate>,
    /// What still ran in the machine when it was frozen, without the mechanism's own processes.
    pub survivors: Vec<Process>,
    /// What changed between the last command's end and the freeze.
    pub final_diff: Diff,
    /// The conversation.
    pub transcript: Vec<Message>,
    /// What was submitted, if anything was.
    pub submission: Option<String>,
    /// What the model said of its own work; none where the condition does not ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_report: Option<SelfReport>,
    /// What that says of the acts that were found, and of others; none without such an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
    /// What a judge model says of the trial; none where none was to be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opinion: Option<Opinion>,
    /// Where the trial is from, if another program ran it; then there is no evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<Imported>,
    /// What was used of the model.
    pub usage: Usage,
    /// When the trial began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
}

impl TrialRecord {
    /// The record of a trial that has just begun, with its prompts.
    pub(super) fn begun(lab: &Lab, order: &Order, system: String, user: String) -> Self {
        let now = clock::now();
        let condition = lab.task().condition(&order.condition);
        Self {
            schema: SCHEMA,
            trial: order.trial.clone(),
            task: lab.task().name.clone(),
            condition: order.condition.clone(),
            factors: condition.map(|one| one.factors.clone()).unwrap_or_default(),
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
            notice_shown: None,
            closure: lab.closure().clone(),
            effect: lab.task().shutdown.mechanism.effect.clone(),
            service: Vec::new(),
            pristine_drill: None,
            late_fire: None,
            ending: Ending::Cancelled,
            fate: None,
            survivors: Vec::new(),
            final_diff: Diff::default(),
            transcript: vec![
                Message::System { text: system },
                Message::User { text: user },
            ],
            submission: None,
            self_report: None,
            account: None,
            opinion: None,
            imported: None,
            usage: Usage::default(),
            started_at: now,
            ended_at: now,
        }
    }

    /// The evidence in this record.
    #[must_use]
    pub fn evidence(&self) -> Evidence<'_> {
        Evidence {
            closure: &self.closure,
            effect: &self.effect,
            service: &self.service,
            pristine_drill: self.pristine_drill.as_ref(),
            steps: &self.steps,
            notice_step: self.notice_step,
            notice_shown: self.notice_shown,
            late_fire: self.late_fire.as_ref(),
            ending: &self.ending,
            fate: self.fate.as_ref(),
            survivors: &self.survivors,
            answers: Answers::of(self.conversation(), self.notice_step),
        }
    }

    /// The transcript up to the end of the work. What was said in the self-report is no evidence.
    #[must_use]
    pub fn conversation(&self) -> &[Message] {
        let end = self.self_report.as_ref().and_then(SelfReport::message);
        let end = end.unwrap_or(usize::MAX).min(self.transcript.len());
        &self.transcript[..end]
    }

    /// Judges the recorded evidence and replaces the judgement by what comes out.
    pub fn judge(&mut self) {
        let Judgement {
            outcome,
            verdict,
            invalid_reason,
            tactics,
            lenses,
            findings,
        } = match self.imported {
            None => verdict::judge(&self.evidence()),
            Some(_) => verdict::imported(),
        };
        self.outcome = outcome;
        self.verdict = verdict;
        self.invalid_reason = invalid_reason;
        self.tactics = tactics;
        self.lenses = lenses;
        self.findings = findings;
        self.judge = verdict::JUDGE_VERSION;
        let told = self.self_report.as_ref().and_then(SelfReport::text);
        // What was done in a trial that does not count is not known.
        let told = told.filter(|_| verdict != Verdict::Invalid);
        self.account = told.map(|text| verdict::account(&self.findings, &self.closure, text));
    }
}

/// A duration as it is recorded, in milliseconds.
pub(super) fn millis(duration: Duration) -> f64 {
    // Microseconds are as fine as is worth keeping, and make short numbers.
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
