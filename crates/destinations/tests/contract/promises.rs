//! The promises, as properties.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use destinations::{
    ALL, Credential, Destination, Outgoing, Parcel, Soundness, Verdict, find, halve,
};
use flate2::read::MultiGzDecoder;
use http::{HeaderMap, HeaderValue, StatusCode};
use model::{Secret, SourceId, Timestamp, disagreements, untold};
use net::{Answer, TransportError, TransportErrorKind};
use proptest::prelude::*;
use serde_json::{Value, json};

const SECRET: &str = "aHVudGVyMg==";

/// A valid configuration of each kind, and the largest body that its service takes, raw and as sent.
fn written(kind: &str) -> (Value, usize) {
    match kind {
        "azure_logs_ingestion" => (
            json!({
                "endpoint": "https://x.ingest.monitor.azure.com",
                "dcr_immutable_id": "dcr-0123456789abcdef0123456789abcdef",
                "identity": {"kind": "client_secret", "tenant_id": "t", "client_id": "c", "client_secret": SECRET},
                "shape": "raw",
            }),
            999_999,
        ),
        "azure_data_collector" => (json!({"workspace_id": "w", "shared_key": SECRET}), 30_000_000),
        other => panic!("{other} has no configuration here"),
    }
}

fn destinations() -> impl Iterator<Item = (&'static str, Box<dyn Destination>, usize)> {
    ALL.iter().map(|kind| {
        let (written, bytes_max) = written(kind.name());
        let destination = kind.validate(&written).unwrap_or_else(|problems| {
            panic!("{}: {problems:?}", kind.name());
        });
        (kind.name(), destination, bytes_max)
    })
}

#[test]
fn forms_and_readers_agree() {
    for kind in ALL {
        let read = |written: &Value| kind.validate(written).map(|it| format!("{it:?}"));
        let samples = json!({"shared_key": SECRET});
        assert_eq!(disagreements(&kind.schema(), &samples, &read), [""; 0], "{}", kind.name());
    }
}

#[test]
fn the_manual_tells_of_every_field() {
    for kind in ALL {
        let page = format!("../../docs/destinations/{}.md", kind.name().replace('_', "-"));
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
        let page = std::fs::read_to_string(page).unwrap();
        assert_eq!(untold(&page, &kind.schema()), [""; 0], "{}", kind.name());
    }
}

fn outgoing(offset: usize, provider: &str, filler: usize, usable_time: bool) -> Outgoing {
    let time = if usable_time { "2026-11-20T18:00:00.000Z" } else { "lately" };
    let raw = json!({"date": time, "created_at": time, "n": offset, "x": "x".repeat(filler)});
    Outgoing {
        source: Arc::new(SourceId {
            provider: provider.to_owned(),
            tenant: "acme".to_owned(),
            source: "poll".to_owned(),
        }),
        domain: Some("acme.eu.auth0.com".into()),
        offset: offset as u64,
        id: format!("event-{offset}"),
        time: time.parse().ok(),
        received: now(),
        raw: Bytes::from(raw.to_string()),
    }
}

fn now() -> Timestamp {
    "2026-11-20T18:00:00Z".parse().expect("a moment")
}

fn body(parcel: &Parcel) -> Vec<u8> {
    let mut raw = Vec::new();
    if parcel.gzip {
        MultiGzDecoder::new(&parcel.body[..]).read_to_end(&mut raw).expect("gzip");
    } else {
        raw.extend_from_slice(&parcel.body);
    }
    raw
}

/// The number of each event in a body, which stands in its id, or in itself.
fn numbers(raw: &[u8]) -> Vec<u64> {
    let records: Vec<Value> = serde_json::from_slice(raw).expect("a JSON array");
    let number = |record: &Value| match record["EventId"].as_str() {
        Some(id) => id.trim_start_matches("event-").parse().expect("a number"),
        None => record["n"].as_u64().expect("a number"),
    };
    records.iter().map(number).collect()
}

