//! What the identity providers push, as a receiver gets it. Deliberately absent: the receivers of the product.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use flate2::read::GzDecoder;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use simulator::{
    Auth0Options, Fault, Faults, OneLoginOptions, PushTarget, StreamFormat, StreamOptions,
    WebhookFormat, WebhookOptions, auth0, onelogin,
};
use tokio::sync::Notify;

use crate::support::clock;

/// A webhook that writes down what it gets, after refusing the first requests.
#[derive(Default)]
struct Receiver {
    refusals: AtomicUsize,
    deliveries: Mutex<Vec<(HeaderMap, Bytes)>>,
    arrived: Notify,
}

async fn receive(
    State(receiver): State<Arc<Receiver>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let refusing = receiver
        .refusals
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
        .is_ok();
    if refusing {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    receiver.deliveries.lock().unwrap().push((headers, body));
    receiver.arrived.notify_one();
    StatusCode::OK
}

async fn webhook(refusals: usize) -> (Arc<Receiver>, PushTarget) {
    let receiver = Arc::new(Receiver { refusals: refusals.into(), ..Receiver::default() });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/in", listener.local_addr().unwrap());
    let app = Router::new().fallback(receive).with_state(Arc::clone(&receiver));
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let mut target = PushTarget::new(url, "Bearer abc");
    target.pause = Duration::ZERO;
    target.hold = Some(Duration::ZERO);
    (receiver, target)
}

impl Receiver {
    /// Waits until all deliveries together satisfy `enough`, and returns them.
    async fn until(
        &self,
        enough: impl Fn(&[(HeaderMap, Bytes)]) -> bool,
    ) -> Vec<(HeaderMap, Bytes)> {
        loop {
            {
                let deliveries = self.deliveries.lock().unwrap();
                if enough(&deliveries) {
                    return deliveries.clone();
                }
            }
            self.arrived.notified().await;
        }
    }
}

fn lines(deliveries: &[(HeaderMap, Bytes)]) -> Vec<Value> {
    let bodies = deliveries.iter().map(|it| std::str::from_utf8(&it.1).unwrap());
    bodies.flat_map(str::lines).map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_log_stream_delivers_everything_at_least_once() {
    let (receiver, target) = webhook(7).await;
    let mut stream = StreamOptions::new(target);
    stream.from_the_start = true;
    stream.disorder = 1.0;
    stream.gather = Duration::ZERO;
    let options = Auth0Options {
        stream: Some(stream),
        events: Some(950),
        faults: Faults::each([Fault::DuplicateDelivery], 0.3),
        ..Auth0Options::default()
    };
    let running = auth0(options, clock()).await.unwrap();
    let id = |event: &Value| event["log_id"].as_str().unwrap().to_owned();
    let distinct =
        |all: &[(HeaderMap, Bytes)]| lines(all).iter().map(id).collect::<BTreeSet<_>>().len();
    let got = receiver.until(|all| distinct(all) == 950).await;
    let events = lines(&got);
    let ids: Vec<String> = events.iter().map(id).collect();
    assert_eq!(ids.iter().cloned().collect::<BTreeSet<_>>(), running.ids().into_iter().collect());
    assert!(ids.len() > 950 && !ids.is_sorted());
    assert!(events.iter().all(|it| it["data"]["log_id"] == it["log_id"]));
    assert!(events.iter().all(|it| it["data"].get("_id").is_none()));
    assert!(got.iter().all(|it| it.0["authorization"] == "Bearer abc"));
    assert_eq!(running.account().stream_failures, 7);
}

#[tokio::test]
async fn a_stream_is_packed_and_formed_as_asked_for() {
    let (receiver, mut target) = webhook(0).await;
    target.gzip = true;
    target.content_type = "text/plain".to_owned();
    let stream = StreamOptions {
        format: StreamFormat::Array,
        envelope: false,
        gather: Duration::ZERO,
        disorder: 0.0,
        ..StreamOptions::new(target)
    };
    let options = Auth0Options { stream: Some(stream), ..Auth0Options::default() };
    let running = auth0(options, clock()).await.unwrap();
    // The stream starts with what happens after it was made.
    tokio::task::yield_now().await;
    let ids = running.produce(12);
    let got = receiver.until(|all| !all.is_empty()).await;
    assert_eq!(
        (&got[0].0["content-encoding"], &got[0].0["content-type"]),
        (&"gzip".parse().unwrap(), &"text/plain".parse().unwrap())
    );
    let mut plain = String::new();
    GzDecoder::new(&got[0].1[..]).read_to_string(&mut plain).unwrap();
    let events: Vec<Value> = serde_json::from_str(&plain).unwrap();
    assert_eq!(events.iter().map(|it| it["log_id"].as_str().unwrap()).collect::<Vec<_>>(), ids);
}

#[tokio::test]
async fn a_webhook_gets_ten_at_a_time_and_what_the_api_has() {
    let (receiver, target) = webhook(0).await;
    let webhook = WebhookOptions {
        format: WebhookFormat::Lines,
        from_the_start: true,
        gather: Duration::ZERO,
        ..WebhookOptions::new(target)
    };
    let options =
        OneLoginOptions { webhook: Some(webhook), events: 95, ..OneLoginOptions::default() };
    let running = onelogin(options, clock()).await.unwrap();
    let got = receiver.until(|all| lines(all).len() == 95).await;
    assert!(got[..9].iter().all(|it| lines(std::slice::from_ref(it)).len() == 10));
    let events = lines(&got);
    let uuids: Vec<&str> = events.iter().map(|it| it["event"]["uuid"].as_str().unwrap()).collect();
    let expected: Vec<String> = running.ids().into_iter().map(|it| it.1).collect();
    assert_eq!(uuids, expected);
    for (pushed, polled) in events.iter().zip(running.events()) {
        let (pushed, polled): (&Value, Value) =
            (&pushed["event"], serde_json::from_slice(&polled).unwrap());
        for key in
            ["event_type_id", "user_id", "actor_user_id", "app_id", "role_id", "ipaddr", "notes"]
        {
            assert_eq!(pushed[key], polled[key], "{key}");
        }
        let second = polled["created_at"].as_str().unwrap()[..19].replace('T', " ");
        assert_eq!(pushed["event_timestamp"], format!("{second} UTC"));
    }
}

#[tokio::test]
async fn what_nobody_takes_is_given_up_if_the_target_says_so() {
    let (_receiver, mut target) = webhook(usize::MAX).await;
    target.hold = None;
    target.tries = 2;
    let webhook = WebhookOptions {
        from_the_start: true,
        gather: Duration::ZERO,
        ..WebhookOptions::new(target)
    };
    let options =
        OneLoginOptions { webhook: Some(webhook), events: 10, ..OneLoginOptions::default() };
    let running = onelogin(options, clock()).await.unwrap();
    while running.account().given_up < 10 {
        tokio::task::yield_now().await;
    }
    assert_eq!((running.account().push_failures, running.account().pushed), (2, 0));
}
