//! What every provider keeps, whatever it is. A new provider joins by its line in `ALL`, and by two lines of setting here.

use std::fs;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use model::{EventContext, RowWriter, SourceId, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use sources::{ALL, Outcome, Provider, SourceErrorKind};

use crate::golden::fixtures;
use crate::rows::row;
use crate::script::{Driver, Stepped, json as answer, text};

const NOW: &str = "2026-03-01T12:00:00Z";

/// A poll that can be started, its secret being `a-hidden-word`.
fn written(provider: &str) -> Value {
    match provider {
        "auth0" => {
            json!({"domain": "acme.eu.auth0.com", "client_id": "i", "client_secret": "a-hidden-word"})
        }
        "onelogin" => {
            json!({"subdomain": "acme", "client_id": "i", "client_secret": "a-hidden-word"})
        }
        other => panic!("say here how a poll of {other} is written"),
    }
}

/// A page as the provider's API gives it, of events written as JSON.
fn page(provider: &str, events: &[String]) -> String {
    match provider {
        "auth0" => format!("[{}]", events.join(",")),
        "onelogin" => {
            format!(r#"{{"pagination":{{"after_cursor":null}},"data":[{}]}}"#, events.join(","))
        }
        other => panic!("say here how a page of {other} looks"),
    }
}

fn event(provider: &str, number: usize) -> String {
    match provider {
        "auth0" => format!(r#"{{"log_id":"900{number:053}","date":"2026-03-01T12:00:00Z"}}"#),
        _ => format!(r#"{{"id":{number},"created_at":"2026-03-01T12:00:{number:02}Z"}}"#),
    }
}

/// A poll that has its token and has sent its first request.
fn asking(provider: &dyn Provider, cursor: Option<&str>) -> Driver {
    let source = provider.poll(&written(provider.name())).unwrap();
    let mut driver = Driver::start(&*source, cursor, NOW);
    assert!(matches!(driver.step(), Stepped::Sent(_)));
    driver.answer(Ok(&answer(200, &json!({"access_token": "t", "expires_in": 3600}))));
    assert!(matches!(driver.step(), Stepped::Sent(_)));
    driver
}

fn cursor_of(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Page { cursor, .. } => cursor.as_ref().map(|cursor| cursor.0.clone()),
        other => panic!("no page: {other:?}"),
    }
}

#[test]
fn names_are_lowercase_nouns_and_unlike() {
    let mut names: Vec<&str> = ALL.iter().map(|provider| provider.name()).collect();
    assert!(
        names
            .iter()
            .all(|name| name.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit()))
    );
    names.dedup();
    assert_eq!(names.len(), ALL.len());
    for provider in ALL {
        assert_ne!(provider.poll_name(), provider.receive_name());
        assert!(sources::find(provider.name()).is_some());
        let mut columns: Vec<&str> = provider.table().columns.iter().map(|it| it.name).collect();
        let count = columns.len();
        columns.sort_unstable();
        columns.dedup();
        assert_eq!(columns.len(), count, "{}", provider.name());
    }
}

#[test]
fn unknown_keys_are_refused_and_each_problem_has_a_hint() {
    for provider in ALL {
        let mut config = written(provider.name());
        config["client_secrets"] = json!("x");
        let problems = provider.poll(&config).err().unwrap();
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].hint, "did you mean `client_secret`?");
        for problems in [provider.poll(&json!({})).err(), provider.receive(&json!({})).err()] {
            let problems = problems.unwrap();
            assert!(
                problems.iter().all(|it| !it.hint.is_empty() && !it.path.is_empty()),
                "{problems:?}"
            );
        }
    }
}

#[test]
fn secrets_are_not_shown() {
    for provider in ALL {
        let source = provider.poll(&written(provider.name())).unwrap();
        let mut driver = Driver::start(&*source, None, NOW);
        let Stepped::Sent(request) = driver.step() else { panic!("waited") };
        assert!(!format!("{request:?} {}", request.url).contains("a-hidden-word"));
        let echo = json!({"error": "a-hidden-word", "status": {"message": "a-hidden-word"}});
        let Outcome::Failed(error) = driver.answer(Ok(&answer(401, &echo))) else { panic!() };
        assert!(!format!("{error:?} {error}").contains("a-hidden-word"));
    }
}

#[test]
fn the_same_page_twice_gives_equal_events_and_cursors() {
    for provider in ALL {
        let events: Vec<String> = (1..4).map(|number| event(provider.name(), number)).collect();
        let page = text(200, &page(provider.name(), &events));
        let read = || asking(*provider, None).answer(Ok(&page));
        let (
            Outcome::Page { events: one, cursor, .. },
            Outcome::Page { events: two, cursor: again, .. },
        ) = (read(), read())
        else {
            panic!("no page")
        };
        assert_eq!(one.len(), 3);
        assert_eq!(one, two);
        assert!(cursor.is_some());
        assert_eq!(cursor, again);
    }
}

#[test]
fn an_empty_page_keeps_the_cursor() {
    for provider in ALL {
        let full = text(200, &page(provider.name(), &[event(provider.name(), 1)]));
        let empty = text(200, &page(provider.name(), &[]));
        let cursor = cursor_of(&asking(*provider, None).answer(Ok(&full))).unwrap();
        let mut driver = asking(*provider, Some(&cursor));
        assert_eq!(cursor_of(&driver.answer(Ok(&empty))), None, "{}", provider.name());
    }
}

