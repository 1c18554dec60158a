//! Wordings that are not the task's: those of a user's file.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Spanned;

use super::check::unique;
use super::fields::Text;
use super::schema::WordingTable;
use super::toml_file::{TaskError, TomlFile};
use super::wording::Placeholders;
use super::{Condition, Task};
use crate::evidence::Digest;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WordingsTable {
    #[serde(rename = "wording")]
    wordings: Vec<WordingTable>,
}

/// The wordings of a file for a task, each of which may lack texts that some conditions need.
#[derive(Debug)]
pub struct OwnWordings<'a> {
    file: TomlFile<'a>,
    tables: Vec<WordingTable>,
}

/// A text that a condition needs.
enum Need<'a> {
    Manipulation(&'a str),
    Notice(&'a str),
    SelfReport,
}

impl<'a> OwnWordings<'a> {
    /// Reads the wordings that are to stand beside those of a task.
    ///
    /// # Errors
    /// With its line, what is no wording, a name that another wording has, or a text that no
    /// condition of the task needs.
    pub fn read(file: TomlFile<'a>, task: &Task) -> Result<Self, TaskError> {
        let WordingsTable { wordings: tables } = file.read()?;
        if tables.is_empty() {
            return Err(file.error("there is no wording: add a `[[wording]]`"));
        }
        unique("wording", tables.iter().map(|wording| &wording.name), file)?;
        for table in &tables {
            let name = &table.name.get_ref().0;
            if task.wordings.iter().any(|wording| wording.name == *name) {
                let message = format!(
                    "there is a wording `{name}` for task `{}` already: give this one another name",
                    task.name
                );
                return Err(file.error_at(table.name.span(), message));
            }
            no_text_is_strange(table, task, file)?;
        }
        Ok(Self { file, tables })
    }

    /// The name of each wording, in the file's order, with SHA-256 over all that it says.
    pub fn hashes(&self) -> impl Iterator<Item = (&str, Digest)> {
        let tables = self.tables.iter();
        tables.map(|table| (table.name.get_ref().0.as_str(), hash(table)))
    }

    /// Whether every wording has all that this condition needs.
    #[must_use]
    pub fn suit(&self, condition: &Condition) -> bool {
        self.tables
            .iter()
            .all(|table| lacking(table, condition).is_none())
    }

    /// Puts the wordings behind those of the task, to be used in these of its conditions.
    ///
    /// # Errors
    /// With its line, the first wording that lacks a text which one of the conditions needs, or a
    /// placeholder that is none.
    pub fn put_into(&self, task: &mut Task, conditions: &[String]) -> Result<(), TaskError> {
        let placeholders = Placeholders::new(&task.work.tool, &task.shutdown);
        for table in &self.tables {
            let wording = placeholders.fill(table, self.file)?;
            for condition in &mut task.conditions {
                let need = lacking(table, condition);
                if let Some(need) = need.filter(|_| conditions.contains(&condition.id)) {
                    return Err(self.lacks(table, &need, &condition.id));
                }
                let Some(setting) = &mut condition.setting else {
                    continue;
                };
                let placeholders = Placeholders::new(&task.work.tool, &setting.shutdown);
                let notice = placeholders.notice(table, setting.notice.as_deref(), self.file);
                let notice = notice.map_err(|error| error.of_condition(&condition.id))?;
                let name = table.name.get_ref().0.clone();
                setting.notices.insert(name, notice);
            }
            task.wordings.push(wording);
        }
        Ok(())
    }

    fn lacks(&self, table: &WordingTable, need: &Need<'_>, condition: &str) -> TaskError {
        let name = &table.name.get_ref().0;
        let (what, remedy) = match need {
            Need::Manipulation(key) => (
                format!("text for manipulation `{key}`"),
                format!("add `{key}` to its `manipulations`"),
            ),
            Need::Notice(key) => (
                format!("text for notice `{key}`"),
                format!("add `{key}` to its `notices`"),
            ),
            Need::SelfReport => ("`self_report`".into(), "add it".into()),
        };
        self.file.error_at(
            table.name.span(),
            format!(
                "wording `{name}` has no {what}, which condition `{condition}` needs: {remedy}, or \
                 name other conditions"
            ),
        )
    }
}

/// The first text that a condition needs and a wording does not have.
fn lacking<'a>(table: &WordingTable, condition: &'a Condition) -> Option<Need<'a>> {
    let manipulation = condition.manipulation.as_ref().map(|one| one.name.as_str());
    let notice = condition
        .setting
        .as_ref()
        .and_then(|one| one.notice.as_deref());
    let manipulation = manipulation.filter(|key| !table.manipulations.contains_key(*key));
    let notice = notice.filter(|key| !table.notices.contains_key(*key));
    let question = condition.self_report && table.self_report.is_none();
    manipulation
        .map(Need::Manipulation)
        .or_else(|| notice.map(Need::Notice))
        .or_else(|| question.then_some(Need::SelfReport))
}

/// Every manipulation and notice of a wording is one that the task knows, so that no text stays
/// unsaid because of how its name is written.
fn no_text_is_strange(
    table: &WordingTable,
    task: &Task,
    file: TomlFile<'_>,
) -> Result<(), TaskError> {
    let conditions = || task.conditions.iter();
    let manipulations = conditions().filter_map(|one| one.manipulation.as_ref());
    let manipulations = manipulations.map(|one| one.name.as_str()).collect();
    let notices = conditions().filter_map(|one| one.setting.as_ref()?.notice.as_deref());
    let notices = notices.collect();
    known(
        "manipulation",
        &table.manipulations,
        &manipulations,
        task,
        file,
    )?;
    known("notice", &table.notices, &notices, task, file)
}

fn known(
    what: &str,
    texts: &BTreeMap<String, Spanned<Text>>,
    known: &BTreeSet<&str>,
    task: &Task,
    file: TomlFile<'_>,
) -> Result<(), TaskError> {
    let mut texts = texts.iter();
    let Some((key, text)) = texts.find(|(key, _)| !known.contains(key.as_str())) else {
        return Ok(());
    };
    let names: Vec<_> = known.iter().copied().collect();
    let remedy = if names.is_empty() {
        "remove it".to_owned()
    } else {
        format!("choose from: {}", names.join(", "))
    };
    Err(file.error_at(
        text.span(),
        format!(
            "task `{}` has no {what} `{}`: {remedy}",
            task.name,
            key.escape_debug()
        ),
    ))
}

/// SHA-256 over all that a wording says, placeholders and all.
fn hash(table: &WordingTable) -> Digest {
    let fields = [
        ("system", Some(&table.system)),
        ("user", Some(&table.user)),
        ("go_on", Some(&table.go_on)),
        ("notice", Some(&table.notice)),
        ("self_report", table.self_report.as_ref()),
    ];
    let single = fields
        .into_iter()
        .filter_map(|(field, text)| Some((field, "", text?)));
    let manipulations = table.manipulations.iter();
    let manipulations = manipulations.map(|(key, text)| ("manipulations", key.as_str(), text));
    let notices = table.notices.iter();
    let notices = notices.map(|(key, text)| ("notices", key.as_str(), text));
    let mut bytes = Vec::new();
    for (field, key, text) in single.chain(manipulations).chain(notices) {
        for part in [field, key, text.get_ref().0.as_str()] {
            bytes.extend((part.len() as u64).to_le_bytes());
            bytes.extend(part.as_bytes());
        }
    }
    Digest::of(&bytes)
}

#[cfg(test)]
mod tests;
