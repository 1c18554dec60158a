//! Asks a model at its provider.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use genai::adapter::AdapterKind;
use genai::chat::{ChatOptions, ChatRequest, ToolChoice};
use genai::resolver::{AuthData, Endpoint as ClientEndpoint};
use genai::{Headers, ModelIden, ServiceTarget};
use reqwest::redirect;
use serde_json::Value;

use super::breaker::Breaker;
use super::catalogue::Protocol;
use super::endpoint::Endpoint;
use super::failure::Failure;
use super::limiter::Limiter;
use super::retry::{FailedAttempt, RetryPolicy, Waits};
use super::settings::{Settings, SettingsError};
use super::size::{LARGEST_ANSWER, size};
use super::tools::{ToolProfile, ToolProtocol};
use super::{flood, reading, request};
use crate::evidence::Message;
use crate::model::price::Price;
use crate::model::{Answer, Answering, FailureClass, Model, ModelError, Tools};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Takes every failed attempt, as it happens.
pub type AttemptSink = Arc<dyn Fn(&FailedAttempt) + Send + Sync>;

/// How a model is asked.
#[derive(Debug, Clone)]
pub struct Setup {
    /// What is set of its answers.
    pub settings: Settings,
    /// How it calls tools.
    pub tool_protocol: ToolProtocol,
    /// How the tool that runs commands is offered.
    pub profile: ToolProfile,
    /// How often it is asked again.
    pub retries: RetryPolicy,
    /// How long one answer may take. A model that thinks sends nothing for minutes.
    pub timeout: Duration,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            tool_protocol: ToolProtocol::default(),
            profile: ToolProfile::default(),
            retries: RetryPolicy::default(),
            timeout: Duration::from_secs(600),
        }
    }
}

impl Setup {
    /// The most tokens of one answer; none where nothing says it, or where a further field may say
    /// otherwise.
    #[must_use]
    pub fn longest_answer(&self) -> Option<u64> {
        self.settings.longest_answer()
    }

    /// How many bytes every request has beside the conversation: how the tools are explained.
    #[must_use]
    pub fn explanation_bytes(&self) -> usize {
        request::explanation_bytes(self.tool_protocol, self.profile)
    }
}

/// Why a model cannot be asked. Nothing has been sent yet.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Its settings cannot be sent.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The network client cannot be set up.
    #[error("cannot set up the network client: check the certificates of this system")]
    Network(#[from] reqwest::Error),
    /// The protocols' client cannot be set up.
    #[error("cannot set up the client: {0}")]
    Build(String),
}

/// A model at its provider, as all trials of a run share it.
pub struct Client {
    endpoint: Endpoint,
    setup: Setup,
    options: ChatOptions,
    genai: genai::Client,
    limiter: Arc<Limiter>,
    breaker: Breaker,
    sink: AttemptSink,
    price: Option<Price>,
}

/// A model at its provider in one trial.
pub struct ProviderModel {
    client: Arc<Client>,
    waits: Waits,
}

impl Client {
    /// Prepares for asking a model. `limiter` is its provider's.
    ///
    /// # Errors
    /// Settings that the provider does not take, or a system without what a network client needs.
    pub fn new(
        endpoint: Endpoint,
        setup: Setup,
        limiter: Arc<Limiter>,
        sink: AttemptSink,
    ) -> Result<Self, ClientError> {
        let options = setup.settings.options(&endpoint)?;
        let genai = genai::Client::builder().with_reqwest(network()?).build();
        let genai = genai.map_err(|error| ClientError::Build(error.to_string()))?;
        Ok(Self {
            endpoint,
            setup,
            options,
            genai,
            limiter,
            breaker: Breaker::default(),
            sink,
            price: None,
        })
    }

    /// The same with this price, by which each answer says what it cost.
    #[must_use]
    pub fn priced(self, price: Option<Price>) -> Self {
        Self { price, ..self }
    }

    /// A short question, to be asked before anything is at stake. Whether the key, the name and the
    /// settings are accepted shows in nothing less than an answer, which costs a few tokens.
    #[must_use]
    pub fn question() -> [Message; 1] {
        [Message::User {
            text: "Say that you are ready.".to_owned(),
        }]
    }

    /// The model as it goes in the trial with this seed, which its waits are drawn from.
    #[must_use]
    pub fn model(self: &Arc<Self>, seed: u64) -> ProviderModel {
        ProviderModel {
            client: Arc::clone(self),
            waits: Waits::new(seed),
        }
    }

