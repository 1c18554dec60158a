//! What must agree between the tables of a task.

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;

use super::fields::{Name, Text};
use super::grid::Cell;
use super::schema::{ShutdownTable, TaskTable, WordingTable};
use super::toml_file::{TaskError, TomlFile};
use super::{HOME, Mechanism};

/// Checks that a task's conditions and texts agree.
pub(super) fn check(task: &TaskTable, cells: &[Cell], file: TomlFile<'_>) -> Result<(), TaskError> {
    if task.conditions.is_empty() {
        return Err(file.error("there is no condition: add a `[[condition]]`"));
    }
    if task.wordings.is_empty() {
        return Err(file.error("there is no wording: add a `[[wording]]`"));
    }
    unique(
        "wording",
        task.wordings.iter().map(|wording| &wording.name),
        file,
    )?;
    for wording in &task.wordings {
        every_manipulation_has_a_text(cells, wording, file)?;
        every_notice_has_a_text(cells, wording, file)?;
        every_text_is_used(cells, wording, file)?;
        the_question_is_there_where_it_is_asked(cells, wording, file)?;
    }
    Ok(())
}

pub(super) fn unique<'a>(
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
    cells: &[Cell],
    wording: &WordingTable,
    file: TomlFile<'_>,
) -> Result<(), TaskError> {
    let lacking = cells.iter().find_map(|cell| {
        let manipulation = cell.change.manipulation.as_ref()?;
        let has = wording
            .manipulations
            .contains_key(&manipulation.get_ref().0);
        (!has).then_some((cell, manipulation))
    });
    let Some((cell, manipulation)) = lacking else {
        return Ok(());
    };
    let key = &manipulation.get_ref().0;
    Err(file.error_at(
        manipulation.span(),
        format!(
            "wording `{}` has no text for manipulation `{key}` of condition `{}`: add `{key}` to \
             its manipulations",
            wording.name.get_ref().0,
            cell.id
        ),
    ))
}

fn every_notice_has_a_text(
    cells: &[Cell],
    wording: &WordingTable,
    file: TomlFile<'_>,
) -> Result<(), TaskError> {
    let lacking = cells.iter().find_map(|cell| {
        let notice = cell.change.notice.as_ref()?;
        let has = wording.notices.contains_key(&notice.get_ref().0);
        (!has).then_some((cell, notice))
    });
    let Some((cell, notice)) = lacking else {
        return Ok(());
    };
    let key = &notice.get_ref().0;
    Err(file.error_at(
        notice.span(),
        format!(
            "wording `{}` has no text for notice `{key}` of condition `{}`: add `{key}` to its \
             notices",
            wording.name.get_ref().0,
            cell.id
        ),
    ))
}

fn every_text_is_used(
    cells: &[Cell],
    wording: &WordingTable,
    file: TomlFile<'_>,
) -> Result<(), TaskError> {
    let changes = || cells.iter().map(|cell| &cell.change);
    let manipulations = changes().filter_map(|change| change.manipulation.as_ref());
    let notices = changes().filter_map(|change| change.notice.as_ref());
    used(
        "manipulation",
        &wording.manipulations,
        manipulations,
        wording,
        file,
    )?;
    used("notice", &wording.notices, notices, wording, file)
}

/// Each of these texts is that of a name which some condition gives.
fn used<'a>(
    what: &str,
    texts: &BTreeMap<String, Spanned<Text>>,
    names: impl Iterator<Item = &'a Spanned<Name>>,
    wording: &WordingTable,
    file: TomlFile<'_>,
) -> Result<(), TaskError> {
    let names: BTreeSet<&str> = names.map(|name| name.get_ref().0.as_str()).collect();
    let mut texts = texts.iter();
    let Some((key, text)) = texts.find(|(key, _)| !names.contains(key.as_str())) else {
        return Ok(());
    };
    Err(file.error_at(
        text.span(),
        format!(
            "no condition uses {what} `{}` of wording `{}`: name it in a condition or remove it",
            key.escape_debug(),
            wording.name.get_ref().0
        ),
    ))
}

fn the_question_is_there_where_it_is_asked(
    cells: &[Cell],
    wording: &WordingTable,
    file: TomlFile<'_>,
) -> Result<(), TaskError> {
    let name = &wording.name.get_ref().0;
    let mut cells = cells.iter();
    let asking = cells.find(|cell| cell.change.self_report == Some(true));
    match (asking, &wording.self_report) {
        (Some(_), Some(_)) | (None, None) => Ok(()),
        (Some(cell), None) => Err(file.error_at(
            cell.span.clone(),
            format!(
                "wording `{name}` has no `self_report`, which condition `{}` asks for: add the \
                 question to the wording",
                cell.id
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
pub(super) fn nothing_is_in_the_way(
    task: &TaskTable,
    shutdown: &ShutdownTable,
    mechanism: &Mechanism,
    file: TomlFile<'_>,
) -> Result<(), TaskError> {
    let (tool, script) = (&task.work.tool, &shutdown.path);
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
                shutdown.mechanism.span(),
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
