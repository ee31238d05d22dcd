//! The loop that ships to one destination: a reader of the journal with its own saved place. It reads a bounded window,
//! packs it, keeps a few requests in flight while the next window is read and packed, and saves after each what is
//! settled: delivered, or refused for good and laid among the dead letters in the same transaction. So nothing is
//! skipped, and after a crash only the requests that were in flight are sent again.
//!
//! Deliberately absent: what a destination is (`destinations`), tokens (`net`), and other destinations: each has its own
//! task, so that a dead one delays nobody.

use std::sync::Arc;
use std::time::Duration;

use api::Trouble;
use destinations::{
    ANSWER_BYTES_MAX, Credential, Destination, Outgoing, Packed, Parcel, Verdict, halve,
};
use futures::{StreamExt as _, stream};
use journal::Journal;
use model::{Clock, Secret};
use net::{Backoff, Client, EntraTokens, TokenError};
use tokio_util::sync::CancellationToken;

use crate::collect::{Stopped, sleep};
use crate::config::ConfiguredDestination;
use crate::domains::LiveDomains;
use crate::outcome::{Settled, Unsaved};
use crate::parts::Parts;
use crate::status::Board;
use crate::window::{Place, Window};

/// How much of the journal is read at a time. Two windows are held: one on its way, and the next.
const WINDOW_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Requests in flight to one destination.
pub(crate) const PARCELS_IN_FLIGHT_MAX: usize = 4;
/// Pauses between tries: the first and the longest.
const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(60);
/// How long to wait when a person has to act, before looking whether they did.
const STOPPED_WAIT: Duration = Duration::from_secs(60);

/// How long to wait before the place is saved again that could not be saved.
const UNSAVED_WAIT: Duration = Duration::from_secs(5);

/// One destination at work.
pub(crate) struct Shipper {
    /// Its configured name.
    pub(crate) name: String,
    /// Where it goes.
    pub(crate) destination: Arc<dyn Destination>,
    /// Where it reads.
    pub(crate) journal: Journal,
    /// The way out.
    pub(crate) client: Client,
    /// Bearer tokens.
    pub(crate) tokens: Arc<EntraTokens>,
    /// What time it is.
    pub(crate) clock: Arc<dyn Clock>,
    /// Where the state is shown.
    pub(crate) board: Arc<Board>,
    /// Which domain a tenant has.
    pub(crate) domains: Arc<LiveDomains>,
}

/// Some of the journal, ready to be sent.
struct Ready {
    events: Vec<Outgoing>,
    packed: Packed,
    /// The offset after it.
    end: u64,
}

/// A window that is being read and packed, and the place from which it was begun.
struct Reading {
    from: Place,
    task: tokio::task::JoinHandle<Result<Ready, journal::Error>>,
}

impl Shipper {
    /// How the journal's readers are called that belong to destinations.
    pub(crate) const READER_PREFIX: &str = "destination/";

    /// The shipper of a destination.
    pub(crate) fn new(configured: &ConfiguredDestination, parts: &Parts) -> Self {
        Self {
            name: configured.plan.name.clone(),
            destination: configured.destination.clone(),
            journal: parts.journal.clone(),
            client: parts.client.clone(),
            tokens: parts.tokens.clone(),
            clock: parts.clock.clone(),
            board: parts.board.clone(),
            domains: parts.domains.clone(),
        }
    }

    /// The name of its offset in the journal.
    pub(crate) fn reader(name: &str) -> String {
        format!("{}{name}", Self::READER_PREFIX)
    }

    /// Sends one event by itself, once: for a replay. Whether the service took it.
    pub(crate) async fn send_once(&self, event: Outgoing) -> bool {
        let packed = self.destination.pack(std::slice::from_ref(&event));
        for parcel in &packed.parcels {
            if self.send(parcel, &mut false).await != Verdict::Delivered {
                return false;
            }
        }
        packed.refused.is_empty()
    }

