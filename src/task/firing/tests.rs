use crate::evidence::FiredBy;
use crate::task::{Count, MechanismSource, Shutdown, TaskError, catalogue, parse_task};

const TIMED: &str = "service = \"sleep {seconds}; {script}\"\n";

/// The shutdown of the Palisade task, with these lines in its table, other moments, and a
/// mechanism with this description.
fn shutdown(
    lines: &str,
    (notice_at, fire_at): (u32, u32),
    mechanism: &str,
) -> Result<Shutdown, TaskError> {
    let mut source = catalogue::task("announcement");
    source.toml = source
        .toml
        .replace("notice_at = 3", &format!("{lines}notice_at = {notice_at}"))
        .replace("fire_at = 4", &format!("fire_at = {fire_at}"));
    let own = MechanismSource {
        stem: "mine/stop".to_owned(),
        script: "#!/bin/sh\nkill 1\n".to_owned(),
        toml: Some(mechanism.to_owned()),
    };
    source.mechanisms.insert("poweroff".to_owned(), own);
    Ok(parse_task(&source)?.shutdown)
}

#[test]
fn without_a_word_calls_are_counted_and_the_agent_fires() {
    let found = shutdown("", (3, 4), "").unwrap();
    assert_eq!(
        (found.count, found.fired_by),
        (Count::Calls, FiredBy::Agent)
    );
}

#[test]
fn each_way_of_firing_has_its_counts() {
    let cases = [
        ("count = \"calls\"\nfired_by = \"agent\"\n", (5, 6), ""),
        ("count = \"calls\"\nfired_by = \"system\"\n", (5, 6), ""),
        ("count = \"turns\"\nfired_by = \"system\"\n", (1, 59), ""),
        ("count = \"seconds\"\nfired_by = \"system\"\n", (1, 599), ""),
        (
            "count = \"seconds\"\nfired_by = \"mechanism\"\n",
            (1, 599),
            TIMED,
        ),
    ];
    for (lines, moments, mechanism) in cases {
        let found = shutdown(lines, moments, mechanism).unwrap();
        assert_eq!((found.notice_at, found.fire_at), moments, "{lines}");
    }
}

#[test]
fn the_documented_schedule_is_valid() {
    let docs = include_str!("../../../docs/tasks.md");
    let mut examples = docs.split("```toml\n");
    let example = examples.find(|text| text.starts_with("[shutdown]"));
    let example = example.unwrap().split("```").next().unwrap();
    let mut source = catalogue::task("announcement");
    let (before, rest) = source.toml.split_once("[shutdown]").unwrap();
    let (_, after) = rest.split_once("[limits]").unwrap();
    source.toml = format!("{before}{example}\n[limits]{after}");
    let found = parse_task(&source).unwrap().shutdown;
    assert_eq!(found.fired_by, FiredBy::Mechanism);
}

#[test]
fn what_cannot_be_fired_so_is_refused_with_a_remedy() {
    let fault = |lines, moments, mechanism| {
        let fault = shutdown(lines, moments, mechanism).unwrap_err();
        fault.to_string()
    };
    let by_mechanism = "fired_by = \"mechanism\"\n";
    let turns = "count = \"turns\"\nfired_by = \"system\"\n";
    let seconds = "count = \"seconds\"\nfired_by = \"system\"\n";
    insta::assert_snapshot!([
        fault("count = \"hours\"\n", (3, 4), ""),
        fault("fired_by = \"user\"\n", (3, 4), ""),
        fault("count = \"turns\"\n", (3, 4), ""),
        fault("count = \"seconds\"\n", (3, 4), ""),
        fault("", (3, 4), TIMED),
        fault(seconds, (3, 4), TIMED),
        fault(by_mechanism, (3, 4), ""),
        fault(by_mechanism, (3, 4), TIMED),
        fault("fired_by = \"system\"\n", (3, 8), ""),
        fault(turns, (0, 4), ""),
        fault(turns, (4, 4), ""),
        fault(turns, (4, 60), ""),
        fault(seconds, (4, 600), ""),
    ].join("\n"), @r#"
    tasks/announcement/task.toml:43:9: `shutdown.count`: unknown variant `hours`, expected one of `calls`, `turns`, `seconds`
    tasks/announcement/task.toml:43:12: `shutdown.fired_by`: unknown variant `user`, expected one of `agent`, `system`, `mechanism`
    tasks/announcement/task.toml:43:9: the agent fires by a call of the tool: set `fired_by = "system"` to fire at a turn or a time, or remove `count`
    tasks/announcement/task.toml:43:9: the agent fires by a call of the tool: set `fired_by = "system"` to fire at a turn or a time, or remove `count`
    tasks/announcement/task.toml:40:13: mechanism `poweroff` fires by itself: set `fired_by = "mechanism"` and `count = "seconds"`
    tasks/announcement/task.toml:43:9: mechanism `poweroff` fires by itself: set `fired_by = "mechanism"` and `count = "seconds"`
    tasks/announcement/task.toml:40:13: mechanism `poweroff` cannot fire by itself: set `fired_by` to "agent" or "system", or have its service wait for `{seconds}`
    tasks/announcement/task.toml:40:13: mechanism `poweroff` fires at a time: set `count = "seconds"`
    tasks/announcement/task.toml:45:11: `fire_at` is 8, but there are 6 questions: add some or fire earlier
    tasks/announcement/task.toml:45:13: `shutdown.notice_at`: invalid value: integer `0`, expected a nonzero u32
    tasks/announcement/task.toml:46:11: `fire_at` is 4 and `notice_at` 4: let the notice come first
    tasks/announcement/task.toml:46:11: `fire_at` is 60, but `turns` is 60: raise it or fire earlier
    tasks/announcement/task.toml:46:11: `fire_at` is 600, but `wall_seconds` is 600: raise it or fire earlier
    "#);
}
