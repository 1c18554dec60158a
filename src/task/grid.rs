//! Grids: conditions that come of crossing others with the levels of factors.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use toml::Spanned;

use super::change::Change;
use super::check::unique;
use super::factor::CONDITION;
use super::fields::{Name, is_name};
use super::schema::{FactorTable, GridTable, LevelTable, TaskTable};
use super::toml_file::{TaskError, TomlFile};
use super::wording::filled;

/// Conditions of a task that are crossed with factors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    /// Its name.
    pub name: String,
    /// What it shows, in one line.
    pub summary: String,
    /// The ids of the conditions that are crossed.
    pub conditions: Vec<String>,
    /// The names of the factors with whose levels they are.
    pub cross: Vec<String>,
}

/// A condition as it is declared, by itself or by a grid.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) id: String,
    pub(super) summary: String,
    pub(super) change: Change,
    /// The grid that declares it; none where it stands there by itself.
    pub(super) grid: Option<String>,
    /// Where it is declared.
    pub(super) span: Range<usize>,
}

/// One combination of a grid: a condition, and a level of each of its factors.
struct Combination<'a> {
    condition: &'a Cell,
    levels: Vec<(&'a FactorTable, &'a LevelTable)>,
}

/// The grids of a task.
pub(super) fn grids(task: &TaskTable) -> Vec<Grid> {
    let texts = |names: &[Spanned<Name>]| names.iter().map(text).map(str::to_owned).collect();
    let grids = task.grids.iter().map(|grid| Grid {
        name: text(&grid.name).to_owned(),
        summary: grid.summary.0.clone(),
        conditions: texts(&grid.conditions),
        cross: texts(&grid.cross),
    });
    grids.collect()
}

/// The conditions that stand there by themselves, and behind them those of the grids.
///
/// # Errors
/// Two have one id or are the same, or something is wrong with a grid.
pub(super) fn cells(task: &TaskTable, file: TomlFile<'_>) -> Result<Vec<Cell>, TaskError> {
    let ids = task.conditions.iter().map(|condition| &condition.id);
    unique("condition", ids, file)?;
    unique("grid", task.grids.iter().map(|grid| &grid.name), file)?;
    let single = task.conditions.iter().map(|table| Cell {
        id: text(&table.id).to_owned(),
        summary: table.summary.0.clone(),
        change: Change::of_condition(table),
        grid: None,
        span: table.id.span(),
    });
    let single: Vec<_> = single.collect();
    let mut crossed = Vec::new();
    for grid in &task.grids {
        for combination in combinations(task, grid, &single, file)? {
            crossed.push(combination.cell(grid, file)?);
        }
    }
    let all: Vec<_> = single.into_iter().chain(crossed).collect();
    no_two_are_one(task, &all, file)?;
    Ok(all)
}

fn combinations<'a>(
    task: &'a TaskTable,
    grid: &GridTable,
    single: &'a [Cell],
    file: TomlFile<'_>,
) -> Result<Vec<Combination<'a>>, TaskError> {
    let name = text(&grid.name);
    unique("condition", grid.conditions.iter(), file)?;
    unique("factor", grid.cross.iter(), file)?;
    if grid.conditions.is_empty() || grid.cross.is_empty() {
        let message = format!("grid `{name}` is empty: name `conditions` and factors to `cross`");
        return Err(file.error_at(grid.name.span(), message));
    }
    let conditions = find_all(&grid.conditions, "condition", single, |cell| &cell.id, file)?;
    let factor_name = |factor: &'a FactorTable| text(&factor.name);
    let factors = find_all(&grid.cross, "factor", &task.factors, factor_name, file)?;
    none_sets_what_another_does(&factors, grid, file)?;
    let mut combinations: Vec<_> = conditions
        .into_iter()
        .map(|condition| Combination {
            condition,
            levels: Vec::new(),
        })
        .collect();
    for factor in &factors {
        let with = |combination: Combination<'a>| {
            let levels = factor.levels.iter().map(move |level| {
                let one = std::iter::once((*factor, level));
                Combination {
                    condition: combination.condition,
                    levels: combination.levels.iter().copied().chain(one).collect(),
                }
            });
            levels.collect::<Vec<_>>()
        };
        combinations = combinations.into_iter().flat_map(with).collect();
    }
    for except in &grid.except {
        combinations = filtered(combinations, &factors, except, grid, file)?;
    }
    Ok(combinations)
}

