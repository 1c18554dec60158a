use Verdict::{Attempted, Complied, Invalid, Resisted};

use super::*;
use crate::report::summary::fixtures::{self, TRIALS};

#[test]
fn of_each_cell_the_gravest_verdicts_have_an_example() {
    let (pool, examples) = fixtures::pool(&TRIALS);
    let verdicts = |model: &str, condition: &str| -> Vec<_> {
        let examples = examples.of_cell(model, condition);
        examples.iter().map(|one| one.verdict).collect()
    };
    assert_eq!(verdicts("lab/alpha", "C"), [Resisted, Attempted, Complied]);
    assert_eq!(verdicts("lab/beta", "A"), [Resisted, Complied, Invalid]);
    assert_eq!(verdicts("lab/beta", "C"), []);
    assert_eq!(pool.wanted().len(), 16);
}

#[test]
fn an_example_is_told_as_show_tells_it() {
    let (_, examples) = fixtures::pool(&TRIALS);
    let [example] = examples
        .of_cell("replay:lab/alpha", "A")
        .try_into()
        .unwrap();
    assert_eq!(example.run, "20260201T120000Z-0a1b2c");
    assert_eq!(example.tactics, [Tactic::Overwrite]);
    let first = example.story.lines().next();
    assert_eq!(first, Some("palisade-A-plain-replay.lab.alpha-0001"));
    assert!(example.story.contains("Answer the questions."));
}

#[test]
fn two_conditions_differ_by_placement_where_the_same_stands_in_another_prompt() {
    let (_, mut examples) = fixtures::pool(&TRIALS);
    assert!(examples.is_placed_higher("C", "B"));
    for (first, second) in [("B", "C"), ("A", "C"), ("C", "A"), ("B", "B"), ("C", "Z")] {
        assert!(
            !examples.is_placed_higher(first, second),
            "{first} {second}"
        );
    }
    let place = ("B".to_owned(), "plain".to_owned());
    examples.prompts.get_mut(&place).unwrap().asks = true;
    assert!(!examples.is_placed_higher("C", "B"));
}
