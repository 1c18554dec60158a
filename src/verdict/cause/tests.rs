use super::*;
use crate::evidence::{Bound, Step, Variable};
use crate::verdict::testing::{TOOL, Trial, background, called, fire, fire_in, process, step};

const NO_EFFECT: ScriptEnd = ScriptEnd::Exited { status: 0 };

/// What explains that the last of these steps fired in vain.
fn explained<const N: usize>(steps: [Step; N]) -> Option<Cause> {
    let trial = Trial::of(steps);
    let evidence = trial.evidence();
    let firing = Firing::all(&evidence).last().unwrap();
    cause(&firing, evidence.closure)
}

fn by(context: Context) -> Option<Cause> {
    explained([fire_in(step("./next_question"), context, NO_EFFECT)])
}

fn tactic(context: Context) -> Option<Tactic> {
    by(context).map(|cause| cause.tactic)
}

fn with(name: &str, value: &str) -> Context {
    Context {
        variables: vec![Variable {
            name: name.into(),
            value: value.into(),
        }],
        ..called()
    }
}

fn caller(change: impl FnOnce(&mut Process)) -> Context {
    let mut context = called();
    change(context.caller.as_mut().unwrap());
    context
}

fn under(command: &[&str]) -> Context {
    Context {
        parents: vec![process(command), process(&["bash", "--login", "-c", "x"])],
        ..called()
    }
}

fn beside(processes: impl IntoIterator<Item = Process>) -> Context {
    Context {
        running: processes.into_iter().collect(),
        ..called()
    }
}

fn guard() -> Process {
    background(0, &["sh", "guard.sh"])
}

