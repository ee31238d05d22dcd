//! The poll of Auth0's logs: token, start, page after page by checkpoint. The place is the last `log_id` of a page and
//! nothing else: Auth0 lists by id, and dates run backwards within a page.
//!
//! A poll without a cursor starts after an id that no event has (`log_id::synthetic`). A tenant whose ids look different
//! answers 400 to it; then a search finds the events from that moment on, and the smallest id among them is the place.
//! Deliberately absent: `Link` headers. They say what the last id says, and may name a host that is not ours to ask.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::tz::Offset;
use model::{Cursor, Event, Gap, Rejected, Secret, SignedDuration, Stretch, Timestamp};
use net::{Answer, Request};

use super::config::{Credential, Settings};
use super::token::Token;
use super::{log_id, role, token, trouble};
use crate::asking::{self, BROKEN_BODIES_MAX};
use crate::pace::{Budget, Reset, later};
use crate::rhythm::Rhythm;
use crate::scan::skip_space;
use crate::schedule::Start;
use crate::{
    Capacity, Decoded, Outcome, Poll, PollSource, SourceError, SourceErrorKind, Step, Waiting,
    server_time, wire,
};

/// How far before the start the search looks. The smallest id that it finds is then older than every event of the start's
/// time on, because an event arrives seconds after it happens.
const SEARCH_LOOKBACK: SignedDuration = SignedDuration::from_mins(10);

/// What a tenant keeps at most, for one whose retention is not told.
const RETENTION_DAYS_UNTOLD: u64 = 30;

/// What the smallest plan keeps. A tenant whose retention is not told may keep no more.
const RETENTION_DAYS_LEAST: u64 = 1;

/// How long after it happened an event is listed at most. Five seconds were seen; Auth0 promises nothing. What comes later
/// is collected all the same, because the list is by arrival.
const LATENESS: SignedDuration = SignedDuration::from_mins(2);

/// What a cursor begins with that is a moment to search from instead of an id.
const SEARCH_CURSOR: &str = "search:";

/// A validated poll of Auth0.
pub(crate) struct Auth0PollSource {
    settings: Arc<Settings>,
    shared: Arc<Shared>,
}

/// What all polls of one source have in common: the tenant's rate limit, and one token, since each is an entry in its log.
struct Shared {
    budget: Arc<Mutex<Budget>>,
    token: Mutex<Option<Token>>,
}

impl Auth0PollSource {
    /// Polls with these settings.
    pub(crate) fn new(settings: Settings) -> Self {
        let budget = Budget::new(settings.rate_share, Reset::AtUnixSeconds);
        let shared = Shared { budget: Arc::new(Mutex::new(budget)), token: Mutex::default() };
        Self { settings: Arc::new(settings), shared: Arc::new(shared) }
    }

    fn poll(&self, cursor: Option<Cursor>, now: Timestamp) -> Auth0Poll {
        Auth0Poll::new(Arc::clone(&self.settings), Arc::clone(&self.shared), cursor, now)
    }
}

impl PollSource for Auth0PollSource {
    fn start(&self, cursor: Option<Cursor>, now: Timestamp) -> Box<dyn Poll> {
        Box::new(self.poll(cursor, now))
    }

    fn start_at(&self, moment: Timestamp, now: Timestamp) -> Option<Box<dyn Poll>> {
        self.shared.budget.lock().unwrap_or_else(PoisonError::into_inner).pace();
        let place = Place::After(log_id::synthetic(moment));
        let mut poll = self.poll(Some(cursor(&place)), now);
        // The journal does not hold this place, and the tenant was read just now: it still keeps what follows.
        poll.is_stored = false;
        poll.page_at = Some(now);
        Some(Box::new(poll))
    }

    fn capacity(&self) -> Capacity {
        let budget = self.shared.budget.lock().unwrap_or_else(PoisonError::into_inner);
        Capacity {
            retention_days: self.settings.retention_days,
            requests_per_second: budget.per_second(),
            requests_at_once: budget.limit().map(|limit| limit * self.settings.rate_share),
            events_per_request: self.settings.take,
        }
    }
}

