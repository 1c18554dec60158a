//! Which models `--model` names.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::cast::{Actor, Cast, Hear, Tell};
use super::exchange::Exchange;
use super::exit::ExitCode;
use super::failure::Failure;
use super::generation::{self, Generation};
use super::{providers, task_files};
use crate::evidence::{Digest, REPLAY};
use crate::model::exchange::{self, RecordedModel, Subject};
use crate::model::price::PriceList;
use crate::model::provider::{
    Client, Endpoint, EndpointError, Environment, FailedAttempt, Limiters, Setup,
};
use crate::model::scripted::{self as scripts, Script};
use crate::report::text::visible;
use crate::run::{self, Attempt, News, Pace, PlannedModel, Prices};

/// The models of a run.
pub(super) struct Chosen {
    pub(super) models: Vec<PlannedModel>,
    /// What they cost, as far as the price list knows.
    pub(super) prices: Prices,
    /// Who answers for them.
    pub(super) cast: Cast,
    pub(super) hear: Hear,
    /// Who is asked about each trial.
    pub(super) judge: Option<PlannedModel>,
}

/// The scripts that show the measurement where no model is named.
pub(super) const DEMONSTRATED: [&str; 8] = [
    "complies",
    "deletes",
    "mixed",
    "overwrites",
    "removes-exec-bit",
    "renames",
    "stops-at-notice",
    "tampers-and-restores",
];

/// Which models are asked for.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// The task that they are for, whose controls are the scripts that are built in.
    pub(super) task: &'a str,
    /// Their names; without any, those of the demonstration.
    pub(super) names: &'a [String],
    /// The model that is asked about their trials.
    pub(super) judge: Option<&'a str>,
}

/// The models that are asked for and who answers for them.
/// Nothing is sent yet.
///
/// # Errors
/// A name that is none, a script or a recording that cannot be read, a variable that is not set, a
/// setting that a provider does not take, or nothing to record where that is asked for.
pub(super) fn choose(
    wanted: Wanted<'_>,
    generation: &Generation,
    prices: PriceList,
    max_parallel: Option<usize>,
    exchange: Exchange,
) -> Result<Chosen, Failure> {
    find_all(
        wanted,
        generation,
        prices,
        max_parallel,
        exchange,
        Endpoint::resolve,
    )
}

/// The models that are asked for, without anybody who answers for them and without a judge, so
/// that no key is needed.
///
/// # Errors
/// As for [`choose`], but for keys.
pub(super) fn planned(
    task: &str,
    names: &[String],
    generation: &Generation,
    prices: PriceList,
) -> Result<Chosen, Failure> {
    let exchange = Exchange::default();
    find_all(
        Wanted {
            task,
            names,
            judge: None,
        },
        generation,
        prices,
        None,
        exchange,
        Endpoint::locate,
    )
}

fn find_all(
    Wanted { task, names, judge }: Wanted<'_>,
    generation: &Generation,
    prices: PriceList,
    max_parallel: Option<usize>,
    exchange: Exchange,
    endpoint: FindEndpoint,
) -> Result<Chosen, Failure> {
    let shown = DEMONSTRATED.map(|name| format!("scripted/{name}"));
    let names = if names.is_empty() { &shown } else { names };
    let here = ["scripted/", "scripted:", REPLAY];
    let is_here = |name: &str| here.iter().any(|prefix| name.starts_with(prefix));
    let mut all_names = names.iter().map(String::as_str).chain(judge);
    let most = max_parallel.unwrap_or_else(|| run::default_parallel(Pace::Waiting));
    let (tell, hear) = mpsc::unbounded_channel();
    let network = Network {
        task: task.to_owned(),
        environment: if all_names.all(is_here) {
            Environment::default()
        } else {
            providers::environment()?
        },
        endpoint,
        setup: generation.setup(),
        prices,
        limiters: Limiters::default(),
        most: u32::try_from(most).unwrap_or(u32::MAX),
        tell,
        part: Part::Subject,
    };
    let mut models = Vec::new();
    let mut actors = BTreeMap::new();
    let found: Result<Vec<_>, _> = names.iter().map(|name| find(name, &network)).collect();
    for (model, actor) in found?.into_iter().flatten() {
        let name = model.name.clone();
        models.push(model);
        if actors.insert(name.clone(), actor).is_some() {
            let message = format!("two models are called `{name}`");
            let hint = "name each model once, and give a script of your own a `name`";
            return Err(Failure::new(ExitCode::Usage, message).with_hint(hint));
        }
    }
    let mut clients = actors.values();
    if !clients.any(|actor| matches!(actor, Actor::Client(..))) {
        exchange.without_providers()?;
        if actors
            .values()
            .all(|actor| matches!(actor, Actor::Script(_)))
        {
            generation.without_providers()?;
        }
    }
    let network = Network {
        // The settings are those of the models that are compared.
        setup: Setup::default(),
        part: Part::Judge,
        ..network
    };
    let judge = judge.map(|name| find_judge(name, &network)).transpose()?;
    let (judge, judging) = judge.unzip();
    let paid = models.iter().chain(&judge);
    let paid = paid.filter(|model| model.asking.is_some());
    let prices = paid
        .filter_map(|model| Some((model.name.clone(), network.prices.price(&model.name)?)))
        .collect();
    let cast = Cast {
        actors,
        judge: judge.as_ref().map(|judge| judge.name.clone()).zip(judging),
        exchange,
        tell: network.tell,
    };
    Ok(Chosen {
        models,
        prices,
        cast,
        hear,
        judge,
    })
}

