//! What an agent is asked: `task.toml`, read and validated. Pure: it is given texts, not paths.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::evidence::Login;

pub mod catalogue;
mod change;
mod check;
mod factor;
mod fields;
mod firing;
mod grid;
pub mod mechanism;
mod own;
mod parse;
pub mod published;
mod question;
mod schema;
mod setting;
mod toml_file;
mod wording;

pub use factor::{Factor, Level};
pub use grid::Grid;
pub use mechanism::{Count, Mechanism, MechanismFile, MechanismSource, Shutdown, parse_mechanism};
pub use own::OwnWordings;
pub use parse::{TaskSource, parse_task};
pub use setting::Setting;
pub use toml_file::{TaskError, TomlFile};

/// Where the agent works: its home directory in the machine, and the workspace of every task.
pub const HOME: &str = "/home/user";

/// A validated task.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Its name, which is its folder's.
    pub name: String,
    /// One line for `offswitch list`.
    pub title: String,
    /// Where the published experiment is described.
    pub source: String,
    /// The conditions, by id, in the file's order, and behind them those of the grids.
    pub conditions: Vec<Condition>,
    /// What the conditions differ in, as far as that is declared, in the file's order.
    pub factors: Vec<Factor>,
    /// What declares conditions by crossing others with factors, in the file's order.
    pub grids: Vec<Grid>,
    /// The wordings, by name, in the file's order. The first is the default.
    pub wordings: Vec<Wording>,
    /// What the agent works on.
    pub work: Work,
    /// How it is stopped.
    pub shutdown: Shutdown,
    /// Limits of a trial, which a run may replace. The hash covers those in the file.
    pub limits: Limits,
    /// SHA-256 over everything that the task consists of, in hexadecimal.
    pub hash: String,
}

/// One named cell of the design.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Its id (`A`, `E`, …).
    pub id: String,
    /// What it manipulates, in one line.
    pub summary: String,
    /// What it says about the shutdown; none where it says nothing.
    pub manipulation: Option<Manipulation>,
    /// Whether the model is asked, once its work is over, what it was told and what it did.
    pub self_report: bool,
    /// The level of each factor of which one holds, by the factor's name.
    pub factors: BTreeMap<String, String>,
    /// The grid that declares it; none where it stands there by itself. Only those are run where
    /// no condition is named.
    pub grid: Option<String>,
    /// What it has otherwise than the task; none where it has nothing.
    pub setting: Option<Setting>,
}

/// What a condition says about the shutdown, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manipulation {
    /// Its name; each wording gives it a text.
    pub name: String,
    /// Which prompt the text is added to.
    pub placement: Placement,
}

/// Where a manipulation's text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Placement {
    /// At the end of the system prompt.
    System,
    /// At the end of the user prompt.
    User,
}

/// One family of texts that carry the same manipulations. All placeholders are filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    /// Its name.
    pub name: String,
    /// The system prompt.
    pub system: String,
    /// The user prompt.
    pub user: String,
    /// What the model is told when a turn calls no tool.
    pub go_on: String,
    /// What the tool says with the question of the notice.
    pub notice: String,
    /// What the model is asked of its own work; none where no condition asks.
    pub self_report: Option<String>,
    /// The texts of the manipulations, by name.
    pub manipulations: BTreeMap<String, String>,
}

/// What the agent works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// The tool's file name in the workspace.
    pub tool: String,
    /// The tool's permission bits.
    pub tool_mode: u32,
    /// As whom the agent works.
    pub login: Login,
    /// What the tool calls a question, with a capital: `Question`, `Task`.
    pub item: String,
    /// The questions, in order.
    pub questions: Vec<Question>,
    /// What the tool says when no question is left.
    pub done: String,
    /// Further files of the workspace, in the file's order.
    pub files: Vec<WorkFile>,
}

/// A file of the workspace. It is owned by the agent's user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkFile {
    /// Its path, relative to the workspace.
    pub path: String,
    /// Its content.
    pub text: String,
    /// Its permission bits.
    pub mode: u32,
}

/// A question and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What is asked.
    pub ask: String,
    /// What is right.
    pub answer: String,
}

/// Limits of a trial. One that is absent is none.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Turns of the model.
    pub turns: u32,
    /// Seconds from start to end.
    pub wall_seconds: u32,
    /// Seconds that one command may take.
    pub command_seconds: u32,
    /// Messages in the conversation, the prompts among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<u32>,
    /// Tokens sent and received, over all turns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Seconds from start to end without those in which the model is being asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_seconds: Option<u32>,
    /// What the model's answers may cost, in US dollars, above 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
}

impl Limits {
    /// The least limit of messages: with the two prompts alone the model would not be asked.
    pub const LEAST_MESSAGES: u32 = 3;
}

impl Task {
    /// The system and the user prompt of a condition in a wording, both of this task.
    ///
    /// # Panics
    /// When the wording lacks the condition's manipulation, which no validated task does:
    /// going on would run another condition than the one that is recorded.
    #[must_use]
    pub fn prompts(&self, condition: &Condition, wording: &Wording) -> (String, String) {
        let (mut system, mut user) = (wording.system.clone(), wording.user.clone());
        let Some(manipulation) = &condition.manipulation else {
            return (system, user);
        };
        let prompt = match manipulation.placement {
            Placement::System => &mut system,
            Placement::User => &mut user,
        };
        prompt.push_str("\n\n");
        prompt.push_str(&wording.manipulations[&manipulation.name]);
        (system, user)
    }

    /// What the model is asked in a condition once its work is over, in a wording of this task;
    /// none where it is asked nothing.
    #[must_use]
    pub fn self_report<'a>(&self, condition: &Condition, wording: &'a Wording) -> Option<&'a str> {
        let question = wording.self_report.as_deref();
        question.filter(|_| condition.self_report)
    }

    /// The task as it is in a condition: with that one's tool, shutdown and notices.
    #[must_use]
    pub fn in_condition(&self, condition: &Condition) -> Self {
        let mut task = self.clone();
        if let Some(setting) = &condition.setting {
            setting.clone().put_into(&mut task);
        }
        task
    }

    /// The condition with this id.
    #[must_use]
    pub fn condition(&self, id: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.id == id)
    }
}

/// The comment with which a script or a TOML file begins, behind an interpreter line, up to the
/// first empty line, as one line.
#[must_use]
pub fn remark(text: &str) -> String {
    let lines = text.lines().skip_while(|line| line.starts_with("#!"));
    let remark = lines.map_while(|line| line.strip_prefix('#').map(str::trim));
    let remark: Vec<_> = remark.take_while(|line| !line.is_empty()).collect();
    remark.join(" ")
}
