//! One receiver under its path, with its counters. Deliberately absent: the requests.

use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, Histogram};
use model::SourceId;
use sources::Receiver;

use super::PREFIX;
use crate::intake::Taken;

/// A receiver and the source whose events it brings.
#[derive(Clone)]
pub struct ReceiverEntry {
    /// Gives the path: `/ingest/{provider}/{tenant}/{source}`.
    pub source: SourceId,
    /// Knows the secret and the wire format.
    pub receiver: Arc<dyn Receiver>,
    /// Whether it is switched off: then whoever has the secret is asked to come back later.
    pub is_paused: bool,
}

/// A receiver that is being served.
pub(super) struct Endpoint {
    pub(super) source: SourceId,
    pub(super) receiver: Arc<dyn Receiver>,
    pub(super) is_paused: bool,
    received: Counter,
    duplicates: Counter,
    rejected: Counter,
    seconds: Histogram,
}

/// The path of a source's receiver.
pub(super) fn path_of(source: &SourceId) -> String {
    format!("{PREFIX}{source}")
}

impl Endpoint {
    /// Registers the counters, so that they show as zero from the start and cost no lookup later.
    pub(super) fn new(ReceiverEntry { source, receiver, is_paused }: ReceiverEntry) -> Self {
        let labels = [
            ("provider", source.provider.clone()),
            ("tenant", source.tenant.clone()),
            ("source", source.source.clone()),
            ("via", "push".to_owned()),
        ];
        Self {
            received: metrics::counter!("doorledger_source_events_received_total", &labels),
            duplicates: metrics::counter!("doorledger_source_events_deduplicated_total", &labels),
            rejected: metrics::counter!("doorledger_source_events_rejected_total", &labels),
            seconds: metrics::histogram!("doorledger_ingest_duration_seconds", &labels),
            source,
            receiver,
            is_paused,
        }
    }

    pub(super) fn count_taken(&self, taken: Taken, elapsed: Duration) {
        self.received.increment(taken.stored + taken.duplicates);
        self.duplicates.increment(taken.duplicates);
        self.rejected.increment(taken.rejected);
        self.seconds.record(elapsed);
    }

    pub(super) fn count_refused(&self, code: &'static str) {
        metrics::counter!(
            "doorledger_ingest_refused_total",
            "provider" => self.source.provider.clone(),
            "tenant" => self.source.tenant.clone(),
            "source" => self.source.source.clone(),
            "code" => code,
        )
        .increment(1);
    }
}
