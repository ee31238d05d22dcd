//! The simulated account: its events in the order in which the API got to know them, its limits, and how new events
//! come in. Deliberately absent: HTTP.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use bytes::Bytes;
use model::Clock;
use serde::Serialize;
use tokio::sync::watch;

use super::OneLoginOptions;
use super::event::{self, Account, uuid};
use super::facts::Facts;
use super::token::TokenDesk;
use crate::attacks::{Attack, AttackReport};
use crate::dice::Dice;
use crate::digest::IdDigest;
use crate::faults::{Fault, Faults, Troubles};
use crate::given::Given;
use crate::hours::{Hours, Pushed, PushedAccount};
use crate::moment::{DAY_US, HOUR_US, MINUTE_US, SECOND_US, hour_name};
use crate::served::{Served, ServedAccount};
use crate::shelf::Shelf;
use crate::traffic::{Arrival, Delays, History, Present};
use crate::world::World;
use crate::world::happening::Happening;

/// Ids are beyond 32 bits.
const ID_FLOOR: u64 = 45_000_000_000;

/// A simulated OneLogin account.
pub struct OneLogin {
    pub(super) options: OneLoginOptions,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) troubles: Arc<Troubles>,
    pub(super) tokens: TokenDesk,
    pub(super) served: Mutex<Served>,
    pub(super) owner_deleted: AtomicBool,
    pub(super) served_hours: Hours,
    pub(super) pushed: AtomicU64,
    pub(super) pushed_hours: Pushed,
    pub(super) push_failures: AtomicU64,
    pub(super) given_up: AtomicU64,
    /// How many events there are: whoever waits for more waits here.
    pub(super) count: watch::Sender<usize>,
    pub(super) world: Arc<World>,
    /// What is listed instead of the shelf, if anything was given.
    pub(super) given: Given,
    calls: Mutex<Calls>,
    shelf: Shelf,
    webhook_shelf: Shelf,
    entries: RwLock<Vec<Entry>>,
    maker: Mutex<Maker>,
}

/// What is known of an event without reading its text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) id: u64,
    /// When it happened, in microseconds since 1970.
    pub(super) created: i64,
    pub(super) type_id: u16,
    /// Number of the user acted upon; 0 for nobody.
    pub(super) user: u64,
}

struct Maker {
    present: Present,
    dice: Dice,
    last_id: u64,
    ids: IdDigest,
    uuids: IdDigest,
    per_hour: BTreeMap<i64, u64>,
    per_type: BTreeMap<u16, u64>,
    total_bytes: u64,
}

/// How many calls were made in which hour.
#[derive(Debug, Default)]
struct Calls {
    hour: i64,
    count: u32,
}

/// The state of the hourly limit after one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Budget {
    pub(super) allowed: bool,
    pub(super) limit: u32,
    pub(super) remaining: u32,
    /// Seconds until the hour is over.
    pub(super) reset_seconds: u32,
}

/// What an account has and did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OneLoginAccount {
    /// Events that exist.
    pub events: u64,
    /// Bytes of all events' JSON texts, in the API's form.
    pub event_bytes: u64,
    /// Id of the newest event.
    pub last_id: Option<u64>,
    /// Digest over the ids of the API's form; see [`IdDigest`].
    pub ids: IdDigest,
    /// Digest over the uuids of the webhook's form.
    pub uuids: IdDigest,
    /// How many events there are of each hour of `created_at`: `2026-11-20T10`.
    pub per_hour: BTreeMap<String, u64>,
    /// How many events there are of each type.
    pub per_type: BTreeMap<u16, u64>,
    /// What was read by the API.
    pub served: ServedAccount,
    /// How many events the API served of each hour of `created_at`, repetitions included, whatever became of the answer.
    pub served_per_hour: BTreeMap<String, u64>,
    /// Events delivered to the webhook and acknowledged, repetitions included.
    pub pushed: u64,
    /// What the webhook got, hour by hour.
    pub pushed_per_hour: PushedAccount,
    /// Deliveries that failed.
    pub push_failures: u64,
    /// Events that were given up after every try had failed.
    pub given_up: u64,
    /// Access tokens made.
    pub tokens: u64,
    /// How often each fault struck.
    pub faults: BTreeMap<Fault, u64>,
}

impl std::fmt::Debug for OneLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OneLogin").field("options", &self.options).finish_non_exhaustive()
    }
}

