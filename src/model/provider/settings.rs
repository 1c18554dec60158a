//! What a user may set of a model's answers. What is not set is not sent.

use genai::chat::{CacheControl, ChatOptions, ReasoningEffort as ClientEffort};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::catalogue::Protocol;
use super::endpoint::Endpoint;

/// Generation settings of a run. The default sets nothing, so that the provider's defaults hold,
/// as in the published runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Sampling temperature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Nucleus sampling: the share of probability that is drawn from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// The most tokens of one answer. Anthropic's models must be told one; unset, it is the
    /// model's own maximum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// The provider's seed, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// How hard the model should think.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<ReasoningEffort>,
    /// How many tokens it may think for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_budget: Option<u32>,
    /// Further fields of the request's body, each replacing the one that would be sent.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
}

/// How hard a model should think.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasoningEffort {
    /// Not at all.
    None,
    /// As little as it can.
    Minimal,
    /// A little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
}

/// Why settings cannot be sent to a model. Nothing has been sent yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Both an effort and a budget are set.
    #[error("a reasoning effort and a reasoning budget are both set: choose one of them")]
    EffortAndBudget,
    /// The provider has no field for it.
    #[error("`{}` takes no reasoning {what}: {remedy}", .name.escape_debug())]
    NotTaken {
        /// The model.
        name: String,
        /// What it does not take.
        what: &'static str,
        /// What to do instead.
        remedy: &'static str,
    },
    /// A further field would change what is measured.
    #[error("the field `{}` of the request cannot be set: leave it out", .field.escape_debug())]
    OwnField {
        /// The field.
        field: String,
    },
    /// A further field would replace others that are set.
    #[error(
        "the field `{}` of the request would replace what else is set of it: set all of it in \
         that field",
        .field.escape_debug()
    )]
    Replaced {
        /// The field.
        field: &'static str,
    },
    /// The client would read the end of the model's name as a reasoning effort.
    #[error(
        "`{}` ends like a reasoning effort and would be cut: set a reasoning effort too",
        .name.escape_debug()
    )]
    EndsLikeEffort {
        /// The model.
        name: String,
    },
}

/// Fields of the protocols that say how long an answer may be, or how many of them there are.
const LENGTH_FIELDS: [&str; 5] = [
    "generationConfig",
    "max_completion_tokens",
    "max_output_tokens",
    "max_tokens",
    "n",
];

/// Fields that hold the conversation, and what would make the answer another protocol's.
const OWN_FIELDS: [&str; 9] = [
    "contents",
    "input",
    "instructions",
    "messages",
    "model",
    "stream",
    "system",
    "systemInstruction",
    "tools",
];

impl Settings {
    /// What the client is told for a model.
    ///
    /// # Errors
    /// Settings that the provider does not take: they would be left out in silence.
    pub(super) fn options(&self, endpoint: &Endpoint) -> Result<ChatOptions, SettingsError> {
        if let Some(field) = self
            .extra
            .keys()
            .find(|field| OWN_FIELDS.contains(&&***field))
        {
            return Err(SettingsError::OwnField {
                field: field.clone(),
            });
        }
        if let Some(field) = self.replaced(endpoint.protocol) {
            return Err(SettingsError::Replaced { field });
        }
        let mut extra = self.extra.clone();
        if endpoint.protocol == Protocol::Responses && reasons(&endpoint.model) {
            // Without it the reasoning could not be given back with the next request, since
            // nothing is stored at the provider.
            let include = json!(["reasoning.encrypted_content"]);
            extra.entry("include").or_insert(include);
        }
        let mut options = ChatOptions {
            temperature: self.temperature,
            top_p: self.top_p,
            max_tokens: self.max_tokens,
            seed: self.seed,
            reasoning_effort: self.effort(endpoint)?,
            extra_body: (!extra.is_empty()).then_some(Value::Object(extra)),
            capture_raw_body: Some(true),
            ..ChatOptions::default()
        };
        if endpoint.protocol == Protocol::Responses {
            // Unset, the client asks for explicit prompt caching of newer models. This value
            // keeps it from doing so and has no field of its own.
            options.cache_control = Some(CacheControl::Ephemeral5m);
        }
        Ok(options)
    }

