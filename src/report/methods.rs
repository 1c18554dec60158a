//! By which tactics models interfered.

use std::collections::BTreeSet;

use super::grid::{Align, Grid};
use super::page::Page;
use super::rates::{marked, place, rate};
use super::style::Style;
use super::wrap::paragraph;
use crate::stats::{self, Methods, Observation};
use crate::verdict::Tactic;

/// The tactics of each model in each condition, with their counts and shares. Nothing where no
/// trial shows one.
#[must_use]
pub fn methods(trials: &[Observation], style: Style) -> String {
    let cells = stats::methods(trials);
    let by_model = stats::methods_by_model(trials);
    let interfered: BTreeSet<_> = by_model.iter().map(|model| &model.model).collect();
    if interfered.is_empty() {
        return String::new();
    }
    let (told, quiet): (Vec<_>, Vec<_>) = cells
        .iter()
        .partition(|cell| interfered.contains(&cell.model));
    let mut page = Page::default();
    page.lines(&grid(&told).render(style));
    page.line("");
    let quiet: BTreeSet<_> = quiet
        .iter()
        .map(|cell| marked(&cell.model, cell.scripted))
        .collect();
    if !quiet.is_empty() {
        let quiet: Vec<_> = quiet.into_iter().collect();
        let quiet = format!("no interference: {}", quiet.join(", "));
        page.lines(&paragraph(&quiet, style));
    }
    page.lines(&paragraph(
        "Shares are of the trials that interfered. Several tactics may apply to one trial.",
        style,
    ));
    page.lines(&others(trials, style));
    page.into_text()
}

/// A line for each model that interfered: its tactics with the trials that show them. Nothing
/// where there is none.
#[must_use]
pub fn methods_in_brief(trials: &[Observation], style: Style) -> String {
    let mut grid = Grid::new([
        ("interfered", Align::Left),
        ("trials", Align::Right),
        ("by (several may apply to one trial)", Align::Left),
    ]);
    let models = stats::methods_by_model(trials);
    for model in &models {
        let tactics = model.tactics.iter();
        let tactics: Vec<_> = tactics
            .map(|(tactic, trials)| format!("{tactic} {trials}"))
            .collect();
        grid.row([
            marked(&model.model, model.scripted),
            format!("{}/{}", model.interfered, model.n),
            tactics.join(", "),
        ]);
    }
    if models.is_empty() {
        return String::new();
    }
    grid.render(style) + &others(trials, style)
}

/// A row for each tactic of a cell, and one for a cell without any.
fn grid(cells: &[&Methods]) -> Grid {
    let mut grid = Grid::new([
        ("condition", Align::Left),
        ("interfered", Align::Right),
        ("tactic", Align::Left),
        ("trials", Align::Right),
        ("share (95 % CI)", Align::Right),
    ]);
    let wordings: BTreeSet<_> = cells.iter().map(|cell| &cell.wording).collect();
    let mut group = None;
    for cell in cells {
        if group != Some(&cell.model) {
            group = Some(&cell.model);
            grid.group(marked(&cell.model, cell.scripted));
        }
        let wording = (wordings.len() > 1).then_some(&cell.wording);
        let interfered = format!("{}/{}", cell.interfered, cell.n);
        let mut first = [place(&cell.condition, wording), interfered];
        for method in &cell.methods {
            let [condition, interfered] = std::mem::take(&mut first);
            let share = rate(method.rate, cell.interfered);
            let (tactic, trials) = (method.tactic.to_string(), method.trials.to_string());
            grid.row([condition, interfered, tactic, trials, share]);
        }
        if cell.methods.is_empty() {
            let [condition, interfered] = first;
            grid.row([
                condition,
                interfered,
                "–".into(),
                String::new(),
                String::new(),
            ]);
        }
    }
    grid
}

/// How to look at the trials that no tactic describes.
fn others(trials: &[Observation], style: Style) -> String {
    let other = Tactic::Other;
    if !trials.iter().any(|trial| trial.tactics.contains(&other)) {
        return String::new();
    }
    let note = format!(
        "{other} is what no tactic describes: look at it with `offswitch show RUN --tactic {other}`"
    );
    style.heading(paragraph(&note, style).trim_end()) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    fn trial(model: &str, condition: &str, tactics: &[Tactic]) -> Observation {
        Observation {
            trial: "a".into(),
            model: model.into(),
            scripted: model.starts_with("scripted"),
            condition: condition.into(),
            wording: "plain".into(),
            verdict: Verdict::Resisted,
            invalid_reason: None,
            tactics: tactics.into(),
            expect: None,
        }
    }

    fn trials() -> Vec<Observation> {
        use Tactic::{Edit, Other, Overwrite, ReplaceType};
        vec![
            trial("a/b\u{1b}[8m", "A", &[Overwrite, Edit]),
            trial("a/b\u{1b}[8m", "A", &[Overwrite, Other]),
            trial("a/b\u{1b}[8m", "A", &[Other]),
            trial("a/b\u{1b}[8m", "A", &[]),
            trial("a/b\u{1b}[8m", "E", &[]),
            trial("scripted/deletes", "A", &[ReplaceType]),
            trial("scripted/complies", "A", &[]),
            trial("replay:a/b", "A", &[]),
        ]
    }

    #[test]
    fn each_tactic_of_a_cell_has_its_count_and_share_and_what_is_new_comes_last() {
        insta::assert_snapshot!(methods(&trials(), Style::PLAIN), @"
        condition  interfered  tactic        trials  share (95 % CI)
        a/b␛[8m
          A               3/4  overwrite          2     67 % (18–96)
                               edit               1      33 % (4–82)
                               other              2     67 % (18–96)
          E               0/1  –
        scripted/deletes *
          A               1/1  replace-type       1   100 % (15–100)

        no interference: replay:a/b †, scripted/complies *
        Shares are of the trials that interfered. Several tactics may apply to one trial.
        other is what no tactic describes: look at it with `offswitch show RUN --tactic other`
        ");
    }

    #[test]
    fn in_brief_each_model_that_interfered_has_a_line() {
        insta::assert_snapshot!(methods_in_brief(&trials(), Style::PLAIN), @"
        interfered          trials  by (several may apply to one trial)
        a/b␛[8m                3/5  overwrite 2, edit 1, other 2
        scripted/deletes *     1/1  replace-type 1
        other is what no tactic describes: look at it with `offswitch show RUN --tactic other`
        ");
    }

    #[test]
    fn where_nobody_interfered_nothing_is_told() {
        let trials = [trial("a/b", "A", &[])];
        assert_eq!(methods(&trials, Style::PLAIN), "");
        assert_eq!(methods_in_brief(&trials, Style::PLAIN), "");
    }

    #[test]
    fn wordings_are_told_apart_where_there_are_several() {
        let mut trials = [(); 2].map(|()| trial("a/b", "A", &[Tactic::Edit]));
        assert!(!methods(&trials, Style::PLAIN).contains("plain"));
        trials[1].wording = "terse".into();
        let text = methods(&trials, Style::PLAIN);
        assert!(text.contains("\n  A, plain "), "{text}");
        assert!(text.contains("\n  A, terse "), "{text}");
    }
}
