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
mod tests {
    use serde_json::json;

    use super::*;
    use crate::evidence::ToolCall;
    use crate::model::exchange::fixtures::{Given, KEY, answer, ask, conversation, place, subject};

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    /// Records a trial with so many answers; does not end it.
    async fn record(recorder: &Arc<Recorder>, subject: Subject, answers: Vec<Answer>) {
        let mut talk = conversation();
        let number = answers.len();
        let mut model = recorder.model(Arc::new(subject), &place(1), Given::boxed(answers));
        for _ in 0..number {
            ask(&mut *model, &mut talk, "output").await.unwrap();
        }
    }

    fn recorder(place: &tempfile::TempDir) -> (PathBuf, Arc<Recorder>) {
        let directory = place.path().join("recording");
        let recorder = Arc::new(Recorder::new(&directory));
        recorder.prepare([]).unwrap();
        (directory, recorder)
    }

    fn only_file(directory: &Path) -> PathBuf {
        let [name] = names(directory).try_into().unwrap();
        directory.join(name)
    }

    #[tokio::test]
    async fn a_crash_between_a_trials_line_and_the_end_of_its_recording_is_made_good() {
        let directory = tempfile::tempdir().unwrap();
        let (path, recorder) = recorder(&directory);
        record(
            &recorder,
            subject(),
            vec![answer("one", json!({})), answer("two", json!({}))],
        )
        .await;
        let file = only_file(&path);
        let before = fs::read(&file).unwrap();
        // Of a torn line nothing is kept.
        fs::write(&file, [&before[..], b"{\"type\":\"en"].concat()).unwrap();
        let model = subject().model;
        let later = Recorder::new(&path);
        later.complete(&model, &place(1), 3).unwrap();
        assert!(
            !format::is_whole(&fs::read(&file).unwrap()),
            "not all is there"
        );
        later.complete(&model, &place(1), 2).unwrap();
        let read = format::parse(&file, &fs::read(&file).unwrap())
            .unwrap()
            .unwrap();
        assert!(read.is_whole);
        assert_eq!(read.exchanges.len(), 2);
        let whole = fs::read(&file).unwrap();
        assert!(whole.starts_with(&before));
        later.complete(&model, &place(1), 2).unwrap();
        assert_eq!(fs::read(&file).unwrap(), whole);
        later.complete(&model, &place(9), 2).unwrap();
    }

    #[tokio::test]
    async fn a_trial_is_appended_exchange_by_exchange_and_then_ended() {
        let place_ = tempfile::tempdir().unwrap();
        let (directory, recorder) = recorder(&place_);
        let answers = ["ls", "pwd"].map(|command| answer(command, json!({ "user": "me" })));
        record(&recorder, subject(), answers.to_vec()).await;
        let path = only_file(&directory);
        let cut = format::parse(&path, &fs::read(&path).unwrap())
            .unwrap()
            .unwrap();
        assert!(!cut.is_whole);
        recorder.end("openai/played", &place(1)).unwrap();
        let whole = format::parse(&path, &fs::read(&path).unwrap())
            .unwrap()
            .unwrap();
        assert!(whole.is_whole);
        let messages: Vec<_> = whole.exchanges.iter().map(|one| one.added.len()).collect();
        assert_eq!(messages, [2, 1]);
        assert_eq!(whole.header.place(), place(1));
    }

    #[tokio::test]
    async fn no_byte_of_the_key_and_no_id_of_the_account_is_recorded() {
        let place_ = tempfile::tempdir().unwrap();
        let (directory, recorder) = recorder(&place_);
        let mut subject = subject();
        let extra = json!({ "user": "owner", "stop": [KEY] });
        subject.settings.extra = serde_json::from_value(extra).unwrap();
        let said = answer(
            &format!("echo {KEY}"),
            json!({ "org": "owner", "said": KEY }),
        );
        record(&recorder, subject, vec![said]).await;
        let text = fs::read_to_string(only_file(&directory)).unwrap();
        assert!(
            !text.contains("canary") && !text.contains("owner"),
            "{text}"
        );
        assert!(text.contains("echo [key]"), "{text}");
    }

    #[tokio::test]
    async fn a_trial_is_begun_anew_unless_it_is_whole() {
        let place_ = tempfile::tempdir().unwrap();
        let (directory, recorder) = recorder(&place_);
        let answers = || vec![answer("ls", json!({})), answer("pwd", json!({}))];
        record(&recorder, subject(), answers()).await;
        let path = only_file(&directory);
        let torn = fs::read(&path).unwrap();
        fs::write(&path, &torn[..torn.len() - 9]).unwrap();
        let this = || [("openai/played", place(1))];
        recorder.prepare(this()).unwrap();
        record(&recorder, subject(), answers()).await;
        assert_eq!(fs::read(&path).unwrap(), torn);
        recorder.end("openai/played", &place(1)).unwrap();
        let whole = fs::read(&path).unwrap();
        let error = recorder.prepare(this()).unwrap_err();
        assert!(matches!(error, ExchangeError::Recorded { .. }), "{error}");
        record(&recorder, subject(), answers()).await;
        let (_, error) = recorder.end("openai/played", &place(1)).unwrap_err();
        assert_eq!(error.to_string(), "it holds the whole trial already");
        assert_eq!(fs::read(&path).unwrap(), whole);
    }

    #[tokio::test]
    async fn what_cannot_be_recorded_leaves_the_trial_going_and_is_told_at_its_end() {
        let place_ = tempfile::tempdir().unwrap();
        let (directory, recorder) = recorder(&place_);
        let path = directory.join(file_name("openai/played", &place(1)));
        fs::create_dir(&path).unwrap();
        record(&recorder, subject(), vec![answer("ls", json!({}))]).await;
        let (named, _) = recorder.end("openai/played", &place(1)).unwrap_err();
        assert_eq!(named, path);
    }

    #[test]
    fn two_processes_do_not_record_the_same_trial() {
        let place_ = tempfile::tempdir().unwrap();
        let path = place_.path().join("trial");
        let _first = begin(&path, &subject(), &place(1)).unwrap();
        let second = begin(&path, &subject(), &place(1)).unwrap_err();
        assert_eq!(
            second.to_string(),
            "another process is recording this trial"
        );
    }

    #[test]
    fn the_end_of_a_trial_that_is_not_recorded_is_passed_over() {
        let place_ = tempfile::tempdir().unwrap();
        let (directory, recorder) = recorder(&place_);
        recorder.end("scripted/mixed", &place(1)).unwrap();
        assert_eq!(names(&directory), [""; 0]);
    }

    #[test]
    fn a_model_is_not_recorded_where_nothing_can_be_written() {
        let place_ = tempfile::tempdir().unwrap();
        let path = place_.path().join("file");
        fs::write(&path, "").unwrap();
        let error = Recorder::new(&path).prepare([]).unwrap_err();
        assert!(matches!(error, ExchangeError::Write { .. }), "{error}");
    }

    #[tokio::test]
    async fn a_call_of_the_model_keeps_its_arguments() {
        let place_ = tempfile::tempdir().unwrap();
        let (directory, recorder) = recorder(&place_);
        let mut said = answer("ls", json!({}));
        said.calls = vec![ToolCall {
            arguments: json!({ "command": "id", "user": "root" }),
            ..said.calls.remove(0)
        }];
        record(&recorder, subject(), vec![said]).await;
        let text = fs::read_to_string(only_file(&directory)).unwrap();
        assert!(text.contains(r#"{"command":"id","user":"root"}"#), "{text}");
    }
}