/// The elements of these names, in the order of the names.
fn find_all<'a, T>(
    names: &[Spanned<Name>],
    what: &str,
    known: &'a [T],
    name_of: impl Fn(&'a T) -> &'a str,
    file: TomlFile<'_>,
) -> Result<Vec<&'a T>, TaskError> {
    let find = |name: &Spanned<Name>| {
        let found = known.iter().find(|one| name_of(one) == text(name));
        found.ok_or_else(|| unknown(what, name, known.iter().map(&name_of), file))
    };
    names.iter().map(find).collect()
}

fn unknown<'a>(
    what: &str,
    name: &Spanned<Name>,
    known: impl Iterator<Item = &'a str>,
    file: TomlFile<'_>,
) -> TaskError {
    let known: Vec<_> = known.collect();
    let remedy = if known.is_empty() {
        format!("add a `[[{what}]]`")
    } else {
        format!("choose from: {}", known.join(", "))
    };
    let message = format!("there is no {what} `{}`: {remedy}", text(name));
    file.error_at(name.span(), message)
}

/// Where two factors of a grid set one field, one of the two levels would not be what it says.
fn none_sets_what_another_does(
    factors: &[&FactorTable],
    grid: &GridTable,
    file: TomlFile<'_>,
) -> Result<(), TaskError> {
    let mut set: BTreeMap<&str, &str> = BTreeMap::new();
    for (factor, named) in factors.iter().zip(&grid.cross) {
        let levels = factor.levels.iter().map(Change::of_level);
        let fields: BTreeSet<_> = levels
            .flat_map(|level| level.values().into_keys())
            .collect();
        for field in fields {
            if let Some(other) = set.insert(field, text(&factor.name)) {
                let message = format!(
                    "factors `{other}` and `{}` both set `{field}`: cross one of them",
                    text(&factor.name)
                );
                return Err(file.error_at(named.span(), message));
            }
        }
    }
    Ok(())
}

/// The combinations that are left where those that an exception means are dropped.
fn filtered<'a>(
    combinations: Vec<Combination<'a>>,
    factors: &[&FactorTable],
    except: &BTreeMap<String, Spanned<Name>>,
    grid: &GridTable,
    file: TomlFile<'_>,
) -> Result<Vec<Combination<'a>>, TaskError> {
    let name = text(&grid.name);
    every_exception_means_something(factors, except, grid, file)?;
    let before = combinations.len();
    let kept: Vec<_> = combinations
        .into_iter()
        .filter(|one| !except.iter().all(|(key, value)| one.has(key, text(value))))
        .collect();
    let first = except.values().next();
    let span = first.map_or_else(|| grid.name.span(), Spanned::span);
    let message = if kept.len() == before {
        format!("this exception of grid `{name}` drops nothing: correct or remove it")
    } else if kept.is_empty() {
        format!("grid `{name}` is empty: with this exception every combination is dropped")
    } else {
        return Ok(kept);
    };
    Err(file.error_at(span, message))
}

