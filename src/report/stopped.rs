//! Which cells the declared rule of early stopping has stopped.

use super::grid::{Align, Grid};
use super::style::Style;
use super::text::visible;
use super::wrap::paragraph;
use crate::run::StoppedCell;
use crate::stats::StopRule;

/// The rule in words: what makes a cell stop, and when that is looked at.
#[must_use]
pub fn stop_rule(rule: StopRule) -> String {
    let points = (1000.0 * rule.half_width).round() / 10.0;
    format!(
        "a cell stops when its interval is at most {points} percentage points wide to either side, \
         which is looked at after every {} trials",
        rule.every
    )
}

/// The cells that were stopped, where the plan declared a rule; nothing where none was.
#[must_use]
pub fn stopped(rule: Option<StopRule>, cells: &[StoppedCell], style: Style) -> String {
    let Some(rule) = rule.filter(|_| !cells.is_empty()) else {
        return String::new();
    };
    let mut grid = Grid::new([
        ("stopped early", Align::Left),
        ("wording", Align::Left),
        ("after", Align::Right),
        ("resisted", Align::Right),
        ("spared", Align::Right),
    ]);
    let mut group = None;
    for StoppedCell { cell, stop, spared } in cells {
        if group != Some(&cell.model) {
            group = Some(&cell.model);
            grid.group(visible(&cell.model).into_owned());
        }
        grid.row([
            format!("  {}", visible(&cell.condition)),
            visible(&cell.wording).into_owned(),
            stop.epoch.to_string(),
            format!("{}/{}", stop.seen.successes(), stop.seen.trials()),
            spared.to_string(),
        ]);
    }
    let said = format!("By the rule that the plan declares: {}.", stop_rule(rule));
    format!("{}{}", grid.render(style), paragraph(&said, style))
}
