//! Changes while pages are on their way, against a provider that needs no network and a journal of its own.
//! Deliberately absent: whole tenants and destinations (`tests/it/roster.rs`).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::ReceiverTable;
use bytes::Bytes;
use futures::FutureExt as _;
use http::{HeaderMap, Method};
use journal::{Journal, ReaderStart, StoredIds, StoredIdsError};
use model::{Clock, Cursor, Event, SourceId, SystemClock, Timestamp};
use net::{Answer, Client, ClientSettings, EntraTokens, ManagedEndpoint, Request};
use sources::{Capacity, Outcome, Poll, PollSource, Step};
use tokio_util::sync::CancellationToken;

use super::{Mode, Snapshot, Source, Supervisor};
use crate::config::{ConfiguredSource, Way};
use crate::parts::Parts;

/// Events of a page.
const PAGE: u64 = 10;

/// A provider that gives page after page without end, each behind the cursor of the one before.
struct Endless {
    begun: Arc<AtomicUsize>,
    gate: Arc<Gate>,
}

/// Where an answer waits before it is looked at.
#[derive(Default)]
struct Gate {
    /// Held by whoever wants that none is looked at meanwhile.
    closed: Mutex<()>,
    /// How many have come to it.
    arrived: AtomicUsize,
    /// How many of the next ones meet a defect of ours.
    defects: AtomicUsize,
}

struct Pages {
    next: u64,
    gate: Arc<Gate>,
}

impl PollSource for Endless {
    fn start(&self, cursor: Option<Cursor>, _: Timestamp) -> Box<dyn Poll> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        let next = cursor.and_then(|cursor| cursor.0.parse().ok()).unwrap_or(0);
        Box::new(Pages { next, gate: self.gate.clone() })
    }

    fn capacity(&self) -> Capacity {
        Capacity::default()
    }
}

impl Poll for Pages {
    fn step(&mut self, _: Timestamp) -> Step {
        // Nobody listens there: that no answer comes is answer enough.
        Step::Send(Request {
            method: Method::GET,
            url: "http://127.0.0.1:1/".parse().unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            timeout: Duration::from_secs(5),
        })
    }

    fn answer(&mut self, _: Result<&Answer, &str>, now: Timestamp) -> Outcome {
        self.gate.arrived.fetch_add(1, Ordering::SeqCst);
        drop(self.gate.closed.lock());
        let fewer = |left: usize| left.checked_sub(1);
        let met = self.gate.defects.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fewer);
        assert!(met.is_err(), "a defect");
        let numbers = self.next..self.next + PAGE;
        self.next = numbers.end;
        let event = |number: u64| Event {
            id: format!("{number:08}"),
            time: Some(now),
            raw: Bytes::from(format!("{{\"number\":{number}}}")),
        };
        Outcome::Page {
            events: numbers.map(event).collect(),
            rejected: Vec::new(),
            cursor: Some(Cursor(self.next.to_string())),
            gap: None,
            walked: None,
            more: true,
        }
    }
}

struct Nothing;

impl StoredIds for Nothing {
    fn ids_of_day(&self, _: i32) -> Result<Vec<u128>, StoredIdsError> {
        Ok(Vec::new())
    }
}

fn id(tenant: &str) -> SourceId {
    SourceId { provider: "auth0".into(), tenant: tenant.into(), source: "poll".into() }
}

fn endless(tenant: &str, begun: &Arc<AtomicUsize>) -> Source {
    gated(tenant, begun, &Arc::default())
}

fn gated(tenant: &str, begun: &Arc<AtomicUsize>, gate: &Arc<Gate>) -> Source {
    let configured = ConfiguredSource {
        id: id(tenant),
        provider: sources::find("auth0").unwrap(),
        way: Way::Poll(Box::new(Endless { begun: begun.clone(), gate: gate.clone() })),
        secret_expires: None,
        written: serde_json::Value::Null,
        beside: serde_json::Map::new(),
    };
    Source {
        configured: Arc::new(configured),
        is_paused: false,
        resumed: None,
        earlier_until: None,
    }
}

fn roster(sources: &[&Source]) -> Snapshot {
    Snapshot { sources: sources.iter().copied().cloned().collect(), ..Snapshot::default() }
}

/// A supervisor that begins with nothing, over a journal in `folder`.
pub(super) fn supervisor(folder: &std::path::Path) -> Supervisor {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let options = journal::Options::default();
    let journal = Journal::open(folder, options, clock.clone(), Arc::new(Nothing)).unwrap();
    // What nobody reads would not be kept.
    journal.register_reader("test", ReaderStart::Beginning).unwrap();
    let client = Client::new(&ClientSettings::default()).unwrap();
    let managed = ManagedEndpoint::from_variables(None, None).unwrap();
    let tokens = Arc::new(EntraTokens::new(client.clone(), clock.clone(), managed));
    let (board, domains) = (Arc::default(), Arc::default());
    let parts = Parts { journal, client, tokens, clock, board, domains };
    Supervisor::new(parts, ReceiverTable::default(), Mode::Work, CancellationToken::new())
}

