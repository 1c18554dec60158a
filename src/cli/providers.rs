//! `offswitch models`, and the variables that providers are set up by.

use std::fs;
use std::io;

use super::exit::ExitCode;
use super::failure::Failure;
use super::output;
use crate::model::provider::Environment;
use crate::model::provider::catalogue::{KeyNeed, PROVIDERS, Provider};
use crate::report::{self, Align, Grid};

/// List the providers, the variables that they read, and which of these are set
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}

pub(super) fn models(_arguments: &Arguments) -> Result<ExitCode, Failure> {
    let style = output::style();
    let providers = providers(&environment()?).render(style);
    let others = report::paragraph(OTHERS, style);
    output::print(&format!("{providers}\n{others}"))?;
    Ok(ExitCode::Done)
}

const OTHERS: &str = "openai-api/NAME/MODEL is any server that speaks OpenAI's Chat Completions: it \
                      reads NAME_API_KEY and NAME_BASE_URL. Variables are read from the \
                      environment and from .env in this directory; the environment wins.";

/// The file in which variables may be set, in the working directory.
const DOTENV: &str = ".env";

/// A model of each provider, in their order. Which ones there are, each provider says.
const EXAMPLES: [&str; PROVIDERS.len()] = [
    "openai/gpt-5",
    "openai-responses/o3",
    "anthropic/claude-sonnet-4-5",
    "google/gemini-2.5-pro",
    "grok/grok-4",
    "mistral/mistral-large-latest",
    "deepseek/deepseek-reasoner",
    "groq/openai/gpt-oss-120b",
    "together/openai/gpt-oss-120b",
    "fireworks/accounts/fireworks/models/gpt-oss-120b",
    "openrouter/openai/o3",
    "ollama/qwen3",
    "vllm/Qwen/Qwen3-8B",
];

/// The variables of the process, and those of `.env` in the working directory that it does not
/// have.
///
/// # Errors
/// `.env` is there and cannot be read.
pub(super) fn environment() -> Result<Environment, Failure> {
    // A variable that is no UTF-8 is none of ours.
    let variables = std::env::vars_os();
    let variables = variables
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let mut environment = Environment::new(variables);
    match fs::read_to_string(DOTENV) {
        Ok(text) => environment.add_dotenv(DOTENV, &text)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => {
            let failure = Failure::new(ExitCode::BadInput, format!("cannot read `{DOTENV}`"));
            return Err(failure.because(&error));
        }
    }
    Ok(environment)
}

fn providers(environment: &Environment) -> Grid {
    let columns = ["provider", "key", "base URL", "for example"];
    let mut grid = Grid::new(columns.map(|title| (title, Align::Left)));
    for (provider, example) in PROVIDERS.iter().zip(EXAMPLES) {
        let base_url = state(provider.base_url_variable, environment, "default");
        let cells = [
            provider.name.to_owned(),
            keys(provider, environment),
            base_url,
        ];
        grid.row(cells.into_iter().chain([example.to_owned()]));
    }
    grid
}

fn keys(provider: &Provider, environment: &Environment) -> String {
    let unset = match provider.key {
        KeyNeed::Required => "not set",
        KeyNeed::Optional => "not needed",
    };
    let keys = provider.keys.iter();
    let keys: Vec<_> = keys.map(|key| state(key, environment, unset)).collect();
    keys.join(", ")
}

/// A variable, and whether it is set. Its value is never shown.
fn state(variable: &str, environment: &Environment, unset: &str) -> String {
    let state = match environment.get(variable) {
        Some(_) => "set",
        None => unset,
    };
    format!("{variable}: {state}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_has_an_example_of_its_own() {
        for (provider, example) in PROVIDERS.iter().zip(EXAMPLES) {
            let (name, _) = example.split_once('/').unwrap();
            assert_eq!(name, provider.name);
        }
    }
}
