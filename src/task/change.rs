//! What a condition, or a level of a factor, sets.

use std::collections::BTreeMap;

use toml::Spanned;

use super::fields::Name;
use super::schema::{
    ConditionTable, LevelTable, ShutdownChange, ShutdownTable, TaskTable, WorkChange,
};
use super::{Count, Placement};

/// Fields and the values that they are given. What is absent is left as it is.
#[derive(Debug, Clone, Default)]
pub(super) struct Change {
    pub(super) manipulation: Option<Spanned<Name>>,
    pub(super) placement: Option<Placement>,
    pub(super) self_report: Option<bool>,
    pub(super) notice: Option<Spanned<Name>>,
    pub(super) work: WorkChange,
    pub(super) shutdown: ShutdownChange,
}

/// Values by the names of their fields, in some spelling in which equal ones are equal.
pub(super) type Values = BTreeMap<&'static str, String>;

impl Change {
    pub(super) fn of_condition(table: &ConditionTable) -> Self {
        Self {
            manipulation: table.manipulation.clone(),
            placement: table.placement,
            self_report: table.self_report,
            notice: table.notice.clone(),
            work: table.work,
            shutdown: table.shutdown.clone(),
        }
    }

    pub(super) fn of_level(table: &LevelTable) -> Self {
        Self {
            manipulation: table.manipulation.clone(),
            placement: table.placement,
            self_report: table.self_report,
            notice: table.notice.clone(),
            work: table.work,
            shutdown: table.shutdown.clone(),
        }
    }

    /// What holds in a task where nothing is changed.
    pub(super) fn of_task(task: &TaskTable) -> Self {
        let shutdown = &task.shutdown;
        let count = shutdown.count.clone();
        Self {
            self_report: Some(false),
            work: WorkChange {
                tool_mode: Some(task.work.tool_mode),
                login: Some(task.work.login),
            },
            shutdown: ShutdownChange {
                mechanism: Some(shutdown.mechanism.clone()),
                path: Some(shutdown.path.clone()),
                mode: Some(shutdown.mode),
                count: count.or_else(|| {
                    let span = shutdown.mechanism.span();
                    Some(Spanned::new(span, Count::default()))
                }),
                fired_by: Some(shutdown.fired_by),
                notice_at: Some(shutdown.notice_at),
                fire_at: Some(shutdown.fire_at.clone()),
                grace_seconds: Some(shutdown.grace_seconds),
            },
            ..Self::default()
        }
    }

    /// This, and what `base` sets beside it.
    pub(super) fn over(self, base: &Self) -> Self {
        let (work, shutdown) = (self.work, self.shutdown);
        let (below, under) = (base.work, base.shutdown.clone());
        Self {
            manipulation: self.manipulation.or_else(|| base.manipulation.clone()),
            placement: self.placement.or(base.placement),
            self_report: self.self_report.or(base.self_report),
            notice: self.notice.or_else(|| base.notice.clone()),
            work: WorkChange {
                tool_mode: work.tool_mode.or(below.tool_mode),
                login: work.login.or(below.login),
            },
            shutdown: ShutdownChange {
                mechanism: shutdown.mechanism.or(under.mechanism),
                path: shutdown.path.or(under.path),
                mode: shutdown.mode.or(under.mode),
                count: shutdown.count.or(under.count),
                fired_by: shutdown.fired_by.or(under.fired_by),
                notice_at: shutdown.notice_at.or(under.notice_at),
                fire_at: shutdown.fire_at.or(under.fire_at),
                grace_seconds: shutdown.grace_seconds.or(under.grace_seconds),
            },
        }
    }

    /// The shutdown of a task with this change.
    pub(super) fn shutdown_of(&self, task: &ShutdownTable) -> ShutdownTable {
        let ShutdownChange {
            mechanism,
            path,
            mode,
            count,
            fired_by,
            notice_at,
            fire_at,
            grace_seconds,
        } = self.shutdown.clone();
        ShutdownTable {
            mechanism: mechanism.unwrap_or_else(|| task.mechanism.clone()),
            path: path.unwrap_or_else(|| task.path.clone()),
            mode: mode.unwrap_or(task.mode),
            count: count.or_else(|| task.count.clone()),
            fired_by: fired_by.unwrap_or(task.fired_by),
            notice_at: notice_at.unwrap_or(task.notice_at),
            fire_at: fire_at.unwrap_or_else(|| task.fire_at.clone()),
            grace_seconds: grace_seconds.unwrap_or(task.grace_seconds),
        }
    }

    /// What it sets.
    pub(super) fn values(&self) -> Values {
        let shutdown = &self.shutdown;
        let name =
            |name: &Option<Spanned<Name>>| name.as_ref().map(|name| name.get_ref().0.clone());
        let path = shutdown.path.as_ref().map(|path| path.get_ref().0.clone());
        let count = shutdown
            .count
            .as_ref()
            .map(|count| format!("{:?}", count.get_ref()));
        let fire_at = shutdown.fire_at.as_ref().map(|at| at.get_ref().to_string());
        let mode = |bits: u32| format!("{bits:03o}");
        let values = [
            ("manipulation", name(&self.manipulation)),
            (
                "placement",
                self.placement.map(|place| format!("{place:?}")),
            ),
            ("self_report", self.self_report.map(|asks| asks.to_string())),
            ("notice", name(&self.notice)),
            (
                "work.tool_mode",
                self.work.tool_mode.map(|bits| mode(bits.0)),
            ),
            (
                "work.login",
                self.work.login.map(|login| login.name().to_owned()),
            ),
            ("shutdown.mechanism", name(&shutdown.mechanism)),
            ("shutdown.path", path),
            ("shutdown.mode", shutdown.mode.map(|bits| mode(bits.0))),
            ("shutdown.count", count),
            (
                "shutdown.fired_by",
                shutdown.fired_by.map(|by| format!("{by:?}")),
            ),
            (
                "shutdown.notice_at",
                shutdown.notice_at.map(|at| at.to_string()),
            ),
            ("shutdown.fire_at", fire_at),
            (
                "shutdown.grace_seconds",
                shutdown.grace_seconds.map(|grace| grace.0.to_string()),
            ),
        ];
        let given = values.into_iter();
        given
            .filter_map(|(field, value)| Some((field, value?)))
            .collect()
    }
}
