//! The response cache.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::error::ExchangeError;
use super::kept::Kept;
use super::key::key;
use super::subject::{Place, Subject};
use crate::evidence::{Digest, Message, Origin};
use crate::model::{Answer, Answering, Model, Tools};

/// The version of an entry's format. Version 1 is the first.
const SCHEMA: u32 = 1;

/// Answers of providers in a directory, one file each, that are given again where the same is
/// asked in the same trial. Several processes may share the directory.
#[derive(Debug)]
pub struct Cache {
    directory: PathBuf,
    troubles: Mutex<Troubles>,
}

/// What could not be used or kept. It costs an answer, and never a trial.
#[derive(Debug, Default)]
struct Troubles {
    count: usize,
    first: Option<String>,
}

/// One answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    schema: u32,
    /// Of the request, so that a file under a wrong name is no answer.
    key: Digest,
    answer: Kept,
}

/// Just enough of an entry to see whether the rest can be read.
#[derive(Deserialize)]
struct Format {
    schema: u32,
}

impl Cache {
    /// The cache in this directory. Nothing is written yet.
    #[must_use]
    pub fn new(directory: &Path) -> Self {
        Self {
            directory: directory.into(),
            troubles: Mutex::default(),
        }
    }

    /// Makes the directory, where it is not there.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn prepare(&self) -> Result<(), ExchangeError> {
        let made = fs::create_dir_all(&self.directory);
        made.map_err(ExchangeError::write(&self.directory))
    }

    /// The model with this cache before it, in one trial.
    #[must_use]
    pub fn model(
        self: &Arc<Self>,
        subject: Arc<Subject>,
        place: Place,
        model: Box<dyn Model>,
    ) -> Box<dyn Model> {
        Box::new(Cached {
            cache: Arc::clone(self),
            subject,
            place,
            model,
        })
    }

    /// What could not be used or kept so far, in one sentence; none where all was well.
    #[must_use]
    pub fn troubles(&self) -> Option<String> {
        let troubles = self.lock();
        let first = troubles.first.as_ref()?;
        let what = match troubles.count {
            1 => "an entry could not be used or kept".to_owned(),
            more => format!("{more} entries could not be used or kept, the first"),
        };
        let directory = self.directory.display();
        Some(format!("cache in `{directory}`: {what}: {first}"))
    }

    /// The answer of this key. An entry that cannot be read is none.
    fn get(&self, key: Digest) -> Option<Answer> {
        let path = self.path(key);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                self.note(&path, &error);
                return None;
            }
        };
        match entry(&bytes, key) {
            Ok(answer) => Some(answer),
            Err(fault) => {
                self.note(&path, &fault);
                None
            }
        }
    }

    /// Keeps an answer. Where that fails, it is asked for again the next time.
    fn put(&self, key: Digest, answer: &Answer) {
        let path = self.path(key);
        let entry = Entry {
            schema: SCHEMA,
            key,
            answer: Kept::of(answer),
        };
        if let Err(error) = write(&path, &entry) {
            self.note(&path, &error);
        }
    }

    /// A folder of its own for each first byte: many file systems are slow with many files in
    /// one.
    fn path(&self, key: Digest) -> PathBuf {
        let key = key.to_string();
        let (folder, name) = key.split_at(2);
        self.directory.join(folder).join(format!("{name}.json"))
    }

    fn note(&self, path: &Path, fault: &dyn fmt::Display) {
        let mut troubles = self.lock();
        troubles.count += 1;
        let told = || format!("`{}`: {fault}", path.display());
        troubles.first.get_or_insert_with(told);
    }

    fn lock(&self) -> MutexGuard<'_, Troubles> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn entry(bytes: &[u8], key: Digest) -> Result<Answer, String> {
    let broken = |error: serde_json::Error| format!("no entry of a cache: {error}");
    let Format { schema } = serde_json::from_slice(bytes).map_err(broken)?;
    if schema != SCHEMA {
        return Err(format!(
            "format {schema}, but this version of offswitch reads format {SCHEMA}"
        ));
    }
    let entry: Entry = serde_json::from_slice(bytes).map_err(broken)?;
    if entry.key != key {
        return Err("the entry of another request".to_owned());
    }
    let answer = entry.answer.give(Origin::Cache);
    answer.ok_or_else(|| "no answer of a model".to_owned())
}

/// Writes an entry so that a reader sees all of it or nothing, whoever else writes the same.
fn write(path: &Path, entry: &Entry) -> io::Result<()> {
    static WRITTEN: AtomicU64 = AtomicU64::new(0);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
    let unfinished = path.with_extension(format!("{}-{number}.unfinished", std::process::id()));
    let written = fs::write(&unfinished, serde_json::to_vec(entry)?);
    let renamed = written.and_then(|()| fs::rename(&unfinished, path));
    if renamed.is_err() {
        // What is left of it would only take room; that it cannot be written is told already.
        let _ = fs::remove_file(&unfinished);
    }
    renamed
}

/// A model with the cache before it.
struct Cached {
    cache: Arc<Cache>,
    subject: Arc<Subject>,
    place: Place,
    model: Box<dyn Model>,
}

