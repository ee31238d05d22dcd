//! The receivers' contract: what is answered, and what is stored by then.

use std::convert::Infallible;
use std::io::Write;
use std::time::Duration;

use api::{IntakeError, Limits};
use axum::body::Body;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::StreamExt;
use http::Request;
use model::Via;
use proptest::prelude::*;
use serde_json::json;
use tokio::time::Instant;

use super::fakes::{
    PATH, PUBLIC, PUBLIC_TLS, SECRET, Setting, get, is_ok, now, push, stage, stage_with,
};

fn small() -> Setting {
    Setting {
        limits: Limits {
            body_bytes_max: 100,
            body_memory_bytes_max: 150,
            ingest_requests_max: 2,
            ..Limits::default()
        },
        ..Setting::default()
    }
}

/// A body of unknown length.
fn chunked(pieces: &[&str]) -> Body {
    let pieces: Vec<_> = pieces
        .iter()
        .map(|piece| Ok::<_, Infallible>(Bytes::copy_from_slice(piece.as_bytes())))
        .collect();
    Body::from_stream(futures::stream::iter(pieces))
}

/// A body that begins and never ends.
fn stalling() -> Body {
    let begin = futures::stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"{"))]);
    Body::from_stream(begin.chain(futures::stream::pending()))
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn events(bytes: usize) -> String {
    format!("{{{}", "x".repeat(bytes - 1))
}

