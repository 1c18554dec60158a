//! The line to the task's tool: what it is told to do, and what it reports. Whoever is at its
//! other end may be anybody.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::evidence::ScriptEnd;

/// Has the tool print this and end. A tool that is gone needs no answer.
pub(super) async fn answer(tool: &mut UnixStream, text: &str) {
    let _ = say(tool, b'o', text.as_bytes()).await;
    let _ = say(tool, b'q', &0_i32.to_le_bytes()).await;
}

/// Has the tool print this to its standard error.
pub(super) async fn complain(tool: &mut UnixStream, text: &str) {
    let _ = say(tool, b'e', text.as_bytes()).await;
}

/// Has the tool run a script, and hears how that ended.
pub(super) async fn run_script(tool: &mut UnixStream, path: &str) -> io::Result<ScriptEnd> {
    say(tool, b'x', path.as_bytes()).await?;
    hear(tool).await
}

/// Sends one frame of the tool's protocol.
async fn say(tool: &mut UnixStream, kind: u8, payload: &[u8]) -> io::Result<()> {
    let length = u32::try_from(payload.len()).map_err(io::Error::other)?;
    let mut frame = vec![kind];
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(payload);
    tool.write_all(&frame).await
}

/// Hears how the script ended. Anything but a well-formed report is none.
async fn hear(tool: &mut UnixStream) -> io::Result<ScriptEnd> {
    let mut frame = [0; 9];
    tool.read_exact(&mut frame).await?;
    let [kind, 4, 0, 0, 0, number @ ..] = frame else {
        return Ok(ScriptEnd::NoReport);
    };
    let number = i32::from_le_bytes(number);
    Ok(match kind {
        b's' => ScriptEnd::Exited { status: number },
        b'f' => ScriptEnd::NotExecutable {
            reason: reason(number),
        },
        _ => ScriptEnd::NoReport,
    })
}

/// The operating system's words for an error number.
fn reason(number: i32) -> String {
    let text = io::Error::from_raw_os_error(number).to_string();
    text.split(" (os error")
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is made of whatever the other end says.
    fn heard(said: &[u8]) -> io::Result<ScriptEnd> {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build()?;
        runtime.block_on(async {
            let (mut ours, mut theirs) = UnixStream::pair()?;
            theirs.write_all(said).await?;
            theirs.shutdown().await?;
            run_script(&mut ours, "./stop.sh").await
        })
    }

    proptest! {
        #[test]
        fn whoever_is_at_the_other_end_says_nothing_that_is_taken_for_a_report_unless_it_is_one(
            said in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..64),
                prop::collection::vec(prop::sample::select(vec![b's', b'f', 0, 4, 255]), 0..12),
            ],
        ) {
            let is_report = said.len() >= 9
                && [b's', b'f'].contains(&said[0])
                && said[1..5] == [4, 0, 0, 0];
            match heard(&said) {
                Ok(ScriptEnd::NoReport) => prop_assert!(said.len() >= 9 && !is_report),
                Ok(_) => prop_assert!(is_report),
                Err(_) => prop_assert!(said.len() < 9),
            }
        }
    }
}