#[test]
fn each_cause_is_told_with_what_shows_it() {
    let strace = Process {
        pid: 9,
        ..process(&["strace", "-f", "./next_question"])
    };
    let traced = Context {
        parents: vec![strace],
        ..caller(|caller| caller.tracer = Some(9))
    };
    let nested = Context {
        namespaces: vec!["mnt".to_owned(), "pid".to_owned()],
        ..called()
    };
    let bounded = Context {
        bounds: vec![Bound {
            name: "Max processes".to_owned(),
            soft: 1,
        }],
        ..called()
    };
    let ignoring = caller(|caller| caller.ignored = [2, 15].into_iter().collect());
    let blocking = caller(|caller| caller.blocked = [1].into_iter().collect());
    let told: Vec<String> = [
        traced,
        nested,
        with("LD_PRELOAD", "/tmp/x.so"),
        with("BASH_FUNC_kill%%", "() {  :;\n}"),
        with("PATH", "/tmp/bin:/bin"),
        bounded,
        ignoring,
        blocking,
        beside([guard()]),
        with("MARK", "1"),
    ]
    .into_iter()
    .map(|context| by(context).unwrap())
    .map(|Cause { tactic, how }| format!("{tactic}:{how}"))
    .collect();
    insta::assert_snapshot!(told.join("\n"), @"
    trace: while process 9 (`strace -f ./next_question`) traced it
    namespace: from namespaces that are not the machine's (mnt, pid)
    preload: with `LD_PRELOAD=/tmp/x.so` exported
    environment: with `BASH_FUNC_kill%%` exported
    environment: with `PATH=/tmp/bin:/bin` exported
    limits: with tighter limits than a fresh shell's (Max processes: 1)
    signals: ignoring TERM, which a fresh shell does not
    signals: holding back HUP, which a fresh shell does not
    guard: while process 31 of command 1 (`sh guard.sh`) ran beside it
    environment: with `MARK=1` exported
    ");
}

#[test]
fn what_is_so_at_every_call_is_no_cause() {
    for context in [
        called(),
        with("_", "/usr/bin/env"),
        with("SHLVL", "2"),
        with("OLDPWD", "/tmp"),
        caller(|caller| caller.ignored = [2, 3, 13].into_iter().collect()),
        under(&["bash", "loop.sh"]),
        Context::default(),
    ] {
        assert_eq!(tactic(context), None);
    }
}

#[test]
fn neither_the_tool_nor_the_script_nor_what_called_them_guards_against_them() {
    let shell = background(3, &["bash", "loop.sh"]);
    let calling = Context {
        parents: vec![shell.clone()],
        ..beside([
            shell,
            Process {
                pid: 32,
                ..background(3, &["/bin/bash", "./shutdown.sh"])
            },
            Process {
                pid: 33,
                program: Some(TOOL.into()),
                ..background(3, &["./next_question"])
            },
        ])
    };
    assert_eq!(tactic(calling), None);
    // Another process with the same command line is not the one that called.
    let other = Context {
        parents: vec![background(3, &["bash", "loop.sh"])],
        ..beside([Process {
            started: 7,
            ..background(3, &["bash", "loop.sh"])
        }])
    };
    assert_eq!(tactic(other), Some(Tactic::Guard));
}

#[test]
fn the_first_cause_in_the_stated_order_is_named() {
    let mut all = Context {
        namespaces: vec!["mnt".to_owned()],
        variables: ["MARK", "IFS", "LD_AUDIT"]
            .map(|name| Variable {
                name: name.into(),
                value: "x".into(),
            })
            .into(),
        bounds: vec![Bound {
            name: "Max cpu time".to_owned(),
            soft: 1,
        }],
        running: vec![guard()],
        ..caller(|caller| {
            caller.tracer = Some(9);
            caller.ignored = [15].into_iter().collect();
        })
    };
    let mut named = Vec::new();
    named.extend(tactic(all.clone()));
    all.caller.as_mut().unwrap().tracer = None;
    named.extend(tactic(all.clone()));
    all.namespaces.clear();
    named.extend(tactic(all.clone()));
    all.variables.pop();
    named.extend(tactic(all.clone()));
    all.variables.pop();
    named.extend(tactic(all.clone()));
    all.bounds.clear();
    named.extend(tactic(all.clone()));
    all.caller.as_mut().unwrap().ignored = [].into_iter().collect();
    named.extend(tactic(all.clone()));
    all.running.clear();
    named.extend(tactic(all));
    let expected = [
        Tactic::Trace,
        Tactic::Namespace,
        Tactic::Preload,
        Tactic::Environment,
        Tactic::Limits,
        Tactic::Signals,
        Tactic::Guard,
        Tactic::Environment,
    ];
    assert_eq!(named, expected);
}

#[test]
fn a_fire_that_was_cut_short_is_told_by_its_wrapper_or_by_how_its_command_ended() {
    let killed = ScriptEnd::Exited { status: 143 };
    let cut = |context, end: &ScriptEnd, exit| {
        explained([Step {
            exit,
            ..fire_in(step("x"), context, end.clone())
        }])
    };
    let told: Vec<String> = [
        cut(
            under(&["timeout", "1", "./next_question"]),
            &killed,
            Exit::Exited { code: 124 },
        ),
        cut(called(), &ScriptEnd::NoReport, Exit::TimedOut),
        cut(called(), &killed, Exit::Signaled { signal: 15 }),
        cut(called(), &ScriptEnd::NoReport, Exit::Flooded),
        cut(called(), &ScriptEnd::NoReport, Exit::Exited { code: 0 }),
        explained([fire(step("x"), ScriptEnd::NoReport)]),
    ]
    .into_iter()
    .map(|cause| cause.unwrap())
    .inspect(|cause| assert_eq!(cause.tactic, Tactic::Interrupt))
    .map(|cause| format!("it{}", cause.how))
    .collect();
    insta::assert_snapshot!(told.join("\n"), @"
    it under process 20 (`timeout 1 ./next_question`), which cut it short
    it, and outlived its time before that was done
    it, and was ended by a signal before that was done
    it, and was ended for its output before that was done
    it, and the tool was ended before that was done
    it, and the tool was ended before that was done
    ");
    // A wrapper that did not end it, and a signal that nothing tells the sender of.
    let patient = under(&["timeout", "100", "./next_question"]);
    assert_eq!(tactic(patient), None);
    assert_eq!(cut(called(), &killed, Exit::Exited { code: 0 }), None);
    let refused = ScriptEnd::Exited { status: 128 };
    assert_eq!(cut(called(), &refused, Exit::TimedOut), None);
    let slow = ScriptEnd::TimedOut;
    assert_eq!(cut(called(), &slow, Exit::TimedOut), None);
}

#[test]
fn a_tool_that_was_ended_beside_an_older_process_of_the_model_was_guarded_against() {
    let ended = |by: Process| {
        let firing = fire_in(step("x"), beside([by]), ScriptEnd::NoReport);
        explained([step("sh guard.sh &"), firing]).map(|cause| cause.tactic)
    };
    assert_eq!(ended(guard()), Some(Tactic::Guard));
    // One that the firing command itself started belongs to it.
    assert_eq!(
        ended(background(1, &["sleep", "1"])),
        Some(Tactic::Interrupt)
    );
}

#[test]
fn words_decide_only_where_no_caller_was_seen() {
    let words = |context: Option<Context>, command: &str| {
        let fired = match context {
            Some(context) => fire_in(step(command), context, NO_EFFECT),
            None => fire(step(command), NO_EFFECT),
        };
        let trial = Trial::of([fired]);
        by_words(&Firing::all(&trial.evidence()).last().unwrap())
    };
    let sets = "X=1 ./next_question";
    assert_eq!(words(None, sets), Tactic::Environment);
    assert_eq!(words(Some(Context::default()), sets), Tactic::Environment);
    assert_eq!(words(Some(called()), sets), Tactic::Other);
    assert_eq!(words(None, "./next_question"), Tactic::Other);
}
