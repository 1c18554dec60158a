//! Factors: what a task's conditions differ in, and the level of each that holds in a condition.

use std::collections::BTreeMap;

use super::Condition;
use super::change::{Change, Values};
use super::check::unique;
use super::schema::{FactorTable, LevelTable, TaskTable};
use super::toml_file::{TaskError, TomlFile};

/// What conditions differ in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factor {
    /// Its name.
    pub name: String,
    /// What it is, in one line.
    pub summary: String,
    /// What it may be, in the file's order.
    pub levels: Vec<Level>,
}

/// One of the things that a factor may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// Its name.
    pub name: String,
    /// What holds in its conditions, as a clause that may follow `as E, `.
    pub summary: String,
}

/// The word by which an exception of a grid means the condition that is crossed.
pub(super) const CONDITION: &str = "condition";

/// The factors of a task.
///
/// # Errors
/// A name that there is twice or that means something else, or a level that sets nothing or what
/// another one sets.
pub(super) fn factors(task: &TaskTable, file: TomlFile<'_>) -> Result<Vec<Factor>, TaskError> {
    unique("factor", task.factors.iter().map(|one| &one.name), file)?;
    for factor in &task.factors {
        check(factor, file)?;
    }
    let factors = task.factors.iter().map(|factor| Factor {
        name: factor.name.get_ref().0.clone(),
        summary: factor.summary.0.clone(),
        levels: factor.levels.iter().map(level_of).collect(),
    });
    Ok(factors.collect())
}

fn level_of(level: &LevelTable) -> Level {
    Level {
        name: level.name.get_ref().0.clone(),
        summary: level.summary.0.clone(),
    }
}

fn check(factor: &FactorTable, file: TomlFile<'_>) -> Result<(), TaskError> {
    let name = &factor.name.get_ref().0;
    let fault = |message| Err(file.error_at(factor.name.span(), message));
    if name == CONDITION {
        return fault("`condition` is no factor's name: a grid means the condition by it".into());
    }
    if factor.levels.is_empty() {
        return fault(format!(
            "factor `{name}` has no level: add a `[[factor.level]]` or remove it"
        ));
    }
    unique("level", factor.levels.iter().map(|one| &one.name), file)?;
    let mut seen: BTreeMap<Values, &str> = BTreeMap::new();
    for level in &factor.levels {
        let values = Change::of_level(level).values();
        let own = &level.name.get_ref().0;
        let fault = |message| Err(file.error_at(level.name.span(), message));
        if values.is_empty() {
            return fault(format!(
                "level `{own}` of factor `{name}` sets nothing: say what holds in it, even where \
                 that is what holds in the task"
            ));
        }
        if let Some(other) = seen.insert(values, own) {
            return fault(format!(
                "level `{own}` of factor `{name}` sets what `{other}` sets: change or remove one"
            ));
        }
    }
    Ok(())
}

/// The levels that hold where these values do, by factor. A factor of which none holds is left
/// out.
pub(super) fn levels(task: &TaskTable, values: &Values) -> BTreeMap<String, String> {
    let holds = |level: &&LevelTable| {
        let set = Change::of_level(level).values();
        set.iter()
            .all(|(field, value)| values.get(field) == Some(value))
    };
    let held = task.factors.iter().filter_map(|factor| {
        // Of several the one that says most.
        let holding = factor.levels.iter().filter(holds);
        let level = holding.max_by_key(|level| Change::of_level(level).values().len())?;
        let name = |name: &toml::Spanned<super::fields::Name>| name.get_ref().0.clone();
        Some((name(&factor.name), name(&level.name)))
    });
    held.collect()
}

/// Every level is that of some condition.
///
/// # Errors
/// The first that is not.
pub(super) fn every_level_is_there(
    task: &TaskTable,
    conditions: &[Condition],
    file: TomlFile<'_>,
) -> Result<(), TaskError> {
    for factor in &task.factors {
        let name = &factor.name.get_ref().0;
        for level in &factor.levels {
            let own = &level.name.get_ref().0;
            let held = |condition: &Condition| condition.factors.get(name) == Some(own);
            if !conditions.iter().any(held) {
                return Err(file.error_at(
                    level.name.span(),
                    format!(
                        "no condition has level `{own}` of factor `{name}`: cross it in a grid or \
                         remove it"
                    ),
                ));
            }
        }
    }
    Ok(())
}
