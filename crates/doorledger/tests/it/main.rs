//! The whole program, as a user runs it: the real binary, real files, real sockets on loopback, simulated services.
//! Deliberately absent: what one crate can be tested for alone.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod alarms;
mod backfill;
mod check;
mod collector;
mod demo;
mod disk;
mod folder;
mod integrity;
mod investigations;
mod kql;
mod ledger;
mod program;
mod read_back;
mod replays;
mod roster;
mod samples;
mod serve;
mod shipping;
mod soak;
