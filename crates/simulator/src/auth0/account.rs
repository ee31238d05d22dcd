//! The account of a simulated tenant: what exists, what was served and to whom, so that a test can tell whether
//! anything was lost or doubled on the way. Deliberately absent: the events themselves.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::digest::IdDigest;
use crate::faults::Fault;
use crate::hours::PushedAccount;
use crate::served::ServedAccount;

/// What a tenant has and did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Auth0Account {
    /// Events that ever existed.
    pub events: u64,
    /// Events that are still kept.
    pub kept: u64,
    /// Bytes of all events' JSON texts.
    pub event_bytes: u64,
    /// `log_id` of the oldest event that is kept.
    pub first_id: Option<String>,
    /// `log_id` of the newest event.
    pub last_id: Option<String>,
    /// Digest over the `log_id`s of all events that ever existed; see [`IdDigest`].
    pub ids: IdDigest,
    /// How many events there are of each hour of `date`: `2026-11-20T10`.
    pub per_hour: BTreeMap<String, u64>,
    /// How many events there are of each type.
    pub per_type: BTreeMap<String, u64>,
    /// What was read.
    pub served: ServedAccount,
    /// How many events were served of each hour of `date`, repetitions included, whatever became of the answer.
    pub served_per_hour: BTreeMap<String, u64>,
    /// Events delivered by the log stream and acknowledged, repetitions included.
    pub streamed: u64,
    /// What the log stream delivered, hour by hour.
    pub streamed_per_hour: PushedAccount,
    /// Deliveries of the log stream that failed.
    pub stream_failures: u64,
    /// Access tokens issued.
    pub tokens: u64,
    /// How often each fault struck.
    pub faults: BTreeMap<Fault, u64>,
}