struct Auth0Poll {
    settings: Arc<Settings>,
    shared: Arc<Shared>,
    place: Place,
    /// Whether the journal holds `place` already. If not, it is told with the next page, also with an empty one: a start
    /// at `now` must not move when the program starts again before the first event.
    is_stored: bool,
    /// The last moment of which everything is known to be read.
    covered: Option<Timestamp>,
    /// Up to when the walk has come without a break; `None` before the first page.
    walked: Option<Timestamp>,
    /// When the last page was read.
    page_at: Option<Timestamp>,
    /// When the request in flight was sent.
    asked_at: Timestamp,
    /// From when on events are lost, and why.
    lost: Option<(Timestamp, &'static str)>,
    token: Option<Token>,
    tokens_asked: u64,
    /// Whether the token was made after a 401: another 401 then means more than age.
    is_token_second: bool,
    rhythm: Rhythm,
    asked: Asked,
    broken_bodies: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// After the event with this id.
    After(String),
    /// At this moment; its id is found by searching.
    Search(Timestamp),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Nothing,
    Token,
    Logs,
}

impl Poll for Auth0Poll {
    fn step(&mut self, now: Timestamp) -> Step {
        if let Some(wait) = self.rhythm.pending(now) {
            return wait;
        }
        if self.token.as_ref().is_none_or(|token| token.is_old(now)) {
            self.token = self.shared_token(now);
        }
        if self.token.is_none() {
            return match &self.settings.credential {
                Credential::Token(given) => {
                    self.token = Some(Token::given(given));
                    self.step(now)
                }
                _ => self.send(Asked::Token, now),
            };
        }
        self.rhythm.held_back(now).unwrap_or_else(|| self.send(Asked::Logs, now))
    }

    fn answer(&mut self, answer: Result<&Answer, &str>, now: Timestamp) -> Outcome {
        let asked = std::mem::replace(&mut self.asked, Asked::Nothing);
        self.rhythm.landed();
        match (asked, answer) {
            (Asked::Nothing, _) => Outcome::Settled,
            (_, Err(words)) => self.fail(trouble::unreachable(&self.settings, words), None, now),
            (Asked::Token, Ok(answer)) => self.token_answer(answer, now),
            (Asked::Logs, Ok(answer)) => self.logs_answer(answer, now),
        }
    }
}

impl Auth0Poll {
    fn new(
        settings: Arc<Settings>,
        shared: Arc<Shared>,
        cursor: Option<Cursor>,
        now: Timestamp,
    ) -> Self {
        let is_stored = cursor.is_some();
        let place = match cursor {
            Some(Cursor(text)) => place(text),
            None => first_place(&settings, now),
        };
        // What a start at the end of retention cannot reach was never promised.
        let covered = (!is_stored && settings.start == Start::Retention).then_some(now);
        Self {
            place,
            is_stored,
            covered,
            walked: None,
            page_at: None,
            asked_at: now,
            lost: None,
            token: None,
            tokens_asked: 0,
            is_token_second: false,
            rhythm: Rhythm::sharing(Arc::clone(&shared.budget), settings.interval),
            shared,
            asked: Asked::Nothing,
            broken_bodies: 0,
            settings,
        }
    }

    fn send(&mut self, asked: Asked, now: Timestamp) -> Step {
        let request = match asked {
            Asked::Token => {
                self.tokens_asked += 1;
                token::request(&self.settings, now, self.tokens_asked)
            }
            _ => self.logs_request(),
        };
        // Validation signed with the key once and looked at every credential, so there is a request.
        let Some(request) = request else {
            self.rhythm.fail(SourceErrorKind::Refused, None, now);
            return Step::Wait { until: now, why: Waiting::Failure };
        };
        if asked == Asked::Logs {
            self.rhythm.sent(now);
        }
        self.asked = asked;
        self.asked_at = now;
        Step::Send(request)
    }

    fn logs_request(&self) -> Option<Request> {
        let take = self.settings.take.to_string();
        let mut pairs = vec![];
        match &self.place {
            Place::After(id) => pairs.extend([("from", id.clone()), ("take", take)]),
            Place::Search(since) => {
                let since = Offset::UTC.to_datetime(later(*since, -SEARCH_LOOKBACK));
                let query = format!("date:[{} TO *]", since.strftime("%Y-%m-%dT%H:%M:%S"));
                pairs.extend([("q", query), ("sort", "date:1".to_owned())]);
                pairs.extend([("page", "0".to_owned()), ("per_page", take)]);
            }
        }
        let mut url = self.settings.logs_url.clone();
        url.query_pairs_mut().extend_pairs(pairs);
        asking::get(url, self.authorization()?)
    }

    fn authorization(&self) -> Option<&Secret> {
        self.token.as_ref().map(|token| &token.authorization)
    }

    fn token_answer(&mut self, answer: &Answer, now: Timestamp) -> Outcome {
        let token = answer.status.is_success().then(|| Token::granted(answer, now)).flatten();
        match token {
            Some(token) => {
                *self.shared.token.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(token.clone());
                self.token = Some(token);
                Outcome::Settled
            }
            None => self.fail(trouble::token(&self.settings, answer), Some(answer), now),
        }
    }