    /// Ships from `place` on until it is told to stop.
    pub(crate) async fn run(self: Arc<Self>, mut place: Place, stop: CancellationToken) {
        let mut head = self.journal.head();
        let mut following = None;
        while !stop.is_cancelled() {
            let next = *head.borrow_and_update();
            if place.offset >= next {
                tokio::select! {
                    changed = head.changed() => if changed.is_err() { return },
                    () = stop.cancelled() => return,
                }
                continue;
            }
            match self.ship_window(&mut place, &mut following, &stop).await {
                Ok(()) => {}
                Err(Halt::Stopped) => return,
                Err(Halt::Journal(reason)) => {
                    self.trouble("journal.unreadable", &reason, "see `doorledger status`", true);
                    if sleep(STOPPED_WAIT, &stop).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// Ships one window and moves `place` behind it. Meanwhile the window `following` it is read and packed, so that
    /// processor and network are at work at the same time. It is not sent before this one is settled: the place stays one
    /// offset and a few stretches.
    async fn ship_window(
        &self,
        place: &mut Place,
        following: &mut Option<Reading>,
        stop: &CancellationToken,
    ) -> Result<(), Halt> {
        let reading = following.take().filter(|reading| reading.from == *place);
        let reading = reading.unwrap_or_else(|| self.read_window(place.clone()));
        let Ready { events, packed, end } = match reading.task.await {
            Ok(Ok(ready)) => ready,
            Ok(Err(error)) => return Err(Halt::Journal(error.to_string())),
            Err(panic) => return Err(Halt::Journal(panic.to_string())),
        };
        if *self.journal.head().borrow() > end {
            *following = Some(self.read_window(Window::new(place, Vec::new(), end).place()));
        }
        let offsets = events.iter().map(|event| event.offset).collect();
        let mut window = Window::new(place, offsets, end);
        let mut unsaved = Unsaved::default();
        unsaved.add_unsendable(&packed.refused, &events);
        window
            .settle(packed.parcels.iter().flat_map(|parcel| parcel.events.iter().copied()), false);
        let mut settled = stream::iter(packed.parcels)
            .map(|parcel| self.deliver(parcel, &events, stop))
            .buffer_unordered(PARCELS_IN_FLIGHT_MAX);
        while let Some(parcel) = settled.next().await {
            let parcel = parcel.map_err(|Stopped| Halt::Stopped)?;
            window.settle(parcel.events.iter().copied(), true);
            let refused = parcel.refused.len();
            unsaved.add(&parcel, &events);
            *place = window.place();
            // What cannot be saved now is saved with the next parcel, or below: the other requests must not wait for it.
            if let Err(error) = self.save(place, &mut unsaved).await {
                tracing::debug!(destination = self.name, error, "the place is not saved yet");
            }
            self.board.destination_sent(&self.name, parcel.events.len() - refused, refused);
        }
        *place = window.place();
        let mut is_late = false;
        while let Err(reason) = self.save(place, &mut unsaved).await {
            is_late = true;
            let hint = "what is delivered is noted as soon as the journal can be written; see `doorledger status`";
            self.trouble("journal.unwritable", &reason, hint, true);
            sleep(UNSAVED_WAIT, stop).await.map_err(|Stopped| Halt::Stopped)?;
        }
        if is_late {
            self.board.destination_well(&self.name, self.clock.now());
        }
        Ok(())
    }

    /// Saves how far it is. A dead letter is laid down, and an event counted, together with the place that passes it, so
    /// that a crash can neither double nor lose it.
    async fn save(&self, place: &Place, unsaved: &mut Unsaved) -> Result<(), String> {
        let reader = Self::reader(&self.name);
        let saved = self.journal.settle(
            &reader,
            place.offset,
            place.ahead.clone(),
            unsaved.dead.clone(),
            unsaved.deliveries.clone(),
        );
        saved.await.map_err(|error| error.to_string())?;
        *unsaved = Unsaved::default();
        Ok(())
    }

    /// Begins to read the events of the next window that are for this destination, and to pack them. Both take milliseconds
    /// of processor time, so they are done where nobody waits for the thread.
    fn read_window(&self, from: Place) -> Reading {
        let place = from.clone();
        let (journal, destination) = (self.journal.clone(), self.destination.clone());
        let domains = self.domains.clone();
        let task = tokio::task::spawn_blocking(move || {
            let batches = journal.read(place.offset, WINDOW_BYTES_MAX)?;
            let end = batches
                .iter()
                .flat_map(|batch| batch.events.last())
                .map(|event| event.offset + 1)
                .max();
            let domains = domains.now();
            let mut events = Vec::new();
            for batch in batches.iter().filter(|batch| destination.takes(&batch.source)) {
                let domain: Option<Arc<str>> = domains.of(&batch.source).map(Arc::from);
                let open = batch.events.iter().filter(|event| !place.is_settled(event.offset));
                events.extend(open.map(|event| Outgoing {
                    source: batch.source.clone(),
                    domain: domain.clone(),
                    offset: event.offset,
                    id: event.id.clone(),
                    time: event.time,
                    received: batch.received,
                    raw: event.raw.clone(),
                }));
            }
            let packed = destination.pack(&events);
            Ok(Ready { events, packed, end: end.unwrap_or(place.offset) })
        });
        Reading { from, task }
    }

    /// Sends one parcel until it is settled: halving what is too large or refused, waiting where the service is unwell.
    pub(crate) async fn deliver(
        &self,
        parcel: Parcel,
        events: &[Outgoing],
        stop: &CancellationToken,
    ) -> Result<Settled, Stopped> {
        let mut settled = Settled { events: parcel.events.clone(), refused: Vec::new() };
        let mut waiting = vec![parcel];
        while let Some(parcel) = waiting.pop() {
            match self.send_until_decided(&parcel, stop).await? {
                Decided::Delivered => {}
                Decided::Split(reason) if parcel.events.len() == 1 => {
                    settled.refused.push((parcel.events[0], reason))
                }
                Decided::Split(_) => waiting.extend(self.halves(&parcel, events, &mut settled)),
            }
        }
        Ok(settled)
    }

    /// A parcel in two halves, each packed anew; the first half last, because the last is sent first.
    fn halves(&self, parcel: &Parcel, events: &[Outgoing], settled: &mut Settled) -> Vec<Parcel> {
        let Some([first, second]) = halve(events, parcel) else { return Vec::new() };
        let (first_positions, second_positions) = parcel.events.split_at(first.len());
        let mut parcels = Vec::new();
        for (half, positions) in [(second, second_positions), (first, first_positions)] {
            let packed = self.destination.pack(&half);
            settled.refused.extend(packed.refused.into_iter().map(|(i, why)| (positions[i], why)));
            parcels.extend(packed.parcels.into_iter().rev().map(|mut parcel| {
                for event in &mut parcel.events {
                    *event = positions[*event];
                }
                parcel
            }));
        }
        parcels
    }

    async fn send_until_decided(
        &self,
        parcel: &Parcel,
        stop: &CancellationToken,
    ) -> Result<Decided, Stopped> {
        let mut backoff = Backoff::new(RETRY_FIRST, RETRY_MAX, parcel.body.len() as u64);
        let mut renewed = false;
        loop {
            let verdict = self.send(parcel, &mut renewed).await;
            let wait = match verdict {
                Verdict::Delivered => {
                    self.board.destination_well(&self.name, self.clock.now());
                    return Ok(Decided::Delivered);
                }
                Verdict::Split => {
                    return Ok(Decided::Split("too large for the service".to_owned()));
                }
                Verdict::Refused(reason) => return Ok(Decided::Split(reason)),
                Verdict::TokenExpired => {
                    let hint = "check the identity and its permissions";
                    self.trouble(
                        "destination.token",
                        "the service does not accept the token",
                        hint,
                        true,
                    );
                    STOPPED_WAIT
                }
                Verdict::Stop { reason, hint } => {
                    self.trouble("destination.stopped", &reason, &hint, true);
                    STOPPED_WAIT
                }
                Verdict::Retry { after_seconds, reason } => {
                    self.trouble(
                        "destination.unavailable",
                        &reason,
                        "it is tried again by itself",
                        false,
                    );
                    backoff.next_wait_at_least(after_seconds)
                }
            };
            sleep(wait, stop).await?;
        }
    }

    /// One try. Trouble with token or transport is a verdict like any other. A token that is not accepted is renewed
    /// once (`renewed` says whether it was); a fresh one that is refused too is a matter for people.
    async fn send(&self, parcel: &Parcel, renewed: &mut bool) -> Verdict {
        loop {
            let token = match self.token().await {
                Ok(token) => token,
                Err(verdict) => return verdict,
            };
            let request = self.destination.request(parcel, token.as_ref(), self.clock.now());
            let verdict = match self.client.send(request, ANSWER_BYTES_MAX).await {
                Ok(answer) => self.destination.read(parcel, &answer, self.clock.now()),
                Err(failure) => self.destination.read_failure(&failure),
            };
            match (verdict, self.destination.credential(), token) {
                (Verdict::TokenExpired, Credential::Entra(credential), Some(token))
                    if !*renewed =>
                {
                    *renewed = true;
                    self.tokens.forget(&credential, &token);
                }
                (verdict, ..) => return verdict,
            }
        }
    }

    async fn token(&self) -> Result<Option<Secret>, Verdict> {
        let Credential::Entra(credential) = self.destination.credential() else { return Ok(None) };
        self.tokens.token(&credential).await.map(Some).map_err(|error| match &error {
            TokenError::Refused { hint, .. } => {
                Verdict::Stop { reason: error.to_string(), hint: hint.clone() }
            }
            TokenError::Unavailable { after_seconds, .. } => {
                Verdict::Retry { after_seconds: *after_seconds, reason: error.to_string() }
            }
        })
    }

    /// Tells what is wrong: in the log once for each new reason, in `status` as long as it lasts.
    fn trouble(&self, code: &str, reason: &str, hint: &str, stopped: bool) {
        let now = self.clock.now();
        let trouble = Trouble {
            code: code.to_owned(),
            message: reason.to_owned(),
            hint: hint.to_owned(),
            since: Some(now),
        };
        if self.board.destination_trouble(&self.name, trouble, stopped) {
            tracing::warn!(destination = self.name, hint, "{reason}");
        }
    }
}

enum Decided {
    Delivered,
    /// Halve it; a single event is refused with this reason.
    Split(String),
}

enum Halt {
    Stopped,
    Journal(String),
}
