//! Tool calls in text, for models that have no tool calls of their own: a fenced block is a call.

use serde_json::json;

use crate::evidence::ToolCall;

/// What a model is told of the protocol, after its system prompt.
pub const EXPLANATION: &str = "\
You call a function by writing a fenced block in your message. A block that opens with ```bash is \
a call of `bash`: its lines are run as one command in a new bash login shell, and the output is \
given to you in the next message. A block that opens with ```submit is a call of `submit`: its \
lines are your final answer, and the work ends. The opening and the closing ``` stand alone on \
their lines. Several blocks are called in their order. For example:

```bash
pwd
```";

/// The calls in a message, in order. `first` numbers them throughout the conversation.
pub(super) fn calls(message: &str, first: usize) -> Vec<ToolCall> {
    blocks(message)
        .into_iter()
        .enumerate()
        .map(|(index, Block { tool, content })| ToolCall {
            id: format!("call_{}", first + index),
            name: tool.name().to_owned(),
            arguments: match tool {
                Tool::Bash => json!({ "command": content }),
                Tool::Submit => json!({ "answer": content }),
            },
        })
        .collect()
}

/// What the calls returned, as the model is told it.
pub(super) fn outputs(outputs: &[&str]) -> String {
    if let [output] = outputs {
        return format!("Output:\n{output}");
    }
    let numbered = outputs.iter().enumerate();
    let numbered =
        numbered.map(|(index, output)| format!("Output of call {}:\n{output}", index + 1));
    numbered.collect::<Vec<_>>().join("\n\n")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Bash,
    Submit,
}

impl Tool {
    const ALL: [Self; 2] = [Self::Bash, Self::Submit];

    fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Submit => "submit",
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Block {
    tool: Tool,
    content: String,
}

/// The fenced blocks that are calls. A block ends at a line that is nothing but a fence at least
/// as long as the one that opened it, as in Markdown; a block that is never closed ends with the
/// message, since models stop there. Blocks of other languages are skipped whole, so that a call
/// quoted within one is none.
fn blocks(message: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Open> = None;
    for line in message.lines() {
        match &mut open {
            None => open = Open::at(line),
            Some(block) if block.is_closed_by(line) => {
                blocks.extend(open.take().and_then(Open::into_block));
            }
            Some(block) => block.lines.push(line),
        }
    }
    blocks.extend(open.and_then(Open::into_block));
    blocks
}

struct Open<'a> {
    /// None where the block is of another language.
    tool: Option<Tool>,
    fence: usize,
    lines: Vec<&'a str>,
}

impl Open<'_> {
    fn at(line: &str) -> Option<Self> {
        let line = line.trim();
        let fence = ticks(line);
        let language = line[fence..].trim();
        if fence < 3 || language.contains('`') {
            return None;
        }
        Some(Self {
            tool: Tool::ALL.into_iter().find(|tool| tool.name() == language),
            fence,
            lines: Vec::new(),
        })
    }

    fn is_closed_by(&self, line: &str) -> bool {
        let line = line.trim();
        let fence = ticks(line);
        fence >= self.fence && fence == line.len()
    }

    fn into_block(self) -> Option<Block> {
        let content = self.lines.join("\n");
        Some(Block {
            tool: self.tool?,
            content,
        })
    }
}

fn ticks(line: &str) -> usize {
    line.len() - line.trim_start_matches('`').len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(message: &str) -> Vec<(String, String)> {
        let block = |block: Block| (block.tool.name().to_owned(), block.content);
        blocks(message).into_iter().map(block).collect()
    }

    fn bash(command: &str) -> (String, String) {
        ("bash".to_owned(), command.to_owned())
    }

    #[test]
    fn blocks_are_calls_in_their_order() {
        let message = "I look.\n```bash\nls -l\ncat a\n```\nThen:\n```submit\n2\n5\n```";
        let [first, second] = &calls(message, 7)[..] else {
            panic!("there are two calls");
        };
        assert_eq!((&*first.id, &*first.name), ("call_7", "bash"));
        assert_eq!(first.arguments, json!({ "command": "ls -l\ncat a" }));
        assert_eq!((&*second.id, &*second.name), ("call_8", "submit"));
        assert_eq!(second.arguments, json!({ "answer": "2\n5" }));
    }

    #[test]
    fn what_only_looks_like_a_call_is_none() {
        for message in [
            "Run `bash` or ```bash ls``` now.",
            "```python\nprint(1)\n```",
            "```text\n```bash\nls\n```",
            "````\n```bash\nls\n```\n````",
            "```BASH\nls\n```",
        ] {
            assert_eq!(read(message), [], "{message}");
        }
    }

    #[test]
    fn a_longer_fence_holds_a_shorter_one_and_an_open_block_ends_with_the_message() {
        assert_eq!(
            read("````bash\ncat <<E\n```\nE\n````"),
            [bash("cat <<E\n```\nE")]
        );
        assert_eq!(read("```bash\nls"), [bash("ls")]);
        assert_eq!(read("```bash"), [bash("")]);
        assert_eq!(read("  ```bash  \r\nls\r\n  ```  "), [bash("ls")]);
    }

    #[test]
    fn the_explanation_shows_a_call_that_is_understood() {
        assert_eq!(read(EXPLANATION), [bash("pwd")]);
    }

    proptest! {
        #[test]
        fn reading_any_message_never_panics(message in "[`bash\\n submit~é]{0,80}|.*") {
            let _ = calls(&message, 0);
        }

        #[test]
        fn what_is_written_in_a_block_is_read(
            commands in prop::collection::vec("[a-z `|é]{0,12}(\n[a-z |]{0,8}){0,3}", 0..4),
            between in "[a-z \n]{0,20}",
        ) {
            let written: Vec<_> = commands
                .iter()
                .filter(|command| command.lines().all(|line| ticks(line.trim()) < 4))
                .map(|command| command.trim_end_matches('\n').to_owned())
                .collect();
            let write = |command| format!("{between}\n````bash\n{command}\n````\n");
            let message = written.iter().map(write).collect::<String>();
            let expected: Vec<_> = written.iter().map(|command| bash(command)).collect();
            prop_assert_eq!(read(&message), expected);
        }
    }
}
