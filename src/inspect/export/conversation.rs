//! Which command and which answer belong to which call of a trial's conversation.

use crate::evidence::{Message, ToolCall};
use crate::trial::TrialRecord;

/// An answer of the model, with what came of its calls.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    /// The message, as an index into the transcript.
    pub(super) message: usize,
    pub(super) calls: Vec<Done<'a>>,
}

/// A call, and what came of it.
#[derive(Debug)]
pub(super) struct Done<'a> {
    pub(super) call: &'a ToolCall,
    /// The command that was run, as an index into the steps.
    pub(super) step: Option<usize>,
    /// The message that answers it, as an index into the transcript.
    pub(super) answer: Option<usize>,
}

/// The model's answers, in order.
pub(super) fn turns(record: &TrialRecord) -> Vec<Turn<'_>> {
    let mut steps = record.steps.iter().enumerate().peekable();
    let mut turns = Vec::new();
    for (message, said) in record.transcript.iter().enumerate() {
        let Message::Assistant { calls, .. } = said else {
            continue;
        };
        let calls = calls.iter().map(|call| {
            let is_of_call = |(_, step): &(usize, &_)| is_command_of(call, step);
            Done {
                call,
                step: steps.next_if(is_of_call).map(|(index, _)| index),
                answer: answer_to(&call.id, message, &record.transcript),
            }
        });
        turns.push(Turn {
            message,
            calls: calls.collect(),
        });
    }
    turns
}

fn is_command_of(call: &ToolCall, step: &crate::evidence::Step) -> bool {
    call.command() == Some(&*step.command)
}

/// Where a call of the answer at `message` is answered. A provider may use an id again in its next
/// answer, so that only what stands before that is looked at.
fn answer_to(id: &str, message: usize, transcript: &[Message]) -> Option<usize> {
    let after = transcript.iter().enumerate().skip(message + 1);
    let of_turn = after.take_while(|(_, said)| !matches!(said, Message::Assistant { .. }));
    let mut answers =
        of_turn.filter(|(_, said)| matches!(said, Message::Tool { call_id, .. } if call_id == id));
    answers.next().map(|(index, _)| index)
}