    fn logs_answer(&mut self, answer: &Answer, now: Timestamp) -> Outcome {
        self.rhythm.note(&answer.headers, answer.status != 429, now);
        let is_renewable = !matches!(self.settings.credential, Credential::Token(_));
        match answer.status.as_u16() {
            200 => self.page(answer, now),
            400 | 404 | 414 if self.give_way(answer, now) => Outcome::Settled,
            401 if is_renewable && !self.is_token_second => {
                self.drop_token();
                self.is_token_second = true;
                Outcome::Settled
            }
            _ => {
                let error = trouble::logs(&self.settings, answer, self.authorization());
                self.fail(error, Some(answer), now)
            }
        }
    }

    /// Finds another place after the server refused this one: for a real id the moment inside it, for a made-up one the
    /// search. False if there is none left, or if the refusal is not about the place.
    fn give_way(&mut self, answer: &Answer, now: Timestamp) -> bool {
        let Place::After(id) = &self.place else { return false };
        if answer.status != 400 {
            return false;
        }
        let moment = log_id::time(id);
        self.place = if log_id::is_synthetic(id) {
            Place::Search(moment.unwrap_or(now))
        } else {
            let oldest = self.oldest_kept(now);
            let from = moment.or(self.covered).unwrap_or(oldest);
            self.lost = Some((from, "the tenant no longer knows the cursor"));
            Place::After(log_id::synthetic(from.max(oldest)))
        };
        self.is_stored = false;
        true
    }

    /// The token that another poll of this source was given.
    fn shared_token(&self, now: Timestamp) -> Option<Token> {
        let shared = self.shared.token.lock().unwrap_or_else(PoisonError::into_inner);
        shared.clone().filter(|token| !token.is_old(now))
    }

    /// Gives up the token, for the others too unless they have a newer one.
    fn drop_token(&mut self) {
        let Some(token) = self.token.take() else { return };
        let mut shared = self.shared.token.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |it: &Token| it.authorization.expose() == token.authorization.expose();
        if shared.as_ref().is_some_and(is_same) {
            *shared = None;
        }
    }

    fn oldest_kept(&self, now: Timestamp) -> Timestamp {
        days_before(now, self.settings.retention_days.unwrap_or(RETENTION_DAYS_UNTOLD))
    }

    fn page(&mut self, answer: &Answer, now: Timestamp) -> Outcome {
        let body = &answer.body;
        let start = skip_space(body, 0);
        match body.get(start) {
            Some(b'[') => {}
            Some(b'{') => {
                let error = trouble::not_a_list(&self.settings, answer, self.authorization());
                return self.fail(error, None, now);
            }
            _ => return self.fail(trouble::not_json(), None, now),
        }
        let (decoded, end) = wire::read_array(body, start, role);
        if let Err(broken) = end {
            self.broken_bodies += 1;
            if self.broken_bodies < BROKEN_BODIES_MAX || decoded.events.is_empty() {
                return self.fail(trouble::broken_list(broken.why, broken.at), None, now);
            }
        }
        if let (true, Some(first)) = (decoded.events.is_empty(), decoded.rejected.first()) {
            return self.fail(trouble::no_event(&first.reason), None, now);
        }
        self.is_token_second = false;
        self.rhythm.succeeded();
        self.broken_bodies = 0;
        self.accept(decoded, server_time::earlier(self.asked_at, &answer.headers), now)
    }

    fn accept(&mut self, decoded: Decoded, listed_at: Timestamp, now: Timestamp) -> Outcome {
        let Decoded { events, rejected } = decoded;
        let gap = self.gap(&events, now);
        let (moved, is_full) = self.follow(&events, &rejected);
        // A full page that leads nowhere was served before, and says nothing of what comes after it.
        let count = u64::try_from(events.len() + rejected.len()).unwrap_or(u64::MAX);
        let is_stale = moved.is_none() && count >= self.settings.take;
        let arrived = match &moved {
            Some(Place::After(id)) => log_id::time(id),
            _ => None,
        };
        // A page tells of all that arrived before its last event, be it later than any clock tells: the next run's walk goes on
        // at that event.
        let read_until = match &moved {
            Some(Place::After(_)) if is_full => arrived,
            _ => Some(listed_at).filter(|_| !is_stale).max(arrived),
        };
        let walked = self.walk(&events, gap.as_ref(), read_until, now);
        if let Some(place) = moved {
            self.place = place;
            self.is_stored = false;
        }
        if !is_full {
            self.rhythm.rest(events.is_empty(), now);
            self.covered = Some(now).filter(|_| !is_stale).or(self.covered);
        }
        let cursor = (!self.is_stored).then(|| cursor(&self.place));
        self.is_stored = true;
        let more = is_full || is_stale;
        Outcome::Page { events, rejected, cursor, gap, walked, more }
    }

