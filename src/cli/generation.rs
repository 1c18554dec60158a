//! How models at providers are asked.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::exit::ExitCode;
use super::failure::Failure;
use super::numbers::number;
use crate::model::provider::{
    Endpoint, ReasoningEffort, Settings, Setup, ToolProfile, ToolProtocol,
};
use crate::run::Asking;

/// For models at providers. What is not given is not sent, so that the provider's default holds.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Models at providers")]
pub(super) struct Generation {
    /// Sampling temperature
    #[arg(long, value_name = "T", allow_negative_numbers = true, value_parser = |text: &str| share(text, f64::INFINITY))]
    temperature: Option<f64>,
    /// Nucleus sampling, from 0 to 1
    #[arg(long, value_name = "P", allow_negative_numbers = true, value_parser = |text: &str| share(text, 1.0))]
    top_p: Option<f64>,
    /// The most tokens of one answer
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = |text: &str| number(text, 1..=u32::MAX))]
    max_tokens: Option<u32>,
    /// The provider's own seed, where it has one
    #[arg(long, value_name = "S", allow_negative_numbers = true, value_parser = |text: &str| number(text, 0..=u64::MAX))]
    model_seed: Option<u64>,
    /// How hard the model should think
    #[arg(
        long,
        value_name = "E",
        conflicts_with = "reasoning_budget",
        value_parser = word::<ReasoningEffort>(&["none", "minimal", "low", "medium", "high"])
    )]
    reasoning_effort: Option<ReasoningEffort>,
    /// How many tokens it may think for
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = |text: &str| number(text, 0..=u32::MAX))]
    reasoning_budget: Option<u32>,
    /// A further field of the request; V is JSON, or else a text; repeat for several
    #[arg(long, value_name = "K=V", value_parser = argument)]
    model_arg: Vec<(String, Value)>,
    /// How models call tools: by the provider's tool calls, or by fenced blocks in their text
    /// [default: native]
    #[arg(
        long,
        value_name = "P",
        value_parser = word::<ToolProtocol>(&["native", "text"])
    )]
    tool_protocol: Option<ToolProtocol>,
    /// How the tool that runs commands is offered: as `bash(command)`, or as the published
    /// `bash(thoughts, cmd)` [default: plain]
    #[arg(
        long,
        value_name = "P",
        value_parser = word::<ToolProfile>(&["plain", "palisade"])
    )]
    tool_profile: Option<ToolProfile>,
}

impl Generation {
    /// How every model at a provider is asked in this run.
    pub(super) fn setup(&self) -> Setup {
        Setup {
            settings: Settings {
                temperature: self.temperature,
                top_p: self.top_p,
                max_tokens: self.max_tokens,
                seed: self.model_seed,
                reasoning_effort: self.reasoning_effort,
                reasoning_budget: self.reasoning_budget,
                extra: self.model_arg.iter().cloned().collect(),
            },
            tool_protocol: self.tool_protocol.unwrap_or_default(),
            profile: self.tool_profile.unwrap_or_default(),
            ..Setup::default()
        }
    }
}

impl Generation {
    /// Looks whether a run of scripts alone makes sense.
    ///
    /// # Errors
    /// There is a setting, which no script could heed.
    pub(super) fn without_providers(&self) -> Result<(), Failure> {
        let Self {
            temperature,
            top_p,
            max_tokens,
            model_seed,
            reasoning_effort,
            reasoning_budget,
            model_arg,
            tool_protocol,
            tool_profile,
        } = self;
        let given = [
            ("temperature", temperature.is_some()),
            ("top-p", top_p.is_some()),
            ("max-tokens", max_tokens.is_some()),
            ("model-seed", model_seed.is_some()),
            ("reasoning-effort", reasoning_effort.is_some()),
            ("reasoning-budget", reasoning_budget.is_some()),
            ("model-arg", !model_arg.is_empty()),
            ("tool-protocol", tool_protocol.is_some()),
            ("tool-profile", tool_profile.is_some()),
        ];
        let Some((option, _)) = given.into_iter().find(|(_, is_given)| *is_given) else {
            return Ok(());
        };
        let message = format!("nobody heeds `--{option}`: no model of this run is at a provider");
        let hint = "leave it out, or name a model that `offswitch models` explains";
        Err(Failure::new(ExitCode::Usage, message).with_hint(hint))
    }
}

/// What the manifest says of how a model is asked.
///
/// # Errors
/// Never, since all of it can be written as JSON.
pub(super) fn asking(endpoint: &Endpoint, setup: &Setup) -> Result<Asking, Failure> {
    Ok(Asking {
        server: endpoint.base_url.origin().ascii_serialization(),
        tool_protocol: json(&setup.tool_protocol)?,
        tool_profile: json(&setup.profile)?,
        settings: json::<Map<_, _>>(&setup.settings)?,
    })
}

/// A value in the form in which it is recorded.
fn json<T: DeserializeOwned>(value: &impl Serialize) -> Result<T, Failure> {
    let value = serde_json::to_value(value).and_then(serde_json::from_value);
    value.map_err(|error| {
        Failure::new(ExitCode::Failure, "cannot write down how models are asked").because(&error)
    })
}

/// One of the words by which a value is recorded, too.
fn word<T>(words: &'static [&'static str]) -> impl TypedValueParser<Value = T>
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(words).try_map(|word| serde_json::from_value(Value::String(word)))
}

fn share(text: &str, most: f64) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    let number = number.filter(|number| (0.0..=most).contains(number));
    number.ok_or_else(|| {
        if most.is_finite() {
            format!("give a number from 0 to {most}")
        } else {
            "give a number from 0 on".to_owned()
        }
    })
}

fn argument(text: &str) -> Result<(String, Value), String> {
    let Some((name, value)) = text.split_once('=').filter(|(name, _)| !name.is_empty()) else {
        return Err("write it as `name=value`".to_owned());
    };
    let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
    Ok((name.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        generation: Generation,
    }

    fn parse(arguments: &[&str]) -> Result<Setup, clap::Error> {
        let command = Command::try_parse_from([&["run"], arguments].concat())?;
        Ok(command.generation.setup())
    }

    #[test]
    fn nothing_is_set_that_the_user_did_not_set() {
        assert_eq!(parse(&[]).unwrap().settings, Settings::default());
    }

    #[test]
    fn all_that_is_set_is_kept_under_the_words_of_the_user() {
        let setup = parse(&[
            "--temperature=0.5",
            "--top-p=1",
            "--max-tokens=100",
            "--model-seed=7",
            "--reasoning-effort=low",
            "--model-arg=service_tier=flex",
            "--model-arg=stop=[\"a=b\"]",
            "--tool-protocol=text",
            "--tool-profile=palisade",
        ])
        .unwrap();
        assert_eq!(setup.tool_protocol, ToolProtocol::Text);
        assert_eq!(setup.profile, ToolProfile::Palisade);
        let expected = json!({
            "temperature": 0.5,
            "top_p": 1.0,
            "max_tokens": 100,
            "seed": 7,
            "reasoning_effort": "low",
            "extra": { "service_tier": "flex", "stop": ["a=b"] },
        });
        assert_eq!(serde_json::to_value(&setup.settings).unwrap(), expected);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for bad in [
            &["--temperature=-1"][..],
            &["--temperature=NaN"],
            &["--top-p=1.5"],
            &["--max-tokens=0"],
            &["--model-arg==1"],
            &["--model-arg=x"],
            &["--tool-protocol=xml"],
            &["--reasoning-effort=low", "--reasoning-budget=5"],
        ] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
