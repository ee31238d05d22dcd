//! A simulation from a seed: sources append (old and new events, alone and together), a lake and a destination follow,
//! commits fail, the lake falls silent, the process crashes and starts again. Afterwards every acknowledged event is in
//! the lake, once, at a dense offset; nothing is there that nobody sent; no cursor is ahead of its data.
//!
//! A world that fails tells its seed and the command that runs it again; `DOORLEDGER_SEEDS=2000` tries so many. Its files
//! are in memory where the system has a place for that: a crash is a copy of what is in the files, durable or not, so that
//! nothing is learned from waiting for a disk.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::catch_unwind;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::future::join_all;
use model::{Cursor, Rejected};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;

use super::faults::{FakeLake, Fault, FaultyDisk, open_on};
use super::*;
use crate::pin;
use crate::schema::FILE_NAME;
use crate::{AppendError, DeadLetter, DeadLetterFilter, ReaderStart};

const STEPS: usize = 120;
const SOURCES: usize = 4;

struct World {
    seed: u64,
    rng: ChaCha8Rng,
    dir: TempDir,
    options: Options,
    disk: Arc<FaultyDisk>,
    lake: Arc<FakeLake>,
    journal: Option<Journal>,
    /// What the lake has read, by offset.
    read: BTreeMap<u64, String>,
    /// Ids of acknowledged events, and of those whose append failed.
    acknowledged: HashSet<String>,
    attempted: HashSet<String>,
    /// By which ways each event came for certain, and by which it may have come.
    came: HashMap<String, HashSet<Via>>,
    may_have_come: HashMap<String, HashSet<Via>>,
    /// Events received for certain, and those that may have been.
    received: u64,
    may_have_been_received: u64,
    /// Of each source: number of the last batch, its ids, and which cursors are possible.
    batches: u64,
    ids_of_batch: HashMap<u64, Vec<String>>,
    cursors: HashMap<String, HashSet<Option<u64>>>,
    rejected: u64,
    next_new: u64,
}

