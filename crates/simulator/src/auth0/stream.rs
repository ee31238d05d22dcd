//! The push side: a log stream to a webhook. At least once, in no promised order, a batch at a time.
//! Deliberately absent: the management of streams, and every sink but the webhook.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;

use super::Auth0;
use super::log_id::LOG_ID_DIGITS;
use crate::dice::Dice;
use crate::error::Result;
use crate::faults::Fault;
use crate::push::{Delivery, Failed, PushTarget, Pusher};

/// How the events of a delivery are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamFormat {
    /// `JSONARRAY`: a list.
    Array,
    /// `JSONLINES`: one a line.
    Lines,
    /// `JSONOBJECT`: one a request.
    Object,
}

/// A log stream.
#[derive(Debug, Clone)]
pub struct StreamOptions {
    /// Where to.
    pub target: PushTarget,
    /// In which form.
    pub format: StreamFormat,
    /// Whether each event is wrapped as `{"log_id":…,"data":{…}}`.
    pub envelope: bool,
    /// How many events one delivery has at most.
    pub batch_events_max: usize,
    /// Whether the events of history are delivered too, and not only those from now on.
    pub from_the_start: bool,
    /// The probability with which a batch is shuffled.
    pub disorder: f64,
    /// How long to gather events before a batch that is not full is sent.
    pub gather: Duration,
}

impl StreamOptions {
    /// A stream of new events in JSON lines with envelopes, up to 100 at once.
    #[must_use]
    pub fn new(target: PushTarget) -> Self {
        Self {
            target,
            format: StreamFormat::Lines,
            envelope: true,
            batch_events_max: 100,
            from_the_start: false,
            disorder: 0.1,
            gather: Duration::from_millis(200),
        }
    }
}

/// Delivers for as long as it is polled.
pub(super) fn run(
    options: StreamOptions,
    tenant: Arc<Auth0>,
) -> Result<impl Future<Output = ()> + Send + 'static> {
    let pusher = Pusher::new(options.target.clone())?;
    Ok(deliver(options, pusher, tenant))
}

async fn deliver(options: StreamOptions, pusher: Pusher, tenant: Arc<Auth0>) {
    let mut count = tenant.count.subscribe();
    let mut next = if options.from_the_start { 0 } else { *count.borrow() };
    let mut dice = Dice::new(tenant.options.seed, "stream");
    let most = match options.format {
        StreamFormat::Object => 1,
        StreamFormat::Array | StreamFormat::Lines => options.batch_events_max.max(1),
    };
    loop {
        if count.wait_for(|count| *count > next).await.is_err() {
            return;
        }
        if *count.borrow() - next < most && !options.gather.is_zero() {
            tokio::time::sleep(options.gather).await;
        }
        let end = (*count.borrow_and_update()).min(next + most);
        let mut events: Vec<Bytes> = (next..end).filter_map(|at| tenant.text(at)).collect();
        let dates: Vec<i64> =
            tenant.with_entries(|entries| entries[next..end].iter().map(|it| it.date).collect());
        next = end;
        if dice.chance(options.disorder) {
            shuffle(&mut events, &mut dice);
        }
        let body = body(&options, &events);
        let times = if tenant.troubles.strikes(Fault::DuplicateDelivery) { 2 } else { 1 };
        for _ in 0..times {
            let failed = |how| {
                tenant.stream_failures.fetch_add(1, Ordering::Relaxed);
                if how == Failed::Unanswered {
                    tenant.streamed_hours.unanswered.add(dates.iter().copied());
                }
            };
            if pusher.deliver(body.clone(), failed).await == Delivery::Acknowledged {
                tenant.streamed.fetch_add(events.len() as u64, Ordering::Relaxed);
                tenant.streamed_hours.acknowledged.add(dates.iter().copied());
            }
        }
    }
}

fn body(options: &StreamOptions, events: &[Bytes]) -> Bytes {
    let (open, between, close) = match options.format {
        StreamFormat::Array => ("[", ",", "]"),
        StreamFormat::Lines => ("", "\n", "\n"),
        StreamFormat::Object => ("", "", ""),
    };
    let mut body = Vec::with_capacity(events.iter().map(|event| event.len() + 96).sum());
    body.extend_from_slice(open.as_bytes());
    for (index, event) in events.iter().enumerate() {
        if index > 0 {
            body.extend_from_slice(between.as_bytes());
        }
        push_streamed(event, options.envelope, &mut body);
    }
    body.extend_from_slice(close.as_bytes());
    body.into()
}

/// The event as a stream sends it: as the API does, but without `_id`, which always stands first.
fn push_streamed(event: &[u8], envelope: bool, body: &mut Vec<u8>) {
    let id_start = r#"{"_id":""#.len();
    let rest = id_start + LOG_ID_DIGITS + "\",".len();
    let (Some(id), Some(rest)) = (event.get(id_start..id_start + LOG_ID_DIGITS), event.get(rest..))
    else {
        return;
    };
    if envelope {
        body.extend_from_slice(br#"{"log_id":""#);
        body.extend_from_slice(id);
        body.extend_from_slice(br#"","data":"#);
    }
    body.push(b'{');
    body.extend_from_slice(rest);
    if envelope {
        body.push(b'}');
    }
}

fn shuffle(events: &mut [Bytes], dice: &mut Dice) {
    for index in (1..events.len()).rev() {
        events.swap(index, dice.index(index + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: StreamFormat, envelope: bool, expected: &str) {
        let id = "9".repeat(LOG_ID_DIGITS);
        let event = Bytes::from(format!(r#"{{"_id":"{id}","type":"s"}}"#));
        let mut options = StreamOptions::new(PushTarget::new("http://127.0.0.1:1/", "x"));
        options.format = format;
        options.envelope = envelope;
        let body = body(
            &options,
            &[event.clone(), event][..if format == StreamFormat::Object { 1 } else { 2 }],
        );
        let body = String::from_utf8(body.to_vec()).unwrap().replace(&id, "ID");
        assert_eq!(body, expected);
    }

    #[test]
    fn every_format_has_its_own_body() {
        check(StreamFormat::Array, false, r#"[{"type":"s"},{"type":"s"}]"#);
        check(
            StreamFormat::Lines,
            true,
            "{\"log_id\":\"ID\",\"data\":{\"type\":\"s\"}}\n{\"log_id\":\"ID\",\"data\":{\"type\":\"s\"}}\n",
        );
        check(StreamFormat::Object, true, r#"{"log_id":"ID","data":{"type":"s"}}"#);
    }
}
