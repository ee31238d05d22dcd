//! `GET /api/1/events` and its neighbours: pages by cursor, filters, and the hourly limit in every answer.
//! Deliberately absent: wildcards in filters.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::account::{Budget, Entry};
use super::answers::{SUCCESS, refusal, server_error, success};
use super::event::sentence;
use super::{OneLogin, OverLimit};
use crate::faults::Fault;
use crate::moment::SECOND_US;
use crate::shelf;

/// Events of a page if the client does not say.
const PAGE_EVENTS_DEFAULT: usize = 50;
/// Every event type: number and name, a line each.
const TYPES: &str = include_str!("types.tsv");

/// Which events are asked for, in which order, from where.
#[derive(Debug, Default, PartialEq)]
struct Wish {
    limit: Option<usize>,
    after: Option<u64>,
    before: Option<u64>,
    descending: bool,
    since: Option<i64>,
    until: Option<i64>,
    types: Vec<u16>,
    user: Option<u64>,
    id: Option<u64>,
    fields: Vec<String>,
    /// Filters on fields that no event of the simulation fills.
    nothing: bool,
    /// Everything but the cursors, to be repeated in links.
    repeated: Vec<(String, String)>,
}

impl Wish {
    fn read(query: &str) -> Result<Self, String> {
        let mut wish = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let wrong = || format!("{name} is invalid");
            match name.as_ref() {
                "limit" => wish.limit = Some(value.parse().map_err(|_| wrong())?),
                "after_cursor" => wish.after = Some(read_cursor(&value).ok_or_else(wrong)?),
                "before_cursor" => wish.before = Some(read_cursor(&value).ok_or_else(wrong)?),
                "sort" => wish.descending = read_sort(&value).ok_or_else(wrong)?,
                "since" => wish.since = Some(moment(&value).ok_or_else(wrong)?),
                "until" => wish.until = Some(moment(&value).ok_or_else(wrong)?),
                "event_type_id" => {
                    let types = value.split(',').map(|it| it.trim().parse());
                    wish.types = types.collect::<Result<_, _>>().map_err(|_| wrong())?;
                }
                "user_id" => wish.user = Some(value.parse().map_err(|_| wrong())?),
                "id" => wish.id = Some(value.parse().map_err(|_| wrong())?),
                "fields" => wish.fields = value.split(',').map(str::to_owned).collect(),
                "client_id" | "directory_id" | "resolution" => wish.nothing = true,
                _ => {}
            }
            if !matches!(name.as_ref(), "after_cursor" | "before_cursor") {
                wish.repeated.push((name.into_owned(), value.into_owned()));
            }
        }
        Ok(wish)
    }

    fn takes(&self, entry: &Entry) -> bool {
        !self.nothing
            && self.since.is_none_or(|since| entry.created > since)
            && self.until.is_none_or(|until| entry.created < until)
            && (self.types.is_empty() || self.types.contains(&entry.type_id))
            && self.user.is_none_or(|user| entry.user == user)
            && self.id.is_none_or(|id| entry.id == id)
    }

    fn is_unfiltered(&self) -> bool {
        !self.nothing
            && self.since.is_none()
            && self.until.is_none()
            && self.types.is_empty()
            && self.user.is_none()
            && self.id.is_none()
    }

    /// Positions of a page, and whether more events follow it.
    fn page(&self, entries: &[Entry], limit: usize) -> (Vec<usize>, bool) {
        // With a cursor before which to read, the page is the last one that ends there.
        let (cursor, backwards) = match (self.after, self.before) {
            (_, Some(before)) => (Some(before), true),
            (after, None) => (after, false),
        };
        let falling = self.descending != backwards;
        let range = match (cursor, falling) {
            (None, _) => 0..entries.len(),
            (Some(id), false) => entries.partition_point(|entry| entry.id <= id)..entries.len(),
            (Some(id), true) => 0..entries.partition_point(|entry| entry.id < id),
        };
        let taken = |position: &usize| self.takes(&entries[*position]);
        let mut found: Vec<usize> = if falling {
            range.rev().filter(taken).take(limit + 1).collect()
        } else if self.is_unfiltered() {
            range.take(limit + 1).collect()
        } else {
            range.filter(taken).take(limit + 1).collect()
        };
        let more = found.len() > limit;
        found.truncate(limit);
        if backwards {
            found.reverse();
            return (found, true);
        }
        (found, more)
    }
}

