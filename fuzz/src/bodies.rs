//! Bodies of requests and answers: whatever the bytes, what is read of them is JSON again, what is not is rejected with a
//! reason, and nothing grows beyond its limit. Deliberately absent: the network.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use model::{EventContext, RowWriter, SourceId};
use serde_json::{json, value::RawValue};

/// What a body may come to when it is decompressed, in bytes.
const INFLATED_BYTES_MAX: usize = 64 * 1024;

/// Exports and columns of every provider.
pub(crate) fn decode(bytes: &[u8]) {
    let body = Bytes::copy_from_slice(bytes);
    let source = SourceId { provider: "p".into(), tenant: "t".into(), source: "s".into() };
    for provider in sources::ALL {
        let context = |id, time| EventContext {
            source: &source,
            domain: None,
            id,
            time,
            received: Timestamp::UNIX_EPOCH,
        };
        let decoded = provider.read_export(&body);
        for event in &decoded.events {
            is_json(&event.raw);
            provider.columns(&event.raw, context(&event.id, event.time), &mut Checked);
        }
        provider.columns(bytes, context("", None), &mut Checked);
    }
}

/// What providers push.
pub(crate) fn receive(bytes: &[u8]) {
    let body = Bytes::copy_from_slice(bytes);
    for provider in sources::ALL {
        let Ok(receiver) = provider.receive(&json!({ "tokens": "a-token-of-some-length" })) else {
            continue;
        };
        let decoded = receiver.read(&body);
        decoded.events.iter().for_each(|event| is_json(&event.raw));
        let read = !decoded.events.is_empty() || !decoded.rejected.is_empty();
        assert!(read || is_empty(bytes), "{}: a body leaves no trace", provider.name());
    }
}

/// An empty list, or nothing at all.
fn is_empty(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.chars().all(|c| c.is_whitespace() || matches!(c, '[' | ']' | '{' | '}' | '\u{feff}' | ','))
}

/// Compressed bodies.
pub(crate) fn inflate(bytes: &[u8]) {
    if let Ok(inflated) = net::inflate(bytes, INFLATED_BYTES_MAX) {
        assert!(inflated.len() <= INFLATED_BYTES_MAX, "{} bytes", inflated.len());
    }
}

/// The body of a query over HTTP, and the stretch of time in it.
pub(crate) fn request(bytes: &[u8]) {
    let now = Timestamp::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let text = String::from_utf8_lossy(bytes);
    let body = serde_json::from_slice::<api::QueryBody>(bytes).ok();
    let spans = body.and_then(|body| body.timespan).into_iter().chain([text.into_owned()]);
    for span in spans {
        if let Ok((from, until)) = api::read_timespan(&span, now) {
            assert!(from <= until, "{span}: {from} to {until}");
        }
    }
}

fn is_json(raw: &[u8]) {
    assert!(serde_json::from_slice::<&RawValue>(raw).is_ok(), "an event is JSON");
}

/// Looks at the JSON that it is given and forgets the rest.
struct Checked;

impl RowWriter for Checked {
    fn bool(&mut self, _: usize, _: bool) {}
    fn long(&mut self, _: usize, _: i64) {}
    fn real(&mut self, _: usize, value: f64) {
        assert!(value.is_finite(), "{value}");
    }
    fn string(&mut self, _: usize, _: &str) {}
    fn datetime(&mut self, _: usize, _: Timestamp) {}
    fn dynamic(&mut self, _: usize, json: &str) {
        is_json(json.as_bytes());
    }
    fn additional(&mut self, _: &str, json: &str) {
        is_json(json.as_bytes());
    }
}
