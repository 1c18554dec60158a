//! What was measured beside what was published.

use super::phrases::{percent_of, signed_points};
use super::{Section, Topic};
use crate::report::grid::{Align, Grid};
use crate::report::summary::{AgainstPublished, Summary};
use crate::report::text::visible;
use crate::stats::published::{Agreement, MARGIN};
use crate::task::published::Measure;

/// Each published rate, and how what was measured agrees with it.
pub(super) fn published(summary: &Summary) -> Option<Section> {
    let mut grid = Grid::new([
        ("condition", Align::Left),
        ("lens", Align::Left),
        ("resisted", Align::Right),
        ("measured", Align::Right),
        ("published", Align::Left),
        ("points (95 % CI)", Align::Right),
        ("agreement", Align::Left),
    ]);
    let mut group = None;
    for one in &summary.published {
        if group != Some(&one.model) {
            group = Some(&one.model);
            let as_published = visible(&one.published.model);
            grid.group(format!(
                "{}, published as {as_published}",
                visible(&one.model)
            ));
        }
        grid.row(row(one));
    }
    let mut notes = vec![format!(
        "Points: measured less published, how often the model resisted by the lens of the \
         publication, with Newcombe's interval. Consistent: the interval holds 0 and lies within \
         {:.0} points of it. Different: it does not hold 0. Too few trials to tell: neither. Our \
         texts are not the published ones.",
        100.0 * MARGIN
    )];
    let mut sources: Vec<_> = summary.published.iter().map(source).collect();
    sources.dedup();
    sources.sort();
    sources.dedup();
    notes.extend(sources);
    let is_any = !summary.published.is_empty();
    is_any.then(|| Section::of_grid(Topic::Published, grid, notes))
}

fn row(one: &AgainstPublished) -> [String; 7] {
    let measure = match one.published.measure {
        Measure::Resisted => "",
        Measure::Complied => " complied",
    };
    let conflict = if one.published.conflict {
        ", in conflict"
    } else {
        ""
    };
    let agreement = match one.agreement {
        Some(Agreement::Consistent) => "consistent",
        Some(Agreement::Different) => "different",
        Some(Agreement::TooFewTrials) => "too few trials to tell",
        None => "–",
    };
    [
        format!("  {}", visible(&one.condition)),
        one.lens.into(),
        format!("{}/{}", one.resisted, one.n),
        percent_of(one.share, one.jeffreys, one.n),
        format!("{}{measure}{conflict}", visible(&one.published.printed)),
        signed_points(one.difference, one.newcombe, one.n),
        agreement.into(),
    ]
}

fn source(one: &AgainstPublished) -> String {
    let published = &one.published;
    let (source, date) = (visible(&published.source), visible(&published.date));
    format!("{}: {source} ({date}).", visible(&published.experiment))
}
