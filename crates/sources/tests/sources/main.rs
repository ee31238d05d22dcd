//! Tests of the providers through the crate's own border: golden columns, the contract that every provider keeps, and
//! polls against scripted exchanges and an imitated API. No network, no clock, no order between tests.

mod auth0_poll;
mod config;
mod contract;
mod golden;
mod onelogin_poll;
mod rows;
mod samples;
mod script;
