//! Reads a task from the texts that it consists of.

use std::collections::{BTreeMap, BTreeSet};
use std::num::{NonZeroU32, NonZeroU64};

use super::change::Change;
use super::fields::is_name;
use super::grid::Cell;
use super::schema::{LimitsTable, TaskTable, WorkTable};
use super::toml_file::{TaskError, TomlFile};
use super::wording::Placeholders;
use super::{
    Condition, Limits, Manipulation, MechanismSource, Question, Shutdown, Task, Work, WorkFile,
    check, factor, grid, setting,
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
    let factors = factor::factors(&table, file)?;
    let cells = grid::cells(&table, file)?;
    let mut conditions = cells
        .iter()
        .map(|cell| condition_of(&table, cell, file))
        .collect::<Result<Vec<_>, _>>()?;
    factor::every_level_is_there(&table, &conditions, file)?;
    check::check(&table, &cells, file)?;
    let mechanism = setting::mechanism_of(&table, &table.shutdown, source, file)?;
    let files = files_of(&table.work, source, file)?;
    for (condition, cell) in conditions.iter_mut().zip(&cells) {
        let setting = setting::setting_of(&table, &cell.change, source, file);
        condition.setting = setting.map_err(|error| error.of_condition(&condition.id))?;
    }
    let shutdown = setting::shutdown_of(table.shutdown.clone(), mechanism);
    let placeholders = Placeholders::new(&table.work.tool.get_ref().0, &shutdown);
    let wordings = table.wordings.iter();
    let wordings = wordings
        .map(|wording| placeholders.fill(wording, file))
        .collect::<Result<_, _>>()?;
    Ok(Task {
        name: source.name.clone(),
        hash: hash(source, &shutdown, &conditions),
        grids: grid::grids(&table),
        title: table.title.0,
        source: table.source.0,
        wordings,
        conditions,
        factors,
        limits: limits_of(table.limits),
        work: work_of(table.work, files),
        shutdown,
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

/// The condition of a cell, still without its setting.
fn condition_of(task: &TaskTable, cell: &Cell, file: TomlFile<'_>) -> Result<Condition, TaskError> {
    let Cell { id, change, .. } = cell;
    let fault = |message| Err(file.error_at(cell.span.clone(), message));
    let manipulation = match (&change.manipulation, change.placement) {
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
    let values = change.clone().over(&Change::of_task(task)).values();
    Ok(Condition {
        id: id.clone(),
        summary: cell.summary.clone(),
        manipulation,
        self_report: change.self_report.unwrap_or(false),
        factors: factor::levels(task, &values),
        grid: cell.grid.clone(),
        setting: None,
    })
}

fn work_of(work: WorkTable, files: Vec<WorkFile>) -> Work {
    let questions = work.questions.into_iter();
    Work {
        tool: work.tool.into_inner().0,
        tool_mode: work.tool_mode.0,
        login: work.login,
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
/// cannot be taken for it: the workspace's texts come in pairs. Nor can the mechanisms of single
/// conditions, which stand behind a text that is no path.
fn hash(source: &TaskSource, shutdown: &Shutdown, conditions: &[Condition]) -> String {
    let own = shutdown.mechanism.name.as_str();
    let settings = conditions.iter().filter_map(|one| one.setting.as_ref());
    let names = settings.map(|setting| setting.shutdown.mechanism.name.as_str());
    let further: BTreeSet<&str> = names.filter(|name| *name != own).collect();
    let texts_of = |name: &str| {
        let mechanism = source.mechanisms.get(name).into_iter();
        mechanism.flat_map(|one| std::iter::once(&*one.script).chain(one.toml.as_deref()))
    };
    let files = source.files.iter();
    let files = files.flat_map(|(path, text)| [path.as_str(), text.as_str()]);
    let further = further
        .into_iter()
        .flat_map(|name| ["\0", name].into_iter().chain(texts_of(name)));
    let parts = std::iter::once(source.toml.as_str()).chain(texts_of(own));
    let mut bytes = Vec::new();
    for part in parts.chain(files).chain(further) {
        bytes.extend((part.len() as u64).to_le_bytes());
        bytes.extend(part.as_bytes());
    }
    Digest::of(&bytes).to_string()
}

#[cfg(test)]
mod tests;
