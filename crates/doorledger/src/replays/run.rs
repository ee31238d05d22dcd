//! A replay at work: page by page from the lake, packed as the live shipping packs, a few requests in flight, and after
//! each request the count and the file. What is acknowledged is not sent again, whenever the process ends.
//! Deliberately absent: requests, answers and waits, which are the shipper's (`ship`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use api::ReplayState;
use destinations::Outgoing;
use futures::{StreamExt as _, stream};
use journal::{Booking, Delivered, Deliveries};
use model::QueryErrorKind;
use tokio_util::sync::CancellationToken;

use super::Inner;
use super::rows::{self, Range};
use super::saved::{self, Saved};
use crate::collect::sleep;
use crate::replay::REPLAY_PREFIX;
use crate::ship::{PARCELS_IN_FLIGHT_MAX, Settled, Shipper, dead_letter};

/// Events of a page.
const PAGE_EVENTS: usize = 4_000;
/// How much of the provider's time a page is looked for in: less to sort at a time.
const STRETCH: Duration = Duration::from_hours(6);
/// How long to wait after a trouble of the lake, the journal or the disk.
const TROUBLE_WAIT: Duration = Duration::from_secs(30);

/// Runs to its end, or until it is stopped or cancelled.
pub(super) async fn run(
    inner: &Arc<Inner>,
    shipper: &Arc<Shipper>,
    mut saved: Saved,
    stop: &CancellationToken,
) {
    let ended = loop {
        match send_all(inner, shipper, &mut saved, stop).await {
            Ok(Ended::Done) => break ReplayState::Done,
            Ok(Ended::Stopped) => break ReplayState::Stopped,
            Err(error) => {
                tracing::warn!(replay = saved.progress.id, "a replay waits: {error:#}");
                saved.progress.trouble = Some(format!("{error:#}; it is tried again by itself"));
                inner.note(&saved);
                if sleep(TROUBLE_WAIT, stop).await.is_err() {
                    break ReplayState::Stopped;
                }
            }
        }
    };
    let is_cancelled = inner.is_cancelled(&saved.progress.id);
    saved.progress.state = if is_cancelled { ReplayState::Cancelled } else { ended };
    if ended == ReplayState::Done {
        saved.progress.trouble = None;
    }
    if let Err(error) = write(inner, &saved).await {
        tracing::warn!(replay = saved.progress.id, "how far a replay is, is not saved: {error:#}");
    }
    inner.note(&saved);
}

enum Ended {
    Done,
    Stopped,
}

async fn send_all(
    inner: &Arc<Inner>,
    shipper: &Arc<Shipper>,
    saved: &mut Saved,
    stop: &CancellationToken,
) -> Result<Ended> {
    write(inner, saved).await?;
    let progress = &saved.progress;
    let range = Range {
        since: progress.since,
        until: progress.until,
        condition: progress.condition.clone(),
    };
    let mut rows_max = PAGE_EVENTS;
    for table in 0..saved.tables.len() {
        while let Some(at) = saved.tables[table].at {
            if stop.is_cancelled() {
                return Ok(Ended::Stopped);
            }
            let name = saved.tables[table].name.clone();
            // Nothing of a long silence is looked through stretch by stretch.
            let first = rows::first(inner.engine.as_ref(), &name, &range, at);
            let Some(first) = first.await.context("ask the lake")? else {
                let place = &mut saved.tables[table];
                (place.at, place.settled) = (None, Default::default());
                write(inner, saved).await?;
                break;
            };
            let end = first.checked_add(STRETCH).unwrap_or(range.until).min(range.until);
            let settled_before = saved.tables[table].settled.len();
            let wanted = rows_max.saturating_add(settled_before);
            let page = rows::page(inner.engine.as_ref(), &name, &range, (first, end), wanted);
            let page = match page.await {
                Ok(page) => page,
                Err(error) if error.kind == QueryErrorKind::Limit && rows_max > 1 => {
                    // Large events: fewer of them at a time.
                    rows_max /= 2;
                    continue;
                }
                Err(error) => return Err(anyhow!(error).context("ask the lake")),
            };
            let is_whole = page.len() < wanted;
            let last = page.last().and_then(|event| event.time);
            let at_last: Vec<String> = page
                .iter()
                .filter(|event| event.time == last)
                .map(|event| event.id.clone())
                .collect();
            if let Ended::Stopped = send_page(inner, shipper, saved, table, page, stop).await? {
                return Ok(Ended::Stopped);
            }
            let place = &mut saved.tables[table];
            (place.at, place.settled) = match last.filter(|_| !is_whole) {
                // Of the last moment there may be more.
                Some(last) => (Some(last), at_last.into_iter().collect()),
                None => (Some(end), Default::default()),
            };
            saved.progress.latest = saved.progress.latest.max(place.at);
            saved.progress.trouble = None;
            write(inner, saved).await?;
            inner.note(saved);
        }
    }
    Ok(Ended::Done)
}

