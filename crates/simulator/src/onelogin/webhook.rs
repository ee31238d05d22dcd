//! The push side: an event webhook ("broadcaster"). Ten events or ten seconds, whichever comes first.
//! Deliberately absent: a signature, which the real one lacks as well.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;

use super::OneLogin;
use crate::error::Result;
use crate::faults::Fault;
use crate::push::{Delivery, Failed, PushTarget, Pusher};

/// How the events of a delivery are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookFormat {
    /// `JSON Array`: a list of bare events.
    Array,
    /// `SIEM (NDJSON)`: one a line, wrapped as `{"event":{…}}`.
    Lines,
}

/// Which keys an event has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookShape {
    /// As documented: 73, null where there is nothing.
    SeventyThreeKeys,
    /// Seven more, as seen in 2020.
    EightyKeys,
    /// Only those that have a value.
    NoNulls,
}

/// A webhook.
#[derive(Debug, Clone)]
pub struct WebhookOptions {
    /// Where to.
    pub target: PushTarget,
    /// In which form.
    pub format: WebhookFormat,
    /// With which keys.
    pub shape: WebhookShape,
    /// How many events are sent at once.
    pub batch_events_max: usize,
    /// How long the first of them waits for others.
    pub gather: Duration,
    /// Whether the events of history are delivered too, and not only those from now on.
    pub from_the_start: bool,
    /// Whether events are kept in the webhook's form after they were delivered, for whoever compares.
    pub keeps_delivered: bool,
}

impl WebhookOptions {
    /// A webhook of new events in lists of ten.
    #[must_use]
    pub fn new(target: PushTarget) -> Self {
        Self {
            target,
            format: WebhookFormat::Array,
            shape: WebhookShape::SeventyThreeKeys,
            batch_events_max: 10,
            gather: Duration::from_secs(10),
            from_the_start: false,
            keeps_delivered: false,
        }
    }
}

/// Delivers for as long as it is polled.
pub(super) fn run(
    options: WebhookOptions,
    account: Arc<OneLogin>,
) -> Result<impl Future<Output = ()> + Send + 'static> {
    let pusher = Pusher::new(options.target.clone())?;
    Ok(deliver(options, pusher, account))
}

async fn deliver(options: WebhookOptions, pusher: Pusher, account: Arc<OneLogin>) {
    let mut count = account.count.subscribe();
    let mut next = if options.from_the_start { 0 } else { *count.borrow() };
    let most = options.batch_events_max.max(1);
    loop {
        if count.wait_for(|count| *count > next).await.is_err() {
            return;
        }
        let full = count.wait_for(|count| *count >= next + most);
        // Either it is full in time or it goes as it is.
        drop(tokio::time::timeout(options.gather, full).await);
        let end = (*count.borrow_and_update()).min(next + most);
        let events: Vec<Bytes> = (next..end).filter_map(|at| account.webhook_text(at)).collect();
        let dates: Vec<i64> = account
            .with_entries(|entries| entries[next..end].iter().map(|it| it.created).collect());
        next = end;
        let body = body(options.format, &events);
        let times = if account.troubles.strikes(Fault::DuplicateDelivery) { 2 } else { 1 };
        for _ in 0..times {
            let failed = |how| {
                account.push_failures.fetch_add(1, Ordering::Relaxed);
                if how == Failed::Unanswered {
                    account.pushed_hours.unanswered.add(dates.iter().copied());
                }
            };
            let counted = match pusher.deliver(body.clone(), failed).await {
                Delivery::Acknowledged => {
                    account.pushed_hours.acknowledged.add(dates.iter().copied());
                    &account.pushed
                }
                Delivery::GivenUp => &account.given_up,
            };
            counted.fetch_add(events.len() as u64, Ordering::Relaxed);
        }
        if !options.keeps_delivered {
            account.forget_webhook_before(next);
        }
    }
}

fn body(format: WebhookFormat, events: &[Bytes]) -> Bytes {
    let (open, before, after, between, close): (&str, &str, &str, &str, &str) = match format {
        WebhookFormat::Array => ("[", "", "", ",", "]"),
        WebhookFormat::Lines => ("", r#"{"event":"#, "}", "\n", "\n"),
    };
    let mut body = Vec::with_capacity(events.iter().map(|event| event.len() + 16).sum());
    body.extend_from_slice(open.as_bytes());
    for (index, event) in events.iter().enumerate() {
        if index > 0 {
            body.extend_from_slice(between.as_bytes());
        }
        body.extend_from_slice(before.as_bytes());
        body.extend_from_slice(event);
        body.extend_from_slice(after.as_bytes());
    }
    body.extend_from_slice(close.as_bytes());
    body.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_has_its_own_body() {
        let events = [Bytes::from_static(b"{\"a\":1}"), Bytes::from_static(b"{\"a\":2}")];
        assert_eq!(body(WebhookFormat::Array, &events), r#"[{"a":1},{"a":2}]"#);
        assert_eq!(
            body(WebhookFormat::Lines, &events),
            "{\"event\":{\"a\":1}}\n{\"event\":{\"a\":2}}\n"
        );
    }
}
