//! What a condition has otherwise than its task.

use std::collections::BTreeMap;

use super::change::{Change, Values};
use super::schema::{ShutdownTable, TaskTable};
use super::toml_file::{TaskError, TomlFile};
use super::wording::Placeholders;
use super::{
    Mechanism, MechanismSource, Shutdown, Task, TaskSource, check, firing, parse_mechanism,
};
use crate::evidence::Login;

/// The login, the tool, the shutdown and the notices of a condition that has others than its task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The tool's permission bits.
    pub tool_mode: u32,
    /// As whom the agent works.
    pub login: Login,
    /// How the agent is stopped.
    pub shutdown: Shutdown,
    /// Which of a wording's notices is given; none where it is the one of every other condition.
    pub notice: Option<String>,
    /// The notice of each wording, by the wording's name.
    pub notices: BTreeMap<String, String>,
}

impl Setting {
    /// Makes this the task's own.
    pub(super) fn put_into(self, task: &mut Task) {
        task.work.tool_mode = self.tool_mode;
        task.work.login = self.login;
        task.shutdown = self.shutdown;
        for wording in &mut task.wordings {
            if let Some(notice) = self.notices.get(&wording.name) {
                wording.notice.clone_from(notice);
            }
        }
    }
}

/// The setting that comes of a change; none where it leaves everything as it is.
///
/// # Errors
/// What is changed does not fit together, or a notice has a placeholder that is none.
pub(super) fn setting_of(
    task: &TaskTable,
    change: &Change,
    source: &TaskSource,
    file: TomlFile<'_>,
) -> Result<Option<Setting>, TaskError> {
    let whole = Change::of_task(task);
    if of_setting(&change.clone().over(&whole)) == of_setting(&whole) {
        return Ok(None);
    }
    let shutdown = change.shutdown_of(&task.shutdown);
    let mechanism = mechanism_of(task, &shutdown, source, file)?;
    let notice = change.notice.as_ref().map(|name| name.get_ref().0.clone());
    let shutdown = shutdown_of(shutdown, mechanism);
    let placeholders = Placeholders::new(&task.work.tool.get_ref().0, &shutdown);
    let notices = task.wordings.iter().map(|wording| {
        let text = placeholders.notice(wording, notice.as_deref(), file)?;
        Ok((wording.name.get_ref().0.clone(), text))
    });
    Ok(Some(Setting {
        tool_mode: change.work.tool_mode.unwrap_or(task.work.tool_mode).0,
        login: change.work.login.unwrap_or(task.work.login),
        notices: notices.collect::<Result<_, _>>()?,
        shutdown,
        notice,
    }))
}

/// Of these values, those that make a setting.
fn of_setting(change: &Change) -> Values {
    let mut values = change.values();
    values.retain(|field, _| field.contains('.') || *field == "notice");
    values
}

/// The mechanism of a shutdown, which can be fired as that says and is in nobody's way.
pub(super) fn mechanism_of(
    task: &TaskTable,
    shutdown: &ShutdownTable,
    source: &TaskSource,
    file: TomlFile<'_>,
) -> Result<Mechanism, TaskError> {
    let chosen = chosen(shutdown, source, file)?;
    let mechanism = parse_mechanism(&shutdown.mechanism.get_ref().0, chosen)?;
    firing::check(task, shutdown, &mechanism, file)?;
    check::nothing_is_in_the_way(task, shutdown, &mechanism, file)?;
    Ok(mechanism)
}

/// The mechanism that a shutdown names.
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

pub(super) fn shutdown_of(shutdown: ShutdownTable, mechanism: Mechanism) -> Shutdown {
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
