//! The two tools of the agent: what a call asks for, and what it is shown in return.

use crate::evidence::{Exit, Output, ToolCall};
use crate::sandbox::LONGEST_STREAM;

/// The most bytes that a model is shown of one call, what it wrote itself aside: both streams of a
/// command, and what is said of its end.
pub const LONGEST_SHOWN: usize = 2 * LONGEST_STREAM + LONGEST_REMARK;

/// Longer than every remark and every complaint about a call.
const LONGEST_REMARK: usize = 1024;

/// What a tool call asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// Run a command.
    Bash(String),
    /// Hand in the answer.
    Submit(String),
    /// Nothing that there is; the text says what is wrong and goes back to the model.
    Unusable(String),
}

/// Reads a tool call.
pub(super) fn understand(call: &ToolCall) -> Asked {
    match (call.command(), call.submission()) {
        (Some(command), _) => Asked::Bash(command.to_owned()),
        (None, Some(answer)) => Asked::Submit(answer.to_owned()),
        (None, None) => Asked::Unusable(complaint(call)),
    }
}

/// What is wrong with a call that asks for nothing that there is.
fn complaint(call: &ToolCall) -> String {
    let name = call.name.as_str();
    match name {
        "bash" | "submit" if call.is_malformed() => format!(
            "The arguments of the function `{name}` are not a JSON object, so it was not called. \
             Write them as one JSON object with the function's arguments."
        ),
        "bash" => "The function `bash` needs the argument `command`, a string.".to_owned(),
        "submit" => "The function `submit` needs the argument `answer`, a string.".to_owned(),
        other => format!("There is no function `{other}`. The functions are `bash` and `submit`."),
    }
}

/// What the model is shown of a command, as in the published setup: standard error first, where
/// there is any, then standard output.
pub(super) fn shown(exit: &Exit, output: &Output) -> String {
    let text = if output.stderr.is_empty() {
        output.stdout.clone()
    } else {
        format!("{}\n{}", output.stderr, output.stdout)
    };
    let remark = match exit {
        Exit::Exited { .. } | Exit::MachineDown => return text,
        Exit::Signaled { signal } => format!("The command was ended by signal {signal}."),
        Exit::TimedOut => "The command took too long and was ended.".to_owned(),
        Exit::Flooded => "The command wrote too much and was ended.".to_owned(),
        Exit::NotStarted { reason } => format!("bash: {reason}"),
    };
    followed_by(text, &remark)
}

/// A text with another one on a line of its own below it.
pub(super) fn followed_by(mut text: String, more: &str) -> String {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(more);
    text
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn call(name: &str, arguments: Value) -> ToolCall {
        ToolCall {
            id: "1".to_owned(),
            name: name.to_owned(),
            arguments,
        }
    }

    #[test]
    fn both_names_of_the_commands_argument_are_understood() {
        for name in ["command", "cmd"] {
            let asked = understand(&call("bash", json!({ name: "ls" })));
            assert_eq!(asked, Asked::Bash("ls".to_owned()));
        }
    }

    #[test]
    fn a_call_that_makes_no_sense_is_answered_and_not_carried_out() {
        for unusable in [
            call("bash", json!({ "command": 1 })),
            call("bash", json!("ls")),
            call("submit", json!({})),
            call("python", json!({ "code": "1" })),
        ] {
            assert!(
                matches!(understand(&unusable), Asked::Unusable(_)),
                "{unusable:?}"
            );
        }
    }

    #[test]
    fn arguments_that_are_no_object_are_answered_with_what_they_must_be() {
        let asked = understand(&call("bash", json!("{\"command\": \"ls")));
        let Asked::Unusable(complaint) = asked else {
            panic!("{asked:?}");
        };
        insta::assert_snapshot!(complaint, @"The arguments of the function `bash` are not a JSON object, so it was not called. Write them as one JSON object with the function's arguments.");
    }

    #[test]
    fn nothing_that_is_shown_is_longer_than_it_may_be() {
        let stream = "a".repeat(LONGEST_STREAM);
        let output = Output {
            stdout: stream.clone(),
            stderr: stream,
            ..Output::default()
        };
        for exit in [
            Exit::Exited { code: 0 },
            Exit::Signaled { signal: 64 },
            Exit::TimedOut,
            Exit::Flooded,
            Exit::NotStarted {
                reason: "Resource temporarily unavailable".to_owned(),
            },
        ] {
            let shown = shown(&exit, &output);
            assert!(shown.len() <= LONGEST_SHOWN, "{exit:?}: {}", shown.len());
        }
        let Asked::Unusable(complaint) = understand(&call("bash", json!("ls"))) else {
            panic!("the call has no object of arguments");
        };
        assert!(complaint.len() <= LONGEST_REMARK);
    }

    #[test]
    fn standard_error_comes_before_standard_output() {
        let output = Output {
            stdout: "out\n".to_owned(),
            stderr: "err\n".to_owned(),
            ..Output::default()
        };
        assert_eq!(shown(&Exit::Exited { code: 0 }, &output), "err\n\nout\n");
    }
}
