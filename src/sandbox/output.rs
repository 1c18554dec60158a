//! A command's end and output, in the form that the evidence keeps.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::capture::KEPT;
use super::protocol::{Captured, WireEnd};
use crate::evidence::{Exit, Output};

/// The most bytes that the text of one stream has: the beginning and the end that are kept, each
/// byte of which may be none of a text and stand there as U+FFFD, and the mark between them.
pub const LONGEST_STREAM: usize = 2 * KEPT * char::REPLACEMENT_CHARACTER.len_utf8() + LONGEST_MARK;

/// The mark with the longest number.
const LONGEST_MARK: usize = "\n[... 18446744073709551615 bytes left out ...]\n".len();

/// How a command ended.
pub(super) fn exit(end: WireEnd) -> Exit {
    match end {
        WireEnd::Exited(code) => Exit::Exited { code },
        WireEnd::Signaled(signal) => Exit::Signaled { signal },
        WireEnd::TimedOut => Exit::TimedOut,
        WireEnd::Flooded => Exit::Flooded,
        WireEnd::MachineDown => Exit::MachineDown,
        WireEnd::NotStarted(reason) => Exit::NotStarted { reason },
    }
}

/// What a command wrote.
pub(super) fn output(stdout: Captured, stderr: Captured) -> Output {
    let (stdout, stdout_cut, stdout_base64) = text(stdout);
    let (stderr, stderr_cut, stderr_base64) = text(stderr);
    Output {
        stdout,
        stderr,
        stdout_cut,
        stderr_cut,
        stdout_base64,
        stderr_base64,
    }
}

/// The stream as text, the length of what was cut out of it, and its bytes where the text could
/// not hold them.
fn text(captured: Captured) -> (String, u64, Option<String>) {
    let Captured {
        mut head,
        tail,
        mut cut,
    } = captured;
    if cut == 0 {
        head.extend_from_slice(&tail);
        return match String::from_utf8(head) {
            Ok(text) => (text, 0, None),
            Err(error) => {
                let bytes = error.as_bytes();
                let lossy = String::from_utf8_lossy(bytes).into_owned();
                (lossy, 0, Some(STANDARD.encode(bytes)))
            }
        };
    }
    // A character that the cut went through is left out whole.
    let head_part = without_broken_end(&head);
    let tail_part = without_broken_start(&tail);
    cut += (head.len() - head_part.len() + tail.len() - tail_part.len()) as u64;
    let mark = format!("\n[... {cut} bytes left out ...]\n");
    let is_text = std::str::from_utf8(head_part).is_ok() && std::str::from_utf8(tail_part).is_ok();
    let text = [
        &String::from_utf8_lossy(head_part),
        mark.as_str(),
        &String::from_utf8_lossy(tail_part),
    ]
    .concat();
    let exact = (!is_text).then(|| STANDARD.encode([head_part, tail_part].concat()));
    (text, cut, exact)
}

/// At most three bytes of a character can stand at the end without its last.
fn without_broken_end(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => &bytes[..error.valid_up_to()],
        Ok(_) | Err(_) => bytes,
    }
}

fn without_broken_start(bytes: &[u8]) -> &[u8] {
    let is_continuation = |byte: &&u8| **byte & 0b1100_0000 == 0b1000_0000;
    let broken = bytes.iter().take(3).take_while(is_continuation).count();
    &bytes[broken..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captured(head: &[u8], tail: &[u8], cut: u64) -> Captured {
        Captured {
            head: head.to_vec(),
            tail: tail.to_vec(),
            cut,
        }
    }

    #[test]
    fn a_cut_is_marked_with_its_length() {
        let (text, cut, exact) = text(captured(b"start", b"end", 7));
        assert_eq!(text, "start\n[... 7 bytes left out ...]\nend");
        assert_eq!((cut, exact), (7, None));
    }

    #[test]
    fn no_text_is_longer_than_it_may_be() {
        for byte in [b'a', 0xff] {
            let kept = [byte; KEPT];
            let (text, _, _) = text(captured(&kept, &kept, u64::MAX - 6));
            assert!(text.len() <= LONGEST_STREAM, "{}", text.len());
        }
    }

    #[test]
    fn a_character_that_was_cut_through_is_left_out_whole() {
        let (text, cut, exact) = text(captured(b"a\xe2\x82", b"\xac\xe2\x82\xac", 5));
        assert_eq!(text, "a\n[... 8 bytes left out ...]\n\u{20ac}");
        assert_eq!((cut, exact), (8, None));
    }

    #[test]
    fn bytes_that_are_no_text_are_kept_beside_it() {
        let (text, cut, exact) = text(captured(b"a\xff", b"", 0));
        assert_eq!(text, "a\u{fffd}");
        assert_eq!((cut, exact.as_deref()), (0, Some("Yf8=")));
    }
}
