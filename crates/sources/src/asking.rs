//! Building requests and reading what a refusal says: the parts of polling that are the same for every provider.
//! Deliberately absent: what to ask for, and what an answer means.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use model::Secret;
use net::{Answer, Request};
use serde_json::Value;
use url::Url;

/// From the first byte sent to the last byte received. Auth0's searches are known to take 20 seconds on bad days.
const REQUEST_SECONDS_MAX: u64 = 60;

/// How much of a provider's own words goes into a message.
const QUOTE_CHARS_MAX: usize = 300;

/// After so many broken bodies at one place, what can be read of the next is taken: it will not get better.
pub(crate) const BROKEN_BODIES_MAX: u32 = 5;

/// A GET with an `Authorization` header; `None` if the credential cannot stand in one.
pub(crate) fn get(url: Url, authorization: &Secret) -> Option<Request> {
    let mut headers = json_headers();
    headers.insert(AUTHORIZATION, secret_header(authorization)?);
    Some(request(Method::GET, url, headers, Bytes::new()))
}

/// A POST of form fields.
pub(crate) fn post_form(url: Url, fields: &[(&str, &str)]) -> Request {
    let mut headers = json_headers();
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    headers.insert(CONTENT_TYPE, kind);
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    request(Method::POST, url, headers, Bytes::from(body))
}

/// A POST of JSON with an `Authorization` header; `None` if the credential cannot stand in one.
pub(crate) fn post_json(url: Url, authorization: &Secret, body: &'static str) -> Option<Request> {
    let mut headers = json_headers();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(AUTHORIZATION, secret_header(authorization)?);
    Some(request(Method::POST, url, headers, Bytes::from_static(body.as_bytes())))
}

/// A header value that is never shown.
fn secret_header(secret: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(secret.expose()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn json_headers() -> HeaderMap {
    HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))])
}

fn request(method: Method, url: Url, headers: HeaderMap, body: Bytes) -> Request {
    Request { method, url, headers, body, timeout: Duration::from_secs(REQUEST_SECONDS_MAX) }
}

/// The answer's status with what the provider says about it: `403 Forbidden: Insufficient scope …`. `secrets` are taken
/// out of it, in case the server repeats what it was sent.
pub(crate) fn describe(answer: &Answer, secrets: &[&Secret]) -> String {
    let words = own_words(&answer.body);
    let mut words = secrets
        .iter()
        .map(|secret| secret.expose().trim_start_matches("Bearer "))
        .filter(|secret| !secret.is_empty())
        .fold(words, |words, secret| words.replace(secret, "…"));
    if let Some((cut, _)) = words.char_indices().nth(QUOTE_CHARS_MAX) {
        words.truncate(cut);
    }
    if words.is_empty() { answer.status.to_string() } else { format!("{}: {words}", answer.status) }
}

/// The message in an error body of any of the providers' shapes; empty if there is none (an HTML page, say).
fn own_words(body: &[u8]) -> String {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return String::new() };
    let places = [&body["error_description"], &body["message"], &body["status"]["message"]];
    let mut words = places.iter().filter_map(|place| match place {
        Value::String(text) => Some(text.clone()),
        Value::Object(fields) => {
            fields.get("description").and_then(Value::as_str).map(str::to_owned)
        }
        _ => None,
    });
    let words = words.next().or_else(|| body["error"].as_str().map(str::to_owned));
    words.unwrap_or_default().chars().filter(|it| !it.is_control()).collect()
}

/// The machine-readable code of an error body: `errorCode` or `error`.
pub(crate) fn error_code(body: &[u8]) -> Option<String> {
    let body = serde_json::from_slice::<Value>(body).ok()?;
    let code = body["errorCode"].as_str().or_else(|| body["error"].as_str())?;
    Some(code.to_owned())
}