#[test]
fn a_bad_event_never_drops_its_neighbours() {
    for provider in ALL {
        let name = provider.name();
        let items = [event(name, 1), "17".to_owned(), event(name, 2)];
        let polled = asking(*provider, None).answer(Ok(&text(200, &page(name, &items))));
        let Outcome::Page { events, rejected, .. } = polled else { panic!("no page") };
        assert_eq!((events.len(), rejected.len()), (2, 1), "{name}");
        let receiver = provider.receive(&json!({"tokens": "t"})).unwrap();
        for body in [format!("[{}]", items.join(",")), items.join("\n")] {
            let decoded = receiver.read(&Bytes::from(body));
            assert_eq!((decoded.events.len(), decoded.rejected.len()), (2, 1), "{name}");
        }
    }
}

#[test]
fn refusal_limit_outage_and_nonsense_are_four_different_errors() {
    for provider in ALL {
        for (status, body, expected) in [
            (403, "{}", SourceErrorKind::Refused),
            (429, "{}", SourceErrorKind::RateLimited),
            (503, "<html>", SourceErrorKind::Unavailable),
            (200, "<html>", SourceErrorKind::Malformed),
        ] {
            let outcome = asking(*provider, None).answer(Ok(&text(status, body)));
            let Outcome::Failed(error) = outcome else { panic!("{status}: {outcome:?}") };
            assert_eq!(error.kind, expected, "{} {status}", provider.name());
            assert!(error.code.starts_with(provider.name()) && !error.hint.is_empty());
        }
    }
}

#[test]
fn a_receiver_opens_by_its_secret_only() {
    for provider in ALL {
        let receiver = provider.receive(&json!({"tokens": ["one", "two"]})).unwrap();
        for (value, expected) in [("one", true), ("Bearer two", true), ("three", false)] {
            let mut headers = HeaderMap::new();
            headers.insert("authorization", HeaderValue::from_static(value));
            assert_eq!(receiver.admits(&headers), expected, "{} {value}", provider.name());
        }
    }
}

#[test]
fn what_cannot_be_read_is_rejected_and_never_nothing() {
    for provider in ALL {
        let receiver = provider.receive(&json!({"tokens": "t"})).unwrap();
        for body in [&b""[..], b"\n", b"no", b"{", b"[", b"\xff\xfe", b"null", b"\"x\"", b"[1]"] {
            let decoded = receiver.read(&Bytes::from_static(body));
            assert!(decoded.events.is_empty() && !decoded.rejected.is_empty(), "{body:?}");
        }
    }
}

#[test]
fn fixtures_are_there_and_readable() {
    for provider in ALL {
        for path in fixtures(provider.name()) {
            let decoded = provider.read_export(&Bytes::from(fs::read(&path).unwrap()));
            assert!(!decoded.events.is_empty(), "{}", path.display());
        }
    }
}

#[test]
fn hostile_objects_do_no_harm() {
    for raw in [
        "",
        "{",
        "[]",
        "null",
        r#"{"type":{"a":1},"event_type_id":[1],"date":5}"#,
        r#"{"type":"s","type":"f","scope":["a",1],"scope":"b","isMobile":"perhaps"}"#,
        r#"{"user_id":1e999,"event_type_id":99999999999999999999999999,"risk_score":"high","id":9007199254740993}"#,
        r#"{"user_name":"\ud800\u0000","description":"\"\\\/"}"#,
        r#"{"\u0074ype":"s","create":{"_id":"a","b":1},"risk_reasons":[]}"#,
    ] {
        for provider in ALL {
            row(*provider, raw.as_bytes(), "", None);
        }
    }
}

/// A writer for values that need not be looked at.
struct Nowhere;

impl RowWriter for Nowhere {
    fn bool(&mut self, _: usize, _: bool) {}
    fn long(&mut self, _: usize, _: i64) {}
    fn real(&mut self, _: usize, _: f64) {}
    fn string(&mut self, _: usize, _: &str) {}
    fn datetime(&mut self, _: usize, _: Timestamp) {}
    fn dynamic(&mut self, _: usize, _: &str) {}
    fn additional(&mut self, _: &str, _: &str) {}
}

proptest! {
    #[test]
    fn columns_accept_any_bytes_and_any_object(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        members in proptest::collection::vec((0usize..130, 0usize..9), 0..20),
    ) {
        let source = SourceId { provider: "p".into(), tenant: "t".into(), source: "s".into() };
        let context = EventContext { source: &source, domain: None, id: "x", time: None, received: Timestamp::UNIX_EPOCH };
        let values = ["null", "\"\"", "1", "-2.5e3", "true", "\"text\"", "[\"a\",\"b\"]", "{\"_id\":\"u\"}", "\"7\""];
        for provider in ALL {
            provider.columns(&bytes, context, &mut Nowhere);
            let names = ["type", "date", "scope", "event_type_id", "id", "create", "risk_reasons", "isMobile", "user_id", "log_id"];
            let members: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("\"{}\":{}", names[name % names.len()], values[*value]))
                .collect();
            row(*provider, format!("{{{}}}", members.join(",")).as_bytes(), "x", None);
        }
    }
}