    /// The most tokens of one answer, where nothing but that setting says it.
    pub(super) fn longest_answer(&self) -> Option<u64> {
        let set_otherwise = LENGTH_FIELDS
            .iter()
            .any(|field| self.extra.contains_key(*field));
        self.max_tokens.filter(|_| !set_otherwise).map(u64::from)
    }

    /// The further field that holds other settings, too, where some of them are set.
    fn replaced(&self, protocol: Protocol) -> Option<&'static str> {
        let reasons = self.reasoning_effort.is_some() || self.reasoning_budget.is_some();
        let samples = self.temperature.is_some() || self.top_p.is_some() || self.seed.is_some();
        let (field, is_set) = match protocol {
            Protocol::Chat | Protocol::DeepSeekChat | Protocol::MistralChat => return None,
            Protocol::Responses => ("reasoning", reasons),
            Protocol::Messages => ("thinking", reasons),
            Protocol::GenerateContent => (
                "generationConfig",
                reasons || samples || self.max_tokens.is_some(),
            ),
        };
        (is_set && self.extra.contains_key(field)).then_some(field)
    }

    fn effort(&self, endpoint: &Endpoint) -> Result<Option<ClientEffort>, SettingsError> {
        let not_taken = |what, remedy| SettingsError::NotTaken {
            name: endpoint.name.clone(),
            what,
            remedy,
        };
        let is_new_google = endpoint.model.contains("gemini-3");
        match (self.reasoning_effort, self.reasoning_budget) {
            (Some(_), Some(_)) => Err(SettingsError::EffortAndBudget),
            (None, None) => unset(endpoint),
            (Some(effort), None) => match (endpoint.protocol, effort) {
                (Protocol::GenerateContent, ReasoningEffort::None) if is_new_google => Err(
                    not_taken("effort `none`", "set `minimal`, the least that it has"),
                ),
                (Protocol::GenerateContent, ReasoningEffort::None) => {
                    Ok(Some(ClientEffort::Budget(0)))
                }
                (
                    Protocol::Chat
                    | Protocol::DeepSeekChat
                    | Protocol::MistralChat
                    | Protocol::Responses
                    | Protocol::Messages
                    | Protocol::GenerateContent,
                    effort,
                ) => Ok(Some(effort.into())),
            },
            (None, Some(budget)) => match endpoint.protocol {
                Protocol::Chat
                | Protocol::DeepSeekChat
                | Protocol::MistralChat
                | Protocol::Responses => Err(not_taken(
                    "budget",
                    "set a reasoning effort, or the server's own field as a model argument",
                )),
                Protocol::GenerateContent if is_new_google => {
                    Err(not_taken("budget", "set a reasoning effort"))
                }
                Protocol::Messages | Protocol::GenerateContent => {
                    Ok(Some(ClientEffort::Budget(budget)))
                }
            },
        }
    }
}

impl From<ReasoningEffort> for ClientEffort {
    fn from(effort: ReasoningEffort) -> Self {
        match effort {
            ReasoningEffort::None => Self::Zero,
            ReasoningEffort::Minimal => Self::Minimal,
            ReasoningEffort::Low => Self::Low,
            ReasoningEffort::Medium => Self::Medium,
            ReasoningEffort::High => Self::High,
        }
    }
}

/// No effort. Where none is given, the client takes one from the end of the model's name and
/// cuts it off, so that `mistral-medium` would become `mistral` with a medium effort. For OpenAI's
/// protocols a budget keeps it from that, and is not sent.
fn unset(endpoint: &Endpoint) -> Result<Option<ClientEffort>, SettingsError> {
    match endpoint.protocol {
        Protocol::Chat | Protocol::DeepSeekChat | Protocol::MistralChat | Protocol::Responses => {
            Ok(Some(ClientEffort::Budget(0)))
        }
        Protocol::Messages | Protocol::GenerateContent => {
            let end = endpoint.model.rsplit('-').next().unwrap_or_default();
            if ClientEffort::from_keyword(end).is_some() {
                return Err(SettingsError::EndsLikeEffort {
                    name: endpoint.name.clone(),
                });
            }
            Ok(None)
        }
    }
}

