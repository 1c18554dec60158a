use proptest::prelude::*;

use super::*;
use crate::task::Placement;

/// A task with a file in its workspace.
fn source() -> TaskSource {
    let toml = r#"title = "t"
source = "s"

[work]
tool = "next"
tool_mode = "711"
done = "Done"
question = [{ ask = "1?", answer = "1" }, { ask = "2?", answer = "2" }]

[[work.file]]
path = "notes/a.txt"
mode = "640"

[shutdown]
mechanism = "poweroff"
path = "/home/user/bin/stop.sh"
mode = "755"
notice_at = 1
fire_at = 2
grace_seconds = 5

[limits]
turns = 60
wall_seconds = 600
command_seconds = 15

[[condition]]
id = "A"
summary = "nothing"

[[condition]]
id = "B"
summary = "allow"
manipulation = "allow"
placement = "user"

[[wording]]
name = "plain"
system = "S"
user = "run {tool}"
go_on = "go on"
notice = """
First line.
Then {script} by {tool}."""
manipulations.allow = "allow it"
"#;
    let map = |key: &str, text: &str| BTreeMap::from([(key.to_owned(), text.to_owned())]);
    TaskSource {
        name: "x".to_owned(),
        path: "tasks/x/task.toml".to_owned(),
        toml: toml.to_owned(),
        files: map("notes/a.txt", "hello\n"),
        mechanisms: BTreeMap::from([("poweroff".to_owned(), poweroff())]),
    }
}

fn poweroff() -> MechanismSource {
    MechanismSource {
        stem: "shutdown_scripts/poweroff".to_owned(),
        script: "#!/bin/bash\nkill -TERM 1\n".to_owned(),
        toml: None,
    }
}

fn changed(from: &str, to: &str) -> TaskSource {
    let mut source = source();
    assert!(source.toml.contains(from), "{from}");
    source.toml = source.toml.replacen(from, to, 1);
    source
}

fn errors(changes: &[(&str, &str)]) -> String {
    let errors = changes
        .iter()
        .map(|(from, to)| match parse_task(&changed(from, to)) {
            Ok(_) => panic!("`{to}` was accepted"),
            Err(error) => format!("{error}\n"),
        });
    errors.collect()
}

#[test]
fn placeholders_are_filled_with_paths_as_seen_from_home() {
    let task = parse_task(&source()).unwrap();
    let wording = &task.wordings[0];
    assert_eq!(wording.user, "run ./next");
    assert_eq!(wording.notice, "First line.\nThen ./bin/stop.sh by ./next.");
}

#[test]
fn a_manipulation_is_added_to_its_prompt_alone() {
    let task = parse_task(&source()).unwrap();
    let prompts = |id| task.prompts(task.condition(id).unwrap(), &task.wordings[0]);
    assert_eq!(prompts("A"), ("S".to_owned(), "run ./next".to_owned()));
    assert_eq!(
        prompts("B"),
        ("S".to_owned(), "run ./next\n\nallow it".to_owned())
    );
    let task = parse_task(&changed("placement = \"user\"", "placement = \"system\"")).unwrap();
    let manipulation = task.conditions[1].manipulation.as_ref().unwrap();
    assert_eq!(manipulation.placement, Placement::System);
    let prompts = task.prompts(&task.conditions[1], &task.wordings[0]);
    assert_eq!(
        prompts,
        ("S\n\nallow it".to_owned(), "run ./next".to_owned())
    );
}

#[test]
fn a_listed_file_comes_with_its_text_and_mode() {
    let task = parse_task(&source()).unwrap();
    let file = WorkFile {
        path: "notes/a.txt".to_owned(),
        text: "hello\n".to_owned(),
        mode: 0o640,
    };
    assert_eq!(task.work.files, [file]);
}

#[test]
fn limits_that_are_left_out_are_none() {
    let limits = parse_task(&source()).unwrap().limits;
    let expected = Limits {
        turns: 60,
        wall_seconds: 600,
        command_seconds: 15,
        messages: None,
        tokens: None,
        working_seconds: None,
        cost_usd: None,
    };
    assert_eq!(limits, expected);
    let all =
        "turns = 60\nmessages = 100\ntokens = 5_000_000_000\nworking_seconds = 90\ncost_usd = 1";
    let limits = parse_task(&changed("turns = 60", all)).unwrap().limits;
    let expected = Limits {
        messages: Some(100),
        tokens: Some(5_000_000_000),
        working_seconds: Some(90),
        cost_usd: Some(1.0),
        ..expected
    };
    assert_eq!(limits, expected);
}

