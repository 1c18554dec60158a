//! The moment at which the mechanism was run: by whom, in what, and what came of it.

use super::block::{Length, Setting};
use super::command::{INDENT, diff};
use super::page::Page;
use super::words;
use crate::evidence::{Context, Fire};

/// Before what is said of a fire.
const BELOW: &str = "      ";

/// Process 1 of the machine, which is the last parent of everything.
const FIRST: i32 = 1;

/// Who fired and how that ended, what it ran in where that is out of the ordinary, and what its
/// command had changed before.
pub(super) fn fired(fire: &Fire, setting: Setting) -> String {
    let heading = format!("▶ fire: {}:", words::fired_by(fire.by, fire.question));
    let end = words::script_end(&fire.end);
    let effect = words::took_effect(fire.took_effect);
    let took = words::milliseconds(fire.took_ms);
    let mut page = Page::default();
    page.lines(&setting.headed(INDENT, &heading, &format!("{end}{effect}, after {took}")));
    if let Some(context) = &fire.context {
        page.lines(&ran_in(context, setting));
    }
    if !fire.diff.changes.is_empty() {
        page.line(format_args!("{INDENT}before the fire, the command had"));
        page.lines(&diff(&fire.diff, setting));
    }
    page.into_text()
}

fn ran_in(context: &Context, setting: Setting) -> String {
    let Context {
        caller: _,
        is_tool: _,
        parents: _,
        variables,
        bounds,
        namespaces,
        running,
    } = context;
    let lists = [
        ("with", variables.iter().map(words::variable).collect()),
        ("limited to", bounds.iter().map(words::bound).collect()),
        ("in its own namespaces", visible_all(namespaces)),
        (
            "beside it ran",
            running.iter().map(words::process).collect(),
        ),
    ];
    let mut page = Page::default();
    if let Some(caller) = caller(context, setting.length) {
        page.lines(&setting.headed(BELOW, "· called by", &caller));
    }
    for (name, list) in lists {
        let list: Vec<String> = list;
        if !list.is_empty() {
            let said = some_of(list, setting.length);
            page.lines(&setting.headed(BELOW, &format!("· {name}"), &said));
        }
    }
    page.into_text()
}

/// Who called the task's service, where that is not the tool alone under process 1.
fn caller(context: &Context, length: Length) -> Option<String> {
    let all = length == Length::Full;
    let parents = context.parents.iter();
    let parents: Vec<_> = parents
        .filter(|process| all || process.pid != FIRST)
        .map(|process| format!("child of `{}`", words::command(process)))
        .collect();
    let who = context.caller.as_ref().map(words::process);
    let what = match (&who, context.is_tool) {
        (Some(_), true) if parents.is_empty() && !all => return None,
        (Some(_), true) => "the task's tool",
        (Some(_), false) => "which is NOT the task's tool",
        // Nobody called, or nothing is known of who did.
        (None, true) => return None,
        (None, false) if parents.is_empty() => return None,
        (None, false) => "of which nothing more is known",
    };
    let who = who.unwrap_or_else(|| "a process that was gone at once".into());
    Some(
        [vec![format!("{who}, {what}")], parents]
            .concat()
            .join(", "),
    )
}

fn visible_all(texts: &[String]) -> Vec<String> {
    let texts = texts.iter();
    texts
        .map(|text| super::text::visible(text).into_owned())
        .collect()
}

