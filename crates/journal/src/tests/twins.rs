//! Events of which two channels tell under two ids: stored once, joined while the first one waits, never taken for another
//! event that says the same.

use std::sync::atomic::{AtomicI64, Ordering};

use model::{Clock, SignedDuration};
use proptest::prelude::*;

use super::faults::{Fault, FaultyDisk};
use super::*;
use crate::disk::RealDisk;
use crate::journal::Surroundings;
use crate::{Telling, Twins};

/// Events say what stands behind the dash of their id: `p1-login` and `w7-login` may be one.
struct FakeTwins {
    is_awaited: bool,
}

impl Twins for FakeTwins {
    fn has_contents(&self, _: &SourceId) -> bool {
        true
    }

    fn content(&self, _: &SourceId, event: &Event) -> Option<u128> {
        let said = event.id.split_once('-')?.1;
        Some(u128::from_le_bytes(std::array::from_fn(|n| {
            said.as_bytes().get(n).copied().unwrap_or(0)
        })))
    }

    fn is_awaited(&self, _: &SourceId) -> bool {
        self.is_awaited
    }

    fn join(&self, _: &SourceId, first: &Telling, second: &Telling) -> Option<Telling> {
        let raw = [first.raw.as_ref(), b"+", second.raw.as_ref()].concat();
        let id = if first.id.starts_with('w') { &first.id } else { &second.id };
        Some(Telling { id: id.clone(), raw: Bytes::from(raw) })
    }
}

/// A clock that the test moves.
#[derive(Default)]
struct Moved(AtomicI64);

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        now() + SignedDuration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

struct Both {
    dir: TempDir,
    clock: Arc<Moved>,
    disk: Option<Arc<FaultyDisk>>,
    is_awaited: bool,
    journal: Option<Journal>,
}

impl Both {
    fn new(is_awaited: bool, disk: Option<Arc<FaultyDisk>>) -> Self {
        let dir = TempDir::new().unwrap();
        let mut both = Self { dir, clock: Arc::default(), disk, is_awaited, journal: None };
        both.open();
        both
    }

    fn open(&mut self) {
        self.journal = None;
        let surroundings = Surroundings {
            clock: self.clock.clone(),
            stored: Arc::new(EmptyLake),
            twins: Arc::new(FakeTwins { is_awaited: self.is_awaited }),
            disk: match &self.disk {
                Some(disk) => disk.clone(),
                None => Arc::new(RealDisk),
            },
        };
        self.journal =
            Some(Journal::open_on(self.dir.path(), Options::default(), surroundings).unwrap());
    }

    fn journal(&self) -> &Journal {
        self.journal.as_ref().unwrap()
    }

    async fn append(&self, via: Via, ids: &[&str]) -> Result<u64, crate::AppendError> {
        let source = SourceId {
            provider: "onelogin".into(),
            tenant: "acme".into(),
            source: format!("{via:?}"),
        };
        let event = |id: &&str| Event {
            id: (*id).to_owned(),
            time: Some(now()),
            raw: Bytes::from((*id).to_owned()),
        };
        let events = ids.iter().map(event).collect();
        let made = Batch { source, via, received: self.clock.now(), events, ..batch("x", []) };
        self.journal().append(made).await.map(|appended| appended.stored)
    }

    /// What readers see.
    fn rows(&self) -> Vec<String> {
        let events = read_all(self.journal(), 1, 1000).into_iter().flat_map(|it| it.events);
        let text = |event: crate::StoredEvent| {
            let raw = String::from_utf8(event.raw.to_vec()).unwrap();
            if raw == event.id { raw } else { format!("{}: {raw}", event.id) }
        };
        events.map(text).collect()
    }

    /// Stored, both, duplicates of all accounts.
    fn counts(&self) -> (u64, u64, u64) {
        let all =
            self.journal().accounts(Timestamp::UNIX_EPOCH, self.clock.now()).unwrap_or_default();
        all.iter().fold((0, 0, 0), |(stored, both, duplicates), it| {
            let counts = it.counts;
            (stored + counts.stored, both + counts.both, duplicates + counts.duplicates)
        })
    }
}

fn later(both: &Both, seconds: i64) {
    both.clock.0.fetch_add(seconds, Ordering::SeqCst);
}

