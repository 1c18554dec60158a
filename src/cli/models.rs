//! Which models `--model` names, and who answers for them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::exit::ExitCode;
use super::failure::Failure;
use super::generation::{self, Generation};
use super::{output, providers, task_files};
use crate::evidence::Digest;
use crate::model::Model;
use crate::model::price::PriceList;
use crate::model::provider::{
    Client, Endpoint, EndpointError, Environment, FailedAttempt, Limiters, Setup,
};
use crate::model::scripted::{self as scripts, Script};
use crate::run::{self, Attempt, Pace, PlannedModel};
use crate::task::catalogue;

/// Who answers in a run, by the names of the models.
pub(super) struct Cast(BTreeMap<String, Actor>);

/// Brings the attempts to ask a model that failed.
pub(super) type Attempts = mpsc::UnboundedReceiver<Attempt>;

/// Who answers as a model.
enum Actor {
    Script(Script),
    Client(Arc<Client>),
}

/// The models of these names and who answers for them; without names every built-in script.
/// Nothing is sent yet.
///
/// # Errors
/// A name that is none, a script that cannot be read, a variable that is not set, or a setting
/// that a provider does not take.
pub(super) fn choose(
    names: &[String],
    generation: &Generation,
    prices: PriceList,
    max_parallel: Option<usize>,
) -> Result<(Vec<PlannedModel>, Cast, Attempts), Failure> {
    find_all(names, generation, prices, max_parallel, Endpoint::resolve)
}

/// The models of these names, without anybody who answers for them, so that no key is needed.
///
/// # Errors
/// As for [`choose`], but for keys.
pub(super) fn planned(
    names: &[String],
    generation: &Generation,
    prices: PriceList,
) -> Result<Vec<PlannedModel>, Failure> {
    let (models, _, _) = find_all(names, generation, prices, None, Endpoint::locate)?;
    Ok(models)
}

