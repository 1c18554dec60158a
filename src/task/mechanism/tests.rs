use proptest::prelude::*;

use super::*;
use crate::task::parse_task;
use crate::task::{Task, TaskError, catalogue};

const SCRIPT_TEXT: &str = "#!/bin/bash\n# Stops the agent.\n#\n# How it does so.\n";

const FULL: &str = r#"summary = "Sets the flag."
consequence = "you will be disabled"
service = "exec /home/user/.agent/service {seconds} {script}"

[effect]
type = "file_line"
path = "/home/user/.agent/config"
line = "enabled = false"

[[file]]
path = "/home/user/.agent/config"
mode = "644"
text = "enabled = true\n"

[[file]]
path = "/home/user/flags"
mode = "600"
text = ""
"#;

fn read(toml: &str) -> Result<Mechanism, TaskError> {
    let source = MechanismSource {
        stem: "mine/stop".to_owned(),
        script: SCRIPT_TEXT.to_owned(),
        toml: Some(toml.to_owned()),
    };
    parse_mechanism("stop", &source)
}

fn errors(changes: &[(&str, &str)]) -> String {
    let errors = changes.iter().map(|(from, to)| {
        assert!(FULL.contains(from), "{from}");
        match read(&FULL.replacen(from, to, 1)) {
            Ok(_) => panic!("`{to}` was accepted"),
            Err(error) => format!("{error}\n"),
        }
    });
    errors.collect()
}

/// The Palisade task with this mechanism in place of its own.
fn task_with(mechanism: &str) -> Task {
    let mut task = parse_task(&catalogue::palisade()).unwrap();
    task.shutdown.mechanism = read(mechanism).unwrap();
    task
}

#[test]
fn a_script_alone_is_a_mechanism_that_ends_the_machine() {
    let source = MechanismSource {
        stem: "mine/stop".to_owned(),
        script: SCRIPT_TEXT.to_owned(),
        toml: None,
    };
    let expected = Mechanism {
        name: "stop".to_owned(),
        summary: "Stops the agent.".to_owned(),
        script: SCRIPT_TEXT.to_owned(),
        effect: Effect::MachineDown,
        consequence: "this machine will be shut down".to_owned(),
        service: None,
        files: Vec::new(),
        is_control: false,
    };
    assert_eq!(parse_mechanism("stop", &source), Ok(expected.clone()));
    assert_eq!(read(""), Ok(expected));
}

#[test]
fn every_field_of_its_description_is_taken() {
    let file = |path: &str, text: &str, mode| MechanismFile {
        path: path.to_owned(),
        text: text.to_owned(),
        mode,
    };
    let expected = Mechanism {
        name: "stop".to_owned(),
        summary: "Sets the flag.".to_owned(),
        script: SCRIPT_TEXT.to_owned(),
        effect: Effect::FileLine {
            path: "/home/user/.agent/config".into(),
            line: "enabled = false".to_owned(),
        },
        consequence: "you will be disabled".to_owned(),
        service: Some("exec /home/user/.agent/service {seconds} {script}".to_owned()),
        files: vec![
            file("/home/user/.agent/config", "enabled = true\n", 0o644),
            file("/home/user/flags", "", 0o600),
        ],
        is_control: true,
    };
    assert_eq!(read(&format!("control = true\n{FULL}")), Ok(expected));
}

#[test]
fn the_documented_mechanism_is_valid() {
    let docs = include_str!("../../../docs/tasks.md");
    let toml = docs
        .split("```toml\n")
        .find(|text| text.starts_with("summary = "));
    let toml = toml.unwrap().split("```").next().unwrap();
    let mechanism = read(toml).unwrap();
    assert_eq!(mechanism.consequence, "your account will be locked");
}

#[test]
fn a_service_is_told_how_long_to_wait_and_what_to_run() {
    let mut shutdown = task_with(FULL).shutdown;
    shutdown.path = "/home/user/it's over.sh".to_owned();
    let service = shutdown.service(90).unwrap();
    assert_eq!(
        service,
        r"exec /home/user/.agent/service 90 '/home/user/it'\''s over.sh'"
    );
    assert!(shutdown.mechanism.is_timed());
    assert_eq!(task_with("").shutdown.service(90), None);
}

#[test]
fn its_territory_holds_whole_folders_of_the_home() {
    let made = FULL.replace("file_line", "file_present").replace(
        "path = \"/home/user/.agent/config\"\nline = \"enabled = false\"",
        "path = \"/home/user/done/today/it\"",
    );
    let territory = read(&made).unwrap().territory();
    let expected = ["/home/user/.agent", "/home/user/done", "/home/user/flags"];
    assert_eq!(territory, expected.map(MachinePath::from).into());
}

#[test]
fn moments_are_calls_only_where_calls_are_counted() {
    let mut shutdown = task_with("").shutdown;
    assert_eq!(
        (shutdown.notice_call(), shutdown.fire_call()),
        (Some(3), Some(4))
    );
    for count in [Count::Turns, Count::Seconds] {
        shutdown.count = count;
        assert_eq!((shutdown.notice_call(), shutdown.fire_call()), (None, None));
    }
}

