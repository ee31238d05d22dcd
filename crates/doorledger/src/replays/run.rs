//! A replay at work: page by page from the lake, packed as the live shipping packs, a few requests in flight, and after
//! each request the count and the file. What is acknowledged is not sent again, whenever the process ends.
//! Deliberately absent: requests, answers and waits, which are the shipper's (`ship`).

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use api::ReplayState;
use destinations::Outgoing;
use futures::{StreamExt as _, stream};
use journal::Booking;
use model::{QueryEngine, QueryErrorKind, Timestamp};
use tokio_util::sync::CancellationToken;

use super::Inner;
use super::rows::{self, Range};
use super::saved::{self, Saved, Table};
use super::settled::SettledEvents;
use crate::collect::sleep;
use crate::outcome::Unsaved;
use crate::replay::REPLAY_PREFIX;
use crate::ship::{PARCELS_IN_FLIGHT_MAX, Shipper};

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
    next: (Option<Timestamp>, SettledEvents),
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
                return Ok(Page { events: Vec::new(), next: (None, SettledEvents::default()) });
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
            let next = self.next(&events, wanted, (from, end), (table, range.until));
            return Ok(Page { events, next });
        }
    }

    /// Where a table goes on after these events of a stretch, and how much of it is looked through then.
    fn next(
        &mut self,
        events: &[Outgoing],
        wanted: usize,
        (from, end): (Timestamp, Timestamp),
        (table, until): (&Table, Timestamp),
    ) -> (Option<Timestamp>, SettledEvents) {
        self.is_silent = events.is_empty();
        let last = events.last().and_then(|event| event.time);
        let Some(last) = last.filter(|_| events.len() >= wanted) else {
            self.stretch = self.stretch.saturating_mul(2).min(STRETCH_MAX);
            return ((end < until).then_some(end), SettledEvents::default());
        };
        let passed = last.duration_since(from).unsigned_abs();
        self.stretch = passed.saturating_mul(STRETCH_PAGES).clamp(STRETCH_MIN, STRETCH_MAX);
        // Of the last moment there may be more. What was settled of it stays settled, on whichever page it stood.
        let is_same_moment = table.at == Some(last);
        let mut settled =
            if is_same_moment { table.settled.clone() } else { SettledEvents::default() };
        for event in events.iter().filter(|event| event.time == Some(last)) {
            settled.insert(event);
        }
        (Some(last), settled)
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
    let open = page
        .into_iter()
        .filter(|event| !place.settled.contains(event) && shipper.destination.takes(&event.source));
    let domains = shipper.domains.now();
    let events: Vec<Outgoing> = open
        .map(|event| Outgoing { domain: domains.of(&event.source).map(Arc::from), ..event })
        .collect();
    let destination = shipper.destination.clone();
    let packing = tokio::task::spawn_blocking(move || (destination.pack(&events), events));
    let (packed, events) = packing.await.context("pack")?;
    if !packed.refused.is_empty() {
        let mut unsaved = Unsaved::default();
        unsaved.add_unsendable(&packed.refused, &events);
        let positions: Vec<usize> = packed.refused.iter().map(|(position, _)| *position).collect();
        note(line, saved, (&events, &positions), unsaved).await?;
    }
    let mut settled = stream::iter(packed.parcels)
        .map(|parcel| shipper.deliver(parcel, &events, stop))
        .buffer_unordered(PARCELS_IN_FLIGHT_MAX);
    while let Some(parcel) = settled.next().await {
        let Ok(parcel) = parcel else { return Ok(Ended::Stopped) };
        let mut unsaved = Unsaved::default();
        unsaved.add(&parcel, &events);
        note(line, saved, (&events, &parcel.events), unsaved).await?;
    }
    Ok(Ended::Done)
}