/// Sends those events of a page that are not settled, and notes each request's outcome.
async fn send_page(
    inner: &Arc<Inner>,
    shipper: &Arc<Shipper>,
    saved: &mut Saved,
    table: usize,
    page: Vec<Outgoing>,
    stop: &CancellationToken,
) -> Result<Ended> {
    let place = &saved.tables[table];
    let open = page.into_iter().filter(|event| {
        !place.settled.contains(&event.id) && shipper.destination.takes(&event.source)
    });
    let domains = shipper.domains.clone();
    let events: Vec<Outgoing> = open
        .map(|event| Outgoing { domain: domains.of(&event.source).map(Arc::from), ..event })
        .collect();
    let destination = shipper.destination.clone();
    let packing = tokio::task::spawn_blocking(move || (destination.pack(&events), events));
    let (packed, events) = packing.await.context("pack")?;
    if !packed.refused.is_empty() {
        let positions = packed.refused.iter().map(|(position, _)| *position).collect();
        let unsendable = Settled { events: positions, refused: packed.refused };
        note(inner, shipper, saved, table, &events, &unsendable).await?;
    }
    let mut settled = stream::iter(packed.parcels)
        .map(|parcel| shipper.deliver(parcel, &events, stop))
        .buffer_unordered(PARCELS_IN_FLIGHT_MAX);
    while let Some(parcel) = settled.next().await {
        let Ok(parcel) = parcel else { return Ok(Ended::Stopped) };
        note(inner, shipper, saved, table, &events, &parcel).await?;
    }
    Ok(Ended::Done)
}

/// Counts what became of some events in the ledger, lays the refused ones among the dead letters, and saves the file.
async fn note(
    inner: &Arc<Inner>,
    shipper: &Shipper,
    saved: &mut Saved,
    table: usize,
    events: &[Outgoing],
    outcome: &Settled,
) -> Result<()> {
    let refused: BTreeMap<usize, &str> =
        outcome.refused.iter().map(|(position, why)| (*position, why.as_str())).collect();
    let mut deliveries = Deliveries::new();
    let mut dead = Vec::new();
    for position in &outcome.events {
        let Some(event) = events.get(*position) else { continue };
        let delivered = match refused.get(position) {
            Some(why) => {
                dead.push((Shipper::reader(&shipper.name), dead_letter(event, why)));
                Delivered { refused: 1, ..Delivered::default() }
            }
            None => Delivered { acknowledged: 1, ..Delivered::default() },
        };
        deliveries.add(&event.source, event.time, event.received, delivered);
    }
    let refused = dead.len() as u64;
    let name = format!("{REPLAY_PREFIX}{}", shipper.name);
    let mut booking =
        Some(Booking { deliveries: vec![(name, deliveries)], dead, settled: Vec::new() });
    // What was acknowledged stands in the file first, so that it is never sent again; a crash before it is booked leaves
    // it out of the ledger. What was refused is booked first: a dead letter must not be lost, and comes twice at worst.
    if refused > 0
        && let Some(booking) = booking.take()
    {
        inner.journal.book(booking).await.context("count what was sent again")?;
    }
    for event in outcome.events.iter().filter_map(|position| events.get(*position)) {
        saved.tables[table].settled.insert(event.id.clone());
    }
    saved.progress.refused += refused;
    saved.progress.sent += (outcome.events.len() as u64).saturating_sub(refused);
    write(inner, saved).await?;
    if let Some(booking) = booking {
        inner.journal.book(booking).await.context("count what was sent again")?;
    }
    inner.note(saved);
    Ok(())
}

async fn write(inner: &Arc<Inner>, saved: &Saved) -> Result<()> {
    let (folder, saved) = (inner.folder.clone(), saved.clone());
    let written = tokio::task::spawn_blocking(move || saved::write(&folder, &saved)).await;
    written.context("save the replay")?.context("save the replay")
}
