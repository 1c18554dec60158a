//! Records trials while they go on.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::error::ExchangeError;
use super::format::{self, Exchange, Header, Line, added, file_name};
use super::kept::Kept;
use super::subject::{Place, Subject};
use crate::evidence::Message;
use crate::model::provider::Secret;
use crate::model::{Answer, Answering, Model, Tools};

/// Records trials in a directory, each in a file of its own.
#[derive(Debug)]
pub struct Recorder {
    directory: PathBuf,
    /// The files of trials that are not over yet.
    files: Mutex<BTreeMap<PathBuf, Progress>>,
}

/// How the recording of a trial goes.
#[derive(Debug)]
enum Progress {
    /// So many exchanges are written.
    Written(usize),
    /// It could not be written, and ended with that.
    Failed(io::Error),
}

impl Recorder {
    /// A recorder of trials to this directory. Nothing is written yet.
    #[must_use]
    pub fn new(directory: &Path) -> Self {
        Self {
            directory: directory.into(),
            files: Mutex::default(),
        }
    }

    /// Makes the directory, and looks whether these trials, each of a model, can be recorded.
    ///
    /// # Errors
    /// It cannot be written to, or it holds a whole recording of one of the trials.
    pub fn prepare<'a>(
        &self,
        trials: impl IntoIterator<Item = (&'a str, Place)>,
    ) -> Result<(), ExchangeError> {
        let directory = &self.directory;
        fs::create_dir_all(directory).map_err(ExchangeError::write(directory))?;
        // That one may write there shows in nothing less.
        let probe = directory.join(format!(".probe-{}", std::process::id()));
        let probed = File::create(&probe).and_then(|_| fs::remove_file(&probe));
        probed.map_err(ExchangeError::write(directory))?;
        for (model, place) in trials {
            let path = directory.join(file_name(model, &place));
            let is_whole = match fs::read(&path) {
                Ok(bytes) => format::is_whole(&bytes),
                Err(error) if error.kind() == io::ErrorKind::NotFound => false,
                Err(error) => return Err(ExchangeError::read(path)(error)),
            };
            if is_whole {
                return Err(ExchangeError::Recorded {
                    path,
                    model: model.to_owned(),
                    place: place.to_string(),
                });
            }
        }
        Ok(())
    }

    /// The model with this recorder before it, in one trial. An earlier recording of the trial
    /// that is not whole is begun anew.
    #[must_use]
    pub fn model(
        self: &Arc<Self>,
        subject: Arc<Subject>,
        place: &Place,
        model: Box<dyn Model>,
    ) -> Box<dyn Model> {
        let path = self.directory.join(file_name(&subject.model, place));
        let begun = begin(&path, &subject, place);
        let (file, progress) = match begun {
            Ok(file) => (Some(file), Progress::Written(0)),
            Err(error) => (None, Progress::Failed(error)),
        };
        self.files().insert(path.clone(), progress);
        Box::new(Recording {
            recorder: Arc::clone(self),
            path,
            file,
            subject,
            seen: 0,
            model,
        })
    }

    /// Says that a trial is over and its record is on disk. A trial that this recorder does not
    /// record is passed over.
    ///
    /// # Errors
    /// The file that could not be written, and why.
    pub fn end(&self, model: &str, place: &Place) -> Result<(), (PathBuf, io::Error)> {
        let path = self.directory.join(file_name(model, place));
        let Some(progress) = self.files().remove(&path) else {
            return Ok(());
        };
        let ended = match progress {
            Progress::Written(answers) => OpenOptions::new()
                .append(true)
                .open(&path)
                .and_then(|mut file| append(&mut file, None, &Line::End { answers })),
            Progress::Failed(error) => Err(error),
        };
        ended.map_err(|error| (path, error))
    }

    /// Ends the recording of a trial whose record with so many answers is on disk, where a crash
    /// came between the two. A recording that is whole, or has not all of the answers, is left as
    /// it is.
    ///
    /// # Errors
    /// The file is none of a recording, or cannot be read or written.
    pub fn complete(
        &self,
        model: &str,
        place: &Place,
        answers: usize,
    ) -> Result<(), ExchangeError> {
        let path = self.directory.join(file_name(model, place));
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(ExchangeError::read(path)(error)),
        };
        let recorded = format::parse(&path, &bytes)?;
        if !recorded.is_some_and(|one| !one.is_whole && one.exchanges.len() == answers) {
            return Ok(());
        }
        let end = || {
            let mut file = OpenOptions::new().append(true).open(&path)?;
            file.set_len(format::whole_lines(&bytes))?;
            append(&mut file, None, &Line::End { answers })
        };
        end().map_err(ExchangeError::write(&path))
    }

    /// Takes over what came of writing an exchange.
    fn note(&self, path: &Path, written: io::Result<()>) {
        if let Some(progress) = self.files().get_mut(path)
            && let Progress::Written(answers) = progress
        {
            match written {
                Ok(()) => *answers += 1,
                Err(error) => *progress = Progress::Failed(error),
            }
        }
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Progress>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Begins the file of a trial. Its lock is held as long as it is open, so that two processes do
/// not record the same trial into one another.
fn begin(path: &Path, subject: &Subject, place: &Place) -> io::Result<File> {
    let mut file = OpenOptions::new()
        .create(true)
        .read(true)
        .append(true)
        .open(path)?;
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => io::Error::other("another process is recording this trial"),
        TryLockError::Error(error) => error,
    })?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    if format::is_whole(&bytes) {
        return Err(io::Error::other("it holds the whole trial already"));
    }
    file.set_len(0)?;
    append(
        &mut file,
        subject.key.as_ref(),
        &Header::new(subject, place)?,
    )?;
    Ok(file)
}

/// Appends a line in one piece, the key masked in it.
fn append(file: &mut File, key: Option<&Secret>, line: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_value(line)?;
    if let Some(key) = key {
        line = key.mask_json(line);
    }
    let mut bytes = serde_json::to_vec(&line)?;
    bytes.push(b'\n');
    file.write_all(&bytes)
}

/// A model with the recorder before it. What cannot be recorded does not end the trial, which is
/// paid for; [`Recorder::end`] tells it.
struct Recording {
    recorder: Arc<Recorder>,
    path: PathBuf,
    /// None from the first failure on.
    file: Option<File>,
    subject: Arc<Subject>,
    /// Messages of the conversation that are recorded.
    seen: usize,
    model: Box<dyn Model>,
}

impl Model for Recording {
    fn answer<'a>(&'a mut self, conversation: &'a [Message], tools: Tools) -> Answering<'a> {
        Box::pin(async move {
            let answer = self.model.answer(conversation, tools).await?;
            if let Some(answer) = &answer {
                self.keep(conversation, tools, answer);
            }
            Ok(answer)
        })
    }
}

impl Recording {
    fn keep(&mut self, conversation: &[Message], tools: Tools, answer: &Answer) {
        let Some(file) = &mut self.file else {
            return;
        };
        let exchange = Exchange {
            added: added(conversation, self.seen),
            tools,
            answer: Kept::of(answer).scrubbed(self.subject.protocol),
        };
        self.seen = conversation.len();
        let key = self.subject.key.as_ref();
        let written = append(file, key, &Line::Exchange(Box::new(exchange)));
        if written.is_err() {
            self.file = None;
        }
        self.recorder.note(&self.path, written);
    }
}

#[cfg(test)]
mod tests;