/// Counts what became of the events at some positions in the ledger, lays the refused ones among the dead letters, and
/// saves the file.
async fn note(
    line: Line<'_>,
    saved: &mut Saved,
    (events, positions): (&[Outgoing], &[usize]),
    unsaved: Unsaved,
) -> Result<()> {
    let Line { inner, shipper, table } = line;
    let refused = unsaved.dead.len() as u64;
    let origin = Shipper::reader(&shipper.name);
    let mut booking = Some(Booking {
        deliveries: vec![(format!("{REPLAY_PREFIX}{}", shipper.name), unsaved.deliveries)],
        dead: unsaved.dead.into_iter().map(|letter| (origin.clone(), letter)).collect(),
        settled: Vec::new(),
    });
    // What was acknowledged stands in the file first, so that it is never sent again; a crash before it is booked leaves
    // it out of the ledger. What was refused is booked first: a dead letter must not be lost, and comes twice at worst.
    if refused > 0
        && let Some(booking) = booking.take()
    {
        inner.journal.book(booking).await.context("count what was sent again")?;
    }
    for event in positions.iter().filter_map(|position| events.get(*position)) {
        saved.tables[table].settled.insert(event);
    }
    saved.progress.refused += refused;
    saved.progress.sent += (positions.len() as u64).saturating_sub(refused);
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

    fn source(tenant: &str) -> SourceId {
        SourceId {
            provider: "auth0".to_owned(),
            tenant: tenant.to_owned(),
            source: "poll".to_owned(),
        }
    }

    fn event(tenant: &str, offset: u64, id: &str, second: i64) -> Outgoing {
        Outgoing {
            source: Arc::new(source(tenant)),
            domain: None,
            offset,
            id: id.to_owned(),
            time: Some(time(second)),
            received: time(second),
            raw: Bytes::new(),
        }
    }

    /// Events of these seconds; offset and id of each is its number.
    fn events(seconds: &[i64]) -> Vec<Outgoing> {
        let numbered = seconds.iter().zip(0_u64..);
        numbered.map(|(second, n)| event("acme", n, &n.to_string(), *second)).collect()
    }

    fn reader() -> Reader {
        Reader { rows_max: 4, stretch: Duration::from_secs(100), is_silent: false }
    }

    fn table(at: i64) -> Table {
        let settled = SettledEvents::default();
        Table { name: "Auth0Logs_CL".to_owned(), at: Some(time(at)), settled }
    }

    /// Seconds of the events of a page of four, the place after it, which of the events are settled beyond that place, the
    /// stretch then in seconds.
    #[track_caller]
    fn check(seconds: &[i64], expected: (Option<i64>, &[u64], u64)) {
        let mut reader = reader();
        let page = events(seconds);
        let end = (&table(0), time(1000));
        let (at, settled) = reader.next(&page, 4, (time(0), time(100)), end);
        let offsets: Vec<u64> =
            page.iter().filter(|event| settled.contains(event)).map(|event| event.offset).collect();
        let found = (at.map(Timestamp::as_second), offsets.as_slice(), reader.stretch.as_secs());
        assert_eq!((found, settled.len()), (expected, expected.1.len()));
        assert_eq!(reader.is_silent, seconds.is_empty());
    }

    #[test]
    fn a_full_page_goes_on_at_its_last_moment_and_knows_what_is_settled_of_it() {
        check(&[1, 2, 3, 9], (Some(9), &[3], 27));
        check(&[1, 9, 9, 9], (Some(9), &[1, 2, 3], 27));
        check(&[0, 0, 0, 0], (Some(0), &[0, 1, 2, 3], 1));
    }

    #[test]
    fn what_shares_its_id_with_a_settled_event_is_not_settled() {
        let page = ["acme", "globex", "acme", "acme"];
        let page: Vec<Outgoing> =
            page.iter().zip(1_u64..).map(|(tenant, offset)| event(tenant, offset, "", 9)).collect();
        let end = (&table(0), time(1000));
        let (_, settled) = reader().next(&page, 4, (time(0), time(100)), end);
        assert_eq!(settled.len(), 4);
        assert!(page.iter().all(|event| settled.contains(event)));
        assert!(!settled.contains(&event("globex", 1, "", 9)));
        assert!(!settled.contains(&event("acme", 5, "", 9)));
    }

    #[test]
    fn what_was_settled_of_a_moment_stays_settled_on_its_next_page() {
        let mut table = table(9);
        table.settled.insert(&event("acme", 100, "late", 9));
        let next = |table: &Table, seconds: &[i64]| {
            reader().next(&events(seconds), 4, (time(9), time(100)), (table, time(1000))).1
        };
        assert!(next(&table, &[9, 9, 9, 9]).contains(&event("acme", 100, "late", 9)));
        assert_eq!(next(&table, &[9, 9, 9, 10]).len(), 1, "a later moment begins anew");
    }

    #[test]
    fn a_page_that_is_not_full_ends_its_stretch() {
        check(&[1, 2, 3], (Some(100), &[], 200));
        check(&[], (Some(100), &[], 200));
    }

    #[test]
    fn the_last_stretch_ends_the_table() {
        let mut reader = Reader { stretch: STRETCH_MAX, ..reader() };
        let end = (&table(0), time(100));
        let next = reader.next(&events(&[1]), 4, (time(0), time(100)), end);
        assert_eq!((next, reader.stretch), ((None, SettledEvents::default()), STRETCH_MAX));
    }
}
