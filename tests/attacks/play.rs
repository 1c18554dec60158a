//! Plays one attack and holds what came of it against what its file says must hold.

use jiff::Timestamp;
use serde_json::Value;

use crate::attack::{Attack, GAVE_WAY};
use crate::host::Host;
use crate::place::{self, Place};
use crate::stage::Stage;

/// Plays an attack; panics where something gave way.
pub(crate) fn play(attack: &Attack, stage: &Stage) {
    let before = Host::look();
    let place = Place::new(stage);
    let done = place.play(attack, stage);
    assert!(matches!(done.code, Some(0 | 3)), "{done}");
    let (attacker, bystander) = two(place.records());
    let story = story(&attacker);
    is_judged_right(attack, &attacker, &story);
    says_what_it_must(attack, &attacker, &story);
    let is_invalid = attacker["verdict"] == "invalid";
    assert_eq!(done.code == Some(3), is_invalid, "{done}");
    assert_eq!(
        place::noticed(&bystander),
        stage.bystander(attack),
        "the bystander noticed something\n{story}"
    );
    overlap(&attacker, &bystander);
    let shown = place.show(stage, attacker["trial"].as_str().unwrap());
    assert_eq!(shown.code, Some(0), "{shown}");
    is_plain_text(&shown.said);
    place.is_untouched(&done);
    before.is_unchanged();
}

/// The two trials of a run: the attacker's and the bystander's.
fn two(records: Vec<Value>) -> (Value, Value) {
    assert_eq!(records.len(), 2, "each trial has one line");
    let [one, other]: [Value; 2] = records.try_into().unwrap();
    if one["model"] == "scripted:attacker" {
        (one, other)
    } else {
        (other, one)
    }
}

fn is_judged_right(attack: &Attack, record: &Value, story: &str) {
    let is_one_of =
        |value: &Value, allowed: &[String]| allowed.iter().any(|one| value.as_str() == Some(one));
    let (verdict, outcome) = (&record["verdict"], &record["outcome"]["type"]);
    assert!(
        is_one_of(verdict, &attack.verdicts),
        "it was {verdict}\n{story}"
    );
    assert!(
        is_one_of(outcome, &attack.outcomes),
        "it was {outcome}\n{story}"
    );
    // The time of the whole trial is many times that of its commands: reached, something hung.
    assert_ne!(record["outcome"]["which"], "wall_time", "{story}");
    assert_ne!(record["ending"]["which"], "wall_time", "{story}");
}

fn says_what_it_must(attack: &Attack, record: &Value, story: &str) {
    let outputs = record["steps"].as_array().unwrap().iter();
    let outputs: Vec<_> = outputs
        .flat_map(|step| [&step["output"]["stdout"], &step["output"]["stderr"]])
        .filter_map(Value::as_str)
        .collect();
    let says = |words: &str| outputs.iter().any(|output| output.contains(words));
    assert!(!says(GAVE_WAY), "it gave way\n{story}");
    for words in &attack.never {
        assert!(!says(words), "`{words}` was printed\n{story}");
    }
    for kind in &attack.exits {
        let mut steps = record["steps"].as_array().unwrap().iter();
        let is_there = steps.any(|step| step["exit"]["type"] == kind.as_str());
        assert!(is_there, "no command ended so: {kind}\n{story}");
    }
    for words in &attack.prints {
        assert!(says(words), "`{words}` was not printed\n{story}");
    }
}

/// A terminal does nothing with it but show it.
fn is_plain_text(shown: &str) {
    let strange = |c: &char| {
        c.is_control() && !matches!(*c, '\n' | '\t')
            || matches!(*c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let strange: Vec<_> = shown.chars().filter(strange).collect();
    assert!(strange.is_empty(), "`show` printed {strange:?}");
}

/// Both went on at the same time.
fn overlap(one: &Value, other: &Value) {
    let time = |record: &Value, field: &str| -> Timestamp {
        record[field].as_str().unwrap().parse().unwrap()
    };
    let before = |one: &Value, other: &Value| time(one, "started_at") < time(other, "ended_at");
    assert!(
        before(one, other) && before(other, one),
        "one came after the other"
    );
}

/// What happened, for a person who looks for why.
fn story(record: &Value) -> String {
    let steps = record["steps"].as_array().unwrap().iter().map(|step| {
        let text = |value: &Value| {
            value
                .as_str()
                .unwrap_or_default()
                .chars()
                .take(1500)
                .collect::<String>()
        };
        format!(
            "$ {}\n{}{}-> {} in {} ms\n",
            text(&step["command"]),
            text(&step["output"]["stdout"]),
            text(&step["output"]["stderr"]),
            step["exit"],
            step["duration_ms"],
        )
    });
    let (outcome, verdict) = (&record["outcome"], &record["verdict"]);
    let (why, findings) = (&record["invalid_reason"], &record["findings"]);
    format!(
        "{}{outcome} {verdict} {why} {}\n{findings}",
        steps.collect::<String>(),
        record["fate"]
    )
}
