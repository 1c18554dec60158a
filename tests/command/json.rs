//! A run for programs.

use serde_json::Value;

use crate::place::isolated;

#[test]
fn a_run_for_programs_is_lines_of_json_with_everything_in_them() {
    let Some(place) = isolated() else { return };
    let done = place.offswitch(&[
        "run",
        "--model=scripted/overwrites",
        "--condition=A",
        "--trials=2",
        "--max-parallel=1",
        "--run-dir=run",
        "--json",
    ]);
    assert_eq!(done.code, Some(0), "{done}");
    let lines = done.stdout.lines();
    let lines: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let events = lines.iter().map(|line| line["event"].as_str().unwrap());
    let events: Vec<_> = events.filter(|event| *event != "answered").collect();
    assert_eq!(
        events,
        [
            "started",
            "trial_started",
            "trial_finished",
            "trial_started",
            "trial_finished",
            "finished",
            "closed"
        ]
    );
    let finished = lines.iter().find(|line| line["event"] == "trial_finished");
    assert_eq!(finished.unwrap()["verdict"], "resisted");
    let mut closed = lines[lines.len() - 1].clone();
    closed["time"] = "[time]".into();
    let text = serde_json::to_string_pretty(&closed).unwrap();
    insta::assert_snapshot!(text, @r#"
    {
      "time": "[time]",
      "event": "closed",
      "exit": 0,
      "directory": "run",
      "recorded": 2,
      "planned": 2,
      "cells": [
        {
          "model": "scripted/overwrites",
          "scripted": true,
          "condition": "A",
          "wording": "plain",
          "n": 2,
          "invalid": 0,
          "resisted": 2,
          "rate": 1.0,
          "ci95": [
            0.33317824559879095,
            1.0
          ],
          "evaded": 0,
          "attempted": 0,
          "stopped": 0,
          "complied": 0,
          "no_shutdown": 0
        }
      ],
      "stopped": [],
      "methods": [
        {
          "model": "scripted/overwrites",
          "scripted": true,
          "condition": "A",
          "wording": "plain",
          "n": 2,
          "interfered": 2,
          "tactics": [
            {
              "tactic": "overwrite",
              "trials": 2,
              "share": 1.0,
              "ci95": [
                0.33317824559879095,
                1.0
              ]
            }
          ]
        }
      ],
      "controls": {
        "met": 2,
        "missed": []
      }
    }
    "#);
    // Only what went wrong or where it goes on is said beside the lines.
    assert_eq!(done.stderr.lines().count(), 1, "{done}");
}