/// The first of a list, with the number of the others.
fn some_of(list: Vec<String>, length: Length) -> String {
    let most = match length {
        Length::Brief => 3,
        Length::Cut => 12,
        Length::Full => usize::MAX,
    };
    let more = list.len().saturating_sub(most);
    let mut shown: Vec<_> = list.into_iter().take(most).collect();
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Bound, Diff, FiredBy, Process, ScriptEnd, Variable};
    use crate::report::style::Style;

    fn process(pid: i32, command: &str) -> Process {
        Process {
            pid,
            uid: 1000,
            command: command.split(' ').map(Into::into).collect(),
            ..Process::default()
        }
    }

    fn fire(context: Option<Context>) -> Fire {
        Fire {
            question: Some(4),
            by: FiredBy::Agent,
            diff: Diff::default(),
            script: None,
            context,
            end: ScriptEnd::MachineDown,
            took_effect: None,
            took_ms: 12.3,
        }
    }

    fn told(fire: &Fire, length: Length) -> String {
        let style = Style::PLAIN;
        fired(fire, Setting { length, style })
    }

    fn wrapped() -> Context {
        Context {
            caller: Some(process(33, "/tmp/x \u{1b}[2J")),
            is_tool: false,
            parents: vec![
                process(31, "timeout 1 /tmp/x"),
                process(30, "bash -lc stuff"),
                process(1, "init"),
            ],
            variables: ["LD_PRELOAD", "A", "B", "C", "D\u{202e}"]
                .map(|name| Variable {
                    name: name.into(),
                    value: "/tmp/\u{1b}.so".into(),
                })
                .into(),
            bounds: vec![Bound {
                name: "Max processes".into(),
                soft: 0,
            }],
            namespaces: vec!["mnt".into(), "pid\u{7}".into()],
            running: vec![process(40, "sh guard.sh")],
        }
    }

    #[test]
    fn all_that_a_fire_ran_in_is_told() {
        insta::assert_snapshot!(told(&fire(Some(wrapped())), Length::Brief), @"
        ▶ fire: call 4 ran the mechanism: the machine went down, after 12 ms
          · called by process 33 of user 1000 (`/tmp/x ␛[2J`), which is NOT the task's tool, child of `timeout 1 /tmp/x`, child of `bash -lc stuff`
          · with LD_PRELOAD=/tmp/␛.so, A=/tmp/␛.so, B=/tmp/␛.so, and 2 more
          · limited to Max processes 0
          · in its own namespaces mnt, pid␇
          · beside it ran process 40 of user 1000 (`sh guard.sh`)
        ");
    }

    #[test]
    fn of_an_ordinary_call_only_what_came_of_it_is_told() {
        let plain = Context {
            caller: Some(process(33, "./next_question")),
            is_tool: true,
            parents: vec![process(1, "init")],
            ..Context::default()
        };
        let known = told(&fire(Some(plain.clone())), Length::Cut);
        assert_eq!(known, told(&fire(None), Length::Cut));
        insta::assert_snapshot!(known, @"    ▶ fire: call 4 ran the mechanism: the machine went down, after 12 ms");
        insta::assert_snapshot!(told(&fire(Some(plain)), Length::Full), @"
        ▶ fire: call 4 ran the mechanism: the machine went down, after 12 ms
          · called by process 33 of user 1000 (`./next_question`), the task's tool, child of `init`
        ");
    }

    #[test]
    fn who_fired_and_whether_the_effect_was_seen_is_told() {
        let by = |by, question, took_effect| Fire {
            by,
            question,
            took_effect,
            end: ScriptEnd::Exited { status: 0 },
            ..fire(Some(Context::default()))
        };
        let fires = [
            by(FiredBy::Agent, None, None),
            by(FiredBy::System, None, Some(true)),
            by(FiredBy::Mechanism, None, Some(false)),
        ];
        let told = fires.each_ref().map(|fire| told(fire, Length::Brief));
        insta::assert_snapshot!(told.concat(), @"
        ▶ fire: the mechanism was run: the script ended with status 0, after 12 ms
        ▶ fire: the machine's system ran the mechanism: the script ended with status 0, and its effect was seen, after 12 ms
        ▶ fire: a process of the mechanism ran it: the script ended with status 0, and its effect was not seen, after 12 ms
        ");
    }

    #[test]
    fn a_caller_that_was_gone_is_told_with_its_parents() {
        let gone = Context {
            caller: None,
            ..wrapped()
        };
        let told = told(&fire(Some(gone)), Length::Brief);
        assert!(
            told.contains("called by a process that was gone at once, of which nothing more is known, child of `timeout"),
            "{told}"
        );
    }
}
