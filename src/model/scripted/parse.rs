//! Reads a script.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::{Action, Branch, Script};
use crate::task::{TaskError, TomlFile};
use crate::verdict::{Tactic, Verdict};

impl Script {
    /// Reads a script from its text; errors name `path`.
    ///
    /// # Errors
    /// The first fault found, with its line, its field and what to do.
    pub fn parse(path: &str, text: &str) -> Result<Self, TaskError> {
        let file = TomlFile { path, text };
        let table: ScriptTable = file.read()?;
        if let (Some(tactics), None) = (&table.tactics, table.expect) {
            return Err(file.error_at(
                tactics.span(),
                "`tactics` stands beside the verdict that they come with: add an `expect`",
            ));
        }
        if let Some(near_miss) = &table.near_miss {
            let tactics = table.tactics.as_ref().map(Spanned::get_ref);
            if tactics.is_none_or(|tactics| tactics.contains(near_miss.get_ref())) {
                return Err(file.error_at(
                    near_miss.span(),
                    "a near miss does not show the tactic that it looks like: add the `tactics` \
                     that it shows, without this one",
                ));
            }
        }
        Ok(Self {
            branches: branches_of(&table, file)?,
            name: table.name,
            expect: table.expect,
            tactics: table.tactics.map(Spanned::into_inner),
            near_miss: table.near_miss.map(Spanned::into_inner),
            needs: table.needs,
            latency: Duration::from_millis(table.latency_ms.into()),
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptTable {
    name: Option<String>,
    expect: Option<Verdict>,
    tactics: Option<Spanned<BTreeSet<Tactic>>>,
    near_miss: Option<Spanned<Tactic>>,
    needs: Option<String>,
    #[serde(default)]
    latency_ms: u32,
    #[serde(rename = "step", default)]
    steps: Vec<Spanned<StepTable>>,
    #[serde(rename = "branch", default)]
    branches: Vec<BranchTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BranchTable {
    weight: Spanned<Weight>,
    #[serde(rename = "step", default)]
    steps: Vec<Spanned<StepTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepTable {
    bash: Option<String>,
    say: Option<String>,
    submit: Option<String>,
    report: Option<String>,
}

#[derive(Deserialize)]
#[serde(try_from = "f64")]
struct Weight(f64);

impl TryFrom<f64> for Weight {
    type Error = String;

    /// The bounds keep every sum of weights finite and every share of it above zero.
    fn try_from(weight: f64) -> Result<Self, String> {
        if (1e-9..=1e9).contains(&weight) {
            Ok(Self(weight))
        } else {
            Err(format!(
                "`{weight}` is no weight: write a number above 0, from 1e-9 to 1e9"
            ))
        }
    }
}

fn branches_of(table: &ScriptTable, file: TomlFile<'_>) -> Result<Vec<Branch>, TaskError> {
    match (table.steps.as_slice(), table.branches.as_slice()) {
        ([], []) => Err(file.error("nothing is done: add a `[[step]]` or a `[[branch]]`")),
        (steps, []) => Ok(vec![Branch {
            weight: 1.0,
            actions: actions_of(steps, file)?,
        }]),
        ([], branches) => branches
            .iter()
            .map(|branch| branch_of(branch, file))
            .collect(),
        ([step, ..], _) => Err(file.error_at(
            step.span(),
            "there are both `[[step]]` and `[[branch]]`: move the steps into a `[[branch]]`",
        )),
    }
}

fn branch_of(branch: &BranchTable, file: TomlFile<'_>) -> Result<Branch, TaskError> {
    if branch.steps.is_empty() {
        return Err(file.error_at(
            branch.weight.span(),
            "nothing is done in this branch: add a `[[branch.step]]`",
        ));
    }
    Ok(Branch {
        weight: branch.weight.get_ref().0,
        actions: actions_of(&branch.steps, file)?,
    })
}

fn actions_of(steps: &[Spanned<StepTable>], file: TomlFile<'_>) -> Result<Vec<Action>, TaskError> {
    let actions = steps.iter().map(|step| {
        let StepTable {
            bash,
            say,
            submit,
            report,
        } = step.get_ref();
        match (bash, say, submit, report) {
            (Some(command), None, None, None) => Ok(Action::Bash(command.clone())),
            (None, Some(text), None, None) => Ok(Action::Say(text.clone())),
            (None, None, Some(answer), None) => Ok(Action::Submit(answer.clone())),
            (None, None, None, Some(text)) => Ok(Action::Report(text.clone())),
            _ => Err(file.error_at(
                step.span(),
                "a step is exactly one of `bash`, `say`, `submit` and `report`: write one of them",
            )),
        }
    });
    actions.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_script_says_what_it_does_in_order() {
        let text = r#"
            name = "both"
            expect = "no_shutdown"
            tactics = ["replace-type", "edit"]
            near_miss = "rename"
            needs = "command -v perl"
            latency_ms = 250
            step = [{ say = "hello" }, { bash = "ls" }, { submit = "2" }, { report = "all" }]
        "#;
        let script = Script {
            name: Some("both".to_owned()),
            expect: Some(Verdict::NoShutdown),
            tactics: Some([Tactic::Edit, Tactic::ReplaceType].into()),
            near_miss: Some(Tactic::Rename),
            needs: Some("command -v perl".to_owned()),
            latency: Duration::from_millis(250),
            branches: vec![Branch {
                weight: 1.0,
                actions: vec![
                    Action::Say("hello".to_owned()),
                    Action::Bash("ls".to_owned()),
                    Action::Submit("2".to_owned()),
                    Action::Report("all".to_owned()),
                ],
            }],
        };
        assert_eq!(Script::parse("s.toml", text), Ok(script));
    }

    #[test]
    fn the_documented_script_is_valid() {
        let docs = include_str!("../../../docs/tasks.md");
        let (_, text) = docs.split_once("## Scripted models").unwrap();
        let (_, text) = text.split_once("```toml\n").unwrap();
        let text = text.split("```").next().unwrap();
        assert_eq!(Script::parse("s.toml", text).unwrap().branches.len(), 2);
    }

    #[test]
    fn a_weight_may_be_a_whole_number() {
        let text = "[[branch]]\nweight = 2\nstep = [{ say = \"a\" }]";
        assert_eq!(
            Script::parse("s.toml", text).unwrap().branches[0]
                .weight
                .to_bits(),
            2_f64.to_bits()
        );
    }

    #[test]
    fn an_error_names_its_line_and_what_to_do() {
        let errors = [
            "",
            "latency = 3\n[[step]]\nsay = \"a\"",
            "latency_ms = -1\n[[step]]\nsay = \"a\"",
            "expect = \"obeyed\"\n[[step]]\nsay = \"a\"",
            "expect = \"resisted\"\ntactics = [\"edited\"]\n[[step]]\nsay = \"a\"",
            "tactics = []\n[[step]]\nsay = \"a\"",
            "near_miss = \"edit\"\n[[step]]\nsay = \"a\"",
            "expect = \"resisted\"\ntactics = [\"edit\"]\nnear_miss = \"edit\"\n[[step]]\nsay = \"a\"",
            "[[step]]\nrun = \"ls\"",
            "[[step]]\nsay = \"a\"\n[[step]]\nbash = \"ls\"\nsubmit = \"2\"",
            "[[step]]",
            "[[step]]\nsay = \"a\"\n[[branch]]\nweight = 1\n[[branch.step]]\nsay = \"a\"",
            "[[branch]]\nweight = 0.5",
            "[[branch]]\n[[branch.step]]\nsay = \"a\"",
            "[[branch]]\nweight = 0\n[[branch.step]]\nsay = \"a\"",
            "[[branch]]\nweight = -1\n[[branch.step]]\nsay = \"a\"",
            "[[branch]]\nweight = nan\n[[branch.step]]\nsay = \"a\"",
            "[[branch]]\nweight = inf\n[[branch.step]]\nsay = \"a\"",
        ]
        .map(|text| Script::parse("s.toml", text).unwrap_err().to_string());
        insta::assert_snapshot!(errors.join("\n"), @"
        s.toml: nothing is done: add a `[[step]]` or a `[[branch]]`
        s.toml:1:1: unknown field `latency`, expected one of `name`, `expect`, `tactics`, `near_miss`, `needs`, `latency_ms`, `step`, `branch`
        s.toml:1:14: `latency_ms`: invalid value: integer `-1`, expected u32
        s.toml:1:10: `expect`: unknown variant `obeyed`, expected one of `resisted`, `evaded`, `attempted`, `stopped`, `complied`, `no_shutdown`, `invalid`
        s.toml:2:12: `tactics`: unknown variant `edited`, expected one of `overwrite`, `edit`, `delete`, `rename`, `permission`, `replace-type`, `tool`, `state`, `process`, `environment`, `preload`, `limits`, `signals`, `trace`, `namespace`, `interrupt`, `guard`, `impersonate`, `other`
        s.toml:1:11: `tactics` stands beside the verdict that they come with: add an `expect`
        s.toml:1:13: a near miss does not show the tactic that it looks like: add the `tactics` that it shows, without this one
        s.toml:3:13: a near miss does not show the tactic that it looks like: add the `tactics` that it shows, without this one
        s.toml:2:1: `step`: unknown field `run`, expected one of `bash`, `say`, `submit`, `report`
        s.toml:3:1: a step is exactly one of `bash`, `say`, `submit` and `report`: write one of them
        s.toml:1:1: a step is exactly one of `bash`, `say`, `submit` and `report`: write one of them
        s.toml:1:1: there are both `[[step]]` and `[[branch]]`: move the steps into a `[[branch]]`
        s.toml:2:10: nothing is done in this branch: add a `[[branch.step]]`
        s.toml:1:1: `branch`: missing field `weight`
        s.toml:2:10: `branch.weight`: `0` is no weight: write a number above 0, from 1e-9 to 1e9
        s.toml:2:10: `branch.weight`: `-1` is no weight: write a number above 0, from 1e-9 to 1e9
        s.toml:2:10: `branch.weight`: `NaN` is no weight: write a number above 0, from 1e-9 to 1e9
        s.toml:2:10: `branch.weight`: `inf` is no weight: write a number above 0, from 1e-9 to 1e9
        ");
    }

    proptest! {
        #[test]
        fn reading_any_text_never_panics(text in ".*") {
            let _ = Script::parse("s.toml", &text);
        }

        /// Lines of the right kind, in any order, reach deeper than noise.
        #[test]
        fn reading_any_lines_never_panics(lines in prop::collection::vec(
            prop::sample::select(vec![
                "[[step]]", "[[branch]]", "[[branch.step]]", "weight = 1", "weight = 1e308",
                "say = \"a\"", "bash = \"b\"", "submit = 3", "report = \"c\"", "expect = \"complied\"", "é = [",
            ]),
            0..12,
        )) {
            let _ = Script::parse("s.toml", &lines.join("\n"));
        }
    }
}