/// How the server of a model is found: with its key, or without.
type FindEndpoint = fn(&str, &Environment) -> Result<Endpoint, EndpointError>;

/// What all models at providers share.
struct Network {
    /// The task of the run.
    task: String,
    environment: Environment,
    endpoint: FindEndpoint,
    setup: Setup,
    prices: PriceList,
    limiters: Limiters,
    /// Requests that one provider may be sent at a time.
    most: u32,
    tell: Tell,
    part: Part,
}

/// What a model is in a run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// It is compared with others.
    Subject,
    /// It is asked about them. Where it fails, their trials go on.
    Judge,
}

/// The model of this name, as the one that is asked about trials.
fn find_judge(name: &str, network: &Network) -> Result<(PlannedModel, Actor), Failure> {
    if name.starts_with(REPLAY) {
        let message = "a recording cannot judge: it holds what was said in its own trials";
        let hint = "name a model that `offswitch models` explains, or a script";
        return Err(Failure::new(ExitCode::Usage, message).with_hint(hint));
    }
    if let Some(file) = name.strip_prefix("scripted:") {
        return from_file(Path::new(file));
    }
    let found = find(name, network)?;
    let found = found.into_iter().next();
    found.ok_or_else(|| Failure::new(ExitCode::Usage, format!("there is no judge `{name}`")))
}

/// The models of a name, which are several where it is that of a directory of recordings.
fn find(name: &str, network: &Network) -> Result<Vec<(PlannedModel, Actor)>, Failure> {
    if let Some(directory) = name.strip_prefix(REPLAY) {
        let recorded = exchange::read(Path::new(directory))?;
        return Ok(recorded.into_iter().map(replayed).collect());
    }
    if let Some(builtin) = name.strip_prefix("scripted/") {
        let (script, text) = scripts::builtin(builtin, &network.task)?;
        let hash = Digest::of(text.as_bytes());
        return Ok(vec![scripted(name, script, hash)]);
    }
    if let Some(file) = name.strip_prefix("scripted:") {
        return Ok(vec![from_file(Path::new(file))?]);
    }
    if Path::new(name).extension().is_some_and(|end| end == "toml") {
        let message = format!("`{}` is a file's name and no model's", visible(name));
        let hint = format!("play it with `--model scripted:{}`", visible(name));
        return Err(Failure::new(ExitCode::Usage, message).with_hint(hint));
    }
    Ok(vec![at_provider(name, network)?])
}

fn replayed(recorded: Arc<RecordedModel>) -> (PlannedModel, Actor) {
    let model = PlannedModel {
        name: recorded.name(),
        scripted: false,
        script_hash: None,
        expect: None,
        asking: None,
        recording: Some(recorded.hash()),
    };
    (model, Actor::Recording(recorded))
}

/// The model that plays this file. It is called by the name in the file, else by the file's own,
/// but not by its path: the same script is the same model wherever it lies.
fn from_file(file: &Path) -> Result<(PlannedModel, Actor), Failure> {
    let text = task_files::read_text(file)?;
    let script = Script::parse(&file.display().to_string(), &text)?;
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let name = format!("scripted:{}", script.name.as_deref().unwrap_or(&stem));
    let hash = Digest::of(text.as_bytes());
    Ok(scripted(&name, script, hash))
}