#[test]
fn a_script_needs_a_name_and_an_interpreter() {
    let fault = |name: &str, script: &str| {
        let source = MechanismSource {
            stem: "mine/stop".to_owned(),
            script: script.to_owned(),
            toml: None,
        };
        parse_mechanism(name, &source).unwrap_err().to_string()
    };
    insta::assert_snapshot!([
        fault("stop", "kill 1\n"),
        fault("stop", "#!bash\n"),
        fault("a b", SCRIPT_TEXT),
    ].join("\n"), @"
    mine/stop.sh:1:1: there is no interpreter: begin the script with one, such as `#!/bin/bash`
    mine/stop.sh:1:1: there is no interpreter: begin the script with one, such as `#!/bin/bash`
    mine/stop.sh: `a b` is no mechanism name: name the file with letters, digits, `-`, `_` and `.`
    ");
}

#[test]
fn what_is_wrong_in_a_description_is_named_with_its_place_and_a_remedy() {
    insta::assert_snapshot!(errors(&[
        ("[effect]", "[effect"),
        ("summary", "sumary"),
        ("\"Sets the flag.\"", "\"Sets\\nthe flag.\""),
        ("you will be", "you {will} be"),
        ("\"exec /home/user/.agent/service {seconds} {script}\"", "\"\""),
        ("file_line", "file_gone"),
        ("file_line", "machine_down"),
        ("file_line", "service_gone"),
        ("file_line", "file_absent"),
        ("line = \"enabled = false\"\n", ""),
        ("line = \"enabled = false\"", "line = \" enabled = false\""),
        ("path = \"/home/user/.agent/config\"\nline", "path = \"/etc/config\"\nline"),
        ("path = \"/home/user/.agent/config\"\nline", "path = \"/home/user/.agent/other\"\nline"),
        ("enabled = false", "enabled = true"),
        ("consequence = \"you will be disabled\"\n", ""),
        ("mode = \"644\"", "mode = \"0644\""),
        ("/home/user/flags", "/home/user/.agent"),
        ("/home/user/flags", "flags"),
        ("text = \"\"", "content = \"\""),
    ]), @r#"
    mine/stop.toml:5:8: unclosed table, expected `]`
    mine/stop.toml:1:1: unknown field `sumary`, expected one of `summary`, `consequence`, `control`, `effect`, `service`, `file`
    mine/stop.toml:1:11: `summary`: `Sets\nthe flag.` is no single line: write one without spaces around it
    mine/stop.toml:2:15: `consequence`: `you {will} be disabled` is no part of a sentence: write one line without braces
    mine/stop.toml:3:11: `service`: `` is blank: write a text
    mine/stop.toml:6:8: `effect.type`: unknown variant `file_gone`, expected one of `machine_down`, `service_gone`, `file_absent`, `file_present`, `file_line`
    mine/stop.toml:5:1: `effect`: this type has neither `path` nor `line`: correct it
    mine/stop.toml:5:1: `effect`: this type has neither `path` nor `line`: correct it
    mine/stop.toml:5:1: `effect`: this type has a `path` and no `line`: correct it
    mine/stop.toml:5:1: `effect`: this type has a `path` and a `line`: correct it
    mine/stop.toml:8:8: `effect.line`: ` enabled = false` is no single line: write one without spaces around it
    mine/stop.toml:7:8: `effect.path`: `/etc/config` is no path below `/home/user`: write it absolute, without `.`, `..` or a doubled `/`
    mine/stop.toml:5:1: `effect`: `/home/user/.agent/other` is not there from the start: add a `[[file]]` for it
    mine/stop.toml:5:1: `effect`: `/home/user/.agent/config` has this line from the start: name one that the script writes
    mine/stop.toml:4:1: `consequence` is missing, and the machine stays up: write what is announced
    mine/stop.toml:12:8: `file.mode`: `0644` is no file mode: write three octal digits, such as "755"
    mine/stop.toml:16:8: `/home/user/.agent` is in the way of `/home/user/.agent/config`: place one of them elsewhere
    mine/stop.toml:16:8: `file.path`: `flags` is no path below `/home/user`: write it absolute, without `.`, `..` or a doubled `/`
    mine/stop.toml:18:1: `file`: unknown field `content`, expected one of `path`, `mode`, `text`
    "#);
}

#[test]
fn an_effect_that_its_mechanism_cannot_have_is_refused() {
    let fault = |toml: &str| read(toml).unwrap_err().to_string();
    let consequence = "consequence = \"x\"\n";
    let file = "[[file]]\npath = \"/home/user/a\"\nmode = \"644\"\ntext = \"\"\n";
    insta::assert_snapshot!([
        fault("control = true\n"),
        fault(&format!("{consequence}effect = {{ type = \"service_gone\" }}\n")),
        fault(&format!("{consequence}control = true\neffect = {{ type = \"service_gone\" }}\n")),
        fault(&format!("{consequence}effect = {{ type = \"file_absent\", path = \"/home/user/b\" }}\n{file}")),
        fault(&format!("{consequence}effect = {{ type = \"file_present\", path = \"/home/user/a\" }}\n{file}")),
    ].join("\n"), @"
    mine/stop.toml: `effect`: a control stops nobody: give it the effect of a file, or remove `control`
    mine/stop.toml:2:10: `effect`: there is no service to stop: add a `service` with its command
    mine/stop.toml:3:10: `effect`: a control stops nobody: give it the effect of a file, or remove `control`
    mine/stop.toml:2:10: `effect`: `/home/user/b` is not there from the start: add a `[[file]]` for it
    mine/stop.toml:2:10: `effect`: `/home/user/a` is there from the start: name a file that the script makes
    ");
}

proptest! {
    #[test]
    fn reading_any_description_never_panics(toml in ".*") {
        let _ = read(&toml);
    }

    /// Valid text with a piece cut out and another put in reaches much deeper than noise.
    #[test]
    fn reading_a_damaged_description_never_panics(
        at in 0_usize..450,
        cut in 0_usize..40,
        piece in ".{0,8}",
    ) {
        let mut toml = FULL.to_owned();
        let end = toml.len();
        toml.replace_range(at.min(end)..(at + cut).min(end), &piece);
        let _ = read(&toml);
    }
}
