//! What the tests share: a clock that stands still, and a client. Deliberately absent: assertions.

use std::sync::Arc;

use model::{FixedClock, Timestamp};
use reqwest::{Client, Response};
use serde_json::Value;

/// Friday, 20 November 2026, about noon in Berlin.
pub(crate) fn clock() -> Arc<FixedClock> {
    Arc::new(FixedClock::at("2026-11-20T11:00:00Z".parse::<Timestamp>().unwrap()))
}

/// A client that trusts nobody special and follows nothing.
pub(crate) fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

/// Status and JSON body.
pub(crate) async fn status_and_json(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// Posts JSON.
pub(crate) async fn post_json(client: &Client, url: &str, body: &Value) -> Response {
    let request = client.post(url).header("content-type", "application/json");
    request.body(body.to_string()).send().await.unwrap()
}

/// Posts a form.
pub(crate) async fn post_form(client: &Client, url: &str, fields: &[(&str, &str)]) -> Response {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = client.post(url).header("content-type", "application/x-www-form-urlencoded");
    request.body(body).send().await.unwrap()
}