/// The ids of a tenant's events, in the journal's order.
fn stored(journal: &Journal, tenant: &str) -> Vec<String> {
    let (mut ids, mut offset) = (Vec::new(), 1);
    loop {
        let batches = journal.read(offset, 1024 * 1024).unwrap();
        let Some(last) = batches.last().and_then(|batch| batch.events.last()) else { return ids };
        offset = last.offset + 1;
        let own = batches.iter().filter(|batch| batch.source.tenant == tenant);
        ids.extend(own.flat_map(|batch| batch.events.iter().map(|event| event.id.clone())));
    }
}

/// Waits until so many events more are there than were at the call.
async fn wait_for_more(journal: &Journal) {
    let mut head = journal.head();
    let wanted = *head.borrow() + 3 * PAGE;
    head.wait_for(|head| *head >= wanted).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_while_pages_are_on_their_way_loses_and_doubles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let supervisor = supervisor(folder.path());
    let journal = supervisor.parts().journal.clone();
    let (changed, left_alone) = (Arc::default(), Arc::default());
    let other = endless("other", &left_alone);
    let mut before = roster(&[&endless("acme", &changed), &other]);
    supervisor.begin(&Snapshot::default(), &before).unwrap();
    for round in 0..12 {
        wait_for_more(&journal).await;
        // Every third time it is switched off and on again, otherwise it is written anew.
        let mut next = endless("acme", &changed);
        if round % 3 == 0 {
            next = before.sources[0].clone();
            next.is_paused = true;
        }
        let after = roster(&[&next, &other]);
        supervisor.end(&before, &after).await;
        let ended = stored(&journal, "acme").len();
        if round % 3 == 0 {
            supervisor.begin(&before, &after).unwrap();
            wait_for_more(&journal).await;
            assert_eq!(stored(&journal, "acme").len(), ended, "it is switched off");
            next.is_paused = false;
            let resumed = roster(&[&next, &other]);
            supervisor.end(&after, &resumed).await;
            supervisor.begin(&after, &resumed).unwrap();
            before = resumed;
        } else {
            supervisor.begin(&before, &after).unwrap();
            before = after;
        }
    }
    supervisor.end(&before, &Snapshot::default()).await;
    for tenant in ["acme", "other"] {
        let found = stored(&journal, tenant);
        let expected: Vec<String> = (0..found.len()).map(|number| format!("{number:08}")).collect();
        assert_eq!(found, expected, "{tenant}");
        let states = journal.source_states().unwrap();
        let state = states.iter().find(|state| state.source == id(tenant)).unwrap();
        assert_eq!((state.duplicates, state.stored), (0, found.len() as u64), "{tenant}");
    }
    assert_eq!(changed.load(Ordering::Relaxed), 13, "begun once, and after each change");
    assert_eq!(left_alone.load(Ordering::Relaxed), 1, "nobody disturbed the other one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_task_notes_while_it_ends_does_not_outlive_it() {
    let folder = tempfile::tempdir().unwrap();
    let supervisor = supervisor(folder.path());
    let board = supervisor.parts().board.clone();
    let gate: Arc<Gate> = Arc::default();
    let before = roster(&[&gated("acme", &Arc::default(), &gate)]);
    supervisor.begin(&Snapshot::default(), &before).unwrap();
    wait_for_more(&supervisor.parts().journal).await;
    let after = Snapshot::default();
    let mut ending = Box::pin(supervisor.end(&before, &after));
    {
        // An answer is looked at while the source is ended; what it means is noted afterwards.
        let _closed = gate.closed.lock().unwrap();
        let arrived = gate.arrived.load(Ordering::SeqCst);
        while gate.arrived.load(Ordering::SeqCst) == arrived {
            std::thread::yield_now();
        }
        assert!(ending.as_mut().now_or_never().is_none(), "it waits for the answer");
    }
    ending.await;
    assert_eq!(board.sources(), std::collections::BTreeMap::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_defect_in_a_poll_does_not_end_it_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let supervisor = supervisor(folder.path());
    let journal = supervisor.parts().journal.clone();
    let (gate, begun): (Arc<Gate>, Arc<AtomicUsize>) = Default::default();
    let before = roster(&[&gated("acme", &begun, &gate)]);
    supervisor.begin(&Snapshot::default(), &before).unwrap();
    for round in 2..4 {
        wait_for_more(&journal).await;
        gate.defects.store(1, Ordering::SeqCst);
        while gate.defects.load(Ordering::SeqCst) > 0 {
            tokio::task::yield_now().await;
        }
        wait_for_more(&journal).await;
        assert_eq!(begun.load(Ordering::SeqCst), round);
    }
    supervisor.end(&before, &Snapshot::default()).await;
    let found = stored(&journal, "acme");
    let expected: Vec<String> = (0..found.len()).map(|number| format!("{number:08}")).collect();
    assert_eq!(found, expected);
}