impl OneLogin {
    pub(super) fn new(options: OneLoginOptions, clock: Arc<dyn Clock>) -> Self {
        let now = clock.now().as_microsecond();
        let world = Arc::new(World::new(options.seed, &options.subdomain, options.people));
        let delays = Delays {
            late_share: options.late_share,
            late_us_max: i64::from(options.late_minutes_max) * MINUTE_US,
        };
        let mut dice = Dice::new(options.seed, "onelogin ids");
        let maker = Maker {
            present: Present::new(Arc::clone(&world), delays, now),
            last_id: ID_FLOOR + dice.below(1 << 24),
            dice,
            ids: IdDigest::default(),
            uuids: IdDigest::default(),
            per_hour: BTreeMap::new(),
            per_type: BTreeMap::new(),
            total_bytes: 0,
        };
        let service = Self {
            troubles: Arc::new(Troubles::new(options.seed, options.faults.clone())),
            tokens: TokenDesk::new(options.seed),
            served: Mutex::default(),
            owner_deleted: AtomicBool::new(options.owner_deleted),
            served_hours: Hours::default(),
            pushed: AtomicU64::new(0),
            pushed_hours: Pushed::default(),
            push_failures: AtomicU64::new(0),
            given_up: AtomicU64::new(0),
            count: watch::Sender::new(0),
            given: Given::new(&options.given, &["uuid"], |_| false),
            calls: Mutex::default(),
            shelf: Shelf::default(),
            webhook_shelf: Shelf::default(),
            entries: RwLock::default(),
            maker: Mutex::new(maker),
            world,
            options,
            clock,
        };
        service.make_history(delays, now);
        service
    }

    /// Lets `count` more events arrive at this moment; returns their API ids.
    pub fn produce(&self, count: usize) -> Vec<u64> {
        let mut maker = self.maker();
        let arrivals = maker.present.at_once(self.now(), count);
        self.ingest(&mut maker, arrivals)
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
        let ids = self.ingest(&mut maker, arrivals);
        AttackReport { ids: ids.iter().map(u64::to_string).collect(), ..report }
    }

    /// Replaces the troubles.
    pub fn set_faults(&self, faults: Faults) {
        self.troubles.set(faults);
    }

    /// Deletes the person who made the credential, or brings that person back.
    pub fn set_owner_deleted(&self, deleted: bool) {
        self.owner_deleted.store(deleted, Ordering::Relaxed);
    }

    /// What exists and what was served.
    pub fn account(&self) -> OneLoginAccount {
        let maker = self.maker();
        let (events, last_id) =
            self.with_entries(|entries| (entries.len(), entries.last().map(|entry| entry.id)));
        let per_hour =
            maker.per_hour.iter().map(|(hour, count)| (hour_name(*hour * HOUR_US), *count));
        OneLoginAccount {
            events: events as u64,
            event_bytes: maker.total_bytes,
            last_id,
            ids: maker.ids,
            uuids: maker.uuids,
            per_hour: per_hour.collect(),
            per_type: maker.per_type.clone(),
            served: self.served.lock().unwrap_or_else(PoisonError::into_inner).account(),
            served_per_hour: self.served_hours.named(),
            pushed: self.pushed.load(Ordering::Relaxed),
            pushed_per_hour: self.pushed_hours.account(),
            push_failures: self.push_failures.load(Ordering::Relaxed),
            given_up: self.given_up.load(Ordering::Relaxed),
            tokens: self.tokens.made(),
            faults: self.troubles.struck(),
        }
    }

    /// Both ids of every event, oldest first: the API's, the webhook's.
    pub fn ids(&self) -> Vec<(u64, String)> {
        let seed = self.world.seed;
        self.with_entries(|entries| entries.iter().map(|it| (it.id, uuid(seed, it.id))).collect())
    }

    /// JSON texts of all events in the API's form, oldest first.
    pub fn events(&self) -> Vec<Bytes> {
        (0..self.shelf.len()).filter_map(|position| self.shelf.get(position)).collect()
    }

    /// JSON texts in the webhook's form, oldest first, of the events that were not delivered yet, and of all of them under
    /// [`WebhookOptions::keeps_delivered`](super::WebhookOptions::keeps_delivered).
    pub fn webhook_events(&self) -> Vec<Bytes> {
        let texts = 0..self.webhook_shelf.len();
        texts.filter_map(|position| self.webhook_shelf.get(position)).collect()
    }