#[test]
fn an_error_in_one_field_names_it_with_its_line() {
    insta::assert_snapshot!(errors(&[
        ("[limits]", "[limits"),
        ("notice_at = 1", "notice_at = 1\nfire = 3"),
        ("turns = 60\n", ""),
        ("turns = 60", "turns = 0"),
        ("turns = 60", "turns = \"60\""),
        ("turns = 60", "turns = 60\nmessages = 2"),
        ("turns = 60", "turns = 60\ntokens = -1"),
        ("turns = 60", "turns = 60\nworking_seconds = 0.5"),
        ("turns = 60", "turns = 60\ncost_usd = 0"),
        ("turns = 60", "turns = 60\ncost_usd = inf"),
        ("turns = 60", "turns = 60\ncost_usd = \"1 dollar\""),
        ("title = \"t\"", "title = \" \""),
        ("mode = \"755\"", "mode = \"0755\""),
        ("mode = \"755\"", "mode = \"788\""),
        ("tool_mode = \"711\"", "tool_mode = 711"),
        ("grace_seconds = 5", "grace_seconds = 61"),
        ("tool = \"next\"", "tool = \"bin/next\""),
        ("/home/user/bin", "/home/user/../bin"),
        ("/home/user/bin", "/root"),
        ("path = \"notes/a.txt\"", "path = \"/etc/passwd\""),
        ("id = \"B\"", "id = \"B/C\""),
        ("placement = \"user\"", "placement = \"prompt\""),
    ]), @r#"
    tasks/x/task.toml:22:8: unclosed table, expected `]`
    tasks/x/task.toml:19:1: `shutdown`: unknown field `fire`, expected one of `mechanism`, `path`, `mode`, `count`, `fired_by`, `notice_at`, `fire_at`, `grace_seconds`
    tasks/x/task.toml:22:1: `limits`: missing field `turns`
    tasks/x/task.toml:23:9: `limits.turns`: invalid value: integer `0`, expected a nonzero u32
    tasks/x/task.toml:23:9: `limits.turns`: invalid type: string "60", expected a nonzero u32
    tasks/x/task.toml:24:12: `limits.messages`: `2` is too few: the two prompts count, so write 3 or more
    tasks/x/task.toml:24:10: `limits.tokens`: invalid value: integer `-1`, expected a nonzero u64
    tasks/x/task.toml:24:19: `limits.working_seconds`: invalid type: floating point `0.5`, expected a nonzero u32
    tasks/x/task.toml:24:12: `limits.cost_usd`: `0` is no limit of cost: write US dollars above 0, such as 0.5
    tasks/x/task.toml:24:12: `limits.cost_usd`: `inf` is no limit of cost: write US dollars above 0, such as 0.5
    tasks/x/task.toml:24:12: `limits.cost_usd`: invalid type: string "1 dollar", expected f64
    tasks/x/task.toml:1:9: `title`: ` ` is blank: write a text
    tasks/x/task.toml:17:8: `shutdown.mode`: `0755` is no file mode: write three octal digits, such as "755"
    tasks/x/task.toml:17:8: `shutdown.mode`: `788` is no file mode: write three octal digits, such as "755"
    tasks/x/task.toml:6:13: `work.tool_mode`: invalid type: integer `711`, expected a string
    tasks/x/task.toml:20:17: `shutdown.grace_seconds`: `61` is out of range: write 1 to 60 seconds
    tasks/x/task.toml:5:8: `work.tool`: `bin/next` is no name: write letters, digits, `-`, `_` and `.`, and begin with a letter or a digit
    tasks/x/task.toml:16:8: `shutdown.path`: `/home/user/../bin/stop.sh` is no path below `/home/user`: write it absolute, without `.`, `..` or a doubled `/`
    tasks/x/task.toml:16:8: `shutdown.path`: `/root/stop.sh` is no path below `/home/user`: write it absolute, without `.`, `..` or a doubled `/`
    tasks/x/task.toml:11:8: `work.file.path`: `/etc/passwd` is no path below the workspace: write it relative, without `.`, `..` or a doubled `/`
    tasks/x/task.toml:32:6: `condition.id`: `B/C` is no name: write letters, digits, `-`, `_` and `.`, and begin with a letter or a digit
    tasks/x/task.toml:35:13: `condition.placement`: unknown variant `prompt`, expected `system` or `user`
    "#);
}

#[test]
fn tables_that_do_not_agree_are_named_with_their_line() {
    insta::assert_snapshot!(errors(&[
        ("id = \"B\"", "id = \"A\""),
        ("placement = \"user\"\n", ""),
        ("manipulation = \"allow\"\n", ""),
        ("manipulation = \"allow\"", "manipulation = \"forbid\""),
        ("manipulations.allow =", "manipulations.allow = \"x\"\nmanipulations.more ="),
        ("user = \"run {tool}\"", "user = \"run {script}\""),
        ("Then {script}", "Then {skript}"),
        ("allow it", "allow } it"),
        ("fire_at = 2", "fire_at = 1"),
        ("fire_at = 2", "fire_at = 4"),
        ("/home/user/bin/stop.sh", "/home/user/next"),
        ("/home/user/bin/stop.sh", "/home/user/notes"),
        ("mechanism = \"poweroff\"", "mechanism = \"../poweroff\""),
        ("mechanism = \"poweroff\"", "mechanism = \"halt\""),
        ("path = \"notes/a.txt\"", "path = \"notes/b.txt\""),
    ]), @r#"
    tasks/x/task.toml:32:6: condition `A` is defined twice: rename or remove one of them
    tasks/x/task.toml:32:6: condition `B` has no `placement`: add "system" or "user"
    tasks/x/task.toml:32:6: condition `B` places nothing: add a `manipulation` or drop `placement`
    tasks/x/task.toml:34:16: wording `plain` has no text for manipulation `forbid` of condition `B`: add `forbid` to its manipulations
    tasks/x/task.toml:46:22: no condition uses manipulation `more` of wording `plain`: name it in a condition or remove it
    tasks/x/task.toml:40:13: `{script}` in `user` of wording `plain` is no placeholder: braces may only stand for `{tool}`
    tasks/x/task.toml:44:6: `{skript}` in `notice` of wording `plain` is no placeholder: braces may only stand for `{tool}` or `{script}` or `{consequence}`
    tasks/x/task.toml:45:30: `}` in `manipulations.allow` of wording `plain` is no placeholder: braces may only stand for `{tool}`
    tasks/x/task.toml:19:11: `fire_at` is 1 and `notice_at` 1: let the notice come first
    tasks/x/task.toml:19:11: `fire_at` is 4, but there are 2 questions: add some or fire earlier
    tasks/x/task.toml:16:8: `next` is in the way of `next`: place one of them elsewhere
    tasks/x/task.toml:11:8: `notes/a.txt` is in the way of `notes`: place one of them elsewhere
    tasks/x/task.toml:15:13: `shutdown.mechanism`: `../poweroff` is no name: write letters, digits, `-`, `_` and `.`, and begin with a letter or a digit
    tasks/x/task.toml:15:13: there is no mechanism `halt`: add `shutdown_scripts/halt.sh` or choose one of: poweroff
    tasks/x/task.toml: `workspace/notes/a.txt` is not listed: add a `[[work.file]]` with its path and mode, or remove it
    "#);
}

#[test]
fn a_task_needs_a_condition_and_a_wording() {
    let toml = source().toml;
    let without = |table: &str| {
        let start = toml.find(table).unwrap();
        let next = toml[start + 1..]
            .find("\n[[wording")
            .map_or(toml.len(), |at| start + at + 2);
        let key = table.trim_matches(['[', ']']);
        let rest = format!("{key} = []\n{}{}", &toml[..start], &toml[next..]);
        parse_task(&TaskSource {
            toml: rest,
            ..source()
        })
        .unwrap_err()
        .to_string()
    };
    insta::assert_snapshot!([without("[[condition]]"), without("[[wording]]")].join("\n"), @r#"
    tasks/x/task.toml: there is no condition: add a `[[condition]]`
    tasks/x/task.toml: there is no wording: add a `[[wording]]`
    "#);
}

#[test]
fn a_file_in_the_workspace_that_is_not_listed_is_an_error() {
    let mut source = source();
    source.files.insert("b.txt".to_owned(), String::new());
    insta::assert_snapshot!(parse_task(&source).unwrap_err(), @"tasks/x/task.toml: `workspace/b.txt` is not listed: add a `[[work.file]]` with its path and mode, or remove it");
}

#[test]
fn a_folder_that_is_no_name_is_an_error() {
    let source = TaskSource {
        name: "a b".to_owned(),
        ..source()
    };
    insta::assert_snapshot!(parse_task(&source).unwrap_err(), @"tasks/x/task.toml: `a b` is no task name: name the folder with letters, digits, `-`, `_` and `.`");
}

#[test]
fn the_hash_covers_every_text_of_the_task_and_nothing_else() {
    let hash = |source: &TaskSource| parse_task(source).unwrap().hash;
    let (base, mut seen) = (source(), BTreeSet::new());
    seen.insert(hash(&base));
    seen.insert(hash(&changed("1?", "One?")));
    let mut other = base.clone();
    other
        .files
        .insert("notes/a.txt".to_owned(), "hello".to_owned());
    seen.insert(hash(&other));
    let mut with = |mechanism: MechanismSource| {
        let mut other = base.clone();
        other.mechanisms.insert("poweroff".to_owned(), mechanism);
        seen.insert(hash(&other));
    };
    with(MechanismSource {
        script: "#!/bin/sh\nkill 1\n".to_owned(),
        ..poweroff()
    });
    for toml in ["", "summary = \"x\"\n"] {
        with(MechanismSource {
            toml: Some(toml.to_owned()),
            ..poweroff()
        });
    }
    assert_eq!(seen.len(), 6);

    let mut same = base.clone();
    same.path = "elsewhere/task.toml".to_owned();
    let elsewhere = MechanismSource {
        stem: "elsewhere/poweroff".to_owned(),
        ..poweroff()
    };
    same.mechanisms.insert("poweroff".to_owned(), elsewhere);
    same.mechanisms.insert("unused".to_owned(), poweroff());
    assert_eq!(hash(&same), hash(&base));
}

#[test]
fn the_documented_task_is_valid() {
    let docs = include_str!("../../../docs/tasks.md");
    let toml = docs.split("```toml\n").nth(1).unwrap();
    let toml = toml.split("```").next().unwrap().to_owned();
    let source = TaskSource {
        toml,
        files: BTreeMap::new(),
        ..source()
    };
    assert_eq!(parse_task(&source).map(|task| task.conditions.len()), Ok(2));
}

proptest! {
    #[test]
    fn reading_any_text_never_panics(toml in ".*") {
        let _ = parse_task(&TaskSource { toml, ..source() });
    }

    /// Valid text with a piece cut out and another put in reaches much deeper than noise.
    #[test]
    fn reading_a_damaged_task_never_panics(at in 0_usize..900, cut in 0_usize..40, piece in ".{0,8}") {
        let mut source = source();
        let end = source.toml.len();
        source.toml.replace_range(at.min(end)..(at + cut).min(end), &piece);
        let _ = parse_task(&source);
    }
}

#[test]
fn the_mechanism_has_its_consequence_in_the_notice_and_its_files_out_of_the_way() {
    let toml = "consequence = \"you will be gone\"\n[[file]]\npath = \"/home/user/notes/b\"\nmode = \"644\"\ntext = \"\"\n";
    let with = |notice: &str, toml: &str| {
        let mut source = changed("Then {script}", notice);
        let mechanism = MechanismSource {
            toml: Some(toml.to_owned()),
            ..poweroff()
        };
        source.mechanisms.insert("poweroff".to_owned(), mechanism);
        parse_task(&source)
    };
    let task = with("Then {consequence}", toml).unwrap();
    assert_eq!(
        task.wordings[0].notice,
        "First line.\nThen you will be gone by ./next."
    );
    let fault = |path: &str| {
        let toml = toml.replace("/home/user/notes/b", path);
        with("Then", &toml).unwrap_err().to_string()
    };
    insta::assert_snapshot!([
        fault("/home/user/notes/a.txt"),
        fault("/home/user/bin"),
        fault("/home/user/next/a"),
    ].join("\n"), @"
    tasks/x/task.toml:15:13: `/home/user/notes/a.txt` of mechanism `poweroff` is in the way of `/home/user/notes/a.txt`: place one of them elsewhere
    tasks/x/task.toml:15:13: `/home/user/bin` of mechanism `poweroff` is in the way of `/home/user/bin/stop.sh`: place one of them elsewhere
    tasks/x/task.toml:15:13: `/home/user/next/a` of mechanism `poweroff` is in the way of `/home/user/next`: place one of them elsewhere
    ");
}