#[tokio::test]
async fn an_event_waits_for_its_twin_and_both_are_one() {
    let mut both = Both::new(true, None);
    assert_eq!(both.append(Via::Push, &["w1-in", "w2-out"]).await.unwrap(), 2);
    later(&both, 1);
    assert_eq!(both.rows(), [""; 0], "they wait");
    // A crash or a kill at this point: what waits is in the file.
    let copy = TempDir::new().unwrap();
    for side in ["", "-wal"] {
        let name = format!("{}{side}", crate::schema::FILE_NAME);
        std::fs::copy(both.dir.path().join(&name), copy.path().join(&name)).unwrap();
    }
    both.journal = None;
    both.dir = copy;
    both.open();
    assert_eq!(both.append(Via::Poll, &["p9-out", "p8-in", "p7-new"]).await.unwrap(), 1);
    assert_eq!(both.rows(), ["w2-out: w2-out+p9-out", "w1-in: w1-in+p8-in"]);
    // Both ids are known from now on.
    assert_eq!(both.append(Via::Push, &["w1-in", "w2-out"]).await.unwrap(), 0);
    assert_eq!(both.append(Via::Poll, &["p8-in", "p9-out"]).await.unwrap(), 0);
    later(&both, 31);
    assert_eq!(both.append(Via::Poll, &["p6-late"]).await.unwrap(), 1);
    assert_eq!(both.rows().last().unwrap(), "p7-new", "it has waited long enough");
    later(&both, 1);
    // Its twin comes too late to be joined; it is known all the same.
    assert_eq!(both.append(Via::Push, &["w3-new"]).await.unwrap(), 0);
    both.journal.take().unwrap().close().await;
    both.open();
    assert_eq!(both.rows(), ["w2-out: w2-out+p9-out", "w1-in: w1-in+p8-in", "p7-new", "p6-late"]);
    // Day and account of all of this: the clock stands within the hour of the events.
    later(&both, 7200);
    assert_eq!(both.counts(), (4, 3, 4));
}

#[tokio::test]
async fn what_says_the_same_is_matched_one_to_one() {
    for is_awaited in [false, true] {
        let both = Both::new(is_awaited, None);
        assert_eq!(both.append(Via::Push, &["w1-x", "w2-x"]).await.unwrap(), 2);
        assert_eq!(both.append(Via::Poll, &["p1-x"]).await.unwrap(), 0);
        assert_eq!(both.append(Via::Poll, &["p2-x", "p3-x"]).await.unwrap(), 1);
        assert_eq!(both.append(Via::Push, &["w2-x"]).await.unwrap(), 0, "come again");
        assert_eq!(both.append(Via::Push, &["w3-x"]).await.unwrap(), 0);
        later(&both, 7200);
        assert_eq!(both.counts(), (3, 3, 1));
    }
}

#[tokio::test]
async fn a_failed_commit_keeps_the_match_open() {
    for fault in [Fault::Before, Fault::After] {
        let disk = FaultyDisk::new();
        let both = Both::new(true, Some(Arc::clone(&disk)));
        both.append(Via::Push, &["w1-x"]).await.unwrap();
        disk.set(fault);
        both.append(Via::Poll, &["p1-x", "p2-y"]).await.unwrap_err();
        disk.set(Fault::None);
        both.append(Via::Poll, &["p1-x", "p2-y"]).await.unwrap();
        later(&both, 60);
        both.append(Via::Poll, &["p3-z"]).await.unwrap();
        assert_eq!(both.rows(), ["w1-x: w1-x+p1-x", "p2-y"], "{fault:?}");
        later(&both, 7200);
        let repeats = if fault == Fault::After { 2 } else { 0 };
        assert_eq!(both.counts(), (3, 1, repeats), "{fault:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Whatever the order in which two channels tell of the same events, and however often: as many are stored as there
    /// were, and each is counted as come by both once.
    #[test]
    fn every_interleaving_stores_each_event_once(
        contents in prop::collection::vec(0_u8..4, 1..8),
        order in prop::collection::vec(any::<prop::sample::Index>(), 1..40),
        is_awaited: bool,
    ) {
        let arrivals: Vec<(Via, String)> = contents
            .iter()
            .enumerate()
            .flat_map(|(n, said)| [(Via::Poll, format!("p{n}-{said}")), (Via::Push, format!("w{n}-{said}"))])
            .collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut both = Both::new(is_awaited, None);
            let some = order.iter().map(|index| index.get(&arrivals));
            for (n, (via, id)) in some.chain(&arrivals).enumerate() {
                both.append(*via, &[id]).await.unwrap();
                if n % 7 == 6 {
                    later(&both, 20);
                    both.open();
                }
            }
            both.journal.take().unwrap().close().await;
            both.open();
            assert_eq!(both.rows().len(), contents.len());
            later(&both, 7200);
            let (stored, by_both, _) = both.counts();
            assert_eq!((stored, by_both), (contents.len() as u64, contents.len() as u64));
        });
    }
}