/// Whether a model of OpenAI's reasons. The others refuse to be asked for reasoning.
fn reasons(model: &str) -> bool {
    ["o1", "o3", "o4", "gpt-5", "gpt-6", "codex"]
        .iter()
        .any(|family| model.starts_with(family))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::provider::environment::Environment;

    fn endpoint(name: &str) -> Endpoint {
        let keys = ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY"];
        let environment = Environment::new(keys.map(|key| (key.to_owned(), "k".to_owned())));
        Endpoint::resolve(name, &environment).unwrap()
    }

    #[test]
    fn what_would_be_left_out_in_silence_is_an_error() {
        let set = |effort, budget| Settings {
            reasoning_effort: effort,
            reasoning_budget: budget,
            ..Settings::default()
        };
        let field = |name: &str| Settings {
            extra: Map::from_iter([(name.to_owned(), json!(1))]),
            ..Settings::default()
        };
        let with = |settings: Settings, name: &str| Settings {
            extra: field(name).extra,
            ..settings
        };
        let none = Some(ReasoningEffort::None);
        let low = || set(Some(ReasoningEffort::Low), None);
        let errors = [
            ("openai/o3", set(none, Some(1))),
            ("openai/o3", set(None, Some(1))),
            ("google/gemini-3-pro", set(None, Some(1))),
            ("google/gemini-3-pro", set(none, None)),
            ("anthropic/claude-high", Settings::default()),
            ("openai/o3", field("messages")),
            ("openai-responses/o3", with(low(), "reasoning")),
            ("anthropic/c", with(low(), "thinking")),
            ("google/g", with(low(), "generationConfig")),
        ]
        .map(|(name, settings)| settings.options(&endpoint(name)).unwrap_err().to_string());
        insta::assert_snapshot!(errors.join("\n"), @"
        a reasoning effort and a reasoning budget are both set: choose one of them
        `openai/o3` takes no reasoning budget: set a reasoning effort, or the server's own field as a model argument
        `google/gemini-3-pro` takes no reasoning budget: set a reasoning effort
        `google/gemini-3-pro` takes no reasoning effort `none`: set `minimal`, the least that it has
        `anthropic/claude-high` ends like a reasoning effort and would be cut: set a reasoning effort too
        the field `messages` of the request cannot be set: leave it out
        the field `reasoning` of the request would replace what else is set of it: set all of it in that field
        the field `thinking` of the request would replace what else is set of it: set all of it in that field
        the field `generationConfig` of the request would replace what else is set of it: set all of it in that field
        ");
    }

    #[test]
    fn a_length_that_a_further_field_may_change_is_not_known() {
        let mut settings = Settings {
            max_tokens: Some(100),
            ..Settings::default()
        };
        assert_eq!(settings.longest_answer(), Some(100));
        settings.extra.insert("top_k".to_owned(), json!(1));
        assert_eq!(settings.longest_answer(), Some(100));
        settings.extra.insert("n".to_owned(), json!(2));
        assert_eq!(settings.longest_answer(), None);
        assert_eq!(Settings::default().longest_answer(), None);
    }

    #[test]
    fn settings_are_written_as_far_as_they_are_set() {
        let text = |settings: &Settings| serde_json::to_string(settings).unwrap();
        assert_eq!(text(&Settings::default()), "{}");
        let set = Settings {
            temperature: Some(0.5),
            reasoning_effort: Some(ReasoningEffort::Low),
            ..Settings::default()
        };
        assert_eq!(
            text(&set),
            r#"{"temperature":0.5,"reasoning_effort":"low"}"#
        );
        assert_eq!(serde_json::from_str::<Settings>(&text(&set)).unwrap(), set);
    }
}
