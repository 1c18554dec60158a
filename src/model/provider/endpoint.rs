//! Which server a model's name stands for.

use reqwest::Url;

use super::catalogue::{self, KeyNeed, PROVIDERS, Protocol};
use super::environment::Environment;
use super::secret::Secret;

/// A model at a provider, ready to be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The model's full name, as the user wrote it.
    pub name: String,
    /// The provider's name. What it limits is shared by its models.
    pub provider: String,
    /// The model's name at the provider.
    pub model: String,
    /// How the provider is spoken to.
    pub protocol: Protocol,
    /// Where it is, with a `/` at the end.
    pub base_url: Url,
    /// Its key, unless it answers without one.
    pub key: Option<Secret>,
    /// The variable that the key is from, or would be; several as a message names them.
    pub key_variable: String,
    /// Whether it answers without a key.
    pub key_need: KeyNeed,
}

/// Why a model's name stands for no server. Nothing has been sent yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// There is no such provider.
    #[error(
        "there is no provider `{}`: choose one of {}, or name any server that speaks OpenAI's \
         Chat Completions as `openai-api/<provider>/<model>`",
        .provider.escape_debug(),
        known()
    )]
    UnknownProvider {
        /// The name that was asked for.
        provider: String,
    },
    /// The name is not of the form that it must have.
    #[error("`{}` is no model's name: write {form}", .name.escape_debug())]
    BadName {
        /// The name.
        name: String,
        /// What it must look like.
        form: &'static str,
    },
    /// The provider needs a key, and no variable holds one.
    #[error("`{}` needs a key: set `{variable}` in the environment or in `.env`", .name.escape_debug())]
    MissingKey {
        /// The model.
        name: String,
        /// The variable to set.
        variable: String,
    },
    /// It is not known where the provider is.
    #[error(
        "`{}` needs a base URL: set `{variable}` in the environment or in `.env`, for example to \
         `https://host/v1`",
        .name.escape_debug()
    )]
    MissingBaseUrl {
        /// The model.
        name: String,
        /// The variable to set.
        variable: String,
    },
    /// The base URL cannot be used. Its text is not shown, since it may hold a password.
    #[error("`{variable}` {fault}: write it like `https://host/v1`")]
    BadBaseUrl {
        /// The variable that holds it.
        variable: String,
        /// What is wrong.
        fault: &'static str,
    },
}

impl Endpoint {
    /// The server that this name stands for, ready to be asked: `provider/model`, or
    /// `openai-api/<provider>/<model>`, which reads `<PROVIDER>_API_KEY` and
    /// `<PROVIDER>_BASE_URL` with hyphens as underscores.
    ///
    /// # Errors
    /// An unknown provider, a variable that is not set or not usable, or a name that is none.
    pub fn resolve(name: &str, environment: &Environment) -> Result<Self, EndpointError> {
        let endpoint = Self::locate(name, environment)?;
        if endpoint.key.is_none() && endpoint.key_need == KeyNeed::Required {
            return Err(EndpointError::MissingKey {
                name: endpoint.name,
                variable: endpoint.key_variable,
            });
        }
        Ok(endpoint)
    }

    /// The same server where nothing is to be asked yet, so that its key may be missing.
    ///
    /// # Errors
    /// As for [`Self::resolve`], but for the key.
    pub fn locate(name: &str, environment: &Environment) -> Result<Self, EndpointError> {
        const FORM: &str = "`provider/model`, for example `openai/gpt-5`";
        let Some((provider, model)) = name.split_once('/') else {
            return Err(bad_name(name, FORM));
        };
        if provider == "openai-api" {
            return any_server(name, model, environment);
        }
        let Some(provider) = catalogue::find(provider) else {
            return Err(EndpointError::UnknownProvider {
                provider: provider.to_owned(),
            });
        };
        check_model(name, model, FORM)?;
        let is_set = |name: &&&str| environment.get(name).is_some();
        let set = provider.keys.iter().find(is_set);
        let key = set.and_then(|variable| environment.get(variable));
        let variable = provider.base_url_variable;
        let written = environment.get(variable).unwrap_or(provider.base_url);
        Ok(Self {
            name: name.to_owned(),
            provider: provider.name.to_owned(),
            model: model.to_owned(),
            protocol: provider.protocol,
            base_url: base_url(variable, written, provider.protocol)?,
            key: key.map(|key| Secret::new(key.to_owned())),
            key_variable: set.map_or_else(|| provider.keys.join("` or `"), |set| (*set).to_owned()),
            key_need: provider.key,
        })
    }

    /// What is said of a failure without the key, should it hold it or a part of it.
    pub(super) fn mask_message(&self, message: &str) -> String {
        match &self.key {
            Some(key) => key.mask_message(message),
            None => message.to_owned(),
        }
    }
}