/// Runs one world.
fn simulate(seed: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut world = World::new(seed);
        for _ in 0..STEPS {
            world.step().await;
        }
        world.finish().await;
    });
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let dedup_ids_max = [1, 20, 200, 1_000_000][rng.random_range(0..4)];
        let mut world = Self {
            seed,
            rng,
            dir: folder(),
            // Of every event it is remembered how it came.
            options: Options { dedup_ids_max, dedup_days: 90, ..Options::default() },
            disk: FaultyDisk::new(),
            lake: Arc::default(),
            journal: None,
            read: BTreeMap::new(),
            acknowledged: HashSet::new(),
            attempted: HashSet::new(),
            came: HashMap::new(),
            may_have_come: HashMap::new(),
            received: 0,
            may_have_been_received: 0,
            batches: 0,
            ids_of_batch: HashMap::new(),
            cursors: HashMap::new(),
            rejected: 0,
            next_new: 0,
        };
        world.open();
        for reader in ["lake", "azure"] {
            let offset = world.journal().register_reader(reader, ReaderStart::Beginning);
            assert_eq!(offset.unwrap(), 1);
        }
        world
    }

    async fn step(&mut self) {
        let what = self.rng.random_range(0..100);
        match what {
            0..55 => self.append().await,
            55..75 => self.lake_reads().await,
            75..85 => self.destination_reads().await,
            85..92 => {
                let fault = [Fault::Before, Fault::After][self.rng.random_range(0..2)];
                self.disk.set(fault);
                self.append().await;
                self.disk.set(Fault::None);
            }
            92..94 => {
                *self.lake.silent.lock().unwrap() = true;
                self.append().await;
                *self.lake.silent.lock().unwrap() = false;
            }
            94..97 => self.crash(),
            _ => self.restart().await,
        }
        // After trouble all of them are looked at; otherwise one, since looking takes as long as a step.
        let one = self.rng.random_range(0..SOURCES);
        for source in 0..SOURCES {
            if what >= 85 || source == one {
                self.check_cursor(&format!("s{source}"));
            }
        }
    }

    /// One to three batches at once, of different sources.
    async fn append(&mut self) {
        let first = self.rng.random_range(0..SOURCES);
        let count = self.rng.random_range(1..=3);
        let made: Vec<(u64, Batch)> =
            (first..first + count).map(|n| self.batch(n % SOURCES)).collect();
        let journal = self.journal().clone();
        let answers = join_all(made.iter().map(|(_, batch)| journal.append(batch.clone()))).await;
        for ((number, batch), answer) in made.into_iter().zip(answers) {
            let ids = self.ids_of_batch[&number].clone();
            let possible = self
                .cursors
                .entry(batch.source.source.clone())
                .or_insert_with(|| HashSet::from([None]));
            match answer {
                Ok(appended) => {
                    let events = batch.events.len() as u64;
                    assert_eq!(appended.stored + appended.duplicates, events, "seed {}", self.seed);
                    self.received += events;
                    self.may_have_been_received += events;
                    for id in &ids {
                        self.came.entry(id.clone()).or_default().insert(batch.via);
                        self.may_have_come.entry(id.clone()).or_default().insert(batch.via);
                    }
                    self.acknowledged.extend(ids);
                    self.rejected += appended.rejected;
                    if batch.cursor.is_some() {
                        possible.clear();
                        possible.insert(Some(number));
                    }
                }
                Err(AppendError::Storage(_)) => {
                    self.may_have_been_received += batch.events.len() as u64;
                    for id in &ids {
                        self.may_have_come.entry(id.clone()).or_default().insert(batch.via);
                    }
                    self.attempted.extend(ids);
                    if batch.cursor.is_some() {
                        possible.insert(Some(number));
                    }
                }
                // The others promise that nothing was stored.
                Err(AppendError::StoredIds { .. }) => {}
                Err(error) => panic!("seed {}: {error}", self.seed),
            }
        }
    }

    /// A batch of new and old events of many days.
    fn batch(&mut self, source: usize) -> (u64, Batch) {
        let count = self.rng.random_range(0..12);
        let numbers: Vec<u64> = (0..count)
            .map(|_| {
                if self.next_new == 0 || self.rng.random_bool(0.6) {
                    self.next_new += 1;
                    self.next_new
                } else {
                    self.rng.random_range(1..=self.next_new)
                }
            })
            .collect();
        self.batches += 1;
        let mut made = batch(&format!("s{source}"), numbers);
        made.via = if source.is_multiple_of(2) { Via::Poll } else { Via::Push };
        for event in &mut made.events {
            // The day is a function of the event: the same event tells the same time whenever it comes.
            let n: i64 = event.id.parse().unwrap();
            let days = n * 7 % 60;
            event.time = Some(now() - model::SignedDuration::from_hours(24 * days));
        }
        if self.rng.random_bool(0.7) {
            made.cursor = Some(Cursor(self.batches.to_string()));
        }
        if self.rng.random_bool(0.1) {
            made.rejected.push(Rejected { raw: Bytes::from("?"), reason: "bad".into() });
        }
        let ids = made.events.iter().map(|event| event.id.clone()).collect();
        self.ids_of_batch.insert(self.batches, ids);
        (self.batches, made)
    }

    /// The lake commits what it reads, then saves its offset; it may crash in between.
    async fn lake_reads(&mut self) {
        let offset = self.offset("lake");
        let bytes_max = self.rng.random_range(1..2000);
        let batches = self.journal().read(offset, bytes_max).unwrap();
        let mut next = offset;
        for batch in &batches {
            assert_eq!(batch.offset, next, "seed {}", self.seed);
            for event in &batch.events {
                assert_eq!(event.offset, next, "seed {}", self.seed);
                let before = self.read.insert(event.offset, event.id.clone());
                assert!(before.is_none_or(|before| before == event.id), "seed {}", self.seed);
                let hash = crate::id_hash(&batch.source.provider, &batch.source.tenant, &event.id);
                let mut ids = self.lake.ids.lock().unwrap();
                let of_day = ids.entry(crate::day_of(event.time.unwrap())).or_default();
                of_day.push(((*batch.source).clone(), hash));
                next += 1;
            }
        }
        if self.rng.random_bool(0.1) {
            self.crash();
        } else {
            self.journal().advance("lake", next, Vec::new()).await.unwrap();
        }
    }

    /// A destination passes events on, and gives up on some.
    async fn destination_reads(&mut self) {
        let offset = self.offset("azure");
        let bytes_max = self.rng.random_range(1..5000);
        let batches = self.journal().read(offset, bytes_max).unwrap();
        let mut next = offset;
        let mut dead = Vec::new();
        for (batch, event) in batches.iter().flat_map(|b| b.events.iter().map(move |e| (b, e))) {
            next = event.offset + 1;
            if self.rng.random_bool(0.02) {
                dead.push(DeadLetter::of_event(&batch.source, event, "refused"));
            }
        }
        self.rejected += dead.len() as u64;
        self.journal().advance("azure", next, dead).await.unwrap();
    }

    /// The process ends at once: what is in the files is all that is left.
    fn crash(&mut self) {
        let dir = folder();
        // The pin first: it is never ahead of the others, and what it says is compared with them at the next start.
        for name in [pin::FILE_NAME, FILE_NAME, &format!("{FILE_NAME}-wal")] {
            std::fs::copy(self.dir.path().join(name), dir.path().join(name)).unwrap();
        }
        self.journal = None;
        self.dir = dir;
        self.open();
    }

    async fn restart(&mut self) {
        let journal = self.journal.take().unwrap();
        if self.rng.random_bool(0.5) {
            journal.close().await;
        } else {
            drop(journal);
        }
        self.open();
    }

    fn check_cursor(&self, name: &str) {
        let Some(possible) = self.cursors.get(name) else { return };
        let cursor = self.journal().cursor(&source(name)).unwrap();
        let number = cursor.map(|cursor| cursor.0.parse::<u64>().unwrap());
        assert!(
            possible.contains(&number),
            "seed {}: {name} is at {number:?}, not {possible:?}",
            self.seed
        );
    }

    async fn finish(&mut self) {
        (0..SOURCES).for_each(|source| self.check_cursor(&format!("s{source}")));
        while self.offset("lake") < *self.journal().head().borrow() {
            self.lake_reads().await;
        }
        let head = *self.journal().head().borrow();
        let offsets: Vec<u64> = self.read.keys().copied().collect();
        assert_eq!(offsets, (1..head).collect::<Vec<_>>(), "seed {}: offsets", self.seed);
        let ids: HashSet<&String> = self.read.values().collect();
        assert_eq!(ids.len(), self.read.len(), "seed {}: an event is stored twice", self.seed);
        for id in &self.acknowledged {
            assert!(ids.contains(id), "seed {}: event {id} is lost", self.seed);
        }
        for id in ids {
            let sent = self.acknowledged.contains(id) || self.attempted.contains(id);
            assert!(sent, "seed {}: event {id} came from nowhere", self.seed);
        }
        let letters = self.journal().dead_letters(&DeadLetterFilter::default()).unwrap();
        assert!(letters.len() as u64 >= self.rejected, "seed {}: dead letters", self.seed);
        let states = self.journal().source_states().unwrap();
        let stored: u64 = states.iter().map(|state| state.stored).sum();
        assert_eq!(stored, head - 1, "seed {}: totals", self.seed);
        self.check_accounts(head);
    }

    /// The account of all hours is that of what was sent, whatever happened in between.
    fn check_accounts(&self, head: u64) {
        let accounts = self.journal().accounts(Timestamp::UNIX_EPOCH, Timestamp::MAX).unwrap();
        let sum =
            |of: fn(&crate::Counts) -> u64| accounts.iter().map(|it| of(&it.counts)).sum::<u64>();
        let received = sum(|it| it.received);
        assert_eq!(sum(|it| it.stored), head - 1, "seed {}: stored", self.seed);
        let parts = sum(|it| it.stored + it.both + it.elsewhere + it.duplicates);
        assert_eq!(parts, received, "seed {}: parts", self.seed);
        let possible = self.received..=self.may_have_been_received;
        assert!(
            possible.contains(&received),
            "seed {}: received {received} of {possible:?}",
            self.seed
        );
        let by_both = |ways: &HashMap<String, HashSet<Via>>| {
            ways.values().filter(|ways| ways.len() == 2).count() as u64
        };
        let (both, possible) =
            (sum(|it| it.both), by_both(&self.came)..=by_both(&self.may_have_come));
        assert!(possible.contains(&both), "seed {}: both {both} of {possible:?}", self.seed);
    }

    fn open(&mut self) {
        let (disk, lake) = (Arc::clone(&self.disk), Arc::clone(&self.lake));
        self.journal = Some(open_on(self.dir.path(), self.options.clone(), disk, lake).unwrap());
    }

    fn journal(&self) -> &Journal {
        self.journal.as_ref().unwrap()
    }

    fn offset(&self, reader: &str) -> u64 {
        let readers = self.journal().readers().unwrap();
        readers.into_iter().find(|state| state.name == reader).unwrap().offset
    }
}

