//! Auth0, OneLogin and Azure imitated on loopback, with people who go about their work, attacks on demand and troubles
//! on purpose, all of it from one seed. `doorledger simulate` and `doorledger demo` run it, and so do tests and
//! benchmarks.
//!
//! Each service keeps an account of what exists, what it served and what it received ([`Auth0Account`] …), also over
//! HTTP under `/__account`, so that whoever stands between two of them can be shown to have lost or doubled nothing.
//! What a simulator does beside its imitation is under paths that start with `/__`:
//!
//! | path | is |
//! |---|---|
//! | `GET /__account` | the account, as JSON |
//! | `GET /__ids` | every id, one a line |
//! | `POST /__events?n=100` | lets so many events happen now |
//! | `POST /__attack/{name}?seed=1&live=false` | lets an attack happen |
//! | `POST /__faults` | replaces the troubles: `{"probability":{"cut-body":0.1}}` |
//!
//! Deliberately absent: the rest of the product. This crate stands in for somebody else's service, and knows nothing
//! of how the product decodes, stores or ships events; of its crates it uses `model` alone, for the clock and for
//! secrets.

mod attacks;
mod auth0;
mod azure;
mod certificate;
mod control;
mod dice;
mod digest;
mod error;
mod faults;
mod given;
mod hours;
mod json;
mod limiter;
mod moment;
mod onelogin;
mod push;
mod served;
mod server;
mod shelf;
mod traffic;
mod world;

pub use attacks::{Attack, AttackReport};
pub use auth0::{
    Auth0, Auth0Account, Auth0Options, ExpiredCursor, PageShape, Plan, StreamFormat, StreamOptions,
    UserAgentForm, auth0,
};
pub use azure::{
    Azure, AzureAccount, AzureOptions, ColumnKind, DataCollector, Keep, TableAccount,
    auth0_logs_columns, azure, onelogin_events_columns,
};
pub use digest::IdDigest;
pub use error::{Error, Result};
pub use faults::{Fault, Faults};
pub use given::read_events;
pub use hours::PushedAccount;
pub use limiter::Refill;
pub use onelogin::{
    OneLogin, OneLoginAccount, OneLoginOptions, OverLimit, WebhookFormat, WebhookOptions,
    WebhookShape, onelogin,
};
pub use push::PushTarget;
pub use served::ServedAccount;
pub use server::{Listen, Running};