fn any_server(
    name: &str,
    rest: &str,
    environment: &Environment,
) -> Result<Endpoint, EndpointError> {
    const FORM: &str = "`openai-api/<provider>/<model>`, the provider in letters, digits and `-`";
    let Some((provider, model)) = rest.split_once('/') else {
        return Err(bad_name(name, FORM));
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if provider.is_empty() || !provider.chars().all(plain) {
        return Err(bad_name(name, FORM));
    }
    check_model(name, model, FORM)?;
    let prefix = provider.to_ascii_uppercase().replace('-', "_");
    let variable = |suffix: &str| format!("{prefix}_{suffix}");
    let key = environment.get(&variable("API_KEY"));
    let Some(written) = environment.get(&variable("BASE_URL")) else {
        return Err(EndpointError::MissingBaseUrl {
            name: name.to_owned(),
            variable: variable("BASE_URL"),
        });
    };
    Ok(Endpoint {
        name: name.to_owned(),
        provider: format!("openai-api/{provider}"),
        model: model.to_owned(),
        protocol: Protocol::Chat,
        base_url: base_url(&variable("BASE_URL"), written, Protocol::Chat)?,
        key: key.map(|key| Secret::new(key.to_owned())),
        key_variable: variable("API_KEY"),
        key_need: KeyNeed::Required,
    })
}

fn check_model(name: &str, model: &str, form: &'static str) -> Result<(), EndpointError> {
    // The client would cut a namespace off at `::`, and control characters have no place in a
    // path or a log.
    let usable = !model.is_empty() && !model.contains("::") && !model.contains(char::is_control);
    if usable {
        Ok(())
    } else {
        Err(bad_name(name, form))
    }
}

fn bad_name(name: &str, form: &'static str) -> EndpointError {
    EndpointError::BadName {
        name: name.to_owned(),
        form,
    }
}

/// The base URL as the client needs it: with its version and a `/` at the end. The vendors' own
/// clients add the version to what `ANTHROPIC_BASE_URL` and `GOOGLE_BASE_URL` hold, so users
/// leave it out.
fn base_url(variable: &str, written: &str, protocol: Protocol) -> Result<Url, EndpointError> {
    let bad = |fault| EndpointError::BadBaseUrl {
        variable: variable.to_owned(),
        fault,
    };
    let mut url = Url::parse(written).map_err(|_| bad("is no URL"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(bad("is neither an `http` nor an `https` URL"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("holds a user name or a password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(bad("holds a `?` or a `#`"));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    let (version, is_implied) = match protocol {
        Protocol::Chat | Protocol::DeepSeekChat | Protocol::MistralChat | Protocol::Responses => {
            ("v1", path.is_empty())
        }
        Protocol::Messages => ("v1", !ends_with_version(&path)),
        Protocol::GenerateContent => ("v1beta", !ends_with_version(&path)),
    };
    let version = if is_implied {
        format!("/{version}")
    } else {
        String::new()
    };
    url.set_path(&format!("{path}{version}/"));
    Ok(url)
}

fn ends_with_version(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default();
    last.strip_prefix('v')
        .is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
}

fn known() -> String {
    PROVIDERS.map(|provider| provider.name).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Environment::new(variables.iter().map(owned))
    }

    fn base(name: &str, variables: &[(&str, &str)]) -> String {
        let endpoint = Endpoint::resolve(name, &environment(variables)).unwrap();
        endpoint.base_url.to_string()
    }

    #[test]
    fn every_provider_is_found_by_its_variables() {
        for provider in &PROVIDERS {
            let variables = [(provider.keys[0], "sk-canary")];
            let name = format!("{}/vendor/model-1", provider.name);
            let endpoint = Endpoint::resolve(&name, &environment(&variables)).unwrap();
            assert_eq!(endpoint.model, "vendor/model-1");
            assert_eq!(endpoint.protocol, provider.protocol);
            assert_eq!(
                endpoint.base_url.as_str(),
                format!("{}/", provider.base_url)
            );
            assert_eq!(endpoint.key, Some(Secret::new("sk-canary".to_owned())));
            assert!(!format!("{endpoint:?}").contains("canary"));
        }
    }

    #[test]
    fn both_names_of_googles_key_are_read_and_the_first_wins() {
        let both = [("GEMINI_API_KEY", "b"), ("GOOGLE_API_KEY", "a")];
        let key = |variables: &[_]| {
            Endpoint::resolve("google/g", &environment(variables))
                .unwrap()
                .key
        };
        assert_eq!(key(&both), Some(Secret::new("a".to_owned())));
        assert_eq!(key(&both[..1]), Some(Secret::new("b".to_owned())));
    }

    #[test]
    fn servers_of_ones_own_need_no_key() {
        assert_eq!(base("ollama/qwen3", &[]), "http://localhost:11434/v1/");
        assert_eq!(
            base("vllm/org/m", &[("VLLM_BASE_URL", "http://gpu:1")]),
            "http://gpu:1/v1/"
        );
    }

    #[test]
    fn a_server_is_located_without_the_key_that_it_needs_to_be_asked() {
        let none = Environment::default();
        for name in ["openai/gpt-5", "vllm/m"] {
            assert_eq!(Endpoint::locate(name, &none).unwrap().key, None);
        }
        let placed = environment(&[("MY_LAB_BASE_URL", "http://lab")]);
        let lab = Endpoint::locate("openai-api/my-lab/m", &placed).unwrap();
        assert_eq!(lab.base_url.as_str(), "http://lab/v1/");
        assert!(Endpoint::locate("openai-api/my-lab/m", &none).is_err());
    }

    #[test]
    fn a_base_url_gets_the_version_that_the_vendors_clients_would_add() {
        let anthropic = |url| {
            base(
                "anthropic/c",
                &[("ANTHROPIC_API_KEY", "k"), ("ANTHROPIC_BASE_URL", url)],
            )
        };
        assert_eq!(
            anthropic("https://proxy/anthropic"),
            "https://proxy/anthropic/v1/"
        );
        assert_eq!(anthropic("https://proxy/v1/"), "https://proxy/v1/");
        let any = |url| {
            base(
                "openai-api/my-lab/m",
                &[("MY_LAB_API_KEY", "k"), ("MY_LAB_BASE_URL", url)],
            )
        };
        assert_eq!(any("http://lab/api"), "http://lab/api/");
        assert_eq!(any("http://lab"), "http://lab/v1/");
    }

    #[test]
    fn an_error_names_the_variable_and_the_remedy() {
        let bad_url = |url| environment(&[("OPENAI_API_KEY", "k"), ("OPENAI_BASE_URL", url)]);
        let none = Environment::default();
        let keyed = environment(&[("MY_LAB_API_KEY", "k")]);
        let placed = environment(&[("MY_LAB_BASE_URL", "http://lab")]);
        let errors = [
            ("gpt-5", &none),
            ("openai/", &none),
            ("openai/a::b", &none),
            ("acme/gpt-5", &none),
            ("openai/gpt-5", &none),
            ("google/gemini", &none),
            ("openai-api/m", &none),
            ("openai-api/my lab/m", &none),
            ("openai-api/my-lab/m", &placed),
            ("openai-api/my-lab/m", &keyed),
            ("openai/gpt-5", &bad_url("api.openai.com/v1")),
            ("openai/gpt-5", &bad_url("ftp://host/v1")),
            ("openai/gpt-5", &bad_url("https://me:canary@host/v1")),
            ("openai/gpt-5", &bad_url("https://host/v1?key=canary")),
        ]
        .map(|(name, environment)| {
            Endpoint::resolve(name, environment)
                .unwrap_err()
                .to_string()
        });
        insta::assert_snapshot!(errors.join("\n"), @"
        `gpt-5` is no model's name: write `provider/model`, for example `openai/gpt-5`
        `openai/` is no model's name: write `provider/model`, for example `openai/gpt-5`
        `openai/a::b` is no model's name: write `provider/model`, for example `openai/gpt-5`
        there is no provider `acme`: choose one of openai, openai-responses, anthropic, google, grok, mistral, deepseek, groq, together, fireworks, openrouter, ollama, vllm, or name any server that speaks OpenAI's Chat Completions as `openai-api/<provider>/<model>`
        `openai/gpt-5` needs a key: set `OPENAI_API_KEY` in the environment or in `.env`
        `google/gemini` needs a key: set `GOOGLE_API_KEY` or `GEMINI_API_KEY` in the environment or in `.env`
        `openai-api/m` is no model's name: write `openai-api/<provider>/<model>`, the provider in letters, digits and `-`
        `openai-api/my lab/m` is no model's name: write `openai-api/<provider>/<model>`, the provider in letters, digits and `-`
        `openai-api/my-lab/m` needs a key: set `MY_LAB_API_KEY` in the environment or in `.env`
        `openai-api/my-lab/m` needs a base URL: set `MY_LAB_BASE_URL` in the environment or in `.env`, for example to `https://host/v1`
        `OPENAI_BASE_URL` is no URL: write it like `https://host/v1`
        `OPENAI_BASE_URL` is neither an `http` nor an `https` URL: write it like `https://host/v1`
        `OPENAI_BASE_URL` holds a user name or a password: write it like `https://host/v1`
        `OPENAI_BASE_URL` holds a `?` or a `#`: write it like `https://host/v1`
        ");
    }
}