impl Model for Cached {
    fn answer<'a>(&'a mut self, conversation: &'a [Message], tools: Tools) -> Answering<'a> {
        Box::pin(async move {
            let Ok(key) = key(&self.subject, &self.place, conversation, tools) else {
                return self.model.answer(conversation, tools).await;
            };
            if let Some(answer) = self.cache.get(key) {
                return Ok(Some(answer));
            }
            let answer = self.model.answer(conversation, tools).await?;
            if let Some(answer) = &answer {
                self.cache.put(key, answer);
            }
            Ok(answer)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use serde_json::json;

    use super::*;
    use crate::model::exchange::fixtures::{Given, answer, conversation, place, subject};

    fn cache(place: &tempfile::TempDir) -> Arc<Cache> {
        let cache = Cache::new(&place.path().join("cache"));
        cache.prepare().unwrap();
        Arc::new(cache)
    }

    fn model(cache: &Arc<Cache>, epoch: u32, answers: Vec<Answer>) -> Box<dyn Model> {
        cache.model(Arc::new(subject()), place(epoch), Given::boxed(answers))
    }

    fn key_of(epoch: u32) -> Digest {
        key(&subject(), &place(epoch), &conversation(), Tools::Offered).unwrap()
    }

    fn origin(answer: &Answer) -> Origin {
        answer.reply.as_ref().unwrap().origin
    }

    #[tokio::test]
    async fn an_answer_is_given_again_in_its_epoch_alone_and_is_marked() {
        let place = tempfile::tempdir().unwrap();
        let cache = cache(&place);
        let given = Answer {
            cost_usd: Some(0.5),
            ..answer("ls", json!({ "id": 1 }))
        };
        let asked = model(&cache, 1, vec![given.clone()])
            .answer(&conversation(), Tools::Offered)
            .await;
        assert_eq!(asked, Ok(Some(given.clone())));
        let again = model(&cache, 1, vec![])
            .answer(&conversation(), Tools::Offered)
            .await;
        let again = again.unwrap().unwrap();
        assert_eq!(
            (&again.calls, origin(&again)),
            (&given.calls, Origin::Cache)
        );
        assert_eq!(again.cost_usd, Some(0.0));
        let other = model(&cache, 2, vec![])
            .answer(&conversation(), Tools::Offered)
            .await;
        assert!(other.is_err());
        assert_eq!(cache.troubles(), None);
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let place = tempfile::tempdir().unwrap();
        let cache = cache(&place);
        let failed = model(&cache, 1, vec![])
            .answer(&conversation(), Tools::Offered)
            .await;
        assert!(failed.is_err());
        assert!(!cache.path(key_of(1)).exists());
    }

    #[test]
    fn an_entry_that_cannot_be_read_is_absent_and_told_once() {
        let place = tempfile::tempdir().unwrap();
        let cache = cache(&place);
        cache.put(key_of(1), &answer("ls", json!({})));
        let path = cache.path(key_of(1));
        let whole = fs::read_to_string(&path).unwrap();
        let foreign = whole.replace("\"schema\":1", "\"schema\":99");
        for broken in [&whole[..whole.len() - 9], "", &foreign] {
            fs::write(&path, broken).unwrap();
            assert_eq!(cache.get(key_of(1)), None, "{broken}");
        }
        fs::create_dir_all(cache.path(key_of(2)).parent().unwrap()).unwrap();
        fs::write(cache.path(key_of(2)), &whole).unwrap();
        assert_eq!(cache.get(key_of(2)), None);
        let told = cache.troubles().unwrap();
        assert!(told.contains("4 entries"), "{told}");
        assert!(told.contains("no entry of a cache: EOF"), "{told}");
        fs::write(&path, &whole).unwrap();
        assert!(cache.get(key_of(1)).is_some());
    }

    #[test]
    fn an_entry_of_another_format_is_named_rather_than_called_broken() {
        let fault = entry(br#"{"schema":2,"new":true}"#, key_of(1)).unwrap_err();
        assert_eq!(
            fault,
            "format 2, but this version of offswitch reads format 1"
        );
    }

    /// Writers of one entry race with a reader, who must never see a part of it.
    #[test]
    fn whoever_reads_while_others_write_sees_a_whole_entry() {
        let place = tempfile::tempdir().unwrap();
        let cache = cache(&place);
        let long = "x".repeat(100_000);
        cache.put(key_of(1), &answer(&long, json!({})));
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        cache.put(key_of(1), &answer(&long, json!({})));
                    }
                });
            }
            for _ in 0..200 {
                assert!(cache.get(key_of(1)).is_some());
            }
        });
        assert_eq!(cache.troubles(), None);
        let folder = cache.path(key_of(1));
        let files = fs::read_dir(folder.parent().unwrap()).unwrap();
        assert_eq!(files.count(), 1);
    }

    #[test]
    fn an_answer_that_cannot_be_kept_is_told() {
        let place = tempfile::tempdir().unwrap();
        let cache = cache(&place);
        let folder = cache.path(key_of(1));
        fs::write(folder.parent().unwrap(), "a file in its way").unwrap();
        cache.put(key_of(1), &answer("ls", json!({})));
        assert!(cache.troubles().unwrap().contains("could not be"));
    }
}
