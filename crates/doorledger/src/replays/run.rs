//! A replay at work: page by page from the lake, packed as the live shipping packs, a few requests in flight, and after
//! each request the count and the file. What is acknowledged is not sent again, whenever the process ends.
//! Deliberately absent: requests, answers and waits, which are the shipper's (`ship`).

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use api::ReplayState;
use destinations::Outgoing;
use futures::{StreamExt as _, stream};
use journal::{Booking, Delivered, Deliveries};
use model::{QueryEngine, QueryErrorKind, Timestamp};
use tokio_util::sync::CancellationToken;

use super::Inner;
use super::rows::{self, Range};
use super::saved::{self, Saved, Table};
use crate::collect::sleep;
use crate::replay::REPLAY_PREFIX;
use crate::ship::{PARCELS_IN_FLIGHT_MAX, Settled, Shipper, dead_letter};

/// Events of a page.
const PAGE_EVENTS: usize = 10_000;
/// How much of the provider's time a page is looked for in: as much as held a few pages lately, within these bounds, so that
/// of dense times little is read for each page, and sparse ones are passed quickly.
const STRETCH_MIN: Duration = Duration::from_secs(1);
const STRETCH_MAX: Duration = Duration::from_hours(24);
/// How many times the stretch of a full page is looked through next.
const STRETCH_PAGES: u32 = 3;
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
    let mut reader = Reader { rows_max: PAGE_EVENTS, stretch: STRETCH_MAX, is_silent: true };
    for table in 0..saved.tables.len() {
        reader.is_silent = true;
        while let Some(at) = saved.tables[table].at {
            if stop.is_cancelled() {
                return Ok(Ended::Stopped);
            }
            let Page { events, next } =
                reader.read(inner.engine.as_ref(), &saved.tables[table], &range, at).await?;
            if let Ended::Stopped =
                send_page(Line { inner, shipper, table }, saved, events, stop).await?
            {
                return Ok(Ended::Stopped);
            }
            let place = &mut saved.tables[table];
            (place.at, place.settled) = next;
            saved.progress.latest = saved.progress.latest.max(place.at);
            saved.progress.trouble = None;
            write(inner, saved).await?;
            inner.note(saved);
        }
    }
    Ok(Ended::Done)
}

/// Events of a table, and where it goes on after them.
struct Page {
    events: Vec<Outgoing>,
    next: (Option<Timestamp>, HashSet<String>),
}

/// How a table is read.
struct Reader {
    rows_max: usize,
    stretch: Duration,
    /// Whether the last stretch held nothing.
    is_silent: bool,
}

impl Reader {
    /// The next page of a table that is settled before `at`.
    async fn read(
        &mut self,
        engine: &dyn QueryEngine,
        table: &Table,
        range: &Range,
        at: Timestamp,
    ) -> Result<Page> {
        let mut from = at;
        if self.is_silent {
            // Nothing of a long silence is looked through stretch by stretch.
            let first =
                rows::first(engine, &table.name, range, at).await.context("ask the lake")?;
            let Some(first) = first else {
                return Ok(Page { events: Vec::new(), next: (None, HashSet::new()) });
            };
            from = first;
        }
        loop {
            let end = from.checked_add(self.stretch).unwrap_or(range.until).min(range.until);
            let wanted = self.rows_max.saturating_add(table.settled.len());
            let page = rows::page(engine, &table.name, range, (from, end), wanted).await;
            let events = match page {
                Ok(events) => events,
                Err(error) if error.kind == QueryErrorKind::Limit && self.rows_max > 1 => {
                    // Large events: fewer of them at a time.
                    self.rows_max /= 2;
                    continue;
                }
                Err(error) => return Err(anyhow!(error).context("ask the lake")),
            };
            let next = self.next(&events, wanted, (from, end), range.until);
            return Ok(Page { events, next });
        }
    }