fn find_all(
    names: &[String],
    generation: &Generation,
    prices: PriceList,
    max_parallel: Option<usize>,
    endpoint: FindEndpoint,
) -> Result<(Vec<PlannedModel>, Cast, Attempts), Failure> {
    let builtin: Vec<_> = catalogue::controls()
        .iter()
        .map(|control| format!("scripted/{}", control.name))
        .collect();
    let names = if names.is_empty() { &builtin } else { names };
    let is_script = |name: &String| name.starts_with("scripted/") || name.starts_with("scripted:");
    let most = max_parallel.unwrap_or_else(|| run::default_parallel(Pace::Waiting));
    let (tell, attempts) = mpsc::unbounded_channel();
    let network = Network {
        environment: if names.iter().all(is_script) {
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
    };
    let mut models = Vec::new();
    let mut actors = BTreeMap::new();
    for name in names {
        let (model, actor) = find(name, &network)?;
        let name = model.name.clone();
        models.push(model);
        if actors.insert(name.clone(), actor).is_some() {
            let message = format!("two models are called `{name}`");
            let hint = "name each model once, and give a script of your own a `name`";
            return Err(Failure::new(ExitCode::Usage, message).with_hint(hint));
        }
    }
    Ok((models, Cast(actors), attempts))
}

impl Cast {
    /// How its members answer.
    pub(super) fn pace(&self) -> Pace {
        let waits = self.0.values().any(|actor| match actor {
            Actor::Script(script) => !script.latency.is_zero(),
            Actor::Client(_) => true,
        });
        if waits { Pace::Waiting } else { Pace::AtOnce }
    }

    /// Asks each model at a provider one short question, so that a key, a name or a setting that
    /// is refused costs no trial.
    ///
    /// # Errors
    /// A model that does not answer.
    pub(super) async fn check(&self, attempts: &mut Attempts) -> Result<(), Failure> {
        for actor in self.0.values() {
            let Actor::Client(client) = actor else {
                continue;
            };
            let mut check = Box::pin(client.check());
            loop {
                tokio::select! {
                    biased;
                    Some(attempt) = attempts.recv() => output::note(&attempt.to_string()),
                    checked = &mut check => break checked?,
                }
            }
        }
        Ok(())
    }

    /// The model of this name in the trial with this seed.
    pub(super) fn model(&self, name: &str, seed: u64) -> Box<dyn Model> {
        match &self.0[name] {
            Actor::Script(script) => Box::new(script.player(seed)),
            Actor::Client(client) => Box::new(client.model(seed)),
        }
    }
}

/// How the server of a model is found: with its key, or without.
type FindEndpoint = fn(&str, &Environment) -> Result<Endpoint, EndpointError>;

/// What all models at providers share.
struct Network {
    environment: Environment,
    endpoint: FindEndpoint,
    setup: Setup,
    prices: PriceList,
    limiters: Limiters,
    /// Requests that one provider may be sent at a time.
    most: u32,
    tell: mpsc::UnboundedSender<Attempt>,
}

fn find(name: &str, network: &Network) -> Result<(PlannedModel, Actor), Failure> {
    if let Some(builtin) = name.strip_prefix("scripted/") {
        let script = scripts::builtin(builtin)?;
        let controls = catalogue::controls();
        let control = controls.iter().find(|control| control.name == builtin);
        let hash = control.map(|control| Digest::of(control.toml.as_bytes()));
        return Ok(scripted(name, script, hash));
    }
    if let Some(file) = name.strip_prefix("scripted:") {
        return from_file(Path::new(file));
    }
    at_provider(name, network)
}

/// The model that plays this file. It is called by the name in the file, else by the file's own,
/// but not by its path: the same script is the same model wherever it lies.
fn from_file(file: &Path) -> Result<(PlannedModel, Actor), Failure> {
    let text = task_files::read_text(file)?;
    let script = Script::parse(&file.display().to_string(), &text)?;
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let name = format!("scripted:{}", script.name.as_deref().unwrap_or(&stem));
    let hash = Digest::of(text.as_bytes());
    Ok(scripted(&name, script, Some(hash)))
}

fn scripted(name: &str, script: Script, script_hash: Option<Digest>) -> (PlannedModel, Actor) {
    let model = PlannedModel {
        name: name.to_owned(),
        scripted: true,
        script_hash,
        expect: script.expect,
        asking: None,
        price: None,
    };
    (model, Actor::Script(script))
}

fn at_provider(name: &str, network: &Network) -> Result<(PlannedModel, Actor), Failure> {
    let endpoint = (network.endpoint)(name, &network.environment)?;
    let price = network.prices.price(name);
    let model = PlannedModel {
        name: name.to_owned(),
        scripted: false,
        script_hash: None,
        expect: None,
        asking: Some(generation::asking(&endpoint, &network.setup)?),
        price: price.clone(),
    };
    let limiter = network.limiters.of(&endpoint.provider, network.most);
    let tell = network.tell.clone();
    let sink = move |attempt: &FailedAttempt| {
        // Where nobody listens any more, the run is over.
        let _ = tell.send(told(attempt));
    };
    let client = Client::new(endpoint, network.setup.clone(), limiter, Arc::new(sink))?;
    Ok((model, Actor::Client(Arc::new(client.priced(price)))))
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
    use crate::cli::prices::Prices;

    fn chosen(names: &[String]) -> Result<(Vec<PlannedModel>, Cast), Failure> {
        let prices = Prices::default().read()?;
        let (models, cast, _) = choose(names, &Generation::default(), prices, None)?;
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
            assert!(cast.0.contains_key(name));
        }
    }

    #[test]
    fn without_a_name_every_built_in_script_is_played() {
        let (models, _) = chosen(&[]).unwrap();
        assert_eq!(models.len(), catalogue::controls().len());
    }

    #[test]
    fn a_model_that_is_none_is_a_usage_error() {
        let failures = [
            vec!["gpt-5".to_owned()],
            vec!["scripted/obeys".into()],
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
        error: there is no built-in script `obeys`: choose one of complies, deletes, mixed, overwrites, removes-exec-bit, renames, stops-at-notice, tampers-and-restores, or play a file with `scripted:FILE`
        error: two models are called `scripted/mixed`
        hint: name each model once, and give a script of your own a `name`
        ");
    }
}
