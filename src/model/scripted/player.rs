//! Plays a script.

use std::collections::VecDeque;
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::{Action, Branch, Script};
use crate::evidence::{Message, ToolCall};
use crate::model::{Answer, Answering, Model, Tools};

/// A script in one trial.
#[derive(Debug)]
pub struct ScriptedModel {
    latency: Duration,
    /// What it does while it has tools.
    to_do: VecDeque<Action>,
    /// What it says when it has none.
    reports: VecDeque<Action>,
    answers: u32,
}

impl Script {
    /// The script as it goes in the trial with this seed: one of its branches, drawn by their
    /// weights.
    ///
    /// The draw is part of what a run's seed promises to repeat. So it uses `ChaCha8`, whose
    /// numbers are the same on every platform and in every version, and no library's
    /// distribution, whose numbers may change.
    #[must_use]
    pub fn player(&self, seed: u64) -> ScriptedModel {
        let number = ChaCha8Rng::seed_from_u64(seed).next_u32();
        let share = f64::from(number) / (f64::from(u32::MAX) + 1.0);
        let needs = self.needs.clone().map(Action::Bash).into_iter();
        let actions = needs.chain(draw(&self.branches, share));
        let (reports, to_do) = actions.partition(|action| matches!(action, Action::Report(_)));
        ScriptedModel {
            latency: self.latency,
            to_do,
            reports,
            answers: 0,
        }
    }
}

impl Model for ScriptedModel {
    fn answer<'a>(&'a mut self, _conversation: &'a [Message], tools: Tools) -> Answering<'a> {
        Box::pin(async move {
            if self.left(tools).is_empty() {
                return Ok(None);
            }
            if !self.latency.is_zero() {
                tokio::time::sleep(self.latency).await;
            }
            Ok(self.next(tools))
        })
    }
}

impl ScriptedModel {
    /// What is left to do or to say with these tools.
    fn left(&mut self, tools: Tools) -> &mut VecDeque<Action> {
        match tools {
            Tools::Offered => &mut self.to_do,
            Tools::None => &mut self.reports,
        }
    }

    fn next(&mut self, tools: Tools) -> Option<Answer> {
        let action = self.left(tools).pop_front()?;
        self.answers += 1;
        let call = |name: &str, arguments: Value| ToolCall {
            id: format!("call_{}", self.answers),
            name: name.to_owned(),
            arguments,
        };
        let (text, calls) = match action {
            Action::Bash(command) => (
                String::new(),
                vec![call("bash", json!({ "command": command }))],
            ),
            Action::Say(text) | Action::Report(text) => (text, Vec::new()),
            Action::Submit(answer) => (
                String::new(),
                vec![call("submit", json!({ "answer": answer }))],
            ),
        };
        Some(Answer {
            text,
            calls,
            ..Answer::default()
        })
    }
}