    /// Where a table goes on after these events of a stretch, and how much of it is looked through then.
    fn next(
        &mut self,
        events: &[Outgoing],
        wanted: usize,
        (from, end): (Timestamp, Timestamp),
        until: Timestamp,
    ) -> (Option<Timestamp>, HashSet<String>) {
        self.is_silent = events.is_empty();
        let last = events.last().and_then(|event| event.time);
        let Some(last) = last.filter(|_| events.len() >= wanted) else {
            self.stretch = self.stretch.saturating_mul(2).min(STRETCH_MAX);
            return ((end < until).then_some(end), HashSet::new());
        };
        let passed = last.duration_since(from).unsigned_abs();
        self.stretch = passed.saturating_mul(STRETCH_PAGES).clamp(STRETCH_MIN, STRETCH_MAX);
        // Of the last moment there may be more.
        let at_last = events.iter().filter(|event| event.time == Some(last));
        (Some(last), at_last.map(|event| event.id.clone()).collect())
    }
}

/// Whose events go where.
#[derive(Clone, Copy)]
struct Line<'a> {
    inner: &'a Arc<Inner>,
    shipper: &'a Arc<Shipper>,
    /// Which of the replay's tables.
    table: usize,
}

/// Sends those events of a page that are not settled, and notes each request's outcome.
async fn send_page(
    line: Line<'_>,
    saved: &mut Saved,
    page: Vec<Outgoing>,
    stop: &CancellationToken,
) -> Result<Ended> {
    let Line { shipper, table, .. } = line;
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
        note(line, saved, &events, &unsendable).await?;
    }
    let mut settled = stream::iter(packed.parcels)
        .map(|parcel| shipper.deliver(parcel, &events, stop))
        .buffer_unordered(PARCELS_IN_FLIGHT_MAX);
    while let Some(parcel) = settled.next().await {
        let Ok(parcel) = parcel else { return Ok(Ended::Stopped) };
        note(line, saved, &events, &parcel).await?;
    }
    Ok(Ended::Done)
}

/// Counts what became of some events in the ledger, lays the refused ones among the dead letters, and saves the file.
async fn note(
    line: Line<'_>,
    saved: &mut Saved,
    events: &[Outgoing],
    outcome: &Settled,
) -> Result<()> {
    let Line { inner, shipper, table } = line;
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use model::SourceId;

    use super::*;

    fn time(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn events(seconds: &[i64]) -> Vec<Outgoing> {
        let source = SourceId {
            provider: "auth0".to_owned(),
            tenant: "acme".to_owned(),
            source: "poll".to_owned(),
        };
        let event = |(number, second): (usize, &i64)| Outgoing {
            source: Arc::new(source.clone()),
            domain: None,
            offset: 0,
            id: number.to_string(),
            time: Some(time(*second)),
            received: time(*second),
            raw: Bytes::new(),
        };
        seconds.iter().enumerate().map(event).collect()
    }

    /// Seconds of the events of a page of four, the place after it, the stretch then in seconds.
    #[track_caller]
    fn check(seconds: &[i64], expected: (Option<i64>, &[&str], u64)) {
        let mut reader =
            Reader { rows_max: 4, stretch: Duration::from_secs(100), is_silent: false };
        let (at, settled) = reader.next(&events(seconds), 4, (time(0), time(100)), time(1000));
        let mut settled: Vec<&str> = settled.iter().map(String::as_str).collect();
        settled.sort_unstable();
        let found = (at.map(Timestamp::as_second), settled.as_slice(), reader.stretch.as_secs());
        assert_eq!(found, expected);
        assert_eq!(reader.is_silent, seconds.is_empty());
    }

    #[test]
    fn a_full_page_goes_on_at_its_last_moment_and_knows_what_is_settled_of_it() {
        check(&[1, 2, 3, 9], (Some(9), &["3"], 27));
        check(&[1, 9, 9, 9], (Some(9), &["1", "2", "3"], 27));
        check(&[0, 0, 0, 0], (Some(0), &["0", "1", "2", "3"], 1));
    }

    #[test]
    fn a_page_that_is_not_full_ends_its_stretch() {
        check(&[1, 2, 3], (Some(100), &[], 200));
        check(&[], (Some(100), &[], 200));
    }

    #[test]
    fn the_last_stretch_ends_the_table() {
        let mut reader = Reader { rows_max: 4, stretch: STRETCH_MAX, is_silent: false };
        let next = reader.next(&events(&[1]), 4, (time(0), time(100)), time(100));
        assert_eq!((next, reader.stretch), ((None, HashSet::new()), STRETCH_MAX));
    }
}
