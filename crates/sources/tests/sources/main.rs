//! Tests of the providers through the crate's own border: golden columns, the contract that every provider keeps, and
//! polls against scripted exchanges and an imitated API. No network, no clock, no order between tests.
//!
//! The modules are marked as tests one by one, because that is what the lint against `unwrap` looks at.

#[cfg(test)]
mod auth0_poll;
#[cfg(test)]
mod config;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod onelogin_poll;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod script;
