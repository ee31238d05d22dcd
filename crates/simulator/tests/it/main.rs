//! The simulators over HTTP, as a client meets them. One binary for all of them: linking is most of a test build.
//! Deliberately absent: anything of the product; a plain HTTP client asks.

#![expect(
    clippy::unwrap_used,
    reason = "what goes wrong in a helper fails the test that called it"
)]

mod auth0;
mod auth0_refusals;
mod azure;
mod golden;
mod onelogin;
mod push;
mod support;
mod troubles;
