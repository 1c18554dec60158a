//! Reads what a command writes, within bounds.

use std::io::ErrorKind;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;

use super::protocol::Captured;

/// How much of the beginning and of the end of a stream is kept.
pub(super) const KEPT: usize = 16 * 1024;

/// How much is read at once.
const BUFFER: usize = 16 * 1024;

/// A command that writes more than this is ended: at gigabytes a second, reading on would cost
/// the other machines their processor.
const FLOOD: u64 = 16 * 1024 * 1024;

/// One stream of a command.
pub(super) struct Capture {
    pipe: Option<OwnedFd>,
    head: Vec<u8>,
    tail: std::collections::VecDeque<u8>,
    total: u64,
}

impl Capture {
    /// Reads from this pipe, which does not block.
    pub(super) fn new(pipe: OwnedFd) -> Self {
        Self {
            pipe: Some(pipe),
            head: Vec::new(),
            tail: std::collections::VecDeque::new(),
            total: 0,
        }
    }

    /// The pipe, while somebody may still write to it.
    pub(super) fn pipe(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(AsFd::as_fd)
    }

    /// Whether more came than any honest command writes.
    pub(super) fn is_flood(&self) -> bool {
        self.total > FLOOD
    }

    /// Reads what is there, without waiting.
    pub(super) fn drain(&mut self) {
        let mut buffer = [0; BUFFER];
        while let Some(pipe) = &self.pipe {
            match nix::unistd::read(pipe, &mut buffer) {
                Ok(0) => self.pipe = None,
                Ok(length) => self.keep(&buffer[..length]),
                Err(Errno::EINTR) => {}
                Err(error) => {
                    if std::io::Error::from(error).kind() != ErrorKind::WouldBlock {
                        self.pipe = None;
                    }
                    return;
                }
            }
            if self.is_flood() {
                return;
            }
        }
    }

    /// What was kept, and the pipe, which a background process may still hold.
    pub(super) fn finish(self) -> (Captured, Option<OwnedFd>) {
        let kept = (self.head.len() + self.tail.len()) as u64;
        let captured = Captured {
            head: self.head,
            tail: self.tail.into(),
            cut: self.total - kept,
        };
        (captured, self.pipe)
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let room = KEPT - self.head.len();
        let (first, rest) = bytes.split_at(bytes.len().min(room));
        self.head.extend_from_slice(first);
        self.tail.extend(rest);
        let surplus = self.tail.len().saturating_sub(KEPT);
        self.tail.drain(..surplus);
    }
}

/// A stream that a background process of an ended command may still write to. It is read and
/// dropped, so that the process neither blocks nor gets SIGPIPE, which would change what it
/// does; after a flood it is left full.
pub(super) struct Background {
    pipe: OwnedFd,
    dropped: u64,
}

impl Background {
    /// Goes on reading this pipe.
    pub(super) fn new(pipe: OwnedFd) -> Self {
        Self { pipe, dropped: 0 }
    }

    /// The pipe, unless it has flooded.
    pub(super) fn pipe(&self) -> Option<BorrowedFd<'_>> {
        (self.dropped <= FLOOD).then(|| self.pipe.as_fd())
    }

    /// Drops what is there; false when nobody can write any more.
    pub(super) fn drain(&mut self) -> bool {
        if self.dropped > FLOOD {
            return true;
        }
        match nix::unistd::read(&self.pipe, &mut [0; BUFFER]) {
            Ok(0) => false,
            Ok(length) => {
                self.dropped += length as u64;
                true
            }
            Err(error) => matches!(error, Errno::EAGAIN | Errno::EINTR),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture_of(bytes: &[u8]) -> Captured {
        let (reader, _writer) = nix::unistd::pipe().expect("a pipe");
        let mut capture = Capture::new(reader);
        for chunk in bytes.chunks(1000) {
            capture.keep(chunk);
        }
        capture.finish().0
    }

    #[test]
    fn a_short_output_is_kept_whole() {
        let captured = capture_of(b"hello");
        assert_eq!(
            (captured.head.as_slice(), captured.tail.len(), captured.cut),
            (b"hello".as_slice(), 0, 0)
        );
    }

    #[test]
    fn the_middle_of_a_long_output_is_cut_out_and_counted() {
        let bytes: Vec<u8> = (0..100_000_u32).map(|at| (at % 251) as u8).collect();
        let captured = capture_of(&bytes);
        assert_eq!(captured.head, &bytes[..KEPT]);
        assert_eq!(captured.tail, &bytes[bytes.len() - KEPT..]);
        assert_eq!(captured.cut, (bytes.len() - 2 * KEPT) as u64);
    }
}