    /// Lets what should have happened since the last call arrive. Called by itself if there is live traffic.
    pub fn let_time_pass(&self) {
        let now = self.now();
        let mut maker = self.maker();
        let arrivals = maker.present.arrivals(now, self.options.live_events_per_second);
        self.ingest(&mut maker, arrivals);
    }

    pub(super) fn now(&self) -> i64 {
        self.clock.now().as_microsecond()
    }

    /// What is left of the hour's calls, after taking one if `take` says so; `None` without a limit.
    pub(super) fn budget(&self, take: bool) -> Option<Budget> {
        let limit = self.options.calls_per_hour?;
        let now = self.now();
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let hour = now.div_euclid(HOUR_US);
        if calls.hour != hour {
            *calls = Calls { hour, count: 0 };
        }
        let allowed = calls.count < limit;
        if take && allowed {
            calls.count += 1;
        } else if take {
            self.served.lock().unwrap_or_else(PoisonError::into_inner).limited();
        }
        Some(Budget {
            allowed,
            limit,
            remaining: limit - calls.count,
            reset_seconds: ((hour + 1) * HOUR_US - now).div_euclid(SECOND_US) as u32,
        })
    }

    pub(super) fn with_entries<T>(&self, read: impl FnOnce(&[Entry]) -> T) -> T {
        read(&self.entries.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// One event in the API's form.
    pub(super) fn text(&self, position: usize) -> Option<Bytes> {
        self.shelf.get(position)
    }

    /// Events in the API's form, ready to stand in a list.
    pub(super) fn texts(&self, range: std::ops::Range<usize>) -> Vec<Bytes> {
        self.shelf.joined(range)
    }

    /// One event in the webhook's form, if there is a webhook.
    pub(super) fn webhook_text(&self, position: usize) -> Option<Bytes> {
        self.webhook_shelf.get(position)
    }

    /// Forgets the webhook's form of what was delivered.
    pub(super) fn forget_webhook_before(&self, position: usize) {
        self.webhook_shelf.forget_before(position);
    }

    fn maker(&self) -> MutexGuard<'_, Maker> {
        self.maker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn make_history(&self, delays: Delays, now: i64) {
        let options = &self.options;
        let planned: Vec<Happening> = options
            .attacks
            .iter()
            .enumerate()
            .flat_map(|(number, (attack, ago))| {
                attack.story(&self.world, number as u64, now - ago.as_micros() as i64).happenings
            })
            .filter(|happening| happening.at < now)
            .collect();
        let range = (now - i64::from(options.history_days) * DAY_US, now);
        let world = Arc::clone(&self.world);
        let history = History::new(world, delays, range, options.events as u64, &planned);
        self.ingest(&mut self.maker(), history);
    }

    fn ingest(&self, maker: &mut Maker, arrivals: impl IntoIterator<Item = Arrival>) -> Vec<u64> {
        let account = Account { id: self.options.account_id, world: &self.world };
        let mut ids = Vec::new();
        let mut text = String::with_capacity(4 * 1024);
        for Arrival { happening, .. } in arrivals {
            let id = maker.next_id();
            let facts = Facts::of(&self.world, &happening);
            text.clear();
            event::write_for_api(account, &happening, &facts, id, &mut text);
            let entry = Entry {
                id,
                created: happening.at,
                type_id: facts.type_id,
                user: facts.user.as_ref().and_then(|it| it.0).unwrap_or(0),
            };
            maker.count(entry, self.world.seed, text.len());
            self.shelf.push(&text);
            if let Some(webhook) = &self.options.webhook {
                text.clear();
                let known = (&happening, &facts);
                event::write_for_webhook(account, known, id, webhook.shape, &mut text);
                self.webhook_shelf.push(&text);
            }
            self.entries.write().unwrap_or_else(PoisonError::into_inner).push(entry);
            ids.push(id);
        }
        self.count.send_replace(self.shelf.len());
        ids
    }
}

impl Maker {
    /// The next id. Other accounts take numbers from the same row.
    fn next_id(&mut self) -> u64 {
        self.last_id += 1 + self.dice.below(24);
        self.last_id
    }

    fn count(&mut self, entry: Entry, seed: u64, bytes: usize) {
        self.ids.add(&entry.id.to_string());
        self.uuids.add(&uuid(seed, entry.id));
        self.total_bytes += bytes as u64;
        *self.per_hour.entry(entry.created.div_euclid(HOUR_US)).or_default() += 1;
        *self.per_type.entry(entry.type_id).or_default() += 1;
    }
}
