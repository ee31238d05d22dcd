//! The poll of OneLogin's events: token, then passes. A pass reads everything since a moment, page after page by
//! `after_cursor`, in whatever order the API lists it. The next pass begins at the newest event's time less an overlap,
//! so that an event which arrives late is found; what is read twice is recognised by its id in the journal.
//! Deliberately absent: `next_link`, and any trust in the order of events.

use std::sync::Arc;

use model::{Cursor, Event, SignedDuration, Stretch, Timestamp};
use net::{Answer, Request};
use serde::{Deserialize, Serialize};

use super::config::Settings;
use super::page::{self, Page};
use super::token::{self, Token};
use super::trouble;
use crate::asking::{self, BROKEN_BODIES_MAX};
use crate::pace::{Budget, Reset, later};
use crate::rhythm::Rhythm;
use crate::scan::skip_space;
use crate::schedule::Start;
use crate::{
    Capacity, Outcome, Poll, PollSource, SourceError, SourceErrorKind, Step, Waiting, server_time,
};

/// The page size that every account is documented to have; asked for when a larger one is refused.
const LIMIT_DOCUMENTED: u64 = 50;

/// A validated poll of OneLogin.
pub(crate) struct OneLoginPollSource(pub(crate) Arc<Settings>);

impl PollSource for OneLoginPollSource {
    fn start(&self, cursor: Option<Cursor>, now: Timestamp) -> Box<dyn Poll> {
        Box::new(OneLoginPoll::new(Arc::clone(&self.0), cursor, now))
    }

    fn capacity(&self) -> Capacity {
        Capacity { events_per_request: self.0.limit, ..Capacity::default() }
    }
}

struct OneLoginPoll {
    settings: Arc<Settings>,
    place: Place,
    is_stored: bool,
    /// Whether `place.after` comes from an earlier run and was not accepted yet in this one.
    is_after_old: bool,
    token: Option<Token>,
    /// Whether the token has not been used with success.
    is_token_fresh: bool,
    /// Whether the token was made after a 401 or 500: another one then means more than age.
    is_token_second: bool,
    limit: u64,
    rhythm: Rhythm,
    asked: Asked,
    /// When the request in flight was sent.
    asked_at: Timestamp,
    /// The oldest event of the pass, where it has no start.
    oldest: Option<Timestamp>,
    broken_bodies: u32,
}

/// Where a pass stands; written into the cursor as JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// The pass reads events after this moment; without one, all.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    /// Its next page; without one, its first.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    /// When its first page was asked for; without one, it is the next that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    begun: Option<Timestamp>,
    /// The time of the newest event of all passes.
    #[serde(skip_serializing_if = "Option::is_none")]
    newest: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Nothing,
    Token,
    Events,
}

impl Poll for OneLoginPoll {
    fn step(&mut self, now: Timestamp) -> Step {
        if let Some(wait) = self.rhythm.pending(now) {
            return wait;
        }
        if self.token.as_ref().is_none_or(|token| token.is_old(now)) {
            let request = token::request(&self.settings);
            return self.send(Asked::Token, request, now);
        }
        if let Some(wait) = self.rhythm.held_back(now) {
            return wait;
        }
        let request = self.events_request();
        self.send(Asked::Events, request, now)
    }

    fn answer(&mut self, answer: Result<&Answer, &str>, now: Timestamp) -> Outcome {
        let asked = std::mem::replace(&mut self.asked, Asked::Nothing);
        match (asked, answer) {
            (Asked::Nothing, _) => Outcome::Settled,
            (_, Err(words)) => self.fail(trouble::unreachable(&self.settings, words), None, now),
            (Asked::Token, Ok(answer)) => self.token_answer(answer, now),
            (Asked::Events, Ok(answer)) => self.events_answer(answer, now),
        }
    }
}

