//! The simulated tenant: its events in the order of ingestion, its clock, its limits, and how new events come in.
//! Deliberately absent: HTTP.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use bytes::Bytes;
use model::Clock;
use tokio::sync::watch;

use super::account::Auth0Account;
use super::event::{self, Size, Tenant};
use super::log_id::{LOG_ID_DIGITS, LogId};
use super::token::TokenDesk;
use super::{Auth0Options, Plan};
use crate::attacks::{Attack, AttackReport};
use crate::dice::Dice;
use crate::digest::IdDigest;
use crate::faults::{Faults, Troubles};
use crate::given::Given;
use crate::hours::{Hours, Pushed};
use crate::limiter::{Bucket, Verdict};
use crate::moment::{DAY_US, HOUR_US, SECOND_US, hour_name};
use crate::served::Served;
use crate::shelf::Shelf;
use crate::traffic::{Arrival, Delays, History, Present};
use crate::world::World;
use crate::world::happening::{Happening, Kind, Origin, Who};

/// How late the late events are at most.
const LATE_US_MAX: i64 = 240 * SECOND_US;
/// One event in so many arrives in the same microsecond as the one before.
const SAME_MICROSECOND: u64 = 60;
/// Events that somebody causes in a day, if their number is not given.
const EVENTS_PER_PERSON_AND_DAY: usize = 12;

/// A simulated Auth0 tenant.
pub struct Auth0 {
    pub(super) options: Auth0Options,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) troubles: Arc<Troubles>,
    pub(super) tokens: TokenDesk,
    pub(super) served: Mutex<Served>,
    pub(super) served_hours: Hours,
    pub(super) streamed: AtomicU64,
    pub(super) streamed_hours: Pushed,
    pub(super) stream_failures: AtomicU64,
    /// How many events there are: whoever waits for more waits here.
    pub(super) count: watch::Sender<usize>,
    /// What is listed instead of the shelf, if anything was given.
    pub(super) given: Given,
    limits: Mutex<Option<Bucket>>,
    shelf: Shelf,
    entries: RwLock<Vec<Entry>>,
    maker: Mutex<Maker>,
    world: Arc<World>,
}

/// What is known of an event without reading its text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) id: LogId,
    /// When it happened, in microseconds since 1970.
    pub(super) date: i64,
}

/// Whether somebody wants to know the ids of what is ingested; of a long history nobody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ids {
    Wanted,
    Ignored,
}

/// Makes events one after the other.
struct Maker {
    tenant: Tenant,
    dice: Dice,
    present: Present,
    last: LogId,
    /// Average size to keep to, and by how much all events so far were smaller than that.
    average_bytes: Option<usize>,
    owed_bytes: i64,
    total_bytes: u64,
    digest: IdDigest,
    per_hour: BTreeMap<i64, u64>,
    per_code: BTreeMap<&'static str, u64>,
    text: String,
    /// When each kind of event about the rate limit was last written.
    limited_at: BTreeMap<&'static str, i64>,
}

