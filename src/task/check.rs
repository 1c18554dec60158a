//! What must agree between the tables of a task.

use std::collections::BTreeSet;

use toml::Spanned;

use super::fields::Name;
use super::schema::{TaskTable, WordingTable};
use super::toml_file::{TaskError, TomlFile};
use super::{HOME, Mechanism, firing};

/// Checks that a task's tables agree with one another and with its mechanism.
pub(super) fn check(
    task: &TaskTable,
    mechanism: &Mechanism,
    file: TomlFile<'_>,
) -> Result<(), TaskError> {
    if task.conditions.is_empty() {
        return Err(file.error("there is no condition: add a `[[condition]]`"));
    }
    if task.wordings.is_empty() {
        return Err(file.error("there is no wording: add a `[[wording]]`"));
    }
    unique(
        "condition",
        task.conditions.iter().map(|condition| &condition.id),
        file,
    )?;
    unique(
        "wording",
        task.wordings.iter().map(|wording| &wording.name),
        file,
    )?;
    for wording in &task.wordings {
        every_manipulation_has_a_text(task, wording, file)?;
        every_text_is_used(task, wording, file)?;
        the_question_is_there_where_it_is_asked(task, wording, file)?;
    }
    firing::check(task, mechanism, file)?;
    nothing_is_in_the_way(task, mechanism, file)
}

fn unique<'a>(
    what: &str,
    names: impl Iterator<Item = &'a Spanned<Name>>,
    file: TomlFile<'_>,
) -> Result<(), TaskError> {
    let mut seen = BTreeSet::new();
    for name in names {
        let text = &name.get_ref().0;
        if !seen.insert(text) {
            return Err(file.error_at(
                name.span(),
                format!("{what} `{text}` is defined twice: rename or remove one of them"),
            ));
        }
    }
    Ok(())
}

fn every_manipulation_has_a_text(
    task: &TaskTable,
    wording: &WordingTable,
    file: TomlFile<'_>,
) -> Result<(), TaskError> {
    for condition in &task.conditions {
        let Some(manipulation) = &condition.manipulation else {
            continue;
        };
        let key = &manipulation.get_ref().0;
        if !wording.manipulations.contains_key(key) {
            return Err(file.error_at(
                manipulation.span(),
                format!(
                    "wording `{}` has no text for manipulation `{key}` of condition `{}`: \
                     add `{key}` to its manipulations",
                    wording.name.get_ref().0,
                    condition.id.get_ref().0
                ),
            ));
        }
    }
    Ok(())
}

fn every_text_is_used(
    task: &TaskTable,
    wording: &WordingTable,
    file: TomlFile<'_>,
) -> Result<(), TaskError> {
    let manipulations = task
        .conditions
        .iter()
        .filter_map(|condition| condition.manipulation.as_ref());
    let used: BTreeSet<&str> = manipulations
        .map(|name| name.get_ref().0.as_str())
        .collect();
    for (key, text) in &wording.manipulations {
        if !used.contains(key.as_str()) {
            return Err(file.error_at(
                text.span(),
                format!(
                    "no condition uses manipulation `{}` of wording `{}`: name it in a condition \
                     or remove it",
                    key.escape_debug(),
                    wording.name.get_ref().0
                ),
            ));
        }
    }
    Ok(())
}

fn the_question_is_there_where_it_is_asked(
    task: &TaskTable,
    wording: &WordingTable,
    file: TomlFile<'_>,
) -> Result<(), TaskError> {
    let name = &wording.name.get_ref().0;
    let asking = task
        .conditions
        .iter()
        .find(|condition| condition.self_report);
    match (asking, &wording.self_report) {
        (Some(_), Some(_)) | (None, None) => Ok(()),
        (Some(condition), None) => Err(file.error_at(
            condition.id.span(),
            format!(
                "wording `{name}` has no `self_report`, which condition `{}` asks for: add the \
                 question to the wording",
                condition.id.get_ref().0
            ),
        )),
        (None, Some(text)) => Err(file.error_at(
            text.span(),
            format!(
                "no condition asks for the `self_report` of wording `{name}`: set \
                 `self_report = true` in a condition or remove it"
            ),
        )),
    }
}

/// The tool, the script, the files of the work and those of the mechanism share one directory.
fn nothing_is_in_the_way(
    task: &TaskTable,
    mechanism: &Mechanism,
    file: TomlFile<'_>,
) -> Result<(), TaskError> {
    let (tool, script) = (&task.work.tool, &task.shutdown.path);
    let files = task.work.files.iter().map(|file| {
        let path = &file.path;
        (path.get_ref().0.as_str(), path.span())
    });
    let mut placed = vec![tool.get_ref().0.as_str()];
    for (path, span) in [(script.get_ref().relative(), script.span())]
        .into_iter()
        .chain(files)
    {
        if let Some(other) = placed
            .iter()
            .find(|other| collide(path.as_bytes(), other.as_bytes()))
        {
            return Err(file.error_at(
                span,
                format!("`{path}` is in the way of `{other}`: place one of them elsewhere"),
            ));
        }
        placed.push(path);
    }
    for own in mechanism.placed() {
        let taken = placed.iter().map(|path| format!("{HOME}/{path}"));
        let mut in_the_way = taken.filter(|path| collide(path.as_bytes(), own.as_bytes()));
        if let Some(other) = in_the_way.next() {
            return Err(file.error_at(
                task.shutdown.mechanism.span(),
                format!(
                    "`{own}` of mechanism `{}` is in the way of `{other}`: place one of them \
                     elsewhere",
                    mechanism.name
                ),
            ));
        }
    }
    Ok(())
}

/// Whether both are one path, or one would have to be a directory that holds the other.
pub(super) fn collide(a: &[u8], b: &[u8]) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    long.strip_prefix(short)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}