impl OneLoginPoll {
    fn new(settings: Arc<Settings>, cursor: Option<Cursor>, now: Timestamp) -> Self {
        let stored = cursor.and_then(|cursor| serde_json::from_str::<Place>(&cursor.0).ok());
        let is_stored = stored.is_some();
        let place = stored.unwrap_or_else(|| first_place(&settings, now));
        Self {
            is_stored,
            is_after_old: place.after.is_some(),
            place,
            token: None,
            is_token_fresh: false,
            is_token_second: false,
            limit: settings.limit,
            rhythm: Rhythm::new(
                Budget::new(settings.rate_share, Reset::InSeconds),
                settings.interval,
            ),
            asked: Asked::Nothing,
            asked_at: now,
            oldest: None,
            broken_bodies: 0,
            settings,
        }
    }

    fn send(&mut self, asked: Asked, request: Option<Request>, now: Timestamp) -> Step {
        // Validation looked at every part of the credential, so there is a request.
        let Some(request) = request else {
            self.rhythm.fail(SourceErrorKind::Refused, None, now);
            return Step::Wait { until: now, why: Waiting::Failure };
        };
        self.asked = asked;
        self.asked_at = now;
        Step::Send(request)
    }

    fn events_request(&self) -> Option<Request> {
        let mut url = self.settings.events_url.clone();
        let mut pairs = vec![("limit", self.limit.to_string())];
        pairs.extend(self.place.since.map(|since| ("since", milliseconds(since))));
        pairs.extend(self.place.after.clone().map(|after| ("after_cursor", after)));
        url.query_pairs_mut().extend_pairs(pairs);
        asking::get(url, &self.token.as_ref()?.authorization)
    }

    fn token_answer(&mut self, answer: &Answer, now: Timestamp) -> Outcome {
        let token = answer.status.is_success().then(|| Token::granted(answer, now)).flatten();
        match token {
            Some(token) => {
                self.token = Some(token);
                self.is_token_fresh = true;
                Outcome::Settled
            }
            None => self.fail(trouble::token(&self.settings, answer), Some(answer), now),
        }
    }

    fn events_answer(&mut self, answer: &Answer, now: Timestamp) -> Outcome {
        self.rhythm.note(&answer.headers, answer.status != 429, now);
        match answer.status.as_u16() {
            200 => return self.page(answer, now),
            400 if !trouble::is_over_limit(answer) && self.give_way() => return Outcome::Settled,
            // A new token is the only way to tell age from deletion and an outage from a deleted owner.
            401 | 500 if !self.is_token_second => {
                self.token = None;
                self.is_token_second = true;
                return Outcome::Settled;
            }
            _ => {}
        }
        let Some(token) = &self.token else { return Outcome::Settled };
        let is_fresh = self.is_token_fresh;
        let error = trouble::events(&self.settings, answer, &token.authorization, is_fresh);
        self.fail(error, Some(answer), now)
    }

    /// Asks for less after a 400: first without a page cursor of an earlier run, then for smaller pages, then without any
    /// page cursor. The pass is read again from its start; nothing is skipped.
    fn give_way(&mut self) -> bool {
        if self.is_after_old {
            self.restart_pass();
        } else if self.limit > LIMIT_DOCUMENTED {
            self.limit = LIMIT_DOCUMENTED;
        } else if self.place.after.is_some() {
            self.restart_pass();
        } else {
            return false;
        }
        true
    }

    fn restart_pass(&mut self) {
        self.is_after_old = false;
        self.place.after = None;
        self.place.begun = None;
    }

    fn page(&mut self, answer: &Answer, now: Timestamp) -> Outcome {
        let body = &answer.body;
        let start = skip_space(body, 0);
        if body.get(start) != Some(&b'{') {
            return self.fail(trouble::not_json(), None, now);
        }
        let page = page::read(body, start);
        if let Some(broken) = page.broken {
            self.broken_bodies += 1;
            if self.broken_bodies < BROKEN_BODIES_MAX || page.decoded.events.is_empty() {
                return self.fail(trouble::broken_page(broken.why, broken.at), None, now);
            }
        }
        if page.is_error || !page.has_list {
            return self.fail(trouble::no_list(&self.settings, answer), None, now);
        }
        self.is_token_fresh = false;
        self.is_token_second = false;
        self.is_after_old = false;
        self.broken_bodies = 0;
        self.rhythm.succeeded();
        self.accept(page, server_time::earlier(self.asked_at, &answer.headers), now)
    }

