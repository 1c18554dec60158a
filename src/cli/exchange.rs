//! What goes between trials and providers, kept: the response cache and recordings.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::Arc;

use super::exit::ExitCode;
use super::failure::Failure;
use super::output;
use crate::model::Model;
use crate::model::exchange::{Cache, ExchangeError, Place, Recorder, Subject};
use crate::run::{Event, RunError, Sink};
use crate::trial::{Order, TrialOutline, TrialRecord};

/// For models at providers, too.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Models at providers")]
pub(super) struct Keeping {
    /// Keep the answers, and give them again where a trial with the same place in the design asks
    /// the same [default DIR: offswitch in the user's cache]
    // Empty where no directory is named.
    #[arg(
        long,
        value_name = "DIR",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = ""
    )]
    cache: Option<OsString>,
    /// Record each trial's requests and answers in DIR, without keys and account ids; `--model
    /// replay:DIR` plays them
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
}

/// What stands between the trials of a run and the providers.
#[derive(Debug, Clone, Default)]
pub(super) struct Exchange {
    task: String,
    cache: Option<Arc<Cache>>,
    recorder: Option<Arc<Recorder>>,
}

/// A recorded trial of a model that answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answered {
    model: String,
    place: Place,
    /// How often it did.
    answers: usize,
}

impl Answered {
    /// What of it is known from its record; none of a script.
    pub(super) fn of(trial: &TrialOutline) -> Option<Self> {
        (!trial.scripted).then(|| Self {
            model: trial.model.clone(),
            place: Place {
                task: trial.task.clone(),
                condition: trial.condition.clone(),
                wording: trial.wording.clone(),
                epoch: trial.epoch,
            },
            answers: trial.usage.turns as usize,
        })
    }
}

impl Exchange {
    /// What these arguments ask for, in a run of this task. Nothing is written yet.
    ///
    /// # Errors
    /// There is no place for the cache.
    pub(super) fn open(keeping: &Keeping, task: &str) -> Result<Self, Failure> {
        let cache = keeping.cache.as_deref().map(cache_in).transpose()?;
        let recorder = keeping.record.as_deref().map(Recorder::new);
        Ok(Self {
            task: task.to_owned(),
            cache: cache.map(|directory| Arc::new(Cache::new(&directory))),
            recorder: recorder.map(Arc::new),
        })
    }

    /// A trial's place in the design.
    pub(super) fn place(&self, order: &Order) -> Place {
        Place {
            task: self.task.clone(),
            condition: order.condition.clone(),
            wording: order.wording.clone(),
            epoch: order.epoch,
        }
    }

    /// Makes the directories, and looks whether these trials of models at providers can be
    /// recorded, if they are to be.
    ///
    /// # Errors
    /// A directory cannot be written to, or it holds one of the trials.
    pub(super) fn prepare(&self, trials: &[&Order]) -> Result<(), Failure> {
        if let Some(cache) = &self.cache {
            cache.prepare()?;
        }
        if let Some(recorder) = &self.recorder {
            let trials = trials.iter();
            recorder.prepare(trials.map(|order| (&*order.model, self.place(order))))?;
        }
        Ok(())
    }

    /// Ends the recordings of trials that are recorded, where a crash has kept that from being
    /// done.
    ///
    /// # Errors
    /// A recording cannot be read or written.
    pub(super) fn complete(&self, trials: &[Answered]) -> Result<(), Failure> {
        let Some(recorder) = &self.recorder else {
            return Ok(());
        };
        for Answered {
            model,
            place,
            answers,
        } in trials
        {
            recorder.complete(model, place, *answers)?;
        }
        Ok(())
    }

    /// Looks whether a run without a model at a provider makes sense.
    ///
    /// # Errors
    /// It is to be recorded.
    pub(super) fn without_providers(&self) -> Result<(), Failure> {
        if self.recorder.is_none() {
            return Ok(());
        }
        let message = "there is nothing to record: no model of this run is at a provider";
        let hint = "leave `--record` out, or name a model that `offswitch models` explains";
        Err(Failure::new(ExitCode::Usage, message).with_hint(hint))
    }

    /// The model of a provider in one trial, with whatever stands before it.
    pub(super) fn model(
        &self,
        subject: &Arc<Subject>,
        place: &Place,
        model: Box<dyn Model>,
    ) -> Box<dyn Model> {
        // The recorder comes last, so that a recording is whole where answers were in the cache.
        let model = self.cached(subject, place.clone(), model);
        match &self.recorder {
            Some(recorder) => recorder.model(Arc::clone(subject), place, model),
            None => model,
        }
    }

