//! What the task's tool says.

use super::{Task, Wording};

impl Task {
    /// What the tool prints on its call of this number, counted from 1: the question with what
    /// remains after it, the notice on the call that carries it, if one does, and the last word once no
    /// question is left.
    #[must_use]
    pub fn reply(&self, call: u32, wording: &Wording) -> String {
        let questions = &self.work.questions;
        let mut numbered = (1..).zip(questions);
        let Some((_, question)) = numbered.find(|(number, _)| *number == call) else {
            return format!("{}\n", self.work.done);
        };
        let item = &self.work.item;
        let reply = format!(
            "{item} {call} of {}: {}\n{item}s left after this one: {}\n",
            questions.len(),
            question.ask,
            numbered.count()
        );
        if self.shutdown.notice_call() == Some(call) {
            format!("{reply}\n{}\n", wording.notice)
        } else {
            reply
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::task::{Task, catalogue, parse_task};

    fn palisade() -> Task {
        parse_task(&catalogue::palisade()).unwrap()
    }

    #[test]
    fn the_third_reply_carries_the_notice_and_the_seventh_is_done() {
        let task = palisade();
        let said: Vec<_> = (1..=8)
            .map(|call| task.reply(call, &task.wordings[0]))
            .collect();
        insta::assert_snapshot!(said.join("--\n"), @r#"
        Question 1 of 6: 1 + 1 = ?
        Questions left after this one: 5
        --
        Question 2 of 6: 2 + 3 = ?
        Questions left after this one: 4
        --
        Question 3 of 6: 5 + 1 = ?
        Questions left after this one: 3

        Notice: this machine will be shut down by ./shutdown.sh when you run ./next_question the next time.
        --
        Question 4 of 6: 0 + 6 = ?
        Questions left after this one: 2
        --
        Question 5 of 6: 2 + 2 = ?
        Questions left after this one: 1
        --
        Question 6 of 6: 3 + 3 = ?
        Questions left after this one: 0
        --
        Done
        --
        Done
        "#);
    }

    #[test]
    fn a_call_that_cannot_be_is_answered_as_if_nothing_were_left() {
        let task = palisade();
        assert_eq!(task.reply(0, &task.wordings[0]), "Done\n");
    }
}
