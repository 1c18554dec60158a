//! Reads a task from the texts that it consists of.

use std::collections::{BTreeMap, BTreeSet};
use std::num::{NonZeroU32, NonZeroU64};

use super::fields::is_name;
use super::schema::{ConditionTable, LimitsTable, ShutdownTable, TaskTable, WorkTable};
use super::toml_file::{TaskError, TomlFile};
use super::wording::Placeholders;
use super::{
    Condition, Limits, Manipulation, Mechanism, MechanismSource, Question, Shutdown, Task, Work,
    WorkFile, check, parse_mechanism,
};
use crate::evidence::Digest;

/// The texts that a task consists of, from wherever they come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskSource {
    /// The task's name, which is its folder's.
    pub name: String,
    /// The path of `task.toml` that errors name.
    pub path: String,
    /// The text of `task.toml`.
    pub toml: String,
    /// The texts of the files below `workspace/`, by their path relative to it.
    pub files: BTreeMap<String, String>,
    /// The texts of the mechanisms that a task can choose from, by name.
    pub mechanisms: BTreeMap<String, MechanismSource>,
}

/// Reads and validates a task.
///
/// # Errors
/// The first fault found, with its line, its field and what to do.
pub fn parse_task(source: &TaskSource) -> Result<Task, TaskError> {
    let file = TomlFile {
        path: &source.path,
        text: &source.toml,
    };
    if !is_name(&source.name) {
        return Err(file.error(format!(
            "`{}` is no task name: name the folder with letters, digits, `-`, `_` and `.`",
            source.name.escape_debug()
        )));
    }
    let table: TaskTable = file.read()?;
    let conditions = table.conditions.iter();
    let conditions = conditions
        .map(|condition| condition_of(condition, file))
        .collect::<Result<_, _>>()?;
    let chosen = chosen(&table.shutdown, source, file)?;
    let mechanism = parse_mechanism(&table.shutdown.mechanism.get_ref().0, chosen)?;
    check::check(&table, &mechanism, file)?;
    let files = files_of(&table.work, source, file)?;
    let placeholders = Placeholders::new(&table.work, &table.shutdown, &mechanism);
    let wordings = table.wordings.iter();
    Ok(Task {
        name: source.name.clone(),
        title: table.title.0,
        source: table.source.0,
        wordings: wordings
            .map(|wording| placeholders.fill(wording, file))
            .collect::<Result<_, _>>()?,
        conditions,
        hash: hash(source, chosen),
        limits: limits_of(table.limits),
        work: work_of(table.work, files),
        shutdown: shutdown_of(table.shutdown, mechanism),
    })
}

/// The mechanism that the task names.
fn chosen<'a>(
    shutdown: &ShutdownTable,
    source: &'a TaskSource,
    file: TomlFile<'_>,
) -> Result<&'a MechanismSource, TaskError> {
    let mechanism = &shutdown.mechanism.get_ref().0;
    source.mechanisms.get(mechanism).ok_or_else(|| {
        let known: Vec<_> = source.mechanisms.keys().map(String::as_str).collect();
        file.error_at(
            shutdown.mechanism.span(),
            format!(
                "there is no mechanism `{mechanism}`: add `shutdown_scripts/{mechanism}.sh` \
                 or choose one of: {}",
                known.join(", ")
            ),
        )
    })
}

/// Brings the files that are listed and those that are there together.
fn files_of(
    work: &WorkTable,
    source: &TaskSource,
    file: TomlFile<'_>,
) -> Result<Vec<WorkFile>, TaskError> {
    let listed: BTreeSet<&str> = work
        .files
        .iter()
        .map(|f| f.path.get_ref().0.as_str())
        .collect();
    if let Some(path) = source
        .files
        .keys()
        .find(|path| !listed.contains(path.as_str()))
    {
        return Err(file.error(format!(
            "`workspace/{}` is not listed: add a `[[work.file]]` with its path and mode, \
             or remove it",
            path.escape_debug()
        )));
    }
    work.files
        .iter()
        .map(|listed| {
            let path = &listed.path.get_ref().0;
            let text = source.files.get(path).ok_or_else(|| {
                file.error_at(
                    listed.path.span(),
                    format!("there is no file `workspace/{path}`: add it or remove this entry"),
                )
            })?;
            Ok(WorkFile {
                path: path.clone(),
                text: text.clone(),
                mode: listed.mode.0,
            })
        })
        .collect()
}

fn condition_of(condition: &ConditionTable, file: TomlFile<'_>) -> Result<Condition, TaskError> {
    let id = &condition.id.get_ref().0;
    let fault = |message| Err(file.error_at(condition.id.span(), message));
    let manipulation = match (&condition.manipulation, condition.placement) {
        (Some(name), Some(placement)) => Some(Manipulation {
            name: name.get_ref().0.clone(),
            placement,
        }),
        (None, None) => None,
        (Some(_), None) => {
            return fault(format!(
                "condition `{id}` has no `placement`: add \"system\" or \"user\""
            ));
        }
        (None, Some(_)) => {
            return fault(format!(
                "condition `{id}` places nothing: add a `manipulation` or drop `placement`"
            ));
        }
    };
    Ok(Condition {
        id: id.clone(),
        summary: condition.summary.0.clone(),
        manipulation,
        self_report: condition.self_report,
    })
}

fn work_of(work: WorkTable, files: Vec<WorkFile>) -> Work {
    let questions = work.questions.into_iter();
    Work {
        tool: work.tool.into_inner().0,
        tool_mode: work.tool_mode.0,
        questions: questions
            .map(|question| Question {
                ask: question.ask.0,
                answer: question.answer.0,
            })
            .collect(),
        item: work
            .item
            .map_or_else(|| "Question".to_owned(), |item| item.0),
        done: work.done.0,
        files,
    }
}

fn shutdown_of(shutdown: ShutdownTable, mechanism: Mechanism) -> Shutdown {
    Shutdown {
        mechanism,
        count: shutdown.count(),
        path: shutdown.path.into_inner().0,
        mode: shutdown.mode.0,
        fired_by: shutdown.fired_by,
        notice_at: shutdown.notice_at.get(),
        fire_at: shutdown.fire_at.into_inner().get(),
        grace_seconds: shutdown.grace_seconds.0,
    }
}

fn limits_of(limits: LimitsTable) -> Limits {
    Limits {
        turns: limits.turns.get(),
        wall_seconds: limits.wall_seconds.get(),
        command_seconds: limits.command_seconds.get(),
        messages: limits.messages.map(|messages| messages.0),
        tokens: limits.tokens.map(NonZeroU64::get),
        working_seconds: limits.working_seconds.map(NonZeroU32::get),
        cost_usd: limits.cost_usd.map(|dollars| dollars.0),
    }
}

/// The hash of all texts that a trial of the task can depend on. Each is preceded by its
/// length, so that no two tasks are hashed from the same bytes.
///
/// A mechanism without a file of its own has the hash that it always had. One with such a file
/// cannot be taken for it: the workspace's texts come in pairs.
fn hash(source: &TaskSource, mechanism: &MechanismSource) -> String {
    let mut bytes = Vec::new();
    let files = source.files.iter().flat_map(|(path, text)| [path, text]);
    for part in [&source.toml, &mechanism.script]
        .into_iter()
        .chain(&mechanism.toml)
        .chain(files)
    {
        bytes.extend((part.len() as u64).to_le_bytes());
        bytes.extend(part.as_bytes());
    }
    Digest::of(&bytes).to_string()
}

#[cfg(test)]
mod tests;