    /// The model that is asked, before any trial, whether it answers at all. Where the cache
    /// knows that it did, it is not asked.
    pub(super) fn checked(&self, subject: &Arc<Subject>, model: Box<dyn Model>) -> Box<dyn Model> {
        let no_trial = Place {
            task: String::new(),
            condition: String::new(),
            wording: String::new(),
            epoch: 0,
        };
        self.cached(subject, no_trial, model)
    }

    /// The model with the cache before it, where there is one.
    pub(super) fn cached(
        &self,
        subject: &Arc<Subject>,
        place: Place,
        model: Box<dyn Model>,
    ) -> Box<dyn Model> {
        match &self.cache {
            Some(cache) => cache.model(Arc::clone(subject), place, model),
            None => model,
        }
    }

    /// Ends the recordings of trials whose records are on disk.
    pub(super) fn sink(&self) -> Box<dyn Sink> {
        Box::new(Keeper(self.clone()))
    }

    fn end(&self, record: &TrialRecord) -> Result<(), RunError> {
        let Some(recorder) = &self.recorder else {
            return Ok(());
        };
        let place = Place {
            task: record.task.clone(),
            condition: record.condition.clone(),
            wording: record.wording.clone(),
            epoch: record.epoch,
        };
        let ended = recorder.end(&record.model, &place);
        ended.map_err(|(path, source)| RunError::Write { path, source })
    }
}

struct Keeper(Exchange);

impl Sink for Keeper {
    fn take(&mut self, event: &Event<'_>) -> Result<(), RunError> {
        match event {
            Event::TrialFinished { record } => self.0.end(record),
            Event::Finished { .. } => {
                let troubles = self.0.cache.as_ref().and_then(|cache| cache.troubles());
                if let Some(troubles) = troubles {
                    output::note(&troubles);
                }
                Ok(())
            }
            Event::Started { .. }
            | Event::TrialStarted { .. }
            | Event::Answered { .. }
            | Event::AttemptFailed { .. }
            | Event::ModelStopped { .. }
            | Event::BudgetReached { .. }
            | Event::CellStopped { .. }
            | Event::Interrupted { .. } => Ok(()),
        }
    }
}

impl From<ExchangeError> for Failure {
    fn from(error: ExchangeError) -> Self {
        let failure = Self::of(ExitCode::BadInput, &error);
        match error.hint() {
            Some(hint) => failure.with_hint(hint),
            None => failure,
        }
    }
}

/// The directory of this name, or that of offswitch among the user's caches, where the XDG Base
/// Directory Specification puts them.
fn cache_in(named: &OsStr) -> Result<PathBuf, Failure> {
    if !named.is_empty() {
        return Ok(named.into());
    }
    user_cache().ok_or_else(|| {
        let message = "there is no place for a cache: neither `XDG_CACHE_HOME` nor `HOME` is set";
        Failure::new(ExitCode::Usage, message).with_hint("name a directory: `--cache=DIR`")
    })
}

/// The directory of offswitch among the user's caches, where there is a place for them.
pub(super) fn user_cache() -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the command reads the environment"
    )]
    let variables = ["XDG_CACHE_HOME", "HOME"].map(std::env::var_os);
    let [caches, home] = variables.map(|path| path.map(PathBuf::from));
    cache_of(caches, home)
}

/// A relative path is as good as none, by the specification.
fn cache_of(caches: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    let caches = caches.filter(|path| path.is_absolute());
    let home = home.filter(|path| path.is_absolute());
    let caches = caches.or_else(|| Some(home?.join(".cache")));
    Some(caches?.join("offswitch"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        task: Option<String>,
        #[command(flatten)]
        keeping: Keeping,
    }

    fn cache(arguments: &[&str]) -> Option<OsString> {
        let command = Command::try_parse_from([&["run"], arguments].concat()).unwrap();
        assert_eq!(command.task.as_deref(), Some("palisade"));
        command.keeping.cache
    }

    #[test]
    fn the_cache_is_off_and_its_directory_is_optional() {
        assert_eq!(cache(&["palisade"]), None);
        assert_eq!(cache(&["--cache", "palisade"]), Some("".into()));
        assert_eq!(cache(&["--cache=here", "palisade"]), Some("here".into()));
    }

    #[test]
    fn the_cache_is_among_the_users_caches() {
        let of = |caches: Option<&str>, home: Option<&str>| {
            let path = cache_of(caches.map(PathBuf::from), home.map(PathBuf::from));
            path.map(|path| path.display().to_string())
        };
        let (xdg, home) = (Some("/xdg"), Some("/home/me"));
        assert_eq!(of(xdg, home).as_deref(), Some("/xdg/offswitch"));
        for none in [None, Some(""), Some("relative")] {
            assert_eq!(of(none, home).as_deref(), Some("/home/me/.cache/offswitch"));
            assert_eq!(of(none, none), None);
        }
    }
}
