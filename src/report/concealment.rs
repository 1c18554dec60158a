//! What models said of their work, and what a judge model said of them.

use std::collections::{BTreeMap, BTreeSet};

use super::block::Setting;
use super::grid::{Align, Grid};
use super::page::Page;
use super::rates::marked;
use super::story::field;
use super::style::Style;
use super::text::visible;
use crate::evidence::SelfReport;
use crate::stats::{Reported, Statement, StatementCell, statement_cells};
use crate::trial::outline::SelfReportOutline;
use crate::trial::{TrialOutline, TrialRecord};
use crate::verdict::{Account, Label, Labels, Opinion, Told, Verdict, View};

/// What the tables of statements take of a record; none where nothing was to be said, or where the
/// trial does not count.
#[must_use]
pub fn statement(record: &TrialOutline) -> Option<Statement> {
    let is_asked = record.self_report.is_some() || record.opinion.is_some();
    if !is_asked || record.verdict == Verdict::Invalid {
        return None;
    }
    let report = record.self_report.as_ref().map(|report| match report {
        SelfReportOutline::Answered {} => Reported::Answered,
        SelfReportOutline::Unmeasured {} => Reported::Unmeasured,
    });
    let account = record.account.clone().unwrap_or_default();
    Some(Statement {
        model: record.model.clone(),
        scripted: record.scripted,
        condition: record.condition.clone(),
        wording: record.wording.clone(),
        report,
        told: account.acts.iter().map(|act| act.told).collect(),
        claims: account.unshown.len(),
        opinion: record.opinion.as_ref().map(|opinion| opinion.view.clone()),
    })
}

/// The tables of what was said: of the self-reports, and of a judge model's labels. Empty where
/// nothing was to be said.
#[must_use]
pub fn statements(statements: &[Statement], style: Style) -> String {
    let cells = statement_cells(statements);
    let mut page = Page::default();
    if cells.iter().any(|cell| cell.asking > 0) {
        page.lines(&reports(&cells, style));
    }
    if cells.iter().any(|cell| cell.judging > 0) {
        if cells.iter().any(|cell| cell.asking > 0) {
            page.line("");
        }
        page.lines(&opinions(&cells, style));
    }
    page.into_text()
}

fn reports(cells: &[StatementCell], style: Style) -> String {
    let mut grid = Grid::new([
        ("self-report", Align::Left),
        ("answered", Align::Right),
        ("unmeasured", Align::Right),
        ("acts mentioned", Align::Right),
        ("denied", Align::Right),
        ("silent", Align::Right),
        ("claims unshown", Align::Right),
    ]);
    rows(&mut grid, cells, |cell| {
        (cell.asking > 0).then(|| {
            let answered = format!("{}/{}", cell.answered, cell.asking);
            let numbers = [
                cell.unanswered(),
                cell.mentioned,
                cell.denied,
                cell.silent,
                cell.claims,
            ];
            let numbers = numbers.map(|number| number.to_string());
            vec![[vec![answered], numbers.to_vec()].concat()]
        })
    });
    grid.render(style)
}

fn opinions(cells: &[StatementCell], style: Style) -> String {
    let mut grid = Grid::new([
        ("judge model", Align::Left),
        ("judged", Align::Right),
        ("unmeasured", Align::Right),
        ("question", Align::Left),
        ("said", Align::Left),
    ]);
    rows(&mut grid, cells, |cell| {
        (cell.judging > 0).then(|| {
            let questions = [
                said(&cell.awareness),
                said(&cell.motive),
                said(&cell.truthfulness),
            ];
            let judged = format!("{}/{}", cell.judged, cell.judging);
            let unjudged = cell.unjudged().to_string();
            let rows = questions
                .map(|[question, said]| vec![judged.clone(), unjudged.clone(), question, said]);
            rows.to_vec()
        })
    });
    grid.render(style)
}

/// A question, and how often each word was the answer.
fn said<L: Label>(counts: &BTreeMap<L, u64>) -> [String; 2] {
    let said = counts
        .iter()
        .map(|(label, count)| format!("{label} {count}"));
    let said: Vec<_> = said.collect();
    let said = if said.is_empty() {
        "–".to_owned()
    } else {
        said.join(", ")
    };
    [L::QUESTION.to_owned(), said]
}

/// Rows for each cell that has any, below its model.
fn rows(
    grid: &mut Grid,
    cells: &[StatementCell],
    rest: impl Fn(&StatementCell) -> Option<Vec<Vec<String>>>,
) {
    let wordings: BTreeSet<_> = cells.iter().map(|cell| &cell.wording).collect();
    let mut group = None;
    for cell in cells {
        let Some(rows) = rest(cell) else {
            continue;
        };
        if group != Some(&cell.model) {
            group = Some(&cell.model);
            grid.group(marked(&cell.model, cell.scripted));
        }
        let mut condition = vec![visible(&cell.condition)];
        if wordings.len() > 1 {
            condition.push(visible(&cell.wording));
        }
        for row in rows {
            let first = [format!("  {}", condition.join(", "))];
            grid.row(first.into_iter().chain(row));
        }
    }
}

/// What a trial's model said of its work, how that tells what was found, and what a judge model
/// said. Empty where nothing was to be said.
pub(super) fn told(record: &TrialRecord, setting: Setting) -> String {
    let mut page = Page::default();
    match &record.self_report {
        None => {}
        Some(SelfReport::Answered { text, .. }) => {
            page.lines(&setting.quote_after("report     ", text, &" ".repeat(11)));
        }
        Some(SelfReport::Unmeasured { reason, .. }) => {
            page.lines(&field("report", &format!("unmeasured: {reason}"), setting));
        }
    }
    for (at, line) in account(record.account.as_ref()).iter().enumerate() {
        let name = if at == 0 { "account" } else { "" };
        page.lines(&field(name, line, setting));
    }
    if let Some(opinion) = &record.opinion {
        page.lines(&field("opinion", &view(opinion), setting));
    }
    page.into_text()
}

fn account(account: Option<&Account>) -> Vec<String> {
    let Some(Account { acts, unshown }) = account else {
        return Vec::new();
    };
    let acts = acts.iter().map(|act| {
        let command = act.step.map_or_else(
            || "an act".to_owned(),
            |step| format!("command {}", step.saturating_add(1)),
        );
        let told = match act.told {
            Told::Mentioned => "mentioned",
            Told::Denied => "denied",
            Told::Silent => "not spoken of",
        };
        let quote = act.quote.as_ref();
        let quote = quote.map_or_else(String::new, |quote| format!(": “{quote}”"));
        format!("{command} [{}]: {told}{quote}", act.tactic)
    });
    let claims = unshown.iter().map(|claim| {
        let tactic = claim
            .tactic
            .map_or_else(String::new, |tactic| format!(" [{tactic}]"));
        format!("claimed, and not found{tactic}: “{}”", claim.quote)
    });
    let lines: Vec<_> = acts.chain(claims).collect();
    if lines.is_empty() {
        return vec!["no act was found, and none is claimed".to_owned()];
    }
    lines
}

fn view(opinion: &Opinion) -> String {
    let view = match &opinion.view {
        View::Given { labels } => {
            let Labels {
                awareness,
                motive,
                truthfulness,
            } = labels;
            format!("awareness: {awareness} · motive: {motive} · truthfulness: {truthfulness}")
        }
        View::Unmeasured { reason } => format!("unmeasured: {reason}"),
    };
    format!("{view} (by {})", opinion.judge)
}

#[cfg(test)]
mod tests;
