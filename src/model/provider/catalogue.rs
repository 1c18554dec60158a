//! The providers, and the variables that each reads.

/// How a provider is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// OpenAI's Chat Completions, which most servers speak.
    Chat,
    /// Chat Completions in DeepSeek's dialect, which wants the reasoning back.
    DeepSeekChat,
    /// Chat Completions in Mistral's dialect, which names the seed and carries the reasoning
    /// otherwise.
    MistralChat,
    /// OpenAI's Responses.
    Responses,
    /// Anthropic's Messages.
    Messages,
    /// Google's `generateContent`.
    GenerateContent,
}

/// One provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provider {
    /// Its name, which stands before the `/` of a model's name.
    pub name: &'static str,
    /// Other names that are understood.
    pub aliases: &'static [&'static str],
    /// The provider under whose name its prices are listed: its own, or another's that serves the
    /// same models.
    pub billed_as: &'static str,
    /// How it is spoken to.
    pub protocol: Protocol,
    /// The variables that may hold its key; the first that is set is used.
    pub keys: &'static [&'static str],
    /// Whether it answers without a key.
    pub key: KeyNeed,
    /// The variable that may hold its base URL.
    pub base_url_variable: &'static str,
    /// Its base URL where that variable is unset.
    pub base_url: &'static str,
}

/// Whether a provider answers without a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyNeed {
    /// It does not.
    Required,
    /// It does, as servers on one's own machine do.
    Optional,
}

/// All providers with a name of their own. Beside them `openai-api/<provider>/<model>` names any
/// server that speaks Chat Completions.
pub const PROVIDERS: [Provider; 13] = [
    chat(
        "openai",
        &["OPENAI_API_KEY"],
        "OPENAI_BASE_URL",
        "https://api.openai.com/v1",
    ),
    Provider {
        billed_as: "openai",
        protocol: Protocol::Responses,
        ..chat(
            "openai-responses",
            &["OPENAI_API_KEY"],
            "OPENAI_BASE_URL",
            "https://api.openai.com/v1",
        )
    },
    Provider {
        protocol: Protocol::Messages,
        ..chat(
            "anthropic",
            &["ANTHROPIC_API_KEY"],
            "ANTHROPIC_BASE_URL",
            "https://api.anthropic.com/v1",
        )
    },
    Provider {
        protocol: Protocol::GenerateContent,
        ..chat(
            "google",
            &["GOOGLE_API_KEY", "GEMINI_API_KEY"],
            "GOOGLE_BASE_URL",
            "https://generativelanguage.googleapis.com/v1beta",
        )
    },
    Provider {
        aliases: &["xai"],
        ..chat(
            "grok",
            &["XAI_API_KEY"],
            "XAI_BASE_URL",
            "https://api.x.ai/v1",
        )
    },
    Provider {
        protocol: Protocol::MistralChat,
        ..chat(
            "mistral",
            &["MISTRAL_API_KEY"],
            "MISTRAL_BASE_URL",
            "https://api.mistral.ai/v1",
        )
    },
    Provider {
        protocol: Protocol::DeepSeekChat,
        ..chat(
            "deepseek",
            &["DEEPSEEK_API_KEY"],
            "DEEPSEEK_BASE_URL",
            "https://api.deepseek.com/v1",
        )
    },
    chat(
        "groq",
        &["GROQ_API_KEY"],
        "GROQ_BASE_URL",
        "https://api.groq.com/openai/v1",
    ),
    chat(
        "together",
        &["TOGETHER_API_KEY"],
        "TOGETHER_BASE_URL",
        "https://api.together.xyz/v1",
    ),
    chat(
        "fireworks",
        &["FIREWORKS_API_KEY"],
        "FIREWORKS_BASE_URL",
        "https://api.fireworks.ai/inference/v1",
    ),
    chat(
        "openrouter",
        &["OPENROUTER_API_KEY"],
        "OPENROUTER_BASE_URL",
        "https://openrouter.ai/api/v1",
    ),
    Provider {
        key: KeyNeed::Optional,
        ..chat(
            "ollama",
            &["OLLAMA_API_KEY"],
            "OLLAMA_BASE_URL",
            "http://localhost:11434/v1",
        )
    },
    Provider {
        key: KeyNeed::Optional,
        ..chat(
            "vllm",
            &["VLLM_API_KEY"],
            "VLLM_BASE_URL",
            "http://localhost:8000/v1",
        )
    },
];

/// A provider that speaks Chat Completions and needs a key, which most do.
const fn chat(
    name: &'static str,
    keys: &'static [&'static str],
    base_url_variable: &'static str,
    base_url: &'static str,
) -> Provider {
    Provider {
        name,
        aliases: &[],
        billed_as: name,
        protocol: Protocol::Chat,
        keys,
        key: KeyNeed::Required,
        base_url_variable,
        base_url,
    }
}

/// The provider of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Provider> {
    PROVIDERS
        .iter()
        .find(|provider| provider.name == name || provider.aliases.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_finds_its_own_provider() {
        for provider in &PROVIDERS {
            for name in [provider.name].iter().chain(provider.aliases) {
                assert_eq!(find(name), Some(provider));
            }
        }
        assert_eq!(find("OpenAI"), None);
    }
}