fn scripted(name: &str, script: Script, script_hash: Digest) -> (PlannedModel, Actor) {
    let model = PlannedModel {
        name: name.to_owned(),
        scripted: true,
        script_hash: Some(script_hash),
        expect: script.expect,
        asking: None,
        recording: None,
    };
    (model, Actor::Script(script))
}

fn at_provider(name: &str, network: &Network) -> Result<(PlannedModel, Actor), Failure> {
    let endpoint = (network.endpoint)(name, &network.environment)?;
    let model = PlannedModel {
        name: name.to_owned(),
        scripted: false,
        script_hash: None,
        expect: None,
        asking: Some(generation::asking(&endpoint, &network.setup)?),
        recording: None,
    };
    let subject = Arc::new(Subject::new(&endpoint, &network.setup));
    let limiter = network.limiters.of(&endpoint.provider, network.most);
    let tell = network.tell.clone();
    let part = network.part;
    let sink = move |attempt: &FailedAttempt| {
        // Where nobody listens any more, the run is over.
        let _ = tell.send(News::AttemptFailed(told(attempt)));
        if let Some(stopped) = &attempt.stopped
            && part == Part::Subject
        {
            let _ = tell.send(News::ModelStopped {
                model: attempt.model.clone(),
                cause: stopped.to_string(),
            });
        }
    };
    let client = Client::new(endpoint, network.setup.clone(), limiter, Arc::new(sink))?;
    let client = client.priced(network.prices.price(name));
    Ok((model, Actor::Client(Arc::new(client), subject)))
}

fn told(attempt: &FailedAttempt) -> Attempt {
    Attempt {
        model: attempt.model.clone(),
        number: attempt.attempt,
        failure: format!("{}: {}", attempt.class, attempt.message),
        wait: attempt.wait,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::cli::prices::PriceFile;

    fn chosen(names: &[String]) -> Result<(Vec<PlannedModel>, Cast), Failure> {
        let (generation, list) = (Generation::default(), PriceFile::default().read()?);
        let exchange = Exchange::default();
        let wanted = Wanted {
            task: "palisade",
            names,
            judge: None,
        };
        let Chosen { models, cast, .. } = choose(wanted, &generation, list, None, exchange)?;
        Ok((models, cast))
    }

    #[test]
    fn a_script_of_a_file_is_called_by_its_own_name_or_by_the_files() {
        let place = tempfile::tempdir().unwrap();
        for (text, name) in [
            ("[[step]]\nsay = 'a'\n", "scripted:mine"),
            ("name = 'other'\n[[step]]\nsay = 'a'\n", "scripted:other"),
        ] {
            let file = place.path().join("mine.toml");
            fs::write(&file, text).unwrap();
            let argument = format!("scripted:{}", file.display());
            let (models, cast) = chosen(&[argument]).unwrap();
            assert_eq!(models[0].name, name);
            assert!(cast.actors.contains_key(name));
        }
    }

    #[test]
    fn without_a_name_the_scripts_of_the_demonstration_are_played() {
        let (models, _) = chosen(&[]).unwrap();
        let names = models.iter().map(|model| model.name.as_str());
        assert!(names.eq(DEMONSTRATED.map(|name| format!("scripted/{name}"))));
    }

    #[test]
    fn a_model_that_is_none_is_a_usage_error() {
        let failures = [
            vec!["gpt-5".to_owned()],
            vec!["scripted/obeys".into()],
            vec!["./obeys.toml".into()],
            vec!["scripted/mixed".into(), "scripted/mixed".into()],
        ]
        .map(|names| chosen(&names).err().unwrap());
        assert!(
            failures
                .iter()
                .all(|failure| failure.exit == ExitCode::Usage)
        );
        insta::assert_snapshot!(failures.map(|failure| failure.to_string()).join("\n"), @"
        error: `gpt-5` is no model's name: write `provider/model`, for example `openai/gpt-5`
        hint: `offswitch models` lists the providers and the variables that they read, `offswitch list` the scripted models
        error: there is no built-in script `obeys`: choose one that `offswitch list --controls` shows, or play a file with `scripted:FILE`
        error: `./obeys.toml` is a file's name and no model's
        hint: play it with `--model scripted:./obeys.toml`
        error: two models are called `scripted/mixed`
        hint: name each model once, and give a script of your own a `name`
        ");
    }
}
