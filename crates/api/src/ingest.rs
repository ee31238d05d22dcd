//! `/ingest/{provider}/{tenant}/{source}`: what providers push. Token, then length, then body, then events, then the
//! journal; the sender hears `200` only when all of it is on disk. This is the busiest path of the program, so it is
//! served before the router, from one table that is looked up by the whole path.
//!
//! Deliberately absent: how a body is decoded (`sources`), where events are kept (`journal`), and a log line per
//! request (counters tell instead).

mod answer;
mod encoding;
mod endpoint;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, header};
use hyper::body::Body;
use model::{Batch, Clock, Via};
use net::inflate;
use sources::Decoded;

use self::answer::Refusal;
pub use self::endpoint::ReceiverEntry;
use self::endpoint::{Endpoint, path_of};
use crate::body::{BodyCaps, collect, declared_length, drain};
use crate::intake::{Intake, Taken};
use crate::limits::{Budget, Limits, Share};
use crate::peer::Peer;

/// The beginning of every path that is served here.
pub(crate) const PREFIX: &str = "/ingest/";

/// Bodies above this are decompressed and decoded on a thread of their own, so that one large import does not hold up
/// the small requests of everybody else.
const DECODE_INLINE_BYTES_MAX: usize = 256 * 1024;

/// All receivers of this server.
pub(crate) struct Receivers {
    by_path: HashMap<String, Arc<Endpoint>>,
    intake: Arc<dyn Intake>,
    clock: Arc<dyn Clock>,
    caps: BodyCaps,
    memory: Budget,
    places: Budget,
}

impl Receivers {
    /// Receivers with their paths; of two with the same path the last one counts.
    pub(crate) fn new(
        entries: Vec<ReceiverEntry>,
        intake: Arc<dyn Intake>,
        clock: Arc<dyn Clock>,
        limits: &Limits,
    ) -> Self {
        let by_path = entries
            .into_iter()
            .map(|entry| (path_of(&entry.source), Arc::new(Endpoint::new(entry))))
            .collect();
        Self {
            by_path,
            intake,
            clock,
            caps: BodyCaps {
                bytes_max: limits.body_bytes_max,
                stall_time_max: limits.body_stall_time_max,
                time_max: limits.body_time_max,
            },
            memory: Budget::of(limits.body_memory_bytes_max),
            places: Budget::of(limits.ingest_requests_max),
        }
    }

    /// Answers one request.
    pub(crate) async fn respond<B>(&self, request: Request<B>, peer: Peer) -> Response
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Send,
    {
        let (head, mut body) = request.into_parts();
        // A sender that waits for `100 Continue` has not sent its body: there is nothing to read away.
        let waits = head.headers.contains_key(header::EXPECT);
        let Some(endpoint) = self.endpoint(head.uri.path()) else {
            return refuse(Refusal::UnknownPath, body, waits);
        };
        match head.method {
            Method::POST => {}
            Method::GET | Method::HEAD => return answer::probe(&endpoint.source),
            Method::OPTIONS => return answer::options(),
            _ => return refuse(Refusal::Method, body, waits),
        }
        let started = Instant::now();
        let entered = match self.enter(endpoint, &head.headers, &body, peer) {
            Ok(entered) => entered,
            Err(refusal) => {
                endpoint.count_refused(refusal.code());
                return refuse(refusal, body, waits);
            }
        };
        match self.receive(endpoint, &mut body, entered).await {
            Ok(taken) => {
                endpoint.count_taken(taken, started.elapsed());
                answer::taken(taken)
            }
            Err(refusal) => {
                endpoint.count_refused(refusal.code());
                refuse(refusal, body, false)
            }
        }
    }

    fn endpoint(&self, path: &str) -> Option<&Arc<Endpoint>> {
        self.by_path.get(path).or_else(|| self.by_path.get(path.strip_suffix('/')?))
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
        if !endpoint.receiver.admits(headers) {
            return Err(Refusal::Unauthorized);
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
        let gzip = encoding::is_gzip(&sent);
        let (endpoint, length) = (Arc::clone(endpoint), sent.len());
        let work = move || {
            let plain = if gzip { inflate(&sent, bytes_max)? } else { sent };
            if gzip && !entered.memory.grow(plain.len()) {
                return Err(Refusal::Busy);
            }
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

fn refuse<B>(refusal: Refusal, body: B, waits: bool) -> Response
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Send,
{
    if !waits {
        drain(body);
    }
    refusal.into_response()
}