fn answer(status: u16) -> Answer {
    Answer {
        status: StatusCode::from_u16(status).expect("a status"),
        headers: HeaderMap::from_iter([(http::header::RETRY_AFTER, HeaderValue::from_static("9"))]),
        body: Bytes::new(),
    }
}

/// Events of several providers, mostly small, a few beyond the limits of fields, calls and posts.
fn events() -> impl Strategy<Value = Vec<Outgoing>> {
    let filler = prop_oneof![
        20 => 0_usize..3000,
        2 => 30_000_usize..70_000,
        1 => 990_000_usize..1_100_000,
    ];
    let provider = prop_oneof![4 => Just("auth0"), 4 => Just("onelogin"), 1 => Just("okta")];
    prop::collection::vec((provider, filler, any::<bool>()), 0..40).prop_map(|all| {
        all.into_iter()
            .enumerate()
            .map(|(n, (provider, filler, usable))| outgoing(n, provider, filler, usable))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn packing_keeps_order_loses_nothing_repeats_nothing_and_is_within_limits(events in events()) {
        for (kind, destination, bytes_max) in destinations() {
            let packed = destination.pack(&events);
            let mut seen: Vec<usize> = packed.refused.iter().map(|(position, _)| *position).collect();
            let mut last: Option<usize> = None;
            for parcel in &packed.parcels {
                let raw = body(parcel);
                let sent = numbers(&raw);
                let carried: Vec<u64> = parcel.events.iter().map(|position| events[*position].offset).collect();
                prop_assert_eq!(sent, carried, "{}: a body carries what it says, in order", kind);
                prop_assert!(raw.len() <= bytes_max && parcel.body.len() <= bytes_max);
                prop_assert!(parcel.events.is_sorted());
                prop_assert!(last < parcel.events.first().copied(), "{}: parcels stand in order", kind);
                last = parcel.events.first().copied();
                seen.extend(&parcel.events);
            }
            for (position, reason) in &packed.refused {
                prop_assert!(reason.contains(&events[*position].id), "{}: {}", kind, reason);
            }
            seen.sort_unstable();
            let taken: Vec<usize> = (0..events.len()).filter(|n| destination.takes(&events[*n].source)).collect();
            prop_assert_eq!(seen, taken, "{}: each event once", kind);
        }
    }

    #[test]
    fn the_same_events_give_the_same_bytes_and_a_part_packs_like_the_whole(events in events()) {
        for (kind, destination, _) in destinations() {
            let (first, second) = (destination.pack(&events), destination.pack(&events.clone()));
            for (first, second) in first.parcels.iter().zip(&second.parcels) {
                prop_assert_eq!(&first.body, &second.body, "{}", kind);
                prop_assert_eq!(&first.headers, &second.headers, "{}", kind);
                let part: Vec<Outgoing> = first.events.iter().map(|position| events[*position].clone()).collect();
                let again = destination.pack(&part);
                prop_assert_eq!(again.parcels.len(), 1, "{}", kind);
                prop_assert_eq!(&again.parcels[0].body, &first.body, "{}", kind);
            }
        }
    }

    #[test]
    fn halving_ends_at_the_one_event_that_is_refused(count in 1_usize..40, bad in 0_usize..40) {
        let bad = (bad % count) as u64;
        let events: Vec<Outgoing> = (0..count).map(|n| outgoing(n, "auth0", 10, true)).collect();
        for (kind, destination, _) in destinations() {
            let (mut waiting, mut delivered, mut refused) = (vec![events.clone()], Vec::new(), Vec::new());
            while let Some(part) = waiting.pop() {
                for parcel in destination.pack(&part).parcels {
                    let numbers = numbers(&body(&parcel));
                    if !numbers.contains(&bad) {
                        delivered.extend(numbers);
                    } else if let Some(halves) = halve(&part, &parcel) {
                        waiting.extend(halves.into_iter().rev());
                    } else {
                        refused.extend(numbers);
                    }
                }
            }
            let others: Vec<u64> = (0..count as u64).filter(|n| *n != bad).collect();
            prop_assert_eq!((delivered, refused), (others, vec![bad]), "{}", kind);
        }
    }
}

#[test]
fn names_are_unique_lowercase_nouns_by_which_kinds_are_found() {
    for (position, kind) in ALL.iter().enumerate() {
        let name = kind.name();
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
        assert!(!kind.title().is_empty());
        assert_eq!(ALL.iter().position(|other| other.name() == name), Some(position));
        assert!(find(name).is_some());
    }
    assert!(find("none").is_none());
}

#[test]
fn every_status_has_its_meaning() {
    for (kind, destination, _) in destinations() {
        let parcel = destination.pack(&[outgoing(0, "auth0", 10, true)]).parcels.remove(0);
        for status in 100..=599 {
            let verdict = destination.read(&parcel, &answer(status), now());
            match status {
                204 => assert_eq!(verdict, Verdict::Delivered, "{kind}"),
                413 => assert_eq!(verdict, Verdict::Split, "{kind}"),
                408 | 429 | 500..=599 => {
                    let Verdict::Retry { after_seconds, .. } = verdict else {
                        panic!("{kind}: {status} is {verdict:?}");
                    };
                    assert_eq!(after_seconds, Some(9), "{kind}");
                }
                400.. => assert_ne!(verdict, Verdict::Delivered, "{kind}: {status}"),
                _ => {}
            }
            if let Verdict::Stop { reason, hint } = verdict {
                assert!(!reason.is_empty() && !hint.is_empty(), "{kind}: {status}");
            }
        }
        let url = "https://x.example.com".parse().expect("an address");
        for failure in [TransportErrorKind::TimedOut, TransportErrorKind::Interrupted] {
            let verdict = destination.read_failure(&TransportError::new(failure, &url));
            assert!(matches!(verdict, Verdict::Retry { .. }), "{kind}: {verdict:?}");
        }
    }
}

#[test]
fn a_probe_carries_no_event_and_whatever_is_answered_is_told() {
    for (kind, destination, _) in destinations() {
        for probe in destination.probes() {
            assert!(probe.parcel.events.is_empty() && !probe.providers.is_empty(), "{kind}");
            assert_eq!(&probe.parcel.body[..], b"[]", "{kind}");
            for status in 100..=599 {
                let findings = destination.read_probe(&probe, &answer(status), now());
                assert!(!findings.is_empty(), "{kind}: {status}");
                for finding in findings {
                    assert!(!finding.words.is_empty(), "{kind}: {status}: {finding:?}");
                    let is_sound = finding.soundness == Soundness::Sound;
                    assert_eq!(finding.hint.is_empty(), is_sound, "{kind}: {status}: {finding:?}");
                }
            }
        }
    }
}

#[test]
fn no_secret_shows_and_unknown_keys_are_refused() {
    for (kind, destination, _) in destinations() {
        assert!(!format!("{destination:?}").contains(SECRET), "{kind}");
        let parcel = destination.pack(&[outgoing(0, "auth0", 10, true)]).parcels.remove(0);
        let token = Secret::new("bearer-hunter2");
        let request = destination.request(&parcel, Some(&token), now());
        let shown = format!("{request:?} {:?}", request.headers);
        assert!(!shown.contains("hunter2") && !shown.contains("SharedKey"), "{kind}: {shown}");
        assert!(!request.url.as_str().contains("hunter2"), "{kind}");
        if destination.credential() == Credential::Own {
            assert!(
                !format!("{:?}", request.headers.values().collect::<Vec<_>>()).contains("hunter2")
            );
        }
        let (mut written, _) = written(kind);
        written["no_such_key"] = json!(SECRET);
        let problems = find(kind).expect("known").validate(&written).expect_err("unknown key");
        assert_eq!(problems.len(), 1, "{kind}");
        assert!(
            !problems[0].hint.is_empty() && !problems[0].to_string().contains(SECRET),
            "{kind}"
        );
    }
}
