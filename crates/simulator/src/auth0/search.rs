//! The search mode of `GET /api/v2/logs`, and what else is answered by looking through all events: a user's logs and
//! the daily statistics. Never more than 1,000 results, newest first unless sorted otherwise.
//! Deliberately absent: speed. Every event is looked at.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::Auth0;
use super::answers::bad_query;
use super::logs::{Parameters, admitted, list_of};
use super::query::{self, Query};
use crate::moment::{DAY_US, iso_milliseconds};
use crate::server::json_answer;

/// How many events a search finds at most, all its pages together.
const RESULTS_MAX: usize = 1_000;
/// Fields that may be sorted by.
const SORTABLE: &[&str] = &["date", "log_id"];

/// Answers the search mode of `GET /api/v2/logs`.
pub(super) fn page(tenant: &Auth0, parameters: &Parameters) -> Result<Response, Box<Response>> {
    let text = parameters.get("q").or_else(|| parameters.get("search")).unwrap_or_default();
    let query = query::read(text).map_err(|problem| Box::new(bad_query(&problem)))?;
    answer(tenant, parameters, &query)
}

/// Answers `GET /api/v2/users/{id}/logs`.
pub(super) async fn of_user(
    State(tenant): State<Arc<Auth0>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    admitted(&tenant, &headers, || {
        let wanted = Query::Field("user_id".to_owned(), query::Match::Exact(id));
        answer(&tenant, &Parameters::read(query.as_deref()), &wanted)
            .unwrap_or_else(|refused| *refused)
    })
}

/// Answers `GET /api/v2/stats/daily`: logins and sign-ups of each day that had any.
pub(super) async fn daily(
    State(tenant): State<Arc<Auth0>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    admitted(&tenant, &headers, || {
        let parameters = Parameters::read(query.as_deref());
        let mut days: BTreeMap<i64, (u64, u64, u64)> = BTreeMap::new();
        for position in tenant.kept() {
            let date = tenant.with_entries(|entries| entries[position].date);
            let Some(text) = tenant.text(position) else { continue };
            let day = days.entry(date.div_euclid(DAY_US)).or_default();
            match type_of(&text).as_str() {
                "s" => day.0 += 1,
                "ss" => day.1 += 1,
                "pwd_leak" => day.2 += 1,
                _ => {}
            }
        }
        let name = |day: i64| iso_milliseconds(day * DAY_US)[..10].replace('-', "");
        let rows: Vec<Value> = days
            .iter()
            .filter(|(day, _)| {
                parameters.get("from").is_none_or(|from| name(**day).as_str() >= from)
                    && parameters.get("to").is_none_or(|to| name(**day).as_str() <= to)
            })
            .map(|(day, (logins, signups, leaked))| {
                json!({
                    "date": iso_milliseconds(day * DAY_US),
                    "logins": logins,
                    "signups": signups,
                    "leaked_passwords": leaked,
                })
            })
            .collect();
        json_answer(StatusCode::OK, &rows)
    })
}

fn answer(
    tenant: &Auth0,
    parameters: &Parameters,
    query: &Query,
) -> Result<Response, Box<Response>> {
    let per_page = parameters.page_size("per_page")?;
    let number = match parameters.get("page").unwrap_or("0").parse::<usize>() {
        Ok(number) => number,
        Err(_) => return Err(Box::new(bad_query("Expected a whole number on property page."))),
    };
    if number.saturating_mul(per_page) >= RESULTS_MAX && number > 0 {
        return Err(Box::new(bad_query(&format!(
            "Requesting page {number} exceeds the allowed maximum of {RESULTS_MAX} records: please \
             consider searching by checkpoint \
             https://auth0.com/docs/logs/retrieve-log-events-using-mgmt-api#retrieve-logs-by-checkpoint"
        ))));
    }
    let mut found = find(tenant, query);
    sort(tenant, &mut found, parameters.get("sort"))?;
    let start = number * per_page;
    let end = (start + per_page).min(RESULTS_MAX).min(found.len());
    let positions = found.get(start..end).unwrap_or_default();
    tenant.served.lock().unwrap_or_else(PoisonError::into_inner).page(positions.iter().copied());
    tenant.with_entries(|entries| {
        tenant.served_hours.add(positions.iter().map(|position| entries[*position].date));
    });
    let texts: Vec<Bytes> =
        positions.iter().filter_map(|position| tenant.text(*position)).collect();
    let texts = match parameters.get("fields") {
        Some(fields) => {
            let include = parameters.get("include_fields") != Some("false");
            texts.iter().filter_map(|text| only(text, fields, include)).collect()
        }
        None => texts,
    };
    if parameters.get("include_totals") == Some("true") {
        let logs: Vec<Value> =
            texts.iter().filter_map(|text| serde_json::from_slice(text).ok()).collect();
        let length = logs.len();
        return Ok(json_answer(
            StatusCode::OK,
            &json!({
                "start": start, "limit": per_page, "length": length, "total": length, "logs": logs,
            }),
        ));
    }
    Ok(list_of(between_commas(texts)))
}

/// Positions of the events that match, newest log id first.
fn find(tenant: &Auth0, query: &Query) -> Vec<usize> {
    let mut found = Vec::new();
    for position in tenant.kept().rev() {
        let date = tenant.with_entries(|entries| entries[position].date);
        let event = std::cell::OnceCell::new();
        let matches = query.matches(date, &mut || {
            // The event lives as long as the cell, which lives as long as this turn.
            event.get_or_init(|| {
                tenant
                    .text(position)
                    .and_then(|text| serde_json::from_slice(&text).ok())
                    .unwrap_or(Value::Null)
            })
        });
        if matches {
            found.push(position);
        }
    }
    found
}

fn sort(tenant: &Auth0, found: &mut [usize], wanted: Option<&str>) -> Result<(), Box<Response>> {
    let Some(wanted) = wanted else { return Ok(()) };
    let (field, direction) = wanted.split_once(':').unwrap_or((wanted, "1"));
    if !SORTABLE.contains(&field) || !matches!(direction, "1" | "-1") {
        return Err(Box::new(bad_query("Sort is written field:1 or field:-1.")));
    }
    tenant.with_entries(|entries| {
        found.sort_by_key(|position| match field {
            "date" => (entries[*position].date, *position),
            _ => (0, *position),
        });
    });
    if direction == "-1" {
        found.reverse();
    }
    Ok(())
}

/// The event with only (or without) the named fields.
fn only(text: &Bytes, fields: &str, include: bool) -> Option<Bytes> {
    let Value::Object(mut event) = serde_json::from_slice(text).ok()? else { return None };
    event.retain(|name, _| fields.split(',').any(|field| field.trim() == name) == include);
    serde_json::to_vec(&event).ok().map(Bytes::from)
}

fn between_commas(texts: Vec<Bytes>) -> Vec<Bytes> {
    let mut pieces = Vec::with_capacity(texts.len() * 2);
    for text in texts {
        if !pieces.is_empty() {
            pieces.push(Bytes::from_static(b","));
        }
        pieces.push(text);
    }
    pieces
}

fn type_of(text: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Typed {
        #[serde(rename = "type")]
        code: String,
    }
    serde_json::from_slice::<Typed>(text).map(|event| event.code).unwrap_or_default()
}
