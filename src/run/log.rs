//! `trials.jsonl` while it is written.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::directory::TRIALS;
use super::{RunDirectory, RunError, json};
use crate::trial::TrialRecord;

/// Lines that may wait for the writer. More would only grow the memory of a run whose disk is
/// slower than its models.
const WAITING_LINES: usize = 1024;

/// Appends records to a run's `trials.jsonl`.
///
/// One writer takes all lines that are waiting, writes them, syncs once and acknowledges them, so
/// that a thousand trials do not pay for a thousand syncs one after the other.
#[derive(Debug, Clone)]
pub(super) struct TrialLog {
    lines: mpsc::Sender<Line>,
}

/// The writer of a [`TrialLog`]. It ends when the last log is dropped.
#[derive(Debug)]
#[must_use]
pub(super) struct Writer {
    path: PathBuf,
    handle: JoinHandle<io::Result<()>>,
}

/// The line did not reach the disk. The reason is the writer's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotWritten;

#[derive(Debug)]
struct Line {
    bytes: Vec<u8>,
    on_disk: oneshot::Sender<()>,
}

impl TrialLog {
    /// Starts the writer of a directory's log. To be called inside a tokio runtime.
    pub(super) fn open(directory: RunDirectory) -> (Self, Writer) {
        let (lines, waiting) = mpsc::channel(WAITING_LINES);
        let path = directory.path.join(TRIALS);
        let handle = tokio::task::spawn_blocking(move || write_lines(&directory.trials, waiting));
        (Self { lines }, Writer { path, handle })
    }

    /// Records a trial. When this returns, its line is on disk and the trial counts.
    ///
    /// # Errors
    /// The line could not be written; [`Writer::end`] says why.
    pub(super) async fn append(&self, record: &TrialRecord) -> Result<(), NotWritten> {
        let (on_disk, written) = oneshot::channel();
        let bytes = line(record);
        let line = Line { bytes, on_disk };
        self.lines.send(line).await.map_err(|_| NotWritten)?;
        written.await.map_err(|_| NotWritten)
    }
}

impl Writer {
    /// Waits until the last log is dropped and everything is written.
    ///
    /// # Errors
    /// Writing failed. Nothing was written after that.
    pub(super) async fn end(self) -> Result<(), RunError> {
        let result = self.handle.await;
        result
            .unwrap_or_else(|panic| Err(io::Error::other(panic)))
            .map_err(RunError::write(self.path))
    }
}

/// The record's line in `trials.jsonl`, with its newline.
#[must_use]
pub fn line(record: &TrialRecord) -> Vec<u8> {
    let mut bytes = json::bytes(record);
    bytes.push(b'\n');
    bytes
}

fn write_lines(mut file: &File, mut waiting: mpsc::Receiver<Line>) -> io::Result<()> {
    while let Some(first) = waiting.blocking_recv() {
        let mut group = vec![first];
        while let Ok(line) = waiting.try_recv() {
            group.push(line);
        }
        for line in &group {
            file.write_all(&line.bytes)?;
        }
        file.sync_data()?;
        // What is written to a file that was removed is gone with its last descriptor.
        if file.metadata()?.nlink() == 0 {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "it was removed while the run went on",
            ));
        }
        for line in group {
            // Whoever stopped waiting for the acknowledgement needs none.
            let _ = line.on_disk.send(());
        }
    }
    Ok(())
}