#[test]
fn nothing_is_lost_or_doubled_whatever_happens() {
    if let Some(seed) = number("DOORLEDGER_SEED") {
        return simulate(seed);
    }
    let seeds = number("DOORLEDGER_SEEDS").unwrap_or(24);
    let next = AtomicU64::new(0);
    let failed = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while failed.lock().unwrap().is_empty() {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        return;
                    }
                    if catch_unwind(|| simulate(seed)).is_err() {
                        failed.lock().unwrap().push(seed);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    let again = failed.first().map(|seed| {
        format!("DOORLEDGER_SEED={seed} cargo nextest run -p journal -E 'test(nothing_is_lost)'")
    });
    assert_eq!(again, None, "a world failed; this runs it again");
}

/// A folder for a world, in memory if the system has a place for files there.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { TempDir::new_in(memory).unwrap() } else { TempDir::new().unwrap() }
}

fn number(name: &str) -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "whoever runs the tests chooses the seeds")]
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test]
async fn a_small_index_asks_the_lake_again_and_a_large_one_does_not() {
    for (dedup_ids_max, asked) in [(1_000_000, 1..=1), (10, 2..=100)] {
        let dir = TempDir::new().unwrap();
        let lake = Arc::new(FakeLake::default());
        let options = Options { dedup_ids_max, ..Options::default() };
        let journal = open_on(dir.path(), options, FaultyDisk::new(), Arc::clone(&lake)).unwrap();
        for n in 0..30 {
            journal.append(batch("poll", n * 10..n * 10 + 10)).await.unwrap();
        }
        let again = journal.append(batch("poll", [5, 155, 295, 300])).await.unwrap();
        assert_eq!((again.stored, again.duplicates), (1, 3));
        let count = lake.asked.load(Ordering::SeqCst);
        assert!(asked.contains(&count), "{dedup_ids_max}: asked {count} times");
    }
}
