//! `/ingest/{provider}/{tenant}/{source}`: what providers push. Token, then length, then body, then events, then the
//! journal; the sender hears `200` only when all of it is on disk. This is the busiest path of the program, so it is
//! served before the router, from one table that is looked up by the whole path.
//!
//! Deliberately absent: how a body is decoded (`sources`), where events are kept (`journal`), and a log line per
//! request (counters tell instead).

mod answer;
mod endpoint;
mod table;

use std::sync::Arc;
use std::time::Instant;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use hyper::body::Body;
use model::{Batch, Clock, Via};
use sources::Decoded;

use self::endpoint::Endpoint;
pub use self::endpoint::ReceiverEntry;
pub use self::table::ReceiverTable;
use crate::body::{BodyCaps, collect, declared_length};
use crate::encoding;
use crate::intake::{Intake, Taken};
use crate::limits::{Budget, Limits, Share};
use crate::peer::Peer;
use crate::refusal::Refusal;

/// The beginning of every path that is served here.
pub(crate) const PREFIX: &str = "/ingest/";

/// Bodies above this are decompressed and decoded on a thread of their own, so that one large import does not hold up
/// the small requests of everybody else.
const DECODE_INLINE_BYTES_MAX: usize = 256 * 1024;

/// All receivers of this server.
pub(crate) struct Receivers {
    table: ReceiverTable,
    intake: Arc<dyn Intake>,
    clock: Arc<dyn Clock>,
    caps: BodyCaps,
    memory: Budget,
    places: Budget,
}

impl Receivers {
    /// The receivers that are in the table, at any moment.
    pub(crate) fn new(
        table: ReceiverTable,
        intake: Arc<dyn Intake>,
        clock: Arc<dyn Clock>,
        memory: Budget,
        limits: &Limits,
    ) -> Self {
        Self {
            table,
            intake,
            clock,
            caps: limits.body_caps(limits.body_bytes_max),
            memory,
            places: Budget::of(limits.ingest_requests_max),
        }
    }

    /// Answers one request.
    pub(crate) async fn respond<B>(&self, request: Request<B>, peer: Peer) -> Response
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let (head, mut body) = request.into_parts();
        let Some(endpoint) = self.table.find(head.uri.path()) else {
            return Refusal::UnknownPath.into_response();
        };
        match head.method {
            Method::POST => {}
            Method::GET | Method::HEAD => return answer::probe(&endpoint.source),
            Method::OPTIONS => return answer::options(),
            _ => return Refusal::Method.into_response(),
        }
        let started = Instant::now();
        let taken = match self.enter(&endpoint, &head.headers, &body, peer) {
            Ok(entered) => self.receive(&endpoint, &mut body, entered).await,
            Err(refusal) => Err(refusal),
        };
        match taken {
            Ok(taken) => {
                endpoint.count_taken(taken, started.elapsed());
                answer::taken(taken)
            }
            Err(refusal) => {
                endpoint.count_refused(refusal.code());
                refusal.into_response()
            }
        }
    }

    /// Everything that can be decided before the body is read.
    fn enter<B: Body>(
        &self,
        endpoint: &Endpoint,
        headers: &HeaderMap,
        body: &B,
        peer: Peer,
    ) -> Result<Entered, Refusal> {
        if !peer.is_private() {
            return Err(Refusal::NotPrivate);
        }
        if !endpoint.receiver.admits_at(headers, self.clock.now()) {
            return Err(Refusal::Unauthorized);
        }
        if endpoint.is_paused {
            return Err(Refusal::Paused);
        }
        if !encoding::is_known(headers) {
            return Err(Refusal::Encoding);
        }
        declared_length(body, self.caps.bytes_max)?;
        match (self.places.take(1), self.memory.take(0)) {
            (Some(place), Some(memory)) => Ok(Entered { _place: place, memory }),
            _ => Err(Refusal::Busy),
        }
    }

    /// Body, events, journal.
    async fn receive<B>(
        &self,
        endpoint: &Arc<Endpoint>,
        body: &mut B,
        mut entered: Entered,
    ) -> Result<Taken, Refusal>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let sent = collect(body, self.caps, &mut entered.memory).await?;
        let (decoded, _entered) = self.decode(endpoint, sent, entered).await?;
        if decoded.events.is_empty() {
            return match decoded.rejected.into_iter().next() {
                None => Ok(Taken::default()),
                Some(first) => Err(Refusal::Unreadable { reason: first.reason }),
            };
        }
        let batch = Batch {
            source: endpoint.source.clone(),
            via: Via::Push,
            received: self.clock.now(),
            events: decoded.events,
            rejected: decoded.rejected,
            cursor: None,
            gap: None,
            walked: None,
        };
        self.intake.append(batch).await.map_err(|error| {
            // At debug level, since a full disk would fill the log as well; the status shows the journal's trouble.
            tracing::debug!(source = %endpoint.source, %error, "batch not taken");
            error.into()
        })
    }

    /// Decompresses and decodes, here or (a large body) on a thread of its own.
    async fn decode(
        &self,
        endpoint: &Arc<Endpoint>,
        sent: Bytes,
        mut entered: Entered,
    ) -> Result<(Decoded, Entered), Refusal> {
        let bytes_max = self.caps.bytes_max;
        let (endpoint, length) = (Arc::clone(endpoint), sent.len());
        let work = move || {
            let plain = encoding::plain(sent, bytes_max, &mut entered.memory)?;
            Ok((endpoint.receiver.read(&plain), entered))
        };
        if length <= DECODE_INLINE_BYTES_MAX {
            return work();
        }
        tokio::task::spawn_blocking(work).await.unwrap_or(Err(Refusal::Failed))
    }
}

/// The shares of a request that was let in; given back when it is answered.
struct Entered {
    _place: Share,
    memory: Share,
}