impl std::fmt::Debug for Auth0 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auth0").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Auth0 {
    pub(super) fn new(options: Auth0Options, clock: Arc<dyn Clock>) -> Self {
        let now = clock.now().as_microsecond();
        let name = options.domain.split('.').next().unwrap_or("acme").to_owned();
        let world = Arc::new(World::new(options.seed, &name, options.people));
        let delays = Delays { late_share: options.late_share, late_us_max: LATE_US_MAX };
        let tenant = Tenant {
            domain: options.domain.clone(),
            name,
            shape: options.shape,
            user_agents: options.user_agents,
            world: Arc::clone(&world),
        };
        let maker = Maker {
            tenant,
            dice: Dice::new(options.seed, "log ids"),
            present: Present::new(Arc::clone(&world), delays, now),
            last: LogId { ingested: 0, counter: Dice::new(options.seed, "counter").below(1 << 40) },
            average_bytes: options.event_bytes,
            owed_bytes: 0,
            total_bytes: 0,
            digest: IdDigest::default(),
            per_hour: BTreeMap::new(),
            per_code: BTreeMap::new(),
            text: String::with_capacity(16 * 1024),
            limited_at: BTreeMap::new(),
        };
        let service = Self {
            troubles: Arc::new(Troubles::new(options.seed, options.faults.clone())),
            tokens: TokenDesk::new(&options),
            served: Mutex::default(),
            served_hours: Hours::default(),
            streamed: AtomicU64::new(0),
            streamed_hours: Pushed::default(),
            stream_failures: AtomicU64::new(0),
            count: watch::Sender::new(0),
            given: Given::new(&options.given, &["log_id", "_id"], is_modern),
            limits: Mutex::new(bucket(&options, now)),
            shelf: Shelf::default(),
            entries: RwLock::default(),
            maker: Mutex::new(maker),
            world,
            options,
            clock,
        };
        service.make_history(delays, now);
        service
    }

    /// Lets `count` more events arrive at this moment; returns their `log_id`s.
    pub fn produce(&self, count: usize) -> Vec<String> {
        let now = self.now();
        let mut maker = self.maker();
        let arrivals = maker.present.at_once(now, count);
        self.ingest(&mut maker, arrivals, Ids::Wanted)
    }

    /// Lets an attack happen. `live`: it begins now and its events arrive as time passes. Otherwise it has just ended,
    /// and all of its events arrive now.
    pub fn attack(&self, attack: Attack, seed: u64, live: bool) -> AttackReport {
        let now = self.now();
        let story = attack.story(&self.world, seed, now);
        let report = story.report(attack, &self.world);
        let mut maker = self.maker();
        if live {
            story.happenings.into_iter().for_each(|it| maker.present.expect(it));
            return report;
        }
        let story = story.ending_at(now - SECOND_US / 10);
        let arrivals =
            story.happenings.into_iter().map(|happening| Arrival { arrived: now, happening });
        AttackReport { ids: self.ingest(&mut maker, arrivals, Ids::Wanted), ..report }
    }

    /// Replaces the troubles.
    pub fn set_faults(&self, faults: Faults) {
        self.troubles.set(faults);
    }

    /// What exists and what was served.
    pub fn account(&self) -> Auth0Account {
        let kept = self.kept();
        let maker = self.maker();
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let id = |position: usize| entries.get(position).map(|entry| entry.id.text());
        Auth0Account {
            events: if self.given.is_empty() { entries.len() } else { self.given.len() } as u64,
            kept: kept.len() as u64,
            event_bytes: maker.total_bytes,
            first_id: id(kept.start),
            last_id: entries.last().map(|entry| entry.id.text()),
            ids: maker.digest,
            per_hour: maker
                .per_hour
                .iter()
                .map(|(hour, count)| (hour_name(*hour * HOUR_US), *count))
                .collect(),
            per_type: maker
                .per_code
                .iter()
                .map(|(code, count)| ((*code).to_owned(), *count))
                .collect(),
            served: self.served.lock().unwrap_or_else(PoisonError::into_inner).account(),
            served_per_hour: self.served_hours.named(),
            streamed: self.streamed.load(Ordering::Relaxed),
            streamed_per_hour: self.streamed_hours.account(),
            stream_failures: self.stream_failures.load(Ordering::Relaxed),
            tokens: self.tokens.issued(),
            faults: self.troubles.struck(),
        }
    }

    /// `log_id`s of all events that ever existed, oldest first.
    pub fn ids(&self) -> Vec<String> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.iter().map(|entry| entry.id.text()).collect()
    }

    /// JSON texts of all events that are kept, as the Management API writes them, oldest first.
    pub fn events(&self) -> Vec<Bytes> {
        self.kept().filter_map(|position| self.shelf.get(position)).collect()
    }

    /// Lets what should have happened since the last call arrive. Called by itself if there is live traffic.
    pub fn let_time_pass(&self) {
        let now = self.now();
        let mut maker = self.maker();
        let arrivals = maker.present.arrivals(now, self.options.live_events_per_second);
        self.ingest(&mut maker, arrivals, Ids::Ignored);
        drop(maker);
        self.shelf.forget_before(self.kept().start);
    }

    pub(super) fn now(&self) -> i64 {
        self.clock.now().as_microsecond()
    }

    /// Asks the rate limit for one request; `None` if the plan has none.
    pub(super) fn ask_limit(&self) -> Option<Verdict> {
        let now = self.now();
        let verdict =
            self.limits.lock().unwrap_or_else(PoisonError::into_inner).as_mut()?.take(now);
        if !verdict.allowed {
            self.served.lock().unwrap_or_else(PoisonError::into_inner).limited();
            self.record_limit(now, Kind::ApiLimited);
        } else if verdict.remaining < verdict.limit / 5 {
            self.record_limit(now, Kind::ApiLimitNear);
        }
        Some(verdict)
    }

    /// Writes down that the log collector got a token, as the real service does.
    pub(super) fn record_token(&self, granted: bool) {
        if self.options.records_itself {
            self.record(if granted { Kind::MachineToken } else { Kind::MachineTokenRefused });
        }
    }

    /// Positions of the events that the tenant's retention has left.
    pub(super) fn kept(&self) -> Range<usize> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let oldest = match retention_days(self.options.plan) {
            Some(days) => self.now() - days * DAY_US,
            None => i64::MIN,
        };
        entries.partition_point(|entry| entry.id.ingested < oldest)..entries.len()
    }

    /// Position of the first event whose id comes after `cursor`, and whether there is an event of just that id.
    pub(super) fn position_after(&self, cursor: &str) -> (usize, bool) {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let position = entries.partition_point(|entry| entry.id.text().as_str() <= cursor);
        let exists = position > 0 && entries[position - 1].id.text() == cursor;
        (position, exists)
    }

    /// Reads the index.
    pub(super) fn with_entries<T>(&self, read: impl FnOnce(&[Entry]) -> T) -> T {
        read(&self.entries.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The text of one event.
    pub(super) fn text(&self, position: usize) -> Option<Bytes> {
        self.shelf.get(position)
    }

    /// The texts of events, ready to stand in a list.
    pub(super) fn texts(&self, range: Range<usize>) -> Vec<Bytes> {
        self.shelf.joined(range)
    }

    fn maker(&self) -> MutexGuard<'_, Maker> {
        self.maker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn make_history(&self, delays: Delays, now: i64) {
        let options = &self.options;
        let days = i64::from(options.history_days);
        let count = options
            .events
            .unwrap_or(options.people * EVENTS_PER_PERSON_AND_DAY * options.history_days as usize);
        let planned: Vec<Happening> = options
            .attacks
            .iter()
            .enumerate()
            .flat_map(|(number, (attack, ago))| {
                let start = now - ago.as_micros() as i64;
                attack.story(&self.world, number as u64, start).happenings
            })
            .filter(|happening| happening.at < now)
            .collect();
        let range = (now - days * DAY_US, now);
        let history = History::new(Arc::clone(&self.world), delays, range, count as u64, &planned);
        let mut maker = self.maker();
        self.ingest(&mut maker, history, Ids::Ignored);
    }

    fn record_limit(&self, now: i64, kind: Kind) {
        if !self.options.records_itself {
            return;
        }
        let mut maker = self.maker();
        // Once a minute: the real service does not write an event for each refusal either.
        let last = maker.limited_at.entry(event::code(kind)).or_insert(i64::MIN / 2);
        if now - *last >= 60 * SECOND_US {
            *last = now;
            drop(maker);
            self.record(kind);
        }
    }

    fn record(&self, kind: Kind) {
        let now = self.now();
        let mut maker = self.maker();
        let happening = Happening {
            at: now,
            kind,
            who: Who::Machine(3),
            application: 3,
            origin: Origin {
                address: crate::world::Address::V4(0xcb00_7142),
                place: 0,
                device: crate::world::devices::program(1),
                risk: 0,
            },
            visit: maker.dice.any(),
        };
        self.ingest(&mut maker, [Arrival { arrived: now, happening }], Ids::Ignored);
    }

    fn ingest(
        &self,
        maker: &mut Maker,
        arrivals: impl IntoIterator<Item = Arrival>,
        wanted: Ids,
    ) -> Vec<String> {
        let mut ids = Vec::new();
        for Arrival { arrived, happening } in arrivals {
            let id = maker.next_id(arrived, happening.at);
            maker.write(&happening, id);
            self.shelf.push(&maker.text);
            let entry = Entry { id, date: happening.at };
            self.entries.write().unwrap_or_else(PoisonError::into_inner).push(entry);
            if wanted == Ids::Wanted {
                ids.push(id.text());
            }
        }
        self.count.send_replace(self.shelf.len());
        ids
    }
}

impl Maker {
    /// The next id: never before the last one, and sometimes in the same microsecond.
    fn next_id(&mut self, arrived: i64, happened: i64) -> LogId {
        let together = self.dice.below(SAME_MICROSECOND) == 0;
        let ingested = if together && self.last.ingested >= happened {
            self.last.ingested
        } else {
            arrived.max(self.last.ingested)
        };
        // Other tenants take numbers from the same counter.
        let counter = self.last.counter + 1 + self.dice.below(40);
        self.last = LogId { ingested, counter };
        self.last
    }

    fn write(&mut self, happening: &Happening, id: LogId) {
        let size = match self.average_bytes {
            None => Size::Natural,
            Some(_) if self.owed_bytes < 0 => Size::Small,
            Some(average) => {
                Size::Bytes(average.saturating_add(self.owed_bytes.unsigned_abs() as usize))
            }
        };
        self.text.clear();
        event::write(&self.tenant, happening, id, size, &mut self.text);
        if let Some(average) = self.average_bytes {
            self.owed_bytes += average as i64 - self.text.len() as i64;
        }
        self.total_bytes += self.text.len() as u64;
        let start = r#"{"_id":""#.len();
        self.digest.add(&self.text[start..start + LOG_ID_DIGITS]);
        *self.per_hour.entry(happening.at.div_euclid(HOUR_US)).or_default() += 1;
        *self.per_code.entry(event::code(happening.kind)).or_default() += 1;
    }
}

/// Whether an id has today's form.
fn is_modern(id: &str) -> bool {
    id.len() == LOG_ID_DIGITS && id.bytes().all(|byte| byte.is_ascii_digit())
}

/// How many days a plan keeps its logs; `None`: all.
const fn retention_days(plan: Plan) -> Option<i64> {
    match plan {
        Plan::Unlimited => None,
        Plan::Free => Some(1),
        Plan::Essentials => Some(5),
        Plan::Professional => Some(10),
        Plan::Enterprise | Plan::EnterpriseNonProduction | Plan::PrivateCloud => Some(30),
    }
}

fn bucket(options: &Auth0Options, now: i64) -> Option<Bucket> {
    let (burst, per_second) = match options.plan {
        Plan::Unlimited => return None,
        Plan::Free => (2, 2.0),
        Plan::Essentials | Plan::Professional => (10, 100.0 / 60.0),
        Plan::Enterprise => (50, 16.0),
        Plan::EnterpriseNonProduction => (10, 2.0),
        Plan::PrivateCloud => (50, 50.0),
    };
    Some(Bucket::new(burst, per_second, options.refill, now))
}