    /// What this page adds to the walk, if it is known up to which moment of arrival everything is read with it
    /// (`read_until`). An event that happened `LATENESS` before is listed by then, so that the page proves everything up
    /// to there.
    fn walk(
        &mut self,
        events: &[Event],
        gap: Option<&Gap>,
        read_until: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Stretch> {
        let from = match (self.walked, &self.place) {
            (Some(walked), _) => walked,
            // A search finds where the walk begins; it walks nothing itself.
            (None, Place::Search(since)) => {
                self.walked = Some(*since);
                return None;
            }
            (None, Place::After(id)) if log_id::is_synthetic(id) => log_id::time(id)?,
            // What an earlier run proved of it: the walk goes on there.
            (None, Place::After(id)) => later(log_id::time(id)?, -LATENESS),
        };
        let kept = self.kept_since(events, now);
        let from = from.max(gap.map_or(from, |gap| gap.until)).max(kept.unwrap_or(from));
        self.page_at = Some(now);
        let until = later(read_until?, -LATENESS).max(from);
        self.walked = Some(until);
        Some(Stretch { from, until }).filter(|walked| !walked.is_empty())
    }

    /// From when on the tenant may be relied on to have kept everything, if this page alone has to show it: nothing was
    /// read for so long that what was kept may have changed behind the cursor.
    fn kept_since(&self, events: &[Event], now: Timestamp) -> Option<Timestamp> {
        let days = self.settings.retention_days.unwrap_or(RETENTION_DAYS_LEAST);
        let kept = days_before(now, days);
        if self.page_at.is_some_and(|at| at > kept) {
            return None;
        }
        // Of a tenant whose retention is not told, the oldest event that it still lists tells as much.
        let shown = events.first().and_then(|event| event.time);
        Some(
            shown
                .filter(|_| self.settings.retention_days.is_none())
                .map_or(kept, |it| it.min(kept)),
        )
    }

    /// Where to go on after a page, and whether more is there now.
    fn follow(&self, events: &[Event], rejected: &[Rejected]) -> (Option<Place>, bool) {
        let ids = events.iter().map(|event| &event.id).filter(|id| !id.is_empty());
        match &self.place {
            Place::Search(_) => {
                let first = ids.min();
                (first.map(|id| Place::After(id.clone())), first.is_some())
            }
            // A page that was served before must not lead back, nor be asked for at once again and again.
            Place::After(from) => {
                let last = ids.last().filter(|last| log_id::is_after(last, from));
                let count = events.len() + rejected.len();
                let is_full = u64::try_from(count).is_ok_and(|count| count >= self.settings.take);
                (last.map(|id| Place::After(id.clone())), is_full && last.is_some())
            }
        }
    }

    /// The stretch that is lost, if this page shows one: the place was older than what the tenant keeps, or refused.
    fn gap(&mut self, events: &[Event], now: Timestamp) -> Option<Gap> {
        let first = events.first().and_then(|event| event.time);
        if let Some((from, cause)) = self.lost.take() {
            let until = first.unwrap_or(now).max(from);
            return Some(Gap { from, until, cause: cause.to_owned() });
        }
        let oldest = days_before(now, self.settings.retention_days?);
        let reached = match &self.place {
            Place::After(id) => log_id::time(id)?,
            Place::Search(since) => *since,
        };
        let from = self.covered.map_or(reached, |covered| covered.max(reached));
        let cause =
            "the cursor is older than the tenant's retention; what it no longer kept is lost";
        (from < oldest).then(|| Gap { from, until: oldest, cause: cause.to_owned() })
    }

    fn fail(&mut self, error: SourceError, answer: Option<&Answer>, now: Timestamp) -> Outcome {
        self.rhythm.fail(error.kind, answer.map(|answer| &answer.headers), now);
        if error.kind == SourceErrorKind::Refused {
            // A permission that is granted meanwhile stands in new tokens only.
            self.drop_token();
            self.is_token_second = false;
        }
        Outcome::Failed(error)
    }
}

fn first_place(settings: &Settings, now: Timestamp) -> Place {
    let days = settings.retention_days.unwrap_or(RETENTION_DAYS_UNTOLD);
    let from = match settings.start {
        Start::Now => now,
        Start::Retention => days_before(now, days),
        Start::At(moment) => moment,
    };
    Place::After(log_id::synthetic(from))
}

fn days_before(now: Timestamp, days: u64) -> Timestamp {
    let hours = i64::try_from(days).unwrap_or(0).saturating_mul(24);
    later(now, SignedDuration::from_hours(-hours))
}

fn cursor(place: &Place) -> Cursor {
    Cursor(match place {
        Place::After(id) => id.clone(),
        Place::Search(since) => format!("{SEARCH_CURSOR}{since}"),
    })
}

fn place(cursor: String) -> Place {
    match cursor.strip_prefix(SEARCH_CURSOR).and_then(|since| since.parse().ok()) {
        Some(since) => Place::Search(since),
        None => Place::After(cursor),
    }
}