/// Answers `GET /api/1/events`.
pub(super) async fn list(
    State(account): State<Arc<OneLogin>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    admitted(&account, &headers, || {
        let mut wish = match Wish::read(query.as_deref().unwrap_or_default()) {
            Ok(wish) => wish,
            Err(wrong) => return refusal(StatusCode::BAD_REQUEST, &wrong),
        };
        let limit = wish.limit.unwrap_or(PAGE_EVENTS_DEFAULT);
        let most = account.options.page_events_max;
        if limit == 0 || limit > most {
            let message = format!("limit must be between 1 and {most}");
            return refusal(StatusCode::BAD_REQUEST, &message);
        }
        if !account.given.is_empty() {
            return given_page(&account, &headers, &wish, limit);
        }
        if let Some(after) = wish.after
            && account.troubles.strikes(Fault::DuplicatePage)
        {
            wish.after = Some(account.with_entries(|entries| {
                let at = entries.partition_point(|entry| entry.id <= after);
                at.checked_sub(limit + 1).map_or(0, |before| entries[before].id)
            }));
        }
        let (positions, more) = account.with_entries(|entries| wish.page(entries, limit));
        account
            .served
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .page(positions.iter().copied());
        account.with_entries(|entries| {
            account.served_hours.add(positions.iter().map(|at| entries[*at].created));
        });
        page(&account, &headers, &wish, &positions, more)
    })
}

/// Answers `GET /api/1/events/{id}`.
pub(super) async fn one(
    State(account): State<Arc<OneLogin>>,
    Path(id): Path<u64>,
    headers: HeaderMap,
) -> Response {
    admitted(&account, &headers, || {
        let position = account
            .with_entries(|entries| entries.binary_search_by_key(&id, |entry| entry.id).ok());
        match position.and_then(|position| account.text(position)) {
            Some(text) => enveloped("", vec![text]),
            None => refusal(StatusCode::NOT_FOUND, "Not Found"),
        }
    })
}

/// Answers `GET /api/1/events/types`. It needs no token.
pub(super) async fn types() -> Response {
    let types: Vec<Value> = TYPES
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .filter_map(|(id, name)| {
            let id: u16 = id.parse().ok()?;
            Some(json!({ "name": name, "description": sentence(name), "id": id }))
        })
        .collect();
    success(&types)
}

/// Answers `GET /auth/rate_limit`.
pub(super) async fn rate_limit(
    State(account): State<Arc<OneLogin>>,
    headers: HeaderMap,
) -> Response {
    if !account.tokens.accepts(&headers, account.now().div_euclid(SECOND_US)) {
        return refusal(StatusCode::UNAUTHORIZED, "Unauthorized");
    }
    let unlimited = Budget { allowed: true, limit: 5_000, remaining: 5_000, reset_seconds: 3_600 };
    let budget = account.budget(false).unwrap_or(unlimited);
    success(&json!({
        "X-RateLimit-Limit": budget.limit,
        "X-RateLimit-Remaining": budget.remaining,
        "X-RateLimit-Reset": budget.reset_seconds,
    }))
}

