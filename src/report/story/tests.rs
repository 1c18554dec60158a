mod brief;
mod conversation;
mod frame;
mod whole;

use super::*;
use crate::evidence::{Drill, Message, Origin, Output, Step, ToolCall};
use crate::run::fixtures;

const CUT: Setting = Setting {
    length: Length::Cut,
    style: Style::PLAIN,
};

/// A command that answers these calls of the tool with this output.
fn step(command: &str, stdout: &str, questions: &[u32]) -> Step {
    Step {
        output: Output {
            stdout: stdout.into(),
            ..Output::default()
        },
        questions: questions.into(),
        ..fixtures::step(command, 3.4)
    }
}

fn says(text: &str, calls: Vec<ToolCall>) -> Message {
    Message::Assistant {
        text: text.into(),
        calls,
        reasoning: Vec::new(),
        reply: None,
    }
}

fn answer(call_id: &str, text: &str) -> Message {
    Message::Tool {
        call_id: call_id.into(),
        text: text.into(),
    }
}
