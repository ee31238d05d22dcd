//! The one door to other people's HTTP servers: the client (time-outs, proxy, redaction), what a request and an answer
//! are, bearer tokens and secrets fetched from elsewhere, and the caps on what comes in.
//!
//! Deliberately absent: every provider and destination. They build a `Request` and read an `Answer`; this crate carries.

mod entra;
mod exchange;

pub use entra::{EntraCredential, EntraIdentity};
pub use exchange::{Answer, Request};