/// Checks the owner, the token and the limit before `answer`, and tells the limit afterwards.
fn admitted(
    account: &OneLogin,
    headers: &HeaderMap,
    answer: impl FnOnce() -> Response,
) -> Response {
    if account.owner_deleted.load(Ordering::Relaxed) {
        return server_error();
    }
    if !account.tokens.accepts(headers, account.now().div_euclid(SECOND_US)) {
        return refusal(StatusCode::UNAUTHORIZED, "Unauthorized");
    }
    let budget = account.budget(true);
    let mut response = match budget {
        Some(Budget { allowed: false, .. }) => match account.options.over_limit {
            OverLimit::BadRequest => refusal(StatusCode::BAD_REQUEST, "rate_limit_exceeded"),
            OverLimit::TooManyRequests => {
                refusal(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded")
            }
        },
        _ => answer(),
    };
    if let Some(budget) = budget {
        let headers = response.headers_mut();
        headers.insert("x-ratelimit-limit", budget.limit.into());
        headers.insert("x-ratelimit-remaining", budget.remaining.into());
        headers.insert("x-ratelimit-reset", budget.reset_seconds.into());
    }
    response
}

/// The page after the cursor of events that were given; the cursor holds a position.
fn given_page(account: &OneLogin, headers: &HeaderMap, wish: &Wish, limit: usize) -> Response {
    let mut start = wish.after.and_then(|after| usize::try_from(after).ok()).unwrap_or(0);
    if start > 0 && account.troubles.strikes(Fault::DuplicatePage) {
        start = start.saturating_sub(limit);
    }
    let range = account.given.range(start, limit);
    account.served.lock().unwrap_or_else(PoisonError::into_inner).page(range.clone());
    let after = (range.end < account.given.len()).then(|| cursor(range.end as u64));
    let next = after.as_ref().map(|after| link(account, headers, wish, "after_cursor", after));
    let pagination = json!({
        "before_cursor": null, "after_cursor": after, "previous_link": null, "next_link": next,
    });
    enveloped(&format!(r#""pagination":{pagination},"#), account.given.texts(range))
}

fn page(
    account: &OneLogin,
    headers: &HeaderMap,
    wish: &Wish,
    positions: &[usize],
    more: bool,
) -> Response {
    let id = |position: &usize| account.with_entries(|entries| entries[*position].id);
    let after = positions.last().filter(|_| more).map(|it| cursor(id(it)));
    let had_cursor = wish.after.is_some() || wish.before.is_some();
    let before = positions.first().filter(|_| had_cursor).map(|it| cursor(id(it)));
    let link = |name: &str, cursor: Option<&String>| {
        cursor.map(|cursor| link(account, headers, wish, name, cursor))
    };
    let pagination = json!({
        "before_cursor": before,
        "after_cursor": after,
        "previous_link": link("before_cursor", before.as_ref()),
        "next_link": link("after_cursor", after.as_ref()),
    });
    let texts = if wish.fields.is_empty() {
        texts(account, positions)
    } else {
        let texts = positions.iter().filter_map(|position| account.text(*position));
        between_commas(texts.filter_map(|text| only(&text, &wish.fields)))
    };
    enveloped(&format!(r#""pagination":{pagination},"#), texts)
}

/// `{"status":…,` then `more` and `"data":[`, the texts, `]}`.
fn enveloped(more: &str, texts: Vec<Bytes>) -> Response {
    let head = format!(r#"{{{SUCCESS},{more}"data":["#);
    let (body, length) = shelf::body(head, texts, Bytes::from_static(b"]}"));
    let mut response = Response::new(body);
    let kind = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    response
}

/// Texts of a page; in one piece if they lie one behind the other.
fn texts(account: &OneLogin, positions: &[usize]) -> Vec<Bytes> {
    match positions {
        [first, .., last] if last > first && last - first + 1 == positions.len() => {
            account.texts(*first..*last + 1)
        }
        _ => between_commas(positions.iter().filter_map(|position| account.text(*position))),
    }
}

fn between_commas(texts: impl Iterator<Item = Bytes>) -> Vec<Bytes> {
    let mut pieces = Vec::new();
    for text in texts {
        if !pieces.is_empty() {
            pieces.push(Bytes::from_static(b","));
        }
        pieces.push(text);
    }
    pieces
}

/// The event with only the named fields. The id is always among them.
fn only(text: &[u8], fields: &[String]) -> Option<Bytes> {
    let mut event: Map<String, Value> = serde_json::from_slice(text).ok()?;
    event.retain(|name, _| name == "id" || fields.contains(name));
    serde_json::to_vec(&event).ok().map(Bytes::from)
}

fn link(account: &OneLogin, headers: &HeaderMap, wish: &Wish, name: &str, cursor: &str) -> String {
    let scheme = if account.options.listen.tls { "https" } else { "http" };
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(&wish.repeated).append_pair(name, cursor);
    format!("{scheme}://{host}/api/1/events?{}", query.finish())
}

/// Opaque to clients: `id:::` and the last id, in base64.
fn cursor(id: u64) -> String {
    BASE64_URL_SAFE.encode(format!("id:::{id}"))
}

fn read_cursor(text: &str) -> Option<u64> {
    let plain = BASE64_URL_SAFE.decode(text).ok()?;
    std::str::from_utf8(&plain).ok()?.strip_prefix("id:::")?.parse().ok()
}

/// `+id` or `-id`; a plus that was not escaped arrives as a space.
fn read_sort(text: &str) -> Option<bool> {
    match text {
        "+id" | " id" | "id" => Some(false),
        "-id" => Some(true),
        _ => None,
    }
}

fn moment(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entries(count: u64) -> Vec<Entry> {
        (0..count)
            .map(|it| Entry {
                id: 45_000_000_000 + it * 3,
                created: (it as i64 * 7_919) % 1_000,
                type_id: (it % 4) as u16,
                user: it % 5,
            })
            .collect()
    }

    #[test]
    fn a_query_is_read() {
        let wish =
            Wish::read("limit=10&sort=-id&event_type_id=8,13&since=1970-01-01T00:00:01Z").unwrap();
        assert_eq!((wish.limit, wish.descending, wish.since), (Some(10), true, Some(1_000_000)));
        assert_eq!(wish.types, [8, 13]);
        assert_eq!(Wish::read("since=soon").unwrap_err(), "since is invalid");
        assert_eq!(Wish::read("after_cursor=!").unwrap_err(), "after_cursor is invalid");
    }

    #[test]
    fn every_type_has_a_number_and_a_name() {
        assert_eq!(TYPES.lines().count(), 539);
        assert!(
            TYPES
                .lines()
                .all(|line| line.split_once('\t').is_some_and(|(id, _)| id.parse::<u16>().is_ok()))
        );
        assert_eq!(sentence("USER_LOCKED"), "User locked");
    }

    proptest! {
        #[test]
        fn cursors_lead_through_everything_once(
            count in 0_u64..120, limit in 1_usize..40, descending: bool,
            types in prop::collection::vec(0_u16..4, 0..3), since in prop::option::of(0_i64..1_000),
        ) {
            let entries = entries(count);
            let mut wish = Wish { descending, types, since, ..Wish::default() };
            let mut expected: Vec<usize> =
                (0..entries.len()).filter(|it| wish.takes(&entries[*it])).collect();
            if descending {
                expected.reverse();
            }
            let mut read = Vec::new();
            loop {
                let (page, more) = wish.page(&entries, limit);
                read.extend_from_slice(&page);
                if !more {
                    break;
                }
                wish.after = read_cursor(&cursor(entries[*page.last().unwrap()].id));
            }
            prop_assert_eq!(read, expected);
        }

        #[test]
        fn a_page_before_a_cursor_is_the_page_that_came_before(
            count in 1_u64..80, limit in 1_usize..20, descending: bool,
        ) {
            let entries = entries(count);
            let first = Wish { descending, ..Wish::default() }.page(&entries, limit).0;
            let after = Wish { descending, after: Some(entries[*first.last().unwrap()].id), ..Wish::default() };
            let (second, _) = after.page(&entries, limit);
            if let Some(start) = second.first() {
                let before = Wish { descending, before: Some(entries[*start].id), ..Wish::default() };
                prop_assert_eq!(before.page(&entries, limit).0, first);
            }
        }
    }
}
