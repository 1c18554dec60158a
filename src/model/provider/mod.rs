//! Models at providers, which are reached over the network.
//!
//! The client is the `genai` crate: it knows how each provider wants a conversation written. What
//! it sends is held against the providers' rules by tests, and what comes back is read here.

mod breaker;
pub mod catalogue;
mod client;
mod endpoint;
mod environment;
mod failure;
mod flood;
mod limiter;
mod reading;
mod request;
mod retry;
mod secret;
mod settings;
mod size;
mod text;
mod tools;

pub use client::{AttemptSink, Client, ClientError, ProviderModel, Setup};
pub use endpoint::{Endpoint, EndpointError};
pub use environment::{DotenvError, Environment};
pub use limiter::{Limiter, Limiters};
pub(super) use request::request;
pub use retry::{FailedAttempt, RetryPolicy};
pub use secret::Secret;
pub use settings::{ReasoningEffort, Settings, SettingsError};
pub use text::EXPLANATION as TEXT_PROTOCOL;
pub use tools::{ToolProfile, ToolProtocol};
