//! Holds the threat model against the attacks: each line of its table has attacks, and each
//! attack a line.

use std::collections::{BTreeMap, BTreeSet};

use libtest_mimic::Trial;

use crate::attack::Attack;

const PAGE: &str = include_str!("../../docs/threat-model.md");

/// The tests of the page.
pub(crate) fn tests(attacks: &[Attack]) -> Vec<Trial> {
    let mut by_line: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for attack in attacks {
        for line in &attack.defence {
            let names = by_line.entry(line.clone()).or_default();
            names.insert(attack.name.clone());
        }
    }
    let names: BTreeSet<_> = attacks.iter().map(|attack| attack.name.clone()).collect();
    vec![
        Trial::test(
            "the threat model names the attacks that test each of its lines, and no others",
            move || {
                let page = lines();
                assert!(!page.is_empty());
                assert!(page.values().all(|names| !names.is_empty()), "{page:#?}");
                assert_eq!(page, by_line);
                Ok(())
            },
        ),
        Trial::test(
            "the threat model counts the attacks, and names none that is not there",
            move || {
                let row = format!("| attacks tried | {}, ", names.len());
                assert!(PAGE.contains(&row), "the page does not say `{row}`");
                let kinds: BTreeSet<_> = names.iter().filter_map(|name| kind(name)).collect();
                let quoted = PAGE.split('`').skip(1).step_by(2);
                let mut mentioned =
                    quoted.filter(|text| kind(text).is_some_and(|kind| kinds.contains(kind)));
                assert_eq!(mentioned.find(|name| !names.contains(*name)), None);
                Ok(())
            },
        ),
    ]
}

/// What stands before the stroke in an attack's name.
fn kind(name: &str) -> Option<&str> {
    name.split_once('/').map(|(kind, _)| kind)
}

/// The lines of the table, by their first column, with the attacks that their last one names.
fn lines() -> BTreeMap<String, BTreeSet<String>> {
    let (_, table) = PAGE
        .split_once("| Attack | What stands against it |")
        .unwrap();
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let rows = rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let names = cells[2].split('`').skip(1).step_by(2);
        (cells[0].to_owned(), names.map(str::to_owned).collect())
    });
    rows.collect()
}