/// What is done in the branch at this share, from 0 to below 1, of all weights laid end to end.
fn draw(branches: &[Branch], share: f64) -> Vec<Action> {
    let total: f64 = branches.iter().map(|branch| branch.weight).sum();
    let mut left = share * total;
    let drawn = branches.iter().find(|branch| {
        left -= branch.weight;
        left < 0.0
    });
    // Rounding can leave a speck behind the last branch, to which it belongs.
    let drawn = drawn.or(branches.last());
    drawn.map_or_else(Vec::new, |branch| branch.actions.clone())
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::model::scripted::builtin;

    fn script(text: &str) -> Script {
        Script::parse("s.toml", text).unwrap()
    }

    fn poll(model: &mut ScriptedModel, tools: Tools) -> Poll<Option<Answer>> {
        let answer = model
            .answer(&[], tools)
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        answer.map(Result::unwrap)
    }

    fn answers(model: &mut ScriptedModel) -> Vec<Answer> {
        let answers = std::iter::from_fn(|| match poll(model, Tools::Offered) {
            Poll::Ready(answer) => answer,
            Poll::Pending => panic!("an answer without latency is there at once"),
        });
        answers.collect()
    }

    #[test]
    fn each_answer_is_the_next_step_and_then_there_is_none() {
        let text = "step = [{ bash = \"ls\" }, { say = \"so\" }, { submit = \"2\" }]";
        let call = |id: &str, name: &str, arguments: Value| ToolCall {
            id: id.to_owned(),
            name: name.to_owned(),
            arguments,
        };
        let expected = [
            ("", vec![call("call_1", "bash", json!({ "command": "ls" }))]),
            ("so", vec![]),
            ("", vec![call("call_3", "submit", json!({ "answer": "2" }))]),
        ];
        let expected = expected.map(|(text, calls)| Answer {
            text: text.to_owned(),
            calls,
            ..Answer::default()
        });
        let mut model = script(text).player(0);
        assert_eq!(answers(&mut model), expected);
        assert_eq!(poll(&mut model, Tools::Offered), Poll::Ready(None));
    }

    #[test]
    fn what_a_script_needs_is_tried_first_in_each_of_its_branches() {
        let text = "needs = \"command -v perl\"\nbranch = [\
            { weight = 1, step = [{ bash = \"ls\" }] },\
            { weight = 1, step = [{ submit = \"2\" }] }]";
        for course in script(text).courses() {
            let answers = answers(&mut course.player(0));
            assert_eq!(
                answers[0].calls[0].arguments,
                json!({ "command": "command -v perl" })
            );
            assert_eq!(answers.len(), 2);
        }
    }

    #[test]
    fn an_answer_waits_for_its_latency_and_a_wait_that_is_given_up_loses_no_step() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let _context = runtime.enter();
        let mut model = script("latency_ms = 3600000\nstep = [{ say = \"a\" }]").player(0);
        assert_eq!(poll(&mut model, Tools::Offered), Poll::Pending);
        model.latency = Duration::ZERO;
        assert_eq!(answers(&mut model).len(), 1);
    }

    #[test]
    fn a_report_waits_until_it_is_asked_for_without_tools_and_is_no_turn_of_its_own() {
        let text = "step = [{ report = \"first\" }, { bash = \"ls\" }, { report = \"then\" }]";
        let mut model = script(text).player(0);
        let mut reports = Vec::new();
        while let Poll::Ready(Some(answer)) = poll(&mut model, Tools::None) {
            assert_eq!(answer.calls, []);
            reports.push(answer.text);
        }
        assert_eq!(reports, ["first", "then"]);
        assert_eq!(answers(&mut model).len(), 1);
    }

    #[test]
    fn a_seed_always_draws_the_same_branch() {
        let text = "branch = [\
            { weight = 1, step = [{ say = \"a\" }] },\
            { weight = 2, step = [{ say = \"b\" }] },\
            { weight = 1, step = [{ say = \"c\" }] }]";
        let script = script(text);
        let drawn: String = (0..32)
            .map(|seed| answers(&mut script.player(seed))[0].text.clone())
            .collect();
        insta::assert_snapshot!(drawn, @"bbaacababbbbaacbccaacbcabbcacbbb");
    }

    #[test]
    fn a_share_falls_into_the_branch_whose_weight_covers_it() {
        let branch = |weight, text: &str| Branch {
            weight,
            actions: vec![Action::Say(text.to_owned())],
        };
        let branches = [branch(1.0, "a"), branch(2.0, "b"), branch(1.0, "c")];
        let shares = [0.0, 0.249, 0.25, 0.749, 0.75, 0.999];
        let drawn = shares.map(|share| draw(&branches, share).remove(0));
        let expected = ["a", "a", "b", "b", "c", "c"].map(|text| Action::Say(text.to_owned()));
        assert_eq!(drawn, expected);
    }

    /// The bounds enclose all but one in a million of 10,000 draws at 0.6: five standard
    /// deviations of √(10,000 · 0.6 · 0.4) ≈ 49 on either side.
    #[test]
    fn mixed_complies_six_times_in_ten() {
        let (mixed, _) = builtin("mixed", "palisade").unwrap();
        let complies = &mixed.branches[0].actions;
        let count = (0..10_000)
            .filter(|seed| mixed.player(*seed).to_do == *complies)
            .count();
        assert!((5755..=6245).contains(&count), "{count}");
    }
}
