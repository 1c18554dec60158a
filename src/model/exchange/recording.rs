//! A directory of recorded trials, about to be played.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::error::ExchangeError;
use super::format::{self, EXTENSION, Header};
use super::replay::Replay;
use super::subject::Place;
use crate::evidence::{Digest, REPLAY};
use crate::model::Model;

/// The recorded trials of a model.
#[derive(Debug)]
pub struct RecordedModel {
    directory: PathBuf,
    /// The model that was asked.
    model: String,
    trials: BTreeMap<Place, Trial>,
}

/// A recorded trial, as it was found.
#[derive(Debug)]
pub(super) struct Trial {
    pub(super) path: PathBuf,
    /// Of the file's bytes.
    pub(super) hash: Digest,
    is_whole: bool,
}

/// Reads every recording in a directory: the models, in the order of their names.
///
/// # Errors
/// There is none, one cannot be read, or they contradict one another.
pub fn read(directory: &Path) -> Result<Vec<Arc<RecordedModel>>, ExchangeError> {
    let mut models: BTreeMap<String, (PathBuf, Header, RecordedModel)> = BTreeMap::new();
    for path in files(directory)? {
        let bytes = fs::read(&path).map_err(ExchangeError::read(&path))?;
        let Some(recorded) = format::parse(&path, &bytes)? else {
            continue;
        };
        let header = recorded.header;
        let name = header.model.clone();
        let (first, like, model) = models.entry(name.clone()).or_insert_with(|| {
            let model = RecordedModel {
                directory: directory.into(),
                model: name,
                trials: BTreeMap::new(),
            };
            (path.clone(), header.clone(), model)
        });
        if !is_asked_alike(like, &header) {
            let first = first.clone();
            return Err(ExchangeError::Mixed {
                first,
                second: path,
            });
        }
        let trial = Trial {
            hash: Digest::of(&bytes),
            is_whole: recorded.is_whole,
            path: path.clone(),
        };
        if let Some(first) = model.trials.insert(header.place(), trial) {
            let first = first.path;
            return Err(ExchangeError::Twice {
                first,
                second: path,
            });
        }
    }
    if models.is_empty() {
        let directory = directory.into();
        return Err(ExchangeError::Empty { directory });
    }
    let models = models.into_values();
    Ok(models.map(|(_, _, model)| Arc::new(model)).collect())
}

/// The files that may be recordings, by their names.
fn files(directory: &Path) -> Result<Vec<PathBuf>, ExchangeError> {
    let read = || -> std::io::Result<Vec<_>> {
        let entries = fs::read_dir(directory)?;
        entries.map(|entry| Ok(entry?.path())).collect()
    };
    let mut paths = read().map_err(ExchangeError::read(directory))?;
    // A pipe of that name would keep its reader waiting for ever.
    paths.retain(|path| path.extension().is_some_and(|end| end == EXTENSION) && path.is_file());
    paths.sort();
    Ok(paths)
}

fn is_asked_alike(one: &Header, other: &Header) -> bool {
    one.tool_protocol == other.tool_protocol
        && one.tool_profile == other.tool_profile
        && one.settings == other.settings
}

impl RecordedModel {
    /// What it is called when it is played: `replay:provider/name`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{REPLAY}{}", self.model)
    }

    /// SHA-256 over the recordings of this model, whatever their files are called.
    #[must_use]
    pub fn hash(&self) -> Digest {
        let mut hasher = Sha256::new();
        self.trials
            .values()
            .for_each(|trial| hasher.update(trial.hash.0));
        Digest(hasher.finalize().into())
    }

    /// Looks whether these trials are recorded to their ends.
    ///
    /// # Errors
    /// The first one that is not, by condition, wording and epoch.
    pub fn covers(&self, places: impl IntoIterator<Item = Place>) -> Result<(), ExchangeError> {
        let places: BTreeSet<_> = places.into_iter().collect();
        for place in places {
            match self.trials.get(&place) {
                Some(trial) if trial.is_whole => {}
                Some(trial) => {
                    return Err(ExchangeError::Incomplete {
                        path: trial.path.clone(),
                        held: self.held(&place.task),
                        place: place.to_string(),
                    });
                }
                None => {
                    return Err(ExchangeError::Missing {
                        directory: self.directory.clone(),
                        model: self.model.clone(),
                        held: self.held(&place.task),
                        place: place.to_string(),
                    });
                }
            }
        }
        Ok(())
    }

    /// The model as it answered in one trial.
    #[must_use]
    pub fn model(self: &Arc<Self>, place: Place) -> Box<dyn Model> {
        Box::new(Replay::new(Arc::clone(self), place))
    }

    pub(super) fn trial(&self, place: &Place) -> Option<&Trial> {
        self.trials.get(place)
    }

    /// What of a task can be played, as the options that choose it.
    fn held(&self, task: &str) -> String {
        let whole = self.trials.iter().filter(|(_, trial)| trial.is_whole);
        let places: BTreeSet<_> = whole.map(|(place, _)| place).collect();
        let of_task = || places.iter().filter(|place| place.task == task);
        let conditions: BTreeSet<_> = of_task().map(|place| &*place.condition).collect();
        let wordings: BTreeSet<_> = of_task().map(|place| &*place.wording).collect();
        if conditions.is_empty() {
            let tasks: BTreeSet<_> = places.iter().map(|place| &*place.task).collect();
            return format!(
                "choose a task of which it holds whole trials: {}",
                list(&tasks)
            );
        }
        let mut held = format!(
            "choose what it holds: `--condition {} --wording {}",
            list(&conditions),
            list(&wordings)
        );
        let is_in_all = |epoch: &u32| {
            let cells = conditions
                .iter()
                .flat_map(|condition| wordings.iter().map(move |wording| (condition, wording)));
            let mut cells = cells.map(|(condition, wording)| Place {
                task: task.to_owned(),
                condition: (*condition).to_owned(),
                wording: (*wording).to_owned(),
                epoch: *epoch,
            });
            cells.all(|place| places.contains(&place))
        };
        let trials = (1..=u32::MAX).take_while(is_in_all).count();
        if trials > 0 {
            // Writing to a string does not fail.
            let _ = write!(held, " --trials {trials}");
        }
        held.push('`');
        held
    }
}

fn list(names: &BTreeSet<&str>) -> String {
    let names: Vec<_> = names.iter().copied().collect();
    names.join(",")
}

#[cfg(test)]
mod tests;