    fn accept(&mut self, page: Page, listed_at: Timestamp, now: Timestamp) -> Outcome {
        let Page { decoded, after, .. } = page;
        if self.place.after.is_none() {
            self.place.begun = Some(listed_at);
        }
        let oldest = decoded.events.iter().filter_map(|event| event.time).min();
        self.oldest = [self.oldest, oldest].into_iter().flatten().min();
        let next = self.place.follow(&decoded.events, after, self.settings.overlap, now);
        let more = next.after.is_some();
        let walked = if more { None } else { self.walk() };
        if !more {
            let has_news = next.newest != self.place.newest;
            self.rhythm.rest(!has_news, now);
        }
        // When a pass of one page began is not worth a word in the cursor.
        if (Place { begun: None, ..self.place.clone() }) != next {
            self.is_stored = false;
        }
        self.place = next;
        let cursor = (!self.is_stored).then(|| self.place.cursor());
        self.is_stored = true;
        let crate::Decoded { events, rejected } = decoded;
        Outcome::Page { events, rejected, cursor, gap: None, walked, more }
    }

    /// What a pass that is at its end has walked: from its start to the moment at which it began, less the overlap, because
    /// an event may be listed so much later than it happened.
    fn walk(&mut self) -> Option<Stretch> {
        let from = self.place.since.or(self.oldest.take())?;
        let until = later(self.place.begun?, -self.settings.overlap);
        Some(Stretch { from, until }).filter(|walked| !walked.is_empty())
    }

    fn fail(&mut self, error: SourceError, answer: Option<&Answer>, now: Timestamp) -> Outcome {
        // A deleted owner looks like an outage, so the next tries come as soon as after one.
        let kind = match error.code {
            "onelogin.owner_deleted" => SourceErrorKind::Unavailable,
            _ => error.kind,
        };
        self.rhythm.fail(kind, answer.map(|answer| &answer.headers), now);
        if error.kind == SourceErrorKind::Refused {
            self.token = None;
            self.is_token_second = false;
        }
        Outcome::Failed(error)
    }
}

impl Place {
    /// Where to go on after a page. An empty page ends the pass whatever it says, and so does one that leads to itself:
    /// the next pass goes on from the newest event anyway. A time in the future counts as now, lest it hide what follows.
    fn follow(
        &self,
        events: &[Event],
        after: Option<String>,
        overlap: SignedDuration,
        now: Timestamp,
    ) -> Self {
        let seen = events.iter().filter_map(|event| event.time).max().map(|time| time.min(now));
        let newest = self.newest.max(seen);
        let after = after.filter(|after| !events.is_empty() && Some(after) != self.after.as_ref());
        if after.is_some() {
            return Self { since: self.since, after, begun: self.begun, newest };
        }
        // Nor may the next pass begin after the moment up to which this one walked: the server tells when a pass began in whole
        // seconds, and an event may be newer by a part of one.
        let read = newest.map(|newest| self.begun.map_or(newest, |begun| newest.min(begun)));
        let since = self.since.max(read.map(|read| later(read, -overlap)));
        Self { since, after: None, begun: None, newest }
    }

    fn cursor(&self) -> Cursor {
        Cursor(serde_json::to_string(self).unwrap_or_default())
    }
}

fn first_place(settings: &Settings, now: Timestamp) -> Place {
    let since = match settings.start {
        Start::Now => Some(now),
        Start::At(moment) => Some(moment),
        Start::Retention => None,
    };
    Place { since, ..Place::default() }
}

/// The form that the API documents: `2018-11-01T19:44:55.000Z`.
fn milliseconds(time: Timestamp) -> String {
    let civil = jiff::tz::Offset::UTC.to_datetime(time);
    civil.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
