//! The one door to other people's HTTP servers: the client (time-outs, proxy, redaction), what a request and an answer
//! are, bearer tokens and secrets fetched from elsewhere, and the caps on what comes in.
//!
//! Deliberately absent: every provider and destination. They build a `Request` and read an `Answer`; this crate carries.

mod backoff;
mod client;
mod compare;
mod entra;
mod exchange;
mod inflate;
mod names;
mod secret_reference;
mod secret_resolver;
mod token;
mod token_exchange;
mod transport;

pub use backoff::{Backoff, RETRY_AFTER_SECONDS_MAX, retry_after_seconds};
pub use client::{Client, ClientError, ClientSettings, is_https_or_loopback};
pub use compare::is_one_of;
pub use entra::{Cloud, EntraCredential, EntraIdentity};
pub use exchange::{Answer, Request};
pub use inflate::{InflateError, inflate};
pub use secret_resolver::{EnvLookup, Resolved, SecretResolver, VaultAccess, Vaults};
pub use token::EntraTokens;
pub use token_exchange::{ManagedEndpoint, TokenError};
pub use transport::{TransportError, TransportErrorKind};