#[tokio::test]
async fn what_was_sent_is_answered_by_what_became_of_it() {
    for (body, status, answer, stored) in [
        ("{1}\n{2}", 200, r#"{"stored":2,"duplicates":0,"rejected":0}"#, &["{1}", "{2}"][..]),
        ("{1}\noops\n", 200, r#"{"stored":1,"duplicates":0,"rejected":1}"#, &["{1}"]),
        ("", 200, r#"{"stored":0,"duplicates":0,"rejected":0}"#, &[]),
        ("\n\n", 200, r#"{"stored":0,"duplicates":0,"rejected":0}"#, &[]),
    ] {
        let stage = stage();
        let answered = stage.send(push(body)).await;
        assert_eq!((answered.status, answered.text.as_str()), (status, answer), "{body:?}");
        assert_eq!(answered.header("content-type"), "application/json");
        assert_eq!(stage.intake.raw(), stored, "{body:?}");
    }
}

#[tokio::test]
async fn a_batch_says_who_brought_it_how_and_when() {
    let stage = stage();
    stage.send(push("{1}\noops")).await;
    let batches = stage.intake.batches.lock().unwrap();
    let batch = &batches[0];
    assert_eq!(batch.source.to_string(), "auth0/acme/stream");
    assert_eq!((batch.via, batch.received), (Via::Push, now()));
    assert_eq!((&batch.cursor, &batch.gap), (&None, &None));
    assert_eq!(batch.rejected[0].reason, "not a JSON object");
}

#[tokio::test]
async fn a_body_of_which_nothing_can_be_read_is_refused_with_advice_and_not_kept() {
    let stage = stage();
    let answered = stage.send(push("oops\nagain")).await;
    assert_eq!((answered.status, answered.code().as_str()), (400, "body_unreadable"));
    assert!(answered.text.contains("no event could be read: not a JSON object"));
    assert!(answered.text.contains("one JSON event per line"));
    assert!(stage.intake.batches.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_token_is_asked_before_the_body_is_read_and_never_repeated() {
    for authorization in [None, Some("wrong-and-private"), Some("s3cret-of-the-receive")] {
        let stage = stage();
        let mut request = Request::post(PATH);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        // This body never ends: whoever reads it first would not answer.
        let answered = stage.send(request.body(stalling()).unwrap()).await;
        assert_eq!((answered.status, answered.code().as_str()), (401, "unauthorized"));
        assert_eq!(answered.header("www-authenticate"), "Bearer");
        assert!(!answered.text.contains("private") && !answered.text.contains("s3cret"));
        assert!(stage.intake.batches.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn probes_are_answered_without_a_token() {
    let stage = stage();
    let answered = stage.send(get(PATH)).await;
    assert_eq!(answered.status, 200);
    assert_eq!(answered.text, "doorledger takes auth0 events of tenant acme here, by POST.\n");
    for (method, status, allow) in [
        ("HEAD", 200, ""),
        ("OPTIONS", 204, "GET, HEAD, OPTIONS, POST"),
        ("PUT", 405, "GET, HEAD, OPTIONS, POST"),
        ("DELETE", 405, "GET, HEAD, OPTIONS, POST"),
    ] {
        let request = Request::builder().method(method).uri(PATH).body(Body::empty()).unwrap();
        let answered = stage.send(request).await;
        assert_eq!((answered.status, answered.header("allow")), (status, allow), "{method}");
        assert_eq!(answered.header("access-control-allow-origin"), "", "{method}");
    }
}

#[tokio::test]
async fn paths_that_nobody_configured_are_not_found() {
    let stage = stage();
    for (path, status) in [
        ("/ingest/auth0/acme/stream", 200),
        ("/ingest/auth0/acme/stream/", 200),
        ("/ingest/auth0/acme/stream?x=1", 200),
        ("/ingest/auth0/acme", 404),
        ("/ingest/auth0/acme/poll", 404),
        ("/ingest/AUTH0/acme/stream", 404),
        ("/ingest/auth0/acme/stream/more", 404),
        ("/ingest/", 404),
        ("/ingest", 404),
    ] {
        let request = Request::post(path).header("authorization", SECRET);
        let answered = stage.send(request.body(Body::from("{1}")).unwrap()).await;
        assert_eq!(answered.status, status, "{path}");
    }
}

#[tokio::test]
async fn the_body_limit_holds_however_the_body_comes() {
    let (most, more) = (events(100), events(101));
    for (body, status) in [
        (Body::from(most.clone()), 200),
        (Body::from(more.clone()), 413),
        (chunked(&[&most[..50], &most[50..]]), 200),
        (chunked(&[&more[..50], &more[50..]]), 413),
        (Body::from(gzip(most.as_bytes())), 200),
        (Body::from(gzip(more.as_bytes())), 413),
        (Body::from(gzip(&vec![b'{'; 50_000])), 413),
    ] {
        let stage = stage_with(small());
        let answered = stage.send(push(body)).await;
        assert_eq!(answered.status, status, "{answered:?}");
        if status == 413 {
            assert_eq!(answered.code(), "body_too_large");
            assert!(stage.intake.batches.lock().unwrap().is_empty());
        }
    }
}

#[tokio::test]
async fn gzip_is_recognised_by_its_header_or_its_first_bytes() {
    for (encoding, body, status, code) in [
        (Some("gzip"), gzip(b"{1}"), 200, ""),
        (None, gzip(b"{1}"), 200, ""),
        (Some("gzip"), b"{1}".to_vec(), 200, ""),
        (Some("identity"), b"{1}".to_vec(), 200, ""),
        (Some("gzip"), gzip(b"{1}")[..12].to_vec(), 400, "gzip_malformed"),
        (Some("br"), b"{1}".to_vec(), 415, "encoding_unknown"),
    ] {
        let stage = stage();
        let mut request = push(body);
        if let Some(encoding) = encoding {
            request.headers_mut().insert("content-encoding", encoding.parse().unwrap());
        }
        let answered = stage.send(request).await;
        assert_eq!(answered.status, status, "{encoding:?}");
        match status {
            200 => assert_eq!(stage.intake.raw(), ["{1}"]),
            _ => assert_eq!(answered.code(), code),
        }
    }
}

#[tokio::test]
async fn a_large_body_is_decoded_beside_the_small_ones() {
    let stage = stage();
    let line = events(1_000) + "\n";
    let answered = stage.send(push(line.repeat(1_000))).await;
    assert_eq!(answered.text, r#"{"stored":1000,"duplicates":0,"rejected":0}"#);
}

#[tokio::test]
async fn a_journal_that_does_not_take_is_503_with_a_time_and_without_its_secrets() {
    for (error, code, retry_after) in [
        (IntakeError::Full { retry_after_seconds: 7 }, "journal_full", "7"),
        (IntakeError::Busy, "busy", "1"),
        (IntakeError::Closed, "stopping", "5"),
        (IntakeError::Storage("disk I/O error in /srv/private".into()), "journal_failed", "10"),
    ] {
        let stage = stage();
        *stage.intake.fails.lock().unwrap() = Some(error);
        let answered = stage.send(push("{1}")).await;
        assert_eq!((answered.status, answered.code().as_str()), (503, code));
        assert_eq!(answered.header("retry-after"), retry_after);
        assert!(!answered.text.contains("/srv"));
    }
}

#[tokio::test]
async fn more_events_than_the_journal_takes_at_once_are_413() {
    let stage = stage();
    *stage.intake.fails.lock().unwrap() = Some(IntakeError::TooLarge { events: 9, bytes: 99 });
    let answered = stage.send(push("{1}")).await;
    assert_eq!((answered.status, answered.code().as_str()), (413, "too_many_events"));
}

#[tokio::test]
async fn as_many_requests_as_allowed_are_worked_on_and_the_next_is_asked_to_wait() {
    let stage = std::sync::Arc::new(stage_with(small()));
    stage.intake.close();
    let working: Vec<_> = (0..2)
        .map(|_| {
            let stage = std::sync::Arc::clone(&stage);
            tokio::spawn(async move { stage.send(push("{1}")).await.status })
        })
        .collect();
    stage.intake.until_came(2).await;
    let answered = stage.send(push("{1}")).await;
    assert_eq!((answered.status, answered.code().as_str()), (503, "busy"));
    assert_eq!(answered.header("retry-after"), "1");
    stage.intake.open();
    for request in working {
        assert_eq!(request.await.unwrap(), 200);
    }
    assert_eq!(stage.send(push("{1}")).await.status, 200);
}

#[tokio::test]
async fn the_memory_for_bodies_is_shared_and_given_back() {
    let stage = std::sync::Arc::new(stage_with(small()));
    stage.intake.close();
    let first = {
        let stage = std::sync::Arc::clone(&stage);
        tokio::spawn(async move { stage.send(push(events(90))).await.status })
    };
    stage.intake.until_came(1).await;
    for (body, status) in [
        (Body::from(events(61)), 503),
        (chunked(&[&events(61)]), 503),
        (Body::from(gzip(events(99).as_bytes())), 503),
    ] {
        assert_eq!(stage.send(push(body)).await.status, status);
    }
    stage.intake.open();
    assert_eq!(stage.send(push(events(60))).await.status, 200);
    assert_eq!(first.await.unwrap(), 200);
    assert_eq!(stage.send(push(events(100))).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stalls_is_given_up_after_its_time() {
    let stage = stage();
    let started = Instant::now();
    let answered = stage.send(push(stalling())).await;
    assert_eq!((answered.status, answered.code().as_str()), (408, "body_stalled"));
    assert_eq!(started.elapsed(), Limits::default().body_stall_time_max);
    assert!(started.elapsed() < Duration::from_secs(60));
    assert!(stage.intake.batches.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_body_that_breaks_off_stores_nothing() {
    let stage = stage();
    let pieces = [Ok(Bytes::from_static(b"{1}\n")), Err(std::io::Error::other("reset by peer"))];
    let answered = stage.send(push(Body::from_stream(futures::stream::iter(pieces)))).await;
    assert_eq!((answered.status, answered.code().as_str()), (400, "body_cut"));
    assert!(stage.intake.batches.lock().unwrap().is_empty());
}

#[tokio::test]
async fn events_do_not_travel_in_the_clear_over_the_network() {
    let stage = stage();
    let answered = stage.send_by(push("{1}"), PUBLIC).await;
    assert_eq!((answered.status, answered.code().as_str()), (403, "tls_required"));
    assert_eq!(stage.send_by(push("{1}"), PUBLIC_TLS).await.status, 200);
    assert_eq!(stage.intake.raw(), ["{1}"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// With the real decoders of every provider.
    #[test]
    fn any_body_is_answered(body: Vec<u8>, compressed: bool, json in ".{0,40}") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for provider in sources::ALL {
            let receiver = provider.receive(&json!({"tokens": [SECRET]})).unwrap();
            let stage = stage_with(Setting { receiver: Some(receiver.into()), ..Setting::default() });
            for body in [body.clone(), format!("[{{\"log_id\":\"1\",{json}").into_bytes()] {
                let body = if compressed { gzip(&body) } else { body };
                let answered = runtime.block_on(stage.send(push(body)));
                prop_assert!(is_ok(answered.status) || answered.status == 400, "{answered:?}");
                prop_assert!(!answered.text.contains(SECRET));
                let kept = stage.intake.batches.lock().unwrap();
                prop_assert!(is_ok(answered.status) || kept.is_empty());
            }
        }
    }
}
