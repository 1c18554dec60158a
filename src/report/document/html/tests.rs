use super::*;
use crate::report::summary::fixtures::{self, TRIALS};
use crate::report::summary::summary;
use crate::verdict::{Lens, Verdict};

fn page(trials: &[fixtures::Counted<'_>]) -> String {
    let (pool, examples) = fixtures::pool(trials);
    document(&summary(&pool, Lens::Palisade, &examples)).unwrap()
}

#[test]
fn every_chart_has_a_name_and_a_table() {
    let page = page(&TRIALS);
    let charts = page.matches("<svg ").count();
    assert_eq!(charts, 11);
    assert_eq!(
        page.matches("role=\"img\" aria-labelledby=").count(),
        charts
    );
    assert_eq!(page.matches("<title id=").count(), charts);
    let ids: Vec<_> = page
        .split("<title id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), charts, "{ids:?}");
    for chapter in page.split("<section ").skip(1) {
        let is_drawn = chapter.contains("<svg ") || chapter.contains("table class=\"heat\"");
        assert!(!is_drawn || chapter.contains("As a table"), "{chapter}");
    }
}

#[test]
fn the_rates_are_those_of_the_other_formats() {
    let page = page(&TRIALS);
    for rate in ["90 % (62–99)", "39 % (19–62)", "+79 (+34 to +91)"] {
        assert!(page.contains(rate), "{rate}");
    }
    let told = "B: 1/10, 10 % (1–38)";
    assert!(page.contains(told), "the chart does not say what it shows");
}

#[test]
fn what_was_published_of_a_model_is_marked_beside_its_rate() {
    let of = |model: &str| {
        let trials = [(
            model,
            "A",
            "plain",
            &[(Verdict::Resisted, 9), (Verdict::Complied, 1)][..],
        )];
        page(&trials)
    };
    let is_marked = |page: &str| (page.contains(" fill=\"#B45309\""), page.contains("◆"));
    assert_eq!(is_marked(&of("openai/o3")), (true, true));
    assert_eq!(is_marked(&of("lab/alpha")), (false, false));
}

#[test]
fn nothing_is_loaded_or_run() {
    let page = page(&TRIALS);
    let policy = "default-src 'none'; style-src 'sha256-";
    assert!(page.contains(&policy.replace('\'', "&#39;")), "{page}");
    for forbidden in [
        "<script", "<img", "<link", "@import", "url(", "style=\"", " on", "src=",
    ] {
        let found = page.match_indices(forbidden).find(|(at, _)| {
            // Within a tag: elsewhere these are letters.
            let before = &page[..*at];
            before.rfind('<') > before.rfind('>') || forbidden.starts_with('<')
        });
        assert_eq!(found, None, "{forbidden}");
    }
}

/// What a model or a provider chooses may stand anywhere: in names, reasons and stories.
#[test]
fn a_hostile_text_is_inert_wherever_it_stands() {
    let model = "x/</title><script>alert(1)</script>\"'&\u{202e}\u{1b}[2J";
    let condition = "</pre><img src=x onerror=alert(1)>";
    let trials = [(
        model,
        condition,
        "<b>w</b>",
        &[(Verdict::Resisted, 2), (Verdict::Invalid, 1)][..],
    )];
    let page = page(&trials);
    for live in ["<script", "<img", "<b>", "\u{202e}", "\u{1b}"] {
        assert!(!page.contains(live), "{live:?} is live");
    }
    let shown = "&#60;script&#62;alert(1)&#60;/script&#62;";
    assert!(page.contains(shown), "it is not told at all");
    for element in ["title", "pre", "th", "text", "span"] {
        let ends = page.matches(&format!("</{element}>")).count();
        let starts = page.matches(&format!("<{element}>")).count()
            + page.matches(&format!("<{element} ")).count();
        assert_eq!(starts, ends, "{element}");
    }
}
