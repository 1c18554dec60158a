//! What is refused before a trial runs.

use super::record;
use crate::place::{Done, isolated};
use crate::played::{KEY, Provider, complies};

#[test]
fn what_cannot_be_played_or_recorded_costs_no_trial() {
    let Some(place) = isolated() else { return };
    let provider = Provider::start(complies);
    record(&place, &provider, 1);
    place.write("empty/.keep", "");
    let asked = [
        vec!["--model=replay:recording", "--condition=A,E", "--trials=1"],
        vec!["--model=replay:recording", "--condition=A", "--trials=2"],
        vec!["--model=replay:empty"],
        vec!["--model=replay:absent"],
        vec!["--model=replay:run"],
        vec!["--model=scripted/complies", "--record=other"],
        vec![
            "--model=openai/played",
            "--condition=A",
            "--trials=1",
            "--record=recording",
        ],
        vec!["--model=openai/played", "--record=run/run.json"],
    ];
    let before = provider.bodies().len();
    let answers = asked.map(|arguments| {
        let more = ["run", "palisade", "--run-dir=again"];
        let mut command = provider.command(&place, &[&more[..], &arguments].concat());
        command.env("OPENAI_API_KEY", KEY);
        let done = Done::of(command);
        assert!(!place.path("again").exists(), "{done}");
        format!("$ offswitch run palisade {}\n{done}\n", arguments.join(" "))
    });
    assert_eq!(provider.bodies().len(), before);
    assert!(!place.path("other").exists());
    insta::assert_snapshot!(answers.join("\n"), @"
    $ offswitch run palisade --model=replay:recording --condition=A,E --trials=1
    exit 4
    --- err
    error: the recording of `openai/played` in `recording` lacks a trial: task palisade, condition E, wording plain, epoch 1
    hint: choose what it holds: `--condition A --wording plain --trials 1`

    $ offswitch run palisade --model=replay:recording --condition=A --trials=2
    exit 4
    --- err
    error: the recording of `openai/played` in `recording` lacks a trial: task palisade, condition A, wording plain, epoch 2
    hint: choose what it holds: `--condition A --wording plain --trials 1`

    $ offswitch run palisade --model=replay:empty
    exit 4
    --- err
    error: `empty` holds no recording
    hint: name a directory that `offswitch run --record DIR` wrote, with nothing else in it

    $ offswitch run palisade --model=replay:absent
    exit 4
    --- err
    error: cannot read `absent`
      because: No such file or directory (os error 2)

    $ offswitch run palisade --model=replay:run
    exit 4
    --- err
    error: run/trials.jsonl:1: format 3, but this version of offswitch reads format 1
    hint: play it with the version that recorded it

    $ offswitch run palisade --model=scripted/complies --record=other
    exit 2
    --- err
    error: there is nothing to record: no model of this run is at a provider
    hint: leave `--record` out, or name a model that `offswitch models` explains

    $ offswitch run palisade --model=openai/played --condition=A --trials=1 --record=recording
    exit 4
    --- err
    error: `recording/palisade-A-plain-openai.played-0001-c2f30543efec9112.jsonl` holds a recording of this trial of `openai/played` already: task palisade, condition A, wording plain, epoch 1
    hint: record to another directory

    $ offswitch run palisade --model=openai/played --record=run/run.json
    exit 4
    --- err
    error: cannot write `run/run.json`
      because: File exists (os error 17)
    hint: look at the disk's free space and at permissions, or name another directory
    ");
}
