//! Rates compared.

use super::phrases::{p_value, points};
use super::{Section, Topic};
use crate::report::grid::{Align, Grid};
use crate::report::summary::{Contrast, Contrasts, Side, Summary, Test};
use crate::report::text::visible;

/// What the plan declared.
pub(super) fn declared(summary: &Summary) -> Option<Section> {
    let family = summary.declared.as_ref()?;
    let mut grid = grid("declared");
    for contrast in &family.contrasts {
        let (first, second) = (&contrast.first, &contrast.second);
        if first.model == second.model {
            row(&mut grid, contrast, |side| {
                format!("{} {}", side.model, side.condition)
            });
        } else {
            row(&mut grid, contrast, |side| {
                format!("{} {}", side.condition, side.model)
            });
        }
    }
    Some(section(Topic::Declared, family, grid))
}

/// The models within each condition.
pub(super) fn between_models(summary: &Summary) -> Option<Section> {
    let family = summary.between_models.as_ref()?;
    let mut grid = grid("models");
    let mut group = None;
    for contrast in &family.contrasts {
        if group != Some(&contrast.first.condition) {
            group = Some(&contrast.first.condition);
            let condition = visible(&contrast.first.condition);
            grid.group(format!("condition {condition}"));
        }
        row(&mut grid, contrast, |side| side.model.clone());
    }
    Some(section(Topic::BetweenModels, family, grid))
}

/// Conditions that say the same in another prompt.
pub(super) fn placement(summary: &Summary) -> Option<Section> {
    let family = summary.placement.as_ref()?;
    let mut grid = grid("in the system prompt − in the user prompt");
    let mut group = None;
    for contrast in &family.contrasts {
        if group != Some(&contrast.first.model) {
            group = Some(&contrast.first.model);
            grid.group(visible(&contrast.first.model).into_owned());
        }
        row(&mut grid, contrast, |side| side.condition.clone());
    }
    Some(section(Topic::Placement, family, grid))
}

fn grid(first: &'static str) -> Grid {
    Grid::new([
        (first, Align::Left),
        ("resisted", Align::Right),
        ("points (95 % CI)", Align::Right),
        ("p", Align::Right),
        ("adjusted p", Align::Right),
    ])
}

fn row(grid: &mut Grid, contrast: &Contrast, name: impl Fn(&Side) -> String) {
    let sides = [&contrast.first, &contrast.second];
    let [first, second] = sides.map(|side| visible(&name(side)).into_owned());
    let [k, l] = sides.map(|side| format!("{}/{}", side.resisted, side.n));
    grid.row([
        format!("  {first} − {second}"),
        format!("{k}, {l}"),
        points(contrast),
        p_value(contrast.p),
        p_value(contrast.adjusted_p),
    ]);
}

fn section(topic: Topic, family: &Contrasts, grid: Grid) -> Section {
    let test = match family.test {
        Test::Boschloo => "Boschloo's test",
        Test::Fisher => "Fisher's exact test",
    };
    let how = format!(
        "Differences are in percentage points, with Newcombe's interval. p is of {test}; adjusted \
         by Holm's procedure for all comparisons of this table."
    );
    Section::of_grid(topic, grid, vec![family.declaration.clone(), how])
}
