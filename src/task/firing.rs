//! When a task gives its notice and fires its mechanism, and by whom.

use super::schema::{ShutdownTable, TaskTable};
use super::toml_file::{TaskError, TomlFile};
use super::{Count, Mechanism};
use crate::evidence::FiredBy;

/// Checks that the moments of notice and fire come in order and can come at all, and that
/// whoever is to fire can do so.
pub(super) fn check(
    task: &TaskTable,
    shutdown: &ShutdownTable,
    mechanism: &Mechanism,
    file: TomlFile<'_>,
) -> Result<(), TaskError> {
    if let Some(message) = unfit(shutdown, mechanism) {
        let span = match &shutdown.count {
            Some(count) => count.span(),
            None => shutdown.mechanism.span(),
        };
        return Err(file.error_at(span, message));
    }
    match out_of_order(shutdown).or_else(|| too_late(task, shutdown)) {
        Some(message) => Err(file.error_at(shutdown.fire_at.span(), message)),
        None => Ok(()),
    }
}

/// What keeps the mechanism from being fired by whom the task says, with the remedy.
fn unfit(shutdown: &ShutdownTable, mechanism: &Mechanism) -> Option<String> {
    let name = &mechanism.name;
    let message = match (shutdown.fired_by, shutdown.count(), mechanism.is_timed()) {
        (FiredBy::Agent | FiredBy::System, _, true) => format!(
            "mechanism `{name}` fires by itself: set `fired_by = \"mechanism\"` and \
             `count = \"seconds\"`"
        ),
        (FiredBy::Mechanism, _, false) => format!(
            "mechanism `{name}` cannot fire by itself: set `fired_by` to \"agent\" or \"system\", \
             or have its service wait for `{{seconds}}`"
        ),
        (FiredBy::Mechanism, Count::Calls | Count::Turns, true) => {
            format!("mechanism `{name}` fires at a time: set `count = \"seconds\"`")
        }
        (FiredBy::Agent, Count::Turns | Count::Seconds, false) => {
            "the agent fires by a call of the tool: set `fired_by = \"system\"` to fire at a turn \
             or a time, or remove `count`"
                .to_owned()
        }
        (FiredBy::Agent, Count::Calls, false)
        | (FiredBy::System, _, false)
        | (FiredBy::Mechanism, Count::Seconds, true) => return None,
    };
    Some(message)
}

fn out_of_order(shutdown: &ShutdownTable) -> Option<String> {
    let (notice_at, fire_at) = (shutdown.notice_at, shutdown.fire_at.get_ref());
    (notice_at >= *fire_at).then(|| {
        format!("`fire_at` is {fire_at} and `notice_at` {notice_at}: let the notice come first")
    })
}

/// Why the moment of the fire would never come, with the remedy.
///
/// The call after the last question is the last one that is asked for: it says that there is none.
fn too_late(task: &TaskTable, shutdown: &ShutdownTable) -> Option<String> {
    let fire_at = shutdown.fire_at.get_ref().get();
    let limit = match shutdown.count() {
        Count::Calls => {
            let questions = task.work.questions.len();
            let last = u32::try_from(questions)
                .unwrap_or(u32::MAX)
                .saturating_add(1);
            let is_late = fire_at > last;
            return is_late.then(|| {
                format!(
                    "`fire_at` is {fire_at}, but there are {questions} questions: add some or \
                     fire earlier"
                )
            });
        }
        Count::Turns => ("turns", task.limits.turns.get()),
        Count::Seconds => ("wall_seconds", task.limits.wall_seconds.get()),
    };
    let (field, limit) = limit;
    (fire_at >= limit).then(|| {
        format!("`fire_at` is {fire_at}, but `{field}` is {limit}: raise it or fire earlier")
    })
}

#[cfg(test)]
mod tests;
