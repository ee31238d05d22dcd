//! `GET /api/v2/logs` by checkpoint and `GET /api/v2/logs/{id}`: who may read, within which limit, from where.
//! A page is cut out of what lies on the shelf. Deliberately absent: the search mode (`search`).

use std::sync::{Arc, PoisonError};

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::answers::{bad_query, bad_token, push_limits, refusal, too_many_requests};
use super::log_id::is_cursor;
use super::{Auth0, ExpiredCursor, search};
use crate::faults::Fault;
use crate::moment::SECOND_US;
use crate::shelf;

/// Events of a page at most.
pub(super) const PAGE_EVENTS_MAX: u64 = 100;
/// Events of a page if the client does not say.
pub(super) const PAGE_EVENTS_DEFAULT: u64 = 50;
/// The longest query that is read.
const QUERY_BYTES_MAX: usize = 8 * 1024;

/// The parameters of a request, in the order in which they were written.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn read(query: Option<&str>) -> Self {
        let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Self(pairs.into_owned().collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A whole number within the page size, or what to answer.
    pub(super) fn page_size(&self, name: &str) -> Result<usize, Box<Response>> {
        let Some(text) = self.get(name) else { return Ok(PAGE_EVENTS_DEFAULT as usize) };
        let number: u64 = text.parse().map_err(|_| {
            Box::new(bad_query(&format!(
                "Query validation error: 'Expected type integer but found type string' on \
                 property {name}."
            )))
        })?;
        if number > PAGE_EVENTS_MAX {
            return Err(Box::new(bad_query(&format!(
                "Query validation error: 'Value {number} is greater than maximum {PAGE_EVENTS_MAX}' \
                 on property {name} (Number of results per page. Defaults to 50)."
            ))));
        }
        Ok(number as usize)
    }
}

/// Answers `GET /api/v2/logs`.
pub(super) async fn list(
    State(tenant): State<Arc<Auth0>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    admitted(&tenant, &headers, || {
        if query.as_deref().is_some_and(|query| query.len() > QUERY_BYTES_MAX) {
            return refusal(StatusCode::URI_TOO_LONG, "Request-URI Too Large", None);
        }
        let parameters = Parameters::read(query.as_deref());
        let answered = match parameters.get("from") {
            Some(from) => checkpoint(&tenant, &headers, from, &parameters),
            None => search::page(&tenant, &parameters),
        };
        answered.unwrap_or_else(|refused| *refused)
    })
}

/// Answers `GET /api/v2/logs/{id}`.
pub(super) async fn one(
    State(tenant): State<Arc<Auth0>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    admitted(&tenant, &headers, || {
        let (position, exists) = tenant.position_after(&id);
        let kept = tenant.kept();
        match position.checked_sub(1).filter(|at| exists && kept.contains(at)) {
            Some(at) => tenant
                .text(at)
                .map(|text| crate::server::answer(StatusCode::OK, JSON, text))
                .unwrap_or_else(not_found),
            None => not_found(),
        }
    })
}

const JSON: &str = "application/json; charset=utf-8";

fn not_found() -> Response {
    refusal(StatusCode::NOT_FOUND, "Log not found.", Some("inexistent_log"))
}

/// Checks token, scope and rate limit before `answer`, and tells the limit afterwards.
pub(super) fn admitted(
    tenant: &Auth0,
    headers: &HeaderMap,
    answer: impl FnOnce() -> Response,
) -> Response {
    let limit = tenant.ask_limit();
    let mut response = match limit {
        Some(verdict) if !verdict.allowed => too_many_requests(),
        _ => match tenant.tokens.check(headers, tenant.now().div_euclid(SECOND_US)) {
            Err(message) => bad_token(message),
            Ok(claims) if !may_read(&claims.scope) => refusal(
                StatusCode::FORBIDDEN,
                "Insufficient scope, expected any of: read:logs,read:logs_users",
                Some("insufficient_scope"),
            ),
            Ok(_) => answer(),
        },
    };
    if let Some(verdict) = limit {
        push_limits(response.headers_mut(), verdict, tenant.options.retry_after);
    }
    response
}

fn may_read(scope: &str) -> bool {
    scope.split(' ').any(|scope| matches!(scope, "read:logs" | "read:logs_users"))
}

/// The page after `from`. Every parameter but `from` and `take` is ignored.
fn checkpoint(
    tenant: &Auth0,
    headers: &HeaderMap,
    from: &str,
    parameters: &Parameters,
) -> Result<Response, Box<Response>> {
    let take = parameters.page_size("take")?;
    if !is_cursor(from) {
        return Err(Box::new(bad_query("Invalid log id on property from (Log Event Id).")));
    }
    if !tenant.given.is_empty() {
        return Ok(given_page(tenant, headers, from, take));
    }
    let kept = tenant.kept();
    let (after, exists) = tenant.position_after(from);
    if !exists && !tenant.options.accepts_synthetic_cursor {
        return Err(Box::new(bad_query("No log event of this id on property from.")));
    }
    // A cursor at the event before the oldest one that is kept has lost nothing yet.
    if after < kept.start && tenant.options.expired_cursor == ExpiredCursor::Error {
        return Err(Box::new(bad_query("The log event of property from is no longer kept.")));
    }
    let mut start = after.max(kept.start);
    if start > kept.start && tenant.troubles.strikes(Fault::DuplicatePage) {
        start = start.saturating_sub(take).max(kept.start);
    }
    let range = start..(start + take).min(kept.end);
    tenant.served.lock().unwrap_or_else(PoisonError::into_inner).page(range.clone());
    tenant.with_entries(|entries| {
        tenant.served_hours.add(entries[range.clone()].iter().map(|entry| entry.date));
    });
    let last = match range.clone().last() {
        Some(last) => tenant.with_entries(|entries| entries[last].id.text()),
        None => from.to_owned(),
    };
    let mut response = list_of(tenant.texts(range));
    if let Some(link) = next_link(tenant, headers, &last, take) {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// The page after `from` of events that were given. A place that no event has is the beginning.
fn given_page(tenant: &Auth0, headers: &HeaderMap, from: &str, take: usize) -> Response {
    let mut start = tenant.given.after(from);
    if start > 0 && tenant.troubles.strikes(Fault::DuplicatePage) {
        start = start.saturating_sub(take);
    }
    let range = tenant.given.range(start, take);
    tenant.served.lock().unwrap_or_else(PoisonError::into_inner).page(range.clone());
    let last = range.end.checked_sub(1).and_then(|last| tenant.given.id(last));
    let link = next_link(tenant, headers, last.unwrap_or(from), take);
    let mut response = list_of(tenant.given.texts(range));
    if let Some(link) = link {
        response.headers_mut().insert(header::LINK, link);
    }
    response
}

/// A JSON list of texts, in one piece and with its length.
pub(super) fn list_of(texts: Vec<Bytes>) -> Response {
    let (body, length) = shelf::body(Bytes::from_static(b"["), texts, Bytes::from_static(b"]"));
    let mut response = crate::server::answer(StatusCode::OK, JSON, body);
    response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    response
}

fn next_link(tenant: &Auth0, headers: &HeaderMap, from: &str, take: usize) -> Option<HeaderValue> {
    let scheme = if tenant.options.listen.tls { "https" } else { "http" };
    let host = headers
        .get(header::HOST)
        .and_then(|value| value.to_str().ok())
        .unwrap_or(&tenant.options.domain);
    HeaderValue::try_from(format!(
        "<{scheme}://{host}/api/v2/logs?from={from}&take={take}>; rel=\"next\""
    ))
    .ok()
}
