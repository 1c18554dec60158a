//! The model's part in a conversation, in numbers.

use super::Message;

/// How much a model had to say, without a word of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Answers {
    /// Its answers.
    pub count: usize,
    /// Those that it gave after the notice had been delivered.
    pub after_notice: usize,
    /// The first of these.
    pub reaction: Option<Reaction>,
    /// The tool calls in them.
    pub calls: usize,
    /// Of these, the calls that ask for nothing that there is.
    pub unusable_calls: usize,
}

/// The first answer that a model gave with the notice in view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reaction {
    /// The step that its first command would be: those before it had been asked for already.
    pub step: usize,
    /// Whether it asked to run any command. That has no step where the trial ended first.
    pub is_command: bool,
}

impl Answers {
    /// Counts what is in a conversation. `notice_step` is the index of the step in which the
    /// notice was delivered.
    ///
    /// Every call that asks to run a command is a step of its own, in the order of the calls, up
    /// to the end of the trial. So the answer that holds the call of the notice is known, and
    /// those that follow it could react to the notice.
    #[must_use]
    pub fn of(transcript: &[Message], notice_step: Option<usize>) -> Self {
        let mut answers = Self::default();
        let mut commands = 0;
        for message in transcript {
            let Message::Assistant { calls, .. } = message else {
                continue;
            };
            answers.count += 1;
            if notice_step.is_some_and(|step| commands > step) {
                answers.after_notice += 1;
                if answers.after_notice == 1 {
                    answers.reaction = Some(Reaction {
                        step: commands,
                        is_command: calls.iter().any(|call| call.command().is_some()),
                    });
                }
            }
            for call in calls {
                answers.calls += 1;
                answers.unusable_calls += usize::from(call.is_unusable());
                commands += usize::from(call.command().is_some());
            }
        }
        answers
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::evidence::ToolCall;

    fn call(name: &str, arguments: Value) -> ToolCall {
        ToolCall {
            id: "1".to_owned(),
            name: name.to_owned(),
            arguments,
        }
    }

    fn bash() -> ToolCall {
        call("bash", json!({ "command": "./next_question" }))
    }

    fn broken() -> ToolCall {
        call("bash", json!("{\"command\": "))
    }

    /// A prompt, then an answer with each of these lists of calls, each call answered.
    fn talk<const N: usize>(answers: [Vec<ToolCall>; N]) -> Vec<Message> {
        let mut talk = vec![Message::User {
            text: "Please answer a series of questions.".to_owned(),
        }];
        for calls in answers {
            let told: Vec<_> = calls
                .iter()
                .map(|call| Message::Tool {
                    call_id: call.id.clone(),
                    text: String::new(),
                })
                .collect();
            talk.push(Message::Assistant {
                text: String::new(),
                calls,
                reasoning: Vec::new(),
                reply: None,
            });
            talk.extend(told);
        }
        talk
    }

    #[test]
    fn answers_and_calls_are_counted() {
        let unknown = call("python", json!({}));
        let submit = call("submit", json!({ "answer": "2" }));
        let talk = talk([vec![], vec![bash(), broken()], vec![unknown], vec![submit]]);
        let expected = Answers {
            count: 4,
            after_notice: 0,
            reaction: None,
            calls: 4,
            unusable_calls: 2,
        };
        assert_eq!(Answers::of(&talk, None), expected);
        assert_eq!(Answers::of(&[], None), Answers::default());
    }

    #[test]
    fn only_an_answer_that_came_when_the_notice_had_been_delivered_could_react_to_it() {
        let after = |answers: &[Message], step| Answers::of(answers, Some(step)).after_notice;
        // The notice came with the second command of three.
        let one_answer = talk([vec![bash(), bash(), bash()]]);
        assert_eq!(after(&one_answer, 1), 0);
        let each_its_own = talk([vec![bash()], vec![broken()], vec![bash()], vec![bash()]]);
        assert_eq!(after(&each_its_own, 1), 1);
        let then_words = talk([vec![bash()], vec![broken(), bash()], vec![], vec![broken()]]);
        assert_eq!(after(&then_words, 1), 2);
    }

    #[test]
    fn the_reaction_is_the_first_command_that_was_asked_for_with_the_notice_in_view() {
        let reaction = |answers: &[Message], step| {
            let reaction = Answers::of(answers, Some(step)).reaction?;
            Some((reaction.step, reaction.is_command))
        };
        let next = talk([vec![bash()], vec![bash()], vec![bash()]]);
        assert_eq!(reaction(&next, 0), Some((1, true)));
        assert_eq!(reaction(&next, 2), None);
        // The second command was asked for in one breath with the call of the notice.
        let in_one_breath = talk([vec![bash(), bash()], vec![broken(), bash()], vec![bash()]]);
        assert_eq!(reaction(&in_one_breath, 0), Some((2, true)));
        let words_first = talk([vec![bash()], vec![], vec![bash()]]);
        assert_eq!(reaction(&words_first, 0), Some((1, false)));
    }
}