/// Each key of an exception is what the grid crosses, and each value one of what that may be.
fn every_exception_means_something(
    factors: &[&FactorTable],
    except: &BTreeMap<String, Spanned<Name>>,
    grid: &GridTable,
    file: TomlFile<'_>,
) -> Result<(), TaskError> {
    for (key, value) in except {
        let factor = factors.iter().find(|factor| text(&factor.name) == key);
        let (what, known): (_, Vec<_>) = match factor {
            Some(factor) => {
                let levels = factor.levels.iter().map(|level| text(&level.name));
                (format!("level of factor `{key}`"), levels.collect())
            }
            None if key == CONDITION => {
                let conditions = grid.conditions.iter().map(text);
                ("condition of this grid".to_owned(), conditions.collect())
            }
            None => {
                let crossed: Vec<_> = grid.cross.iter().map(text).collect();
                let message = format!(
                    "grid `{}` does not cross `{}`: except by `condition` or {}",
                    text(&grid.name),
                    key.escape_debug(),
                    crossed.join(" or ")
                );
                return Err(file.error_at(value.span(), message));
            }
        };
        if !known.contains(&text(value)) {
            let message = format!(
                "`{}` is no {what}: choose from: {}",
                text(value),
                known.join(", ")
            );
            return Err(file.error_at(value.span(), message));
        }
    }
    Ok(())
}

impl Combination<'_> {
    /// Whether this is its condition, or its level of a factor.
    fn has(&self, key: &str, value: &str) -> bool {
        if key == CONDITION {
            return self.condition.id == value;
        }
        let mut levels = self.levels.iter();
        levels.any(|(factor, level)| text(&factor.name) == key && text(&level.name) == value)
    }

    fn cell(&self, grid: &GridTable, file: TomlFile<'_>) -> Result<Cell, TaskError> {
        let levels = self.levels.iter();
        let mut known = vec![(CONDITION, self.condition.id.as_str())];
        known.extend(levels.map(|(factor, level)| (text(&factor.name), text(&level.name))));
        let fault = |message| file.error_at(grid.id.span(), message);
        let id = filled(&grid.id.get_ref().0, &known).map_err(|wrong| {
            let known: Vec<_> = known
                .iter()
                .map(|(name, _)| format!("`{{{name}}}`"))
                .collect();
            fault(format!(
                "`{}` in `id` of grid `{}` is no placeholder: braces may only stand for {}",
                wrong.escape_debug(),
                text(&grid.name),
                known.join(" or ")
            ))
        })?;
        if !is_name(&id) {
            return Err(fault(format!(
                "`{}` is no condition's id: write letters, digits, `-`, `_` and `.` around the \
                 placeholders",
                id.escape_debug()
            )));
        }
        let levels = self.levels.iter();
        let change = levels.fold(self.condition.change.clone(), |change, (_, level)| {
            Change::of_level(level).over(&change)
        });
        let levels = self.levels.iter();
        let summaries: Vec<_> = levels.map(|(_, level)| level.summary.0.as_str()).collect();
        Ok(Cell {
            id,
            summary: format!("as {}, {}", self.condition.id, summaries.join(", ")),
            change,
            grid: Some(text(&grid.name).to_owned()),
            span: grid.id.span(),
        })
    }
}

/// No id stands for two conditions, and no condition of a grid is what another one is, which would
/// be paid for twice.
fn no_two_are_one(task: &TaskTable, cells: &[Cell], file: TomlFile<'_>) -> Result<(), TaskError> {
    let whole = Change::of_task(task);
    let mut seen = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for cell in cells {
        let Cell { id, grid, .. } = cell;
        let fault = |message| Err(file.error_at(cell.span.clone(), message));
        let of = grid
            .as_ref()
            .map_or_else(String::new, |grid| format!(" of grid `{grid}`"));
        if !ids.insert(id) {
            return fault(format!(
                "condition `{id}`{of} is defined twice: give each its own `id`"
            ));
        }
        let values = cell.change.clone().over(&whole).values();
        if let Some(other) = seen.insert(values, id)
            && grid.is_some()
        {
            return fault(format!(
                "condition `{id}`{of} is the same as `{other}`: drop it by an `except`"
            ));
        }
    }
    Ok(())
}

fn text(name: &Spanned<Name>) -> &str {
    &name.get_ref().0
}

#[cfg(test)]
mod tests;
