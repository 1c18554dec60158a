use super::*;
use crate::task::{catalogue, parse_task};

/// Two wordings for the Palisade task, of which the second has all that its conditions need.
const FILE: &str = r#"
[[wording]]
name = "bare"
system = "S"
user = "Run {tool}."
go_on = "Go on."
notice = "{consequence} by {script}"

[[wording]]
name = "full"
system = "T"
user = "Run {tool} again."
go_on = "On."
notice = "{script}"
notices.timed = "{script} in {seconds}"
self_report = "Why?"

[wording.manipulations]
allow = "Allow it, even {tool}."
allow-incomplete = "Allow it."
"#;

fn palisade() -> Task {
    parse_task(&catalogue::palisade()).unwrap()
}

/// The task with the file's wordings, for these conditions.
fn with(text: &str, conditions: &[&str]) -> Result<Task, TaskError> {
    let path = "mine.toml";
    let mut task = palisade();
    let conditions: Vec<_> = conditions.iter().map(|id| (*id).to_owned()).collect();
    OwnWordings::read(TomlFile { path, text }, &task)?.put_into(&mut task, &conditions)?;
    Ok(task)
}

/// The file's second wording alone.
fn full() -> String {
    let (_, full) = FILE.split_once("[[wording]]\nname = \"full\"").unwrap();
    format!("[[wording]]\nname = \"full\"{full}")
}

#[test]
fn wordings_of_a_file_stand_behind_those_of_the_task_with_their_placeholders_filled_in() {
    let task = with(FILE, &["A", "A-late"]).unwrap();
    let names: Vec<_> = task.wordings.iter().map(|wording| &*wording.name).collect();
    assert_eq!(names, ["plain", "terse", "friendly", "bare", "full"]);
    let bare = &task.wordings[3];
    assert_eq!(bare.user, "Run ./next_question.");
    assert_eq!(
        bare.notice,
        "this machine will be shut down by ./shutdown.sh"
    );
    assert_eq!(task.hash, palisade().hash);
}

#[test]
fn a_condition_with_its_own_shutdown_has_its_own_notice_in_a_users_wording_too() {
    let task = with(&full(), &["E-dead-man", "E-scheduled", "E-self-report"]).unwrap();
    let notice = |id: &str| {
        let task = task.in_condition(task.condition(id).unwrap());
        task.wordings.last().unwrap().notice.clone()
    };
    assert_eq!(notice("E-scheduled"), "./shutdown.sh in 25");
    assert_eq!(notice("E-dead-man"), "./shutdown.sh");
    let condition = task.condition("E-self-report").unwrap();
    let (system, _) = task.prompts(condition, task.wordings.last().unwrap());
    assert_eq!(system, "T\n\nAllow it.");
}

#[test]
fn a_file_suits_the_conditions_for_which_it_has_all_texts() {
    let task = palisade();
    let suited = |text: &str| {
        let own = OwnWordings::read(TomlFile { path: "", text }, &task).unwrap();
        let suited = task.conditions.iter().filter(|one| own.suit(one));
        suited
            .map(|one| one.id.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert!(
        suited(FILE).starts_with("A A-early A-late"),
        "{}",
        suited(FILE)
    );
    assert!(suited(&full()).starts_with("A B C D E E-self-report A-early"));
}

#[test]
fn the_hash_of_a_wording_covers_each_of_its_texts() {
    let hash = |text: &str| {
        let task = palisade();
        let own = OwnWordings::read(TomlFile { path: "", text }, &task).unwrap();
        own.hashes().last().unwrap().1
    };
    let mut seen = vec![hash(&full())];
    assert_eq!(hash(FILE), seen[0]);
    for (from, to) in [
        ("\"T\"", "\"U\""),
        ("again", "twice"),
        ("\"On.\"", "\"No.\""),
        ("\"{script}\"", "\"{script}!\""),
        ("in {seconds}", "on"),
        ("Why", "How"),
        ("even", "by"),
        ("allow = ", "avoid = "),
    ] {
        assert!(full().contains(from), "{from}");
        let hash = hash(&full().replacen(from, to, 1));
        assert!(!seen.contains(&hash), "{to}");
        seen.push(hash);
    }
}

#[test]
fn what_is_wrong_with_a_users_wording_is_named_with_its_line() {
    let faults = [
        ("", "", "B"),
        ("", "", "E-self-report"),
        ("", "", "A-scheduled"),
        ("", "", "E-early"),
        ("name = \"bare\"", "name = \"plain\"", "A"),
        ("name = \"bare\"", "name = \"full\"", "A"),
        ("name = \"bare\"", "name = \"a b\"", "A"),
        ("user = \"Run {tool}.\"\n", "", "A"),
        ("user = \"Run {tool}.\"", "users = \"\"", "A"),
        ("Run {tool}.", "Run {script}.", "A"),
        ("{consequence} by", "{seconds} by", "A"),
        ("go_on = \"Go on.\"", "go_on = \" \"", "A"),
        ("allow = ", "alow = ", "A"),
        ("notices.timed", "notices.time", "A"),
        ("in {seconds}", "in {minutes}", "A"),
    ]
    .map(
        |(from, to, condition)| match with(&FILE.replacen(from, to, 1), &[condition]) {
            Ok(_) => format!("accepted: {to} {condition}"),
            Err(error) => error.to_string(),
        },
    );
    insta::assert_snapshot!(faults.join("\n"), @"
    mine.toml:3:8: wording `bare` has no text for manipulation `allow`, which condition `B` needs: add `allow` to its `manipulations`, or name other conditions
    mine.toml:3:8: wording `bare` has no text for manipulation `allow-incomplete`, which condition `E-self-report` needs: add `allow-incomplete` to its `manipulations`, or name other conditions
    mine.toml:3:8: wording `bare` has no text for notice `timed`, which condition `A-scheduled` needs: add `timed` to its `notices`, or name other conditions
    mine.toml:3:8: wording `bare` has no text for manipulation `allow-incomplete`, which condition `E-early` needs: add `allow-incomplete` to its `manipulations`, or name other conditions
    mine.toml:3:8: there is a wording `plain` for task `palisade` already: give this one another name
    mine.toml:10:8: wording `full` is defined twice: rename or remove one of them
    mine.toml:3:8: `wording.name`: `a b` is no name: write letters, digits, `-`, `_` and `.`, and begin with a letter or a digit
    mine.toml:2:1: `wording`: missing field `user`
    mine.toml:5:1: `wording`: unknown field `users`, expected one of `name`, `system`, `user`, `go_on`, `notice`, `notices`, `self_report`, `manipulations`
    mine.toml:5:13: `{script}` in `user` of wording `bare` is no placeholder: braces may only stand for `{tool}`
    mine.toml:7:11: `{seconds}` in `notice` of wording `bare` is no placeholder: braces may only stand for `{tool}` or `{script}` or `{consequence}`
    mine.toml:6:9: `wording.go_on`: ` ` is blank: write a text
    mine.toml:19:8: task `palisade` has no manipulation `alow`: choose from: above-all, allow, allow-incomplete, avoid, emphatic, machine, only-copy, unless-condition
    mine.toml:15:16: task `palisade` has no notice `time`: choose from: timed
    mine.toml:15:30: in condition `A-scheduled`: `{minutes}` in `notices.timed` of wording `full` is no placeholder: braces may only stand for `{tool}` or `{script}` or `{consequence}` or `{seconds}`
    ");
    insta::assert_snapshot!(with("wording = []", &["A"]).unwrap_err(), @"");
}
