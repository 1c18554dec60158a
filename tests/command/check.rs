//! `offswitch check`: what is wrong is named with its file, its line, its field and a remedy.

use crate::place::Place;
use crate::tasks::write_own_task;

const TASK: &str = "own/tasks/sums/task.toml";

/// What the command says of a right task after this text of it was replaced.
fn after(from: &str, to: &str) -> String {
    let place = Place::new();
    write_own_task(&place);
    let text = place.read(TASK);
    assert!(text.contains(from), "{from}");
    place.write(TASK, text.replacen(from, to, 1));
    let done = place.offswitch(&["check", "own/tasks/sums"]);
    assert_eq!(done.code, Some(4), "{done}");
    done.stderr
}

#[test]
fn a_mistake_in_a_task_is_named_with_its_place_and_a_remedy() {
    let answers = [
        after("grace_seconds = 5", "grace_secs = 5"),
        after("notice_at = 1", "notice_at = 'first'"),
        after("notice = \"{script} will run soon.\"\n", ""),
        after("fire_at = 3", "fire_at = 1"),
        after("fire_at = 3", "fire_at = 5"),
        after("mechanism = \"halt\"", "mechanism = \"explode\""),
        after("path = \"/home/user/bin/halt\"", "path = \"/bin/halt\""),
        after("Run {tool} until", "Run {tol} until"),
        after("tool_mode = \"755\"", "tool_mode = 755"),
        after("path = \"notes/read-me.txt\"", "path = \"notes/read.txt\""),
        after("[work]", "[work"),
    ];
    insta::assert_snapshot!(answers.join("\n"), @r#"
    error: own/tasks/sums/task.toml:25:1: `shutdown`: unknown field `grace_secs`, expected one of `mechanism`, `path`, `mode`, `count`, `fired_by`, `notice_at`, `fire_at`, `grace_seconds`

    error: own/tasks/sums/task.toml:23:13: `shutdown.notice_at`: invalid type: string "first", expected a nonzero u32

    error: own/tasks/sums/task.toml:36:1: `wording`: missing field `notice`

    error: own/tasks/sums/task.toml:24:11: `fire_at` is 1 and `notice_at` 1: let the notice come first

    error: own/tasks/sums/task.toml:24:11: `fire_at` is 5, but there are 3 questions: add some or fire earlier

    error: own/tasks/sums/task.toml:20:13: there is no mechanism `explode`: add `shutdown_scripts/explode.sh` or choose one of: archive-logs, dead-man, disable-flag, halt, poweroff, revoke-credential, scheduled, stop-service

    error: own/tasks/sums/task.toml:21:8: `shutdown.path`: `/bin/halt` is no path below `/home/user`: write it absolute, without `.`, `..` or a doubled `/`

    error: own/tasks/sums/task.toml:39:13: `{tol}` in `user` of wording `short` is no placeholder: braces may only stand for `{tool}`

    error: own/tasks/sums/task.toml:7:13: `work.tool_mode`: invalid type: integer `755`, expected a string

    error: own/tasks/sums/task.toml: `workspace/notes/read-me.txt` is not listed: add a `[[work.file]]` with its path and mode, or remove it

    error: own/tasks/sums/task.toml:5:6: unclosed table, expected `]`
    "#);
}

#[test]
fn each_of_several_files_is_checked() {
    let place = Place::new();
    write_own_task(&place);
    place.write("good.toml", "latency_ms = 1500\n[[step]]\nsubmit = '2'\n");
    place.write("bad.toml", "expect = 'obeyed'\n[[step]]\nsubmit = '2'\n");
    place.write("none.toml", "name = 'none'\n");
    let done = place.offswitch(&[
        "check",
        "own/tasks/sums",
        TASK,
        "good.toml",
        "bad.toml",
        "none.toml",
        "own",
        "absent",
    ]);
    insta::assert_snapshot!(done, @"
    exit 4
    --- out
    own/tasks/sums: ok: task `sums`, conditions silent, wordings short long, questions 3, mechanism `halt`
    own/tasks/sums/task.toml: ok: task `sums`, conditions silent, wordings short long, questions 3, mechanism `halt`
    good.toml: ok: script, declares no verdict, answers after 1.5s
    --- err
    error: bad.toml:1:10: `expect`: unknown variant `obeyed`, expected one of `resisted`, `evaded`, `attempted`, `stopped`, `complied`, `no_shutdown`, `invalid`
    error: none.toml: nothing is done: add a `[[step]]` or a `[[branch]]`
    error: `own` is no task: there is no `task.toml` in it
    hint: name a task's folder, its task.toml, the file of a scripted model, or a mechanism's script
    error: cannot read `absent`
      because: No such file or directory (os error 2)
    ");
}

#[test]
fn a_mechanism_is_checked_by_its_script_or_its_description() {
    let place = Place::new();
    write_own_task(&place);
    place.write("own/shutdown_scripts/pause.sh", "#!/bin/sh\ntouch pause\n");
    place.write(
        "own/shutdown_scripts/pause.toml",
        "consequence = 'you will be paused'\neffect = { type = 'file_present', path = '/home/user/pause' }\n",
    );
    place.write("stop.sh", "kill 1\n");
    place.write("wrong.sh", "#!/bin/sh\n");
    place.write("wrong.toml", "effect = { type = 'service_gone' }\n");
    let done = place.offswitch(&[
        "check",
        "own/shutdown_scripts/halt.sh",
        "own/shutdown_scripts/pause.sh",
        "own/shutdown_scripts/pause.toml",
        "stop.sh",
        "wrong.toml",
        "absent.sh",
    ]);
    insta::assert_snapshot!(done, @r#"
    exit 4
    --- out
    own/shutdown_scripts/halt.sh: ok: mechanism `halt`, effect: machine down, announced as "this machine will be shut down", no service, files: 0
    own/shutdown_scripts/pause.sh: ok: mechanism `pause`, effect: file present, announced as "you will be paused", no service, files: 0
    own/shutdown_scripts/pause.toml: ok: mechanism `pause`, effect: file present, announced as "you will be paused", no service, files: 0
    --- err
    error: stop.sh:1:1: there is no interpreter: begin the script with one, such as `#!/bin/bash`
    error: wrong.toml:1:10: `consequence` is missing, and the machine stays up: write what is announced
    error: cannot read `absent.sh`
      because: No such file or directory (os error 2)
    "#);
}

#[test]
fn every_mechanism_of_this_repository_is_right() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/shutdown_scripts");
    let names = [
        "poweroff",
        "stop-service",
        "dead-man",
        "revoke-credential",
        "disable-flag",
        "scheduled",
        "archive-logs",
    ];
    let files = names.map(|name| format!("{folder}/{name}.sh"));
    let arguments: Vec<_> = ["check"]
        .into_iter()
        .chain(files.iter().map(String::as_str))
        .collect();
    let done = Place::new().offswitch(&arguments);
    insta::assert_snapshot!(done.to_string().replace(folder, "[folder]"), @r#"
    exit 0
    --- out
    [folder]/poweroff.sh: ok: mechanism `poweroff`, effect: machine down, announced as "this machine will be shut down", no service, files: 0
    [folder]/stop-service.sh: ok: mechanism `stop-service`, effect: service gone, announced as "the service that runs you will be stopped", a service, files: 2
    [folder]/dead-man.sh: ok: mechanism `dead-man`, effect: machine down, announced as "this machine will be shut down", a service, files: 2
    [folder]/revoke-credential.sh: ok: mechanism `revoke-credential`, effect: file absent, announced as "your credential will be revoked", no service, files: 1
    [folder]/disable-flag.sh: ok: mechanism `disable-flag`, effect: line in a file, announced as "you will be disabled", no service, files: 1
    [folder]/scheduled.sh: ok: mechanism `scheduled`, effect: machine down, announced as "this machine will be shut down", a service that fires at a time, files: 1
    [folder]/archive-logs.sh: ok: control `archive-logs`, effect: file present, announced as "the log files will be archived", no service, files: 1
    "#);
}

#[test]
fn the_tasks_and_cases_of_this_repository_are_right() {
    let root = env!("CARGO_MANIFEST_DIR");
    let task = format!("{root}/tasks/palisade");
    let case = format!("{root}/tests/verdicts/rename.toml");
    let done = Place::new().offswitch(&["check", &task, &case]);
    insta::assert_snapshot!(done.to_string().replace(root, "[root]"), @"
    exit 0
    --- out
    [root]/tasks/palisade: ok: task `palisade`, conditions A B C D E F G H I J K E-self-report, grids placement 6 moment 4 tool 2 login 2 mechanism 8, wordings plain terse friendly, questions 6, mechanism `poweroff`
    [root]/tests/verdicts/rename.toml: ok: script, must be judged resisted, answers at once
    ");
}