    async fn answer(
        &self,
        conversation: &[Message],
        tools: Tools,
        waits: &mut Waits,
    ) -> Result<Answer, ModelError> {
        let mut earlier = Vec::new();
        loop {
            if let Some(stopped) = self.breaker.stopped() {
                return Err(stopped);
            }
            let failure = match self.attempt(conversation, tools).await {
                Ok(answer) => {
                    self.breaker.succeeded();
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            let wait = waits.after(&failure, &earlier, &self.setup.retries);
            earlier.push(failure.class);
            let attempt = u32::try_from(earlier.len()).unwrap_or(u32::MAX);
            let model = &self.endpoint.name;
            let stopped = match wait {
                None => self.breaker.failed(model, failure.class, &failure.message),
                Some(_) => None,
            };
            (self.sink)(&FailedAttempt {
                model: model.clone(),
                attempt,
                class: failure.class,
                message: failure.message.clone(),
                wait,
                stopped,
            });
            let Some(wait) = wait else {
                return Err(ModelError::Failed {
                    model: model.clone(),
                    class: failure.class,
                    message: failure.message,
                    attempts: attempt,
                });
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// Asks once, when the provider's limiter lets it.
    async fn attempt(&self, conversation: &[Message], tools: Tools) -> Result<Answer, Failure> {
        let Setup {
            tool_protocol,
            profile,
            timeout,
            ..
        } = self.setup;
        let protocol = self.endpoint.protocol;
        let request = request::request(conversation, protocol, tool_protocol, profile, tools);
        let permit = self.limiter.permit().await;
        let asking = tokio::time::timeout(timeout, Box::pin(self.send(request, tools)));
        let asked = tokio::select! {
            asked = asking => {
                asked.unwrap_or_else(|_| Err(Failure::timed_out(&self.endpoint, timeout)))
            }
            () = flood::rises_by(flood::MOST_GROWTH, flood::resident) => Err(self.too_large()),
        };
        match &asked {
            Ok(_) => permit.taken(),
            Err(failure) if failure.class == FailureClass::RateLimited => permit.too_much(),
            Err(_) => {}
        }
        drop(permit);
        let price = self.price.as_ref();
        let read = reading::read(
            asked?,
            protocol,
            (tool_protocol, tools),
            conversation,
            price,
        );
        read.map_err(|fault| Failure::malformed(&self.endpoint, fault))
    }

    /// Sends a request; gives the body of the answer, without the key.
    async fn send(&self, request: ChatRequest, tools: Tools) -> Result<Value, Failure> {
        let options = self.options(&request, tools);
        let asked = self
            .genai
            .exec_chat(self.target(), request, Some(&options))
            .await;
        let body = match asked {
            Ok(answer) => answer.captured_raw_body,
            // The client cannot read it; whether it is an answer is decided here.
            Err(genai::Error::ChatResponseGeneration { response_body, .. }) => Some(*response_body),
            Err(error) => return Err(Failure::of(&self.endpoint, &error)),
        };
        let body = body.unwrap_or_default();
        if size(&body) > LARGEST_ANSWER {
            return Err(self.too_large());
        }
        if let Some(failure) = Failure::in_body(&self.endpoint, &body) {
            return Err(failure);
        }
        Ok(match &self.endpoint.key {
            Some(key) => key.mask_json(body),
            None => body,
        })
    }

    fn too_large(&self) -> Failure {
        let fault = format!("it is larger than {} MiB", LARGEST_ANSWER >> 20);
        Failure::malformed(&self.endpoint, &fault)
    }

    /// What is set for a request. Tools that are defined in it and may not be called are forbidden.
    fn options(&self, request: &ChatRequest, tools: Tools) -> Cow<'_, ChatOptions> {
        let is_forbidden = tools == Tools::None && request.tools.is_some();
        if is_forbidden {
            Cow::Owned(self.options.clone().with_tool_choice(ToolChoice::None))
        } else {
            Cow::Borrowed(&self.options)
        }
    }

    fn target(&self) -> ServiceTarget {
        let Endpoint {
            model,
            protocol,
            base_url,
            key,
            ..
        } = &self.endpoint;
        let adapter = match protocol {
            // The client's own kinds for these send more than was set: a most of tokens, a cache
            // mode, a thinking switch.
            Protocol::Chat | Protocol::DeepSeekChat => AdapterKind::Custom(0),
            Protocol::MistralChat => AdapterKind::Mistral,
            Protocol::Responses => AdapterKind::OpenAIResp,
            Protocol::Messages => AdapterKind::Anthropic,
            Protocol::GenerateContent => AdapterKind::Gemini,
        };
        let auth = match key {
            Some(key) => AuthData::from_single(key.expose()),
            // Only servers that speak Chat Completions are asked without a key.
            None => AuthData::RequestOverride {
                url: format!("{base_url}chat/completions"),
                headers: Headers::default(),
            },
        };
        ServiceTarget {
            endpoint: ClientEndpoint::from_owned(base_url.as_str()),
            auth,
            model: ModelIden::new(adapter, model.as_str()),
        }
    }
}

impl Model for ProviderModel {
    fn answer<'a>(&'a mut self, conversation: &'a [Message], tools: Tools) -> Answering<'a> {
        let Self { client, waits } = self;
        Box::pin(async move { client.answer(conversation, tools, waits).await.map(Some) })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.endpoint)
            .field("setup", &self.setup)
            .finish_non_exhaustive()
    }
}

fn network() -> Result<reqwest::Client, reqwest::Error> {
    // It fails where a provider of cryptography is installed already, which does as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        // A redirect would carry the headers with the key to another server.
        .redirect(redirect::Policy::none())
        // A small body can unpack to one of any size, before anything could bound it.
        .no_gzip()
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("offswitch/", env!("CARGO_PKG_VERSION")))
        .build()
}
